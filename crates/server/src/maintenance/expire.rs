//! Expiry: old snapshots leave the metadata of a table. What only they named stays for a while, then the janitor removes it.

use super::{Running, TaskError};
use crate::app::App;
use chrono::{DateTime, Utc};
use varberg_model::TaskReport;

pub(super) async fn run(
    app: &App,
    running: &Running,
    before: DateTime<Utc>,
    keep: u32,
) -> Result<TaskReport, TaskError> {
    let mut report = running.claim.task.report;
    let location = running.pointer(app).await?;
    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
    let snapshots = app.lake.expirable(&location, before.timestamp_millis(), keep).await?;
    if !snapshots.is_empty() {
        report.snapshots_dropped += snapshots.len() as u64;
        running.drop_snapshots(app, snapshots, report).await?;
    }
    Ok(report)
}
