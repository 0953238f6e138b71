//! Keeps the lease of a running job, of either kind, or of a task: renews it, stores progress, and passes on the reasons to stop.

use super::control::{Control, Interrupt, ItemCounters};
use crate::app::App;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use varberg_catalog::{Beat, Epoch, Lease, TaskLease};
use varberg_model::{ItemProgress, RefId};

/// What is leased.
pub(crate) enum Leased {
    /// A variant import job, with the progress of its items by position.
    Import {
        lease: Lease,
        counters: BTreeMap<u32, Arc<ItemCounters>>,
    },
    Task {
        lease: TaskLease,
    },
    Reference {
        job: RefId,
        epoch: Epoch,
    },
}

impl Leased {
    async fn renew(&self, app: &App, lease_s: u32) -> Result<Beat, varberg_catalog::Error> {
        match self {
            Self::Import { lease, .. } => app.catalog.heartbeat(lease, lease_s).await,
            Self::Task { lease } => app.catalog.heartbeat_task(lease, lease_s).await,
            Self::Reference { job, epoch } => app.catalog.heartbeat_reference_import(job, *epoch, lease_s).await,
        }
    }
}

/// Renews the lease six times per lease time until the caller drops it. When renewals fail for most of a lease, or
/// another worker holds the job, the work is told to stop.
pub(crate) async fn keep(app: App, leased: Leased, control: Arc<Control>, stop: CancellationToken) {
    let lease_s = app.config.import.lease_s;
    let lease = Duration::from_secs(u64::from(lease_s));
    let mut beat = tokio::time::interval(lease / 6);
    let mut renewed = Instant::now();
    let mut told = BTreeMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled(), if control.check().is_ok() => control.interrupt(Interrupt::Stopping),
            _ = beat.tick() => {}
        }
        match leased.renew(&app, lease_s).await {
            Ok(Beat::Held) => renewed = Instant::now(),
            Ok(Beat::CancelRequested) => {
                renewed = Instant::now(); // the lease is held until all threads have stopped
                control.interrupt(Interrupt::Cancelled);
            }
            Ok(Beat::Lost) => return control.interrupt(Interrupt::LeaseLost),
            Err(error) => warn!(%error, "cannot renew the lease"),
        }
        if renewed.elapsed() > lease * 5 / 6 {
            return control.interrupt(Interrupt::LeaseLost);
        }
        report(&app, &leased, &mut told).await;
    }
}

/// Stores the progress of the items that moved since the last time.
async fn report(app: &App, leased: &Leased, told: &mut BTreeMap<u32, ItemProgress>) {
    let Leased::Import { lease, counters } = leased else { return };
    for (position, counters) in counters {
        let now = counters.snapshot();
        if told.get(position) == Some(&now) || now == ItemProgress::default() {
            continue;
        }
        match app.catalog.report_progress(lease, *position, now).await {
            Ok(()) => {
                told.insert(*position, now);
            }
            Err(error) => warn!(%error, "cannot store the progress of an item"),
        }
    }
}
