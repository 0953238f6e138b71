//! Removes what nobody names any more: the only code that deletes files, one at a time, never by prefix alone.
//!
//! File names carry the job and the epoch that wrote them, so the rule needs no clock (design 3.7):
//! a file goes when its job is terminal and no retained metadata names it, or when its epoch is dead and no recorded
//! item result names it. Metadata stays retained for a while after snapshots were dropped from it. Files of a table that is being deleted go when no worker holds one of its jobs.
//!
//! A round after a job looks only at the tables of jobs that have ended since the last one; a complete round, at start
//! and from time to time, looks at everything, also at what a worker left that woke up after its job or table was gone.

mod references;

use super::outcome::ImportedItem;
use crate::app::App;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use varberg_catalog::{DeletedTable, JobFiles, PublishedTable};
use varberg_lake::StoredFile;
use varberg_model::{JobId, StoreId};

/// Why a round ended early; the next one goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JanitorError {
    #[error("the catalog: {0}")]
    Catalog(#[from] varberg_catalog::Error),
    #[error("the warehouse: {0}")]
    Lake(#[from] varberg_lake::Error),
}

/// How often tables in deletion are looked at: their last worker may end at any time.
const DELETION_POLL: Duration = Duration::from_secs(2);

/// Cleans at start, whenever it is woken, and at a steady pace, until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    stop.run_until_cancelled(rounds(app)).await; // every step may end half-way: the next start goes on
}

async fn rounds(app: App) {
    let pace = Duration::from_secs(u64::from(app.config.import.janitor_interval_s.max(1)));
    let mut complete = Instant::now();
    let mut rounds = 0;
    let mut deletions = tokio::time::interval(DELETION_POLL);
    deletions.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut settled = BTreeSet::new();
    loop {
        let round = tokio::select! {
            () = tokio::time::sleep_until(complete) => {
                settled.clear();
                rounds += 1;
                // The second round comes soon: what a crash left behind is by then old enough to be judged.
                complete = Instant::now() + if rounds == 1 { creation_time(&app) + DELETION_POLL } else { pace };
                everything(&app, &mut settled).await
            }
            () = app.leftovers.notified() => after_jobs(&app, &mut settled).await,
            _ = deletions.tick() => delete_tables(&app).await,
        };
        if let Err(error) = round {
            warn!(%error, "the janitor could not finish its round");
        }
    }
}

/// A complete round. Each step is taken whatever became of the one before; the first error is told.
async fn everything(app: &App, settled: &mut BTreeSet<JobId>) -> Result<(), JanitorError> {
    let after_jobs = after_jobs(app, settled).await;
    let lost = sweep_lost_directories(app).await;
    let references = references::sweep(app).await;
    let events = forget_events(app).await;
    after_jobs.and(lost).and(references).and(events)
}

/// Events that are older than events are kept.
async fn forget_events(app: &App) -> Result<(), JanitorError> {
    let Some(time) = SystemTime::now().checked_sub(app.config.events.kept()) else { return Ok(()) };
    let events = app.catalog.drop_events(time.into()).await?;
    if events > 0 {
        debug!(events, "old events removed");
    }
    Ok(())
}

/// Tables in deletion, and the tables of jobs that ended or were taken over. `settled`: ended jobs already cleaned up.
async fn after_jobs(app: &App, settled: &mut BTreeSet<JobId>) -> Result<(), JanitorError> {
    delete_tables(app).await?;
    // Read before any table pointer is, so that a job seen as ended has its commit in the metadata read afterwards.
    let mut jobs = app.catalog.job_epochs().await?;
    // A task leaves files of any job behind, some of them only once nobody reads its old metadata any more.
    let reopened: BTreeSet<StoreId> = jobs
        .iter()
        .filter(|(job, files)| files.is_task && files.terminal && !settled.contains(job))
        .map(|(_, files)| files.destination.clone())
        .collect();
    jobs.retain(|job, files| !settled.contains(job) || reopened.contains(&files.destination));
    let mut by_table: BTreeMap<StoreId, BTreeMap<JobId, Writer>> = BTreeMap::new();
    for (job, files) in &jobs {
        by_table.entry(files.destination.clone()).or_default().insert(*job, Writer::new(app, files));
    }
    for table in app.catalog.every_table().await? {
        let Some(writers) = by_table.get(&table.id) else { continue };
        match sweep_table(app, &table, writers).await {
            Ok(all) => {
                let done = writers.iter().filter(|(_, writer)| writer.terminal && (all || !writer.is_task));
                settled.extend(done.map(|(job, _)| *job));
            }
            Err(error) => warn!(%error, table.id = %table.id, "cannot sweep the files of a table"),
        }
    }
    Ok(())
}

