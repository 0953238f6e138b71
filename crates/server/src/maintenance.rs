//! Work on tables beside imports: small files merged, old snapshots dropped, the rows of a job taken back.
//!
//! A task is leased in the catalog as an import job is (`import/worker.rs`): an end by the database's clock, an epoch that every
//! claim raises and every write checks. It is carried out in steps; each moves the table's pointer with what the task reports,
//! so that a task that is taken over goes on with the table as it is. Files it leaves are the janitor's.
//!
//! A server works on one task at a time, beside its imports.

pub(crate) mod automatic;
mod compact;
mod expire;
mod step;
mod undo;

use crate::app::App;
use crate::cpu::Panicked;
use crate::import::{Control, Interrupt, Leased, Stage, keep};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, error, info, info_span, warn};
use varberg_catalog::TaskClaim;
use varberg_model::{JobStatus, TaskReport, Work};

/// How long a worker waits for work before it looks again.
const IDLE: Duration = Duration::from_secs(1);
/// How often a task begins again because files it was to replace had gone.
const MAX_ROUNDS: usize = 10;
/// Most bytes that one sort writes to disk.
const SPILL_BYTES: u64 = 256 << 30;

/// Why a task could not be carried out.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
    #[error("the catalog: {0}")]
    Catalog(#[from] varberg_catalog::Error),
    #[error("the table: {0}")]
    Lake(#[from] varberg_lake::Error),
    #[error("the spill directory: {0}")]
    Spill(#[from] std::io::Error),
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error("the commit was refused: {0}")]
    Refused(String),
    #[error("its table is gone")]
    Gone,
}

/// A task on its way.
struct Running {
    claim: TaskClaim,
    namespace: String,
    control: Arc<Control>,
}

/// Carries out tasks until `stop`, then lets go of the one that runs.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let owner = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
    while !stop.is_cancelled() {
        match app.catalog.claim_task(&owner, app.config.import.lease_s).await {
            Ok(Some(claim)) => {
                let span = info_span!("task", task.id = %claim.task.id, epoch = claim.lease.epoch);
                work(&app, claim, &stop).instrument(span).await;
                continue;
            }
            Ok(None) => {}
            Err(error) => warn!(%error, "cannot look for tasks"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = app.tasks_waiting.notified() => {}
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

/// One claimed task from start to end.
async fn work(app: &App, claim: TaskClaim, stop: &CancellationToken) {
    let (lease, work, started) = (claim.lease, claim.task.work.name(), Instant::now());
    let control = Arc::<Control>::default();
    let keeper = keep(app.clone(), Leased::Task { lease }, control.clone(), stop.clone());
    let keeper = AbortOnDropHandle::new(tokio::spawn(keeper));
    let last = claim.attempts >= i64::from(app.config.import.max_attempts);
    let result = carry_out(app, claim, control).await;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let ended = match result {
        Ok(report) => {
            info!(
                work,
                duration_ms,
                files_before = report.files_before,
                files_after = report.files_after,
                "task ended"
            );
            app.catalog.end_task(&lease, JobStatus::Completed, "").await
        }
        Err(TaskError::Interrupted(Interrupt::Stopping)) => app.catalog.release_task(&lease).await,
        Err(TaskError::Interrupted(Interrupt::Cancelled) | TaskError::Gone) => {
            app.catalog.end_task(&lease, JobStatus::Cancelled, "").await
        }
        Err(TaskError::Interrupted(Interrupt::LeaseLost)) => Ok(()),
        Err(error) if last => {
            error!(?error, work, "task failed");
            let message = "internal error: the server's log says why; no row has changed";
            app.catalog.end_task(&lease, JobStatus::Failed, message).await
        }
        Err(error) => {
            error!(?error, work, "task interrupted; it is tried again when its lease ends");
            Ok(())
        }
    };
    keeper.abort();
    if let Err(error) = ended {
        warn!(%error, "the end of a task could not be recorded");
    }
    app.wake_janitor();
}

async fn carry_out(app: &App, claim: TaskClaim, control: Arc<Control>) -> Result<TaskReport, TaskError> {
    app.hold.reached(Stage::TaskClaimed).await;
    if claim.attempts > i64::from(app.config.import.max_attempts) {
        return Err(TaskError::Refused(format!("it was started {} times and never ended", claim.attempts - 1)));
    }
    let tables = app.catalog.every_table().await?;
    let table = tables.into_iter().find(|table| table.id == claim.task.destination).ok_or(TaskError::Gone)?;
    let running = Running { claim, namespace: table.namespace, control };
    match running.claim.task.work.clone() {
        Work::Compact => compact::run(app, &running).await,
        Work::Expire { before, keep } => expire::run(app, &running, before, keep).await,
        Work::Undo { job } => undo::run(app, &running, job).await,
    }
}
