//! Claims jobs, has their leases kept, and ends them: the only place that starts import tasks.
//!
//! A lease is a row in the catalog with an end by the database's clock and an epoch that every claim raises. While a
//! job runs its lease is renewed; when that fails, or another epoch appears, the job's threads are told to stop. What a
//! worker does after losing its lease cannot reach a table: every write to the catalog checks the epoch.

use super::control::{Interrupt, ItemCounters};
use super::lease::{self, Leased};
use super::{ImportError, Running, genome, layout, reference, run_job};
use crate::app::App;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, error, info, info_span, warn};
use varberg_catalog::{Beat, Claim, Finish, JobOutcome};
use varberg_model::JobStatus;

/// How long a worker waits for work before it looks again: jobs of dead workers come back by time, not by a call.
const IDLE: Duration = Duration::from_secs(1);

/// Runs jobs until `stop`, then lets go of what is running: its lease ends at once and the job goes on elsewhere.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let owner = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
    let mut jobs = JoinSet::new();
    let max_jobs = usize::try_from(app.config.import.max_jobs).unwrap_or(usize::MAX);
    while !stop.is_cancelled() {
        while jobs.try_join_next().is_some() {}
        if jobs.len() < max_jobs && start_next(&app, &owner, &stop, &mut jobs).await {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = app.work.notified() => {}
            () = tokio::time::sleep(IDLE) => {}
            Some(_) = jobs.join_next(), if !jobs.is_empty() => {}
        }
    }
    while jobs.join_next().await.is_some() {}
}

/// Starts one job of either kind if there is one.
async fn start_next(app: &App, owner: &str, stop: &CancellationToken, jobs: &mut JoinSet<()>) -> bool {
    let lease_s = app.config.import.lease_s;
    match app.catalog.claim(owner, lease_s).await {
        Ok(Some(claim)) => {
            let span = info_span!("import", job.id = %claim.job.id, epoch = claim.lease.epoch);
            jobs.spawn(import(app.clone(), claim, stop.clone()).instrument(span));
            return true;
        }
        Ok(None) => {}
        Err(error) => warn!(%error, "cannot look for import jobs"),
    }
    match app.catalog.claim_reference_import(owner, lease_s).await {
        Ok(Some((job, epoch))) => {
            let span = info_span!("reference-import", job.id = %job.id);
            jobs.spawn(reference::run(app.clone(), job, epoch, stop.clone()).instrument(span));
            true
        }
        Ok(None) => false,
        Err(error) => {
            warn!(%error, "cannot look for reference import jobs");
            false
        }
    }
}

/// One claimed job from start to end.
async fn import(app: App, claim: Claim, stop: CancellationToken) {
    let started = Instant::now();
    let lease = claim.lease;
    let items = claim.job.items.len();
    let result = match prepare(&app, claim).await {
        Ok(running) => {
            let leased = Leased::Import { lease, counters: running.counters.clone() };
            let keeper = lease::keep(app.clone(), leased, running.control.clone(), stop);
            let keeper = AbortOnDropHandle::new(tokio::spawn(keeper));
            let result = with_genome(&app, running).await;
            keeper.abort();
            result
        }
        Err(error) => Err(error),
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(status) => info!(items, duration_ms, status = status.as_str(), "import job ended"),
        Err(error) => give_up(&app, &lease, error).await,
    }
    app.wake_janitor();
}

/// Runs the job, once what its records are normalized against is open. A warehouse that does not answer leaves the job to
/// its next attempt; the last one tells the items.
async fn with_genome(app: &App, mut running: Running) -> Result<JobStatus, ImportError> {
    let is_last = running.claim.attempts >= i64::from(app.config.import.max_attempts);
    let opened = genome::open(app, &running.claim.job, &running.destination).await;
    running.control.check()?; // whoever stops the job does not want to know why it could not begin
    running.genome = match opened {
        Err(ImportError::Lake(error)) if is_last => genome::unreadable(&running.destination, &error),
        opened => opened?,
    };
    run_job(app, &running).await
}

/// Looks the table up and fails a job that has taken down too many workers.
async fn prepare(app: &App, claim: Claim) -> Result<Running, ImportError> {
    if claim.attempts > i64::from(app.config.import.max_attempts) {
        let message = format!("internal error: the job was started {} times and never ended", claim.attempts - 1);
        let items = claim.job.items.iter().map(|i| (i.position, JobStatus::Failed, message.clone())).collect();
        let outcome = JobOutcome { status: JobStatus::Failed, message, items };
        return match app.catalog.finish(&claim.lease, &[], &outcome).await? {
            Finish::Cancelled => Err(Interrupt::Cancelled.into()),
            _ => Err(ImportError::Refused("too many attempts".to_owned())),
        };
    }
    let job = &claim.job;
    let destination = app.catalog.destination(job).await?.ok_or(Interrupt::Cancelled)?;
    let counters = job.items.iter().map(|i| (i.position, Arc::<ItemCounters>::default())).collect();
    Ok(Running {
        destination,
        control: Arc::default(),
        counters,
        hold: app.hold.clone(),
        genome: Ok(None),
        layout: layout::JobLayout::default(),
        claim,
    })
}

/// Leaves a job that cannot go on here in the state that its reason asks for.
async fn give_up(app: &App, lease: &varberg_catalog::Lease, error: ImportError) {
    let done = match &error {
        ImportError::Interrupted(Interrupt::Cancelled) => app.catalog.cancelled(lease).await,
        ImportError::Interrupted(Interrupt::Stopping) => app.catalog.release(lease).await,
        ImportError::Interrupted(Interrupt::LeaseLost) | ImportError::Catalog(varberg_catalog::Error::LeaseLost) => {
            Ok(())
        }
        ImportError::Refused(_) => after_refusal(app, lease).await,
        ImportError::Catalog(_) | ImportError::Lake(_) | ImportError::Recorded(_) => {
            error!(?error, "import job interrupted; it is tried again when its lease ends");
            Ok(())
        }
    };
    match done {
        Ok(()) => info!(reason = %error, "import job left"),
        Err(failed) => warn!(%failed, reason = %error, "import job left; the catalog could not be told"),
    }
}

/// The commit's own checks refused it: a cancel or the deletion of the store came first, or the lease is gone.
async fn after_refusal(app: &App, lease: &varberg_catalog::Lease) -> Result<(), varberg_catalog::Error> {
    match app.catalog.heartbeat(lease, app.config.import.lease_s).await? {
        Beat::CancelRequested => app.catalog.cancelled(lease).await,
        Beat::Held | Beat::Lost => Ok(()),
    }
}