/// What a job may still do, as far as its files are concerned.
#[derive(Debug)]
struct Writer {
    terminal: bool,
    is_task: bool,
    epoch: i64,
    /// Files that recorded item results name; `None` when a result cannot be read, which then names everything.
    named: Option<BTreeSet<String>>,
}

impl Writer {
    fn new(app: &App, files: &JobFiles) -> Self {
        let named = files.results.iter().map(|payload| named_files(app, payload)).collect::<Option<Vec<_>>>();
        let named = named.map(|items| items.into_iter().flatten().collect());
        Self { terminal: files.terminal, is_task: files.is_task, epoch: files.epoch, named }
    }

    /// Whether a file of this job at `epoch` may go if no retained metadata names it.
    fn has_left(&self, path: &str, epoch: i64) -> bool {
        self.terminal || (epoch < self.epoch && self.named.as_ref().is_some_and(|named| !named.contains(path)))
    }
}

/// The files that a recorded item result names, relative to the warehouse.
fn named_files(app: &App, payload: &str) -> Option<Vec<String>> {
    let item = ImportedItem::from_payload(payload).ok()?;
    item.files.iter().chain(&item.headerset).map(|file| app.lake.path_of(&file.path).ok().map(str::to_owned)).collect()
}

async fn delete_tables(app: &App) -> Result<(), JanitorError> {
    for table in app.catalog.deletable_destinations().await? {
        if let Err(error) = delete_table(app, &table).await {
            warn!(%error, table.id = %table.id, "cannot delete a table; it is tried again");
        }
    }
    Ok(())
}

async fn delete_table(app: &App, table: &DeletedTable) -> Result<(), JanitorError> {
    let files = app.lake.list(&format!("{}/", table.directory)).await?;
    for file in &files {
        app.lake.delete(&file.path).await?;
    }
    app.catalog.drop_destination(&table.id).await?;
    info!(table.id = %table.id, files = files.len(), "table deleted");
    Ok(())
}

/// How long the creation of a table may take, between the table's first file and the catalog's row.
fn creation_time(app: &App) -> Duration {
    2 * Duration::from_secs(u64::from(app.config.import.lease_s))
}

/// Files in folders of tables that are gone: a worker that slept through the deletion wrote them, or the server died
/// between the creation of a table and of its store. Such a folder is given up for good before a file goes.
/// Files of jobs that this catalog does not know are left alone.
async fn sweep_lost_directories(app: &App) -> Result<(), JanitorError> {
    let files = app.lake.list("").await?;
    let mut gone: BTreeMap<String, bool> = BTreeMap::new();
    let jobs = app.catalog.job_epochs().await?;
    for file in files {
        let is_table = |name: &str| name.starts_with("variant_") || name.starts_with("annotation_");
        let Some((directory, _)) = file.path.split_once('/').filter(|(name, _)| is_table(name)) else { continue };
        let age = SystemTime::now().duration_since(file.modified.into()).unwrap_or_default();
        let ended = match writer_of(&file.path) {
            Some((job, _)) => jobs.get(&job).is_some_and(|job| job.terminal),
            None => is_first_metadata(&file.path) && age > creation_time(app),
        };
        if !ended {
            continue;
        }
        if !gone.contains_key(directory) {
            gone.insert(directory.to_owned(), app.catalog.bury_directory(directory).await?);
        }
        if gone.get(directory).copied().unwrap_or(false) {
            app.lake.delete(&file.path).await?;
        }
    }
    Ok(())
}

/// Whether a file is what the creation of a table writes; it names no job.
fn is_first_metadata(path: &str) -> bool {
    path.contains("/metadata/00000-")
}

