//! What the tasks have in common: where a table's pointer is, how rows are written again, how a step is published.

use super::{Running, SPILL_BYTES, TaskError};
use crate::app::App;
use crate::import::{Hold, Interrupt, Stage};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use varberg_catalog::{Catalog, Finish, TaskLease, TaskStep};
use varberg_lake::{
    Expiry, FileInfo, MERGED, PointerStore, Rewrite, RewriteLimits, RewrittenRows, RowsToRewrite, SwapResult,
    TableSwap, WriteTarget, WriterOptions,
};
use varberg_model::TaskReport;

/// The catalog's table pointers as seen by the holder of the lease of a task.
pub(super) struct TaskPointers<'a> {
    catalog: &'a Catalog,
    lease: TaskLease,
    hold: &'a Hold,
}

#[async_trait]
impl PointerStore for TaskPointers<'_> {
    type Outcome = TaskStep;

    async fn load(&self, namespace: &str, name: &str) -> varberg_lake::Result<String> {
        let pointer = self.catalog.pointer(namespace, name).await.map_err(varberg_lake::Error::pointers)?;
        pointer.ok_or_else(|| varberg_lake::Error::pointers(format!("table {namespace}.{name} does not exist")))
    }

    async fn swap(&self, swaps: &[TableSwap], step: &TaskStep) -> varberg_lake::Result<SwapResult> {
        self.hold.reached(Stage::TaskMetadataWritten).await;
        let swaps: Vec<varberg_catalog::TableSwap> = swaps.iter().map(crate::import::to_catalog).collect();
        self.hold.reached(Stage::TaskCommitBefore).await;
        let done = self.catalog.step_task(&self.lease, &swaps, step).await.map_err(varberg_lake::Error::pointers)?;
        self.hold.reached(Stage::TaskCommitAfter).await;
        Ok(match done {
            Finish::Committed => SwapResult::Swapped,
            Finish::PointerMoved => SwapResult::PointerMoved,
            Finish::LeaseLost => SwapResult::Refused("the task's lease was lost".to_owned()),
            Finish::Cancelled => SwapResult::Refused("the task is no longer wanted".to_owned()),
            Finish::StoreGone => SwapResult::Refused("the store is being deleted".to_owned()),
        })
    }
}

impl Running {
    /// The name that SQL finds the table by.
    pub(super) fn table(&self) -> &str {
        &self.claim.task.table
    }

    /// Where the table's metadata lies now. To be asked again for each piece of work: old metadata goes with time.
    pub(super) async fn pointer(&self, app: &App) -> Result<String, TaskError> {
        app.catalog.pointer(&self.namespace, self.table()).await?.ok_or(TaskError::Gone)
    }

    fn tag(&self) -> String {
        format!("{}-{}", self.claim.lease.task, self.claim.lease.epoch)
    }

    fn pointers<'a>(&self, app: &'a App) -> TaskPointers<'a> {
        TaskPointers { catalog: &app.catalog, lease: self.claim.lease, hold: &app.hold }
    }

    /// Writes rows again, below the table's folder for merged files, on a thread for such work.
    pub(super) async fn rewrite(&self, app: &App, rows: RowsToRewrite) -> Result<RewrittenRows, TaskError> {
        let info = app.lake.describe(&rows.metadata_location).await?;
        let target = WriteTarget {
            table_path: app.lake.path_of(&info.location)?.to_owned(),
            job: format!("{MERGED}/{}", self.claim.lease.task),
            epoch: self.claim.lease.epoch,
        };
        let (lake, control) = (app.lake.clone(), self.control.clone());
        let memory_bytes = usize::try_from(app.config.maintenance.memory_bytes).unwrap_or(usize::MAX);
        let options = WriterOptions { row_group_bytes: (memory_bytes / 8).min(64 << 20), ..WriterOptions::default() };
        let spill = app.queries.spill()?;
        let limits = RewriteLimits { memory_bytes, spill_dir: spill.path().to_owned(), spill_bytes: SPILL_BYTES };
        let work = move || {
            let wanted = || control.check().is_ok();
            let rewritten = lake.rewrite_rows(&rows, target, options, &limits, &wanted);
            spill.remove();
            rewritten
        };
        let rewritten = app.cpu.run("varberg-rewrite", work).await??;
        self.control.check()?;
        let rewritten = rewritten.ok_or(Interrupt::LeaseLost)?;
        app.hold.reached(Stage::TaskFilesWritten).await;
        Ok(rewritten)
    }

    /// The files among `files` that have rows of the job.
    pub(super) async fn holding(&self, app: &App, files: Vec<FileInfo>, job: &str) -> Result<Vec<FileInfo>, TaskError> {
        let memory_bytes = usize::try_from(app.config.maintenance.memory_bytes).unwrap_or(usize::MAX);
        let mut holding = Vec::new();
        for file in files {
            self.control.check()?;
            let limits = RewriteLimits { memory_bytes, spill_dir: app.config.spill_dir(), spill_bytes: 0 };
            let (lake, metadata_location) = (app.lake.clone(), self.pointer(app).await?);
            let (looked_at, job) = (file.clone(), job.to_owned());
            let work = move || lake.holds_job(&metadata_location, &looked_at, &job, &limits);
            if app.cpu.run("varberg-rewrite", work).await?? {
                holding.push(file);
            }
        }
        Ok(holding)
    }

    /// Publishes `rewritten` in the place of `old` with what the task has then done; false when the files to replace have gone
    /// meanwhile.
    pub(super) async fn replace(
        &self,
        app: &App,
        old: &[FileInfo],
        rewritten: RewrittenRows,
        keeps_rows: bool,
        more: (&str, String),
        report: TaskReport,
    ) -> Result<bool, TaskError> {
        let lease = self.claim.lease;
        let rewrite = Rewrite {
            namespace: self.namespace.clone(),
            name: self.table().to_owned(),
            removed: old.iter().map(|file| file.location.clone()).collect::<BTreeSet<_>>(),
            added: rewritten.files,
            keeps_rows,
            summary: BTreeMap::from([
                ("varberg.task-id".to_owned(), lease.task.to_string()),
                ("varberg.epoch".to_owned(), lease.epoch.to_string()),
                (more.0.to_owned(), more.1),
            ]),
            tag: self.tag(),
        };
        let step = TaskStep { report, retires: false };
        match varberg_lake::rewrite(&app.lake, &self.pointers(app), &rewrite, &step, || ()).await {
            Err(varberg_lake::Error::FilesGone { .. }) => Ok(false),
            result => self.swapped(result?).map(|()| true),
        }
    }

    /// Drops snapshots, and records what the task has then done.
    pub(super) async fn drop_snapshots(
        &self,
        app: &App,
        snapshots: Vec<i64>,
        report: TaskReport,
    ) -> Result<(), TaskError> {
        let expiry =
            Expiry { namespace: self.namespace.clone(), name: self.table().to_owned(), snapshots, tag: self.tag() };
        let step = TaskStep { report, retires: true };
        let swapped = varberg_lake::expire(&app.lake, &self.pointers(app), &expiry, &step, || ()).await?;
        self.swapped(swapped)
    }

    fn swapped(&self, result: SwapResult) -> Result<(), TaskError> {
        match result {
            SwapResult::Swapped => Ok(()),
            SwapResult::PointerMoved => Err(TaskError::Refused("the table kept changing".to_owned())),
            SwapResult::Refused(why) => {
                self.control.check()?;
                Err(TaskError::Refused(why))
            }
        }
    }
}
