//! Undo: the rows of one import job leave its table in one commit. Files that hold nothing else go whole; merged files are
//! written again without these rows.

use super::{MAX_ROUNDS, Running, TaskError};
use crate::app::App;
use varberg_lake::{RewrittenRows, RowsToRewrite};
use varberg_model::{JobId, TaskReport};

pub(super) async fn run(app: &App, running: &Running, job: JobId) -> Result<TaskReport, TaskError> {
    let report = running.claim.task.report;
    if report.rows_removed > 0 {
        return Ok(report); // taken over after its commit
    }
    let id = job.to_string();
    for _ in 0..MAX_ROUNDS {
        let location = running.pointer(app).await?;
        let (mut gone, perhaps) = app.lake.files_of_job(&location, &id).await?;
        let mixed = running.holding(app, perhaps, &id).await?;
        let mut kept = RewrittenRows::default();
        for file in &mixed {
            let rows = RowsToRewrite {
                metadata_location: running.pointer(app).await?,
                files: vec![file.clone()],
                sort: false,
                without_job: Some(id.clone()),
            };
            let rewritten = running.rewrite(app, rows).await?;
            kept.files.extend(rewritten.files);
            kept.rows_written += rewritten.rows_written;
        }
        gone.extend(mixed);
        if gone.is_empty() {
            return Ok(report);
        }
        let mut next = report;
        next.files_before += gone.len() as u64;
        next.bytes_before += gone.iter().map(|file| file.bytes).sum::<u64>();
        next.files_after += kept.files.len() as u64;
        next.bytes_after += kept.files.iter().map(|file| file.bytes).sum::<u64>();
        next.rows_rewritten += kept.rows_written;
        next.rows_removed += gone.iter().map(|file| file.rows).sum::<u64>().saturating_sub(kept.rows_written);
        let of = ("varberg.undone-job-id", id.clone());
        if running.replace(app, &gone, kept, false, of, next).await? {
            return Ok(next);
        }
    }
    Err(TaskError::Refused("files to write again kept going away".to_owned()))
}
