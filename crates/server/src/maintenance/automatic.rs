//! Compaction by itself: tables with many small files are found and a task is enqueued for each.

use crate::app::App;
use crate::wire;
use std::collections::HashMap;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use varberg_catalog::PublishedTable;
use varberg_model::{JobId, JobStatus, StoreId, Task, TaskReport, Work};

/// Looks at all tables at a steady pace until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    if !app.config.maintenance.automatic {
        return stop.cancelled().await;
    }
    let mut pace = tokio::time::interval(app.config.maintenance.interval());
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seen = HashMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = pace.tick() => {}
        }
        if let Err(error) = look(&app, &mut seen).await {
            warn!(%error, "cannot look for tables to compact");
        }
    }
}

/// `seen`: the metadata of each table that was looked at already.
async fn look(app: &App, seen: &mut HashMap<StoreId, String>) -> Result<(), varberg_catalog::Error> {
    for table in app.catalog.every_table().await? {
        if seen.get(&table.id) == Some(&table.metadata_location) {
            continue;
        }
        match mergeable(app, &table.metadata_location).await {
            Ok(small) => {
                if small >= usize::try_from(app.config.maintenance.small_files).unwrap_or(usize::MAX) {
                    begin(app, &table, small).await?;
                }
            }
            // It may have been compacted, expired or deleted meanwhile.
            Err(error) => tracing::debug!(%error, table.id = %table.id, "cannot read the files of a table"),
        }
        seen.insert(table.id, table.metadata_location);
    }
    Ok(())
}

/// How many files a compaction would merge.
async fn mergeable(app: &App, metadata_location: &str) -> Result<usize, varberg_lake::Error> {
    let files = app.lake.files(metadata_location).await?;
    let by = app.lake.grouped_by(metadata_location).await?;
    Ok(app.config.maintenance.compaction().groups(&files, by).iter().map(Vec::len).sum())
}

async fn begin(app: &App, table: &PublishedTable, small_files: usize) -> Result<(), varberg_catalog::Error> {
    let task = task(table, Work::Compact, true);
    match app.catalog.enqueue_task(&task).await {
        Ok(Some(task)) => {
            info!(task.id = %task.id, table.id = %table.id, small_files, "a table is to be compacted");
            app.tasks_waiting.notify_one();
            Ok(())
        }
        Ok(None) | Err(varberg_catalog::Error::NotFound(_) | varberg_catalog::Error::NotActive(..)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A task that has not begun.
pub(crate) fn task(table: &PublishedTable, work: Work, automatic: bool) -> Task {
    let now = wire::now();
    Task {
        id: JobId::random(),
        account: table.owner.clone(),
        destination: table.id.clone(),
        table: table.name.clone(),
        work,
        automatic,
        status: JobStatus::Submitted,
        message: String::new(),
        report: TaskReport::default(),
        created: now,
        updated: now,
        completed: None,
    }
}