/// Whether nothing is kept for readers of metadata that the table had until lately.
async fn sweep_table(app: &App, table: &PublishedTable, jobs: &BTreeMap<JobId, Writer>) -> Result<bool, JanitorError> {
    let files = app.lake.list(&format!("{}/", table.directory)).await?;
    let suspects: Vec<&StoredFile> = files.iter().filter(|file| may_be_garbage(&file.path, jobs)).collect();
    if suspects.is_empty() {
        return Ok(true);
    }
    let Some(pointer) = app.catalog.pointer(&table.namespace, &table.name).await? else { return Ok(true) };
    // Read after the pointer: what an expiry takes from the pointer's metadata is then here.
    let held = app.catalog.retired_metadata(&table.id, app.config.maintenance.grace_s).await?;
    let mut reachable = app.lake.reachable(&pointer).await?;
    for metadata in &held {
        reachable.extend(app.lake.reachable(metadata).await?);
    }
    let samples = app.catalog.pointer(&table.namespace, &varberg_model::samples_table(&table.name)).await?;
    if let Some(samples) = samples {
        reachable.append(&mut app.lake.reachable(&samples).await?);
    }
    let mut removed = 0;
    for file in suspects.iter().filter(|file| !reachable.contains(&file.path)) {
        app.lake.delete(&file.path).await?;
        removed += 1;
    }
    debug!(table.id = %table.id, suspects = suspects.len(), removed, "swept");
    Ok(held.is_empty())
}

/// Whether a file belongs to an ended job or a dead epoch, or began the table; retained metadata decides the rest.
fn may_be_garbage(path: &str, jobs: &BTreeMap<JobId, Writer>) -> bool {
    match writer_of(path) {
        Some((job, epoch)) => jobs.get(&job).is_some_and(|writer| writer.has_left(path, epoch)),
        None => is_first_metadata(path),
    }
}

/// The job and epoch in a file's path: `…/<job>/<epoch>/<uuid>.parquet` or `…<job>-<epoch>…` in the file name.
fn writer_of(path: &str) -> Option<(JobId, i64)> {
    let (at, job) = path.char_indices().find_map(|(at, _)| {
        let text = path.get(at..at.checked_add(36)?)?;
        JobId::parse("", text).ok().map(|job| (at, job)).filter(|_| starts_component(path, at))
    })?;
    let rest = path.get(at + 37..)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((job, rest.get(..digits)?.parse().ok()?))
}

fn starts_component(path: &str, at: usize) -> bool {
    at == 0 || path.get(..at).is_some_and(|before| before.ends_with(['/', '-', '_', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    #[test]
    fn reads_job_and_epoch_from_names() {
        let job = JobId::parse("", JOB).unwrap();
        for path in [
            format!("variant_0_a/s/data/{JOB}/12/7c9e6679-7425-40de-944b-e07fc1f90ae7.parquet"),
            format!("variant_0_a/s/metadata/00001-{JOB}-12-x.metadata.json"),
            format!("variant_0_a/s/metadata/snap-5-{JOB}-12.avro"),
            format!("variant_0_a/s/data/merged/{JOB}/12/7c9e6679-7425-40de-944b-e07fc1f90ae7.parquet"),
        ] {
            assert_eq!(writer_of(&path), Some((job, 12)), "{path}");
        }
        assert_eq!(writer_of("variant_0_a/s/metadata/00000-first.metadata.json"), None);
    }

    #[test]
    fn keeps_files_of_the_live_epoch_and_of_recorded_results() {
        let job = JobId::parse("", JOB).unwrap();
        let path = |epoch: i64| format!("v/s/data/{JOB}/{epoch}/f.parquet");
        let jobs = |terminal, named: Option<Vec<String>>| {
            BTreeMap::from([(
                job,
                Writer { terminal, is_task: false, epoch: 2, named: named.map(|n| n.into_iter().collect()) },
            )])
        };
        assert!(!may_be_garbage(&path(2), &jobs(false, Some(vec![]))), "the live epoch");
        assert!(!may_be_garbage(&path(1), &jobs(false, Some(vec![path(1)]))), "a recorded result");
        assert!(!may_be_garbage(&path(1), &jobs(false, None)), "an unreadable result names all");
        assert!(may_be_garbage(&path(1), &jobs(false, Some(vec![]))), "a dead epoch");
        assert!(may_be_garbage(&path(2), &jobs(true, Some(vec![]))), "an ended job");
        assert!(!may_be_garbage(&path(1), &BTreeMap::new()), "files of unknown jobs are left alone");
    }
}
