//! Compaction: group after group of small files is merged into sorted, larger ones, each with a commit of its own.

use super::{MAX_ROUNDS, Running, TaskError};
use crate::app::App;
use varberg_lake::RowsToRewrite;
use varberg_model::TaskReport;

pub(super) async fn run(app: &App, running: &Running) -> Result<TaskReport, TaskError> {
    let options = app.config.maintenance.compaction();
    let mut report = running.claim.task.report;
    for _ in 0..MAX_ROUNDS {
        let location = running.pointer(app).await?;
        let groups = options.groups(&app.lake.files(&location).await?, app.lake.grouped_by(&location).await?);
        let mut all_there = true;
        for files in groups {
            running.control.check()?;
            let rows = RowsToRewrite {
                metadata_location: running.pointer(app).await?,
                files: files.clone(),
                sort: true,
                without_job: None,
            };
            let rewritten = running.rewrite(app, rows).await?;
            let mut next = report;
            next.files_before += files.len() as u64;
            next.bytes_before += files.iter().map(|file| file.bytes).sum::<u64>();
            next.files_after += rewritten.files.len() as u64;
            next.bytes_after += rewritten.files.iter().map(|file| file.bytes).sum::<u64>();
            next.rows_rewritten += rewritten.rows_written;
            let of = ("varberg.task", "compact".to_owned());
            if running.replace(app, &files, rewritten, true, of, next).await? {
                report = next;
            } else {
                all_there = false;
            }
        }
        if all_there {
            return Ok(report);
        }
    }
    Err(TaskError::Refused("files to merge kept going away".to_owned()))
}
