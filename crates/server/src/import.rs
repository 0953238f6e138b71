//! Import jobs: from a claimed job to one published snapshot. The whole import is on this screen.
//!
//! Follow it one call at a time: [`plan`] opens an item and cuts it into parts, [`part`] turns a part into data files,
//! [`outcome`] keeps what became of each item, [`publish`] makes all good items visible at once. [`worker`] decides
//! which job runs and keeps its lease; [`janitor`] removes what nobody names any more.

mod control;
mod format;
mod genome;
mod item;
pub(crate) mod janitor;
mod layout;
mod lease;
mod message;
mod outcome;
mod part;
mod plan;
mod publish;
mod reference;
mod report;
mod rows;
mod stage;
pub(crate) mod worker;

pub(crate) use control::{Control, Interrupt};
pub(crate) use lease::{Leased, keep};
pub(crate) use publish::to_catalog;
pub(crate) use stage::{Hold, Stage};

use crate::app::App;
use control::ItemCounters;
use futures::stream::{self, StreamExt};
use outcome::Outcome;
use publish::LeasePointers;
use std::collections::BTreeMap;
use std::sync::Arc;
use varberg_catalog::{Claim, Finish, JobOutcome};
use varberg_lake::{Append, AppendContent, DataFile, SwapResult};
use varberg_model::{Destination, JobStatus};

/// Why a job ended without a final state of its own. Its lease runs out and another claim takes it up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
    #[error("the catalog: {0}")]
    Catalog(#[from] varberg_catalog::Error),
    #[error("the table: {0}")]
    Lake(#[from] varberg_lake::Error),
    #[error("a recorded item result cannot be read: {0}")]
    Recorded(#[from] serde_json::Error),
    #[error("the commit was refused: {0}")]
    Refused(String),
}

/// A job on its way: what was claimed, for which table, and the signals its threads share.
#[derive(Debug)]
pub(crate) struct Running {
    pub claim: Claim,
    pub destination: Destination,
    pub control: Arc<Control>,
    /// Progress of each item, by position.
    pub counters: BTreeMap<u32, Arc<ItemCounters>>,
    pub hold: Hold,
    /// What records are normalized against, if the job asked for that.
    pub genome: genome::JobGenome,
    /// How its rows lie in the table.
    pub layout: layout::JobLayout,
}

/// Imports every unfinished item of the job and publishes the good ones as one snapshot.
///
/// An item that fails leaves no row and the job goes on. Results of finished items are recorded as they come, so a
/// restart redoes only what is missing.
pub(crate) async fn run_job(app: &App, running: &Running) -> Result<JobStatus, ImportError> {
    let claim = &running.claim;
    running.hold.reached(Stage::Claimed).await;
    let mut outcome = Outcome::resume(&claim.results)?;
    running.layout.decide_by_headers(app, running).await?;
    let todo: Vec<_> = claim.job.items.iter().filter(|i| !outcome.has(i.position)).collect();
    let imports: Vec<_> = todo.into_iter().map(|i| item::import_item(app, running, i)).collect();
    let mut ended = stream::iter(imports).buffer_unordered(app.cpu.threads());
    let mut going = Ok(());
    while let Some((position, result)) = ended.next().await {
        if going.is_ok() {
            going = item::record(app, running, &mut outcome, position, result).await;
        }
        if going.is_err() {
            // The job is let go only when all its threads have stopped. The first reason to stop stands.
            running.control.interrupt(Interrupt::LeaseLost);
        }
    }
    going?;
    running.control.check()?;
    let conclusion = outcome.conclude(&claim.job.items);
    publish(app, running, &outcome, &conclusion).await?;
    Ok(conclusion.status)
}

/// One snapshot and the job's final state, together or not at all.
async fn publish(app: &App, running: &Running, outcome: &Outcome, end: &JobOutcome) -> Result<(), ImportError> {
    let lease = &running.claim.lease;
    let files = outcome.files();
    if files.is_empty() {
        return match app.catalog.finish(lease, &[], end).await? {
            Finish::Committed => Ok(()),
            Finish::Cancelled => Err(Interrupt::Cancelled.into()),
            Finish::LeaseLost => Err(Interrupt::LeaseLost.into()),
            other => Err(ImportError::Refused(format!("{other:?}"))),
        };
    }
    let tag = format!("{}-{}", lease.job, lease.epoch);
    let append = |name: String, files: Vec<DataFile>, content: AppendContent| Append {
        namespace: running.destination.namespace.clone(),
        name,
        files,
        summary: BTreeMap::from([
            ("varberg.job-id".to_owned(), lease.job.to_string()),
            ("varberg.epoch".to_owned(), lease.epoch.to_string()),
        ]),
        content,
        tag: tag.clone(),
    };
    let appends = [
        append(running.destination.table.clone(), files, AppendContent::Rows),
        append(running.destination.samples_table(), outcome.headersets(), AppendContent::Headersets),
    ];
    let pointers = LeasePointers { catalog: &app.catalog, lease, hold: &running.hold };
    match varberg_lake::append(&app.lake, &pointers, &appends, end, || ()).await? {
        SwapResult::Swapped => Ok(()),
        SwapResult::PointerMoved => Err(ImportError::Refused("other imports kept changing the table".to_owned())),
        SwapResult::Refused(why) => Err(ImportError::Refused(why)),
    }
}
