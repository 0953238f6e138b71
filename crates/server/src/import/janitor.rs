//! Removes what nobody names any more: the only code that deletes files, one at a time, never by prefix alone.
//!
//! File names carry the job and the epoch that wrote them, so the rule needs no clock (design 3.7):
//! a file goes when its job is terminal and no retained metadata names it, or when its epoch is dead and no recorded
//! item result names it. Files of a store that is being deleted go when no worker holds one of its jobs.
//!
//! A round after a job looks only at the stores of jobs that have ended since the last one; a complete round, at start
//! and from time to time, looks at everything, also at what a worker left that woke up after its job or store was gone.

use super::outcome::ImportedItem;
use super::table_path;
use crate::app::App;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use varberg_catalog::JobFiles;
use varberg_lake::StoredFile;
use varberg_model::{JobId, VariantStore};

/// Why a round ended early; the next one goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JanitorError {
    #[error("the catalog: {0}")]
    Catalog(#[from] varberg_catalog::Error),
    #[error("the warehouse: {0}")]
    Lake(#[from] varberg_lake::Error),
}

/// How often stores in deletion are looked at: their last worker may end at any time.
const DELETION_POLL: Duration = Duration::from_secs(2);

/// Cleans at start, whenever it is woken, and at a steady pace, until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let pace = Duration::from_secs(u64::from(app.config.import.janitor_interval_s.max(1)));
    let mut complete = Instant::now();
    let mut rounds = 0;
    let mut deletions = tokio::time::interval(DELETION_POLL);
    let mut settled = BTreeSet::new();
    loop {
        let round = tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep_until(complete) => {
                settled.clear();
                rounds += 1;
                // The second round comes soon: what a crash left behind is by then old enough to be judged.
                complete = Instant::now() + if rounds == 1 { creation_time(&app) + DELETION_POLL } else { pace };
                everything(&app, &mut settled).await
            }
            () = app.leftovers.notified() => after_jobs(&app, &mut settled).await,
            _ = deletions.tick() => delete_stores(&app).await,
        };
        if let Err(error) = round {
            warn!(%error, "the janitor could not finish its round");
        }
    }
}

/// A complete round.
async fn everything(app: &App, settled: &mut BTreeSet<JobId>) -> Result<(), JanitorError> {
    after_jobs(app, settled).await?;
    sweep_lost_namespaces(app).await?;
    sweep_references(app).await
}

/// Stores in deletion, and the stores of jobs that ended or were taken over. `settled`: ended jobs already cleaned up.
async fn after_jobs(app: &App, settled: &mut BTreeSet<JobId>) -> Result<(), JanitorError> {
    delete_stores(app).await?;
    // Read before any table pointer is, so that a job seen as ended has its commit in the metadata read afterwards.
    let mut jobs = app.catalog.job_epochs().await?;
    jobs.retain(|job, _| !settled.contains(job));
    for table in app.catalog.all_tables(app.account()).await? {
        let mine: BTreeMap<JobId, JobFiles> =
            jobs.iter().filter(|(_, files)| files.store == table.store.id).map(|(j, f)| (*j, f.clone())).collect();
        if !mine.is_empty() {
            sweep_store(app, &table.store, &mine).await?;
        }
    }
    settled.extend(jobs.into_iter().filter(|(_, files)| files.terminal).map(|(job, _)| job));
    Ok(())
}

async fn delete_stores(app: &App) -> Result<(), JanitorError> {
    for store in app.catalog.deletable_stores().await? {
        delete_store(app, &store).await?;
    }
    Ok(())
}

async fn delete_store(app: &App, store: &VariantStore) -> Result<(), JanitorError> {
    let files = app.lake.list(&format!("{}/", store.namespace())).await?;
    for file in &files {
        app.lake.delete(&file.path).await?;
    }
    app.catalog.drop_store(&store.id).await?;
    info!(store.id = %store.id, files = files.len(), "store deleted");
    Ok(())
}

/// How long the creation of a store may take, between the table's first file and the catalog's row.
fn creation_time(app: &App) -> Duration {
    2 * Duration::from_secs(u64::from(app.config.import.lease_s))
}

/// Files below namespaces of stores that are gone: a worker that slept through the deletion wrote them, or the server
/// died between the creation of a table and of its store. Such a namespace is given up for good before a file goes.
async fn sweep_lost_namespaces(app: &App) -> Result<(), JanitorError> {
    let files = app.lake.list("").await?;
    let mut gone: BTreeMap<String, bool> = BTreeMap::new();
    let jobs = app.catalog.job_epochs().await?;
    for file in files {
        let Some((namespace, _)) = file.path.split_once('/').filter(|(name, _)| name.starts_with("variant_")) else {
            continue;
        };
        let writer = writer_of(&file.path).and_then(|(job, _)| jobs.get(&job));
        let age = SystemTime::now().duration_since(file.modified.into()).unwrap_or_default();
        let ended = writer.map_or(age > creation_time(app), |job| job.terminal);
        if !ended {
            continue;
        }
        if !gone.contains_key(namespace) {
            gone.insert(namespace.to_owned(), app.catalog.bury_namespace(namespace).await?);
        }
        if gone.get(namespace).copied().unwrap_or(false) {
            app.lake.delete(&file.path).await?;
        }
    }
    Ok(())
}

async fn sweep_store(app: &App, store: &VariantStore, jobs: &BTreeMap<JobId, JobFiles>) -> Result<(), JanitorError> {
    let files = app.lake.list(&format!("{}/", table_path(store))).await?;
    let suspects: Vec<&StoredFile> = files.iter().filter(|file| may_be_garbage(&file.path, jobs)).collect();
    if suspects.is_empty() {
        return Ok(());
    }
    let Some(pointer) = app.catalog.pointer(&store.namespace(), store.name.as_str()).await? else { return Ok(()) };
    let reachable = app.lake.reachable(&pointer).await?;
    let mut removed = 0;
    for file in suspects.iter().filter(|file| !reachable.contains(&file.path)) {
        app.lake.delete(&file.path).await?;
        removed += 1;
    }
    debug!(store.id = %store.id, suspects = suspects.len(), removed, "swept");
    Ok(())
}

/// Whether a file belongs to an ended job or to a dead epoch; retained metadata decides the rest.
fn may_be_garbage(path: &str, jobs: &BTreeMap<JobId, JobFiles>) -> bool {
    let Some((job, epoch)) = writer_of(path) else { return false };
    let Some(state) = jobs.get(&job) else { return false };
    state.terminal || (epoch < state.epoch && !state.results.iter().any(|payload| names(payload, path)))
}

/// Whether a recorded item result names the file. A result that cannot be read names everything.
fn names(payload: &str, path: &str) -> bool {
    match ImportedItem::from_payload(payload) {
        Ok(item) => item.files.iter().any(|file| file.path.ends_with(path)),
        Err(_) => true,
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

/// Files of reference imports that ended without a reference.
async fn sweep_references(app: &App) -> Result<(), JanitorError> {
    let files = app.lake.list("references/").await?;
    if files.is_empty() {
        return Ok(());
    }
    let running = app.catalog.running_reference_imports().await?;
    let running: BTreeSet<String> = running.into_iter().map(|(job, epoch)| format!("{job}-{epoch}")).collect();
    let kept: BTreeSet<String> = app.catalog.all_reference_paths().await?.into_iter().collect();
    for file in files.iter().filter(|file| !kept.contains(&file.path)) {
        let writer = file.path.split('/').nth(2).and_then(|folder| folder.rsplit_once('-')).map(|(writer, _)| writer);
        if writer.is_some_and(|writer| !running.contains(writer)) {
            app.lake.delete(&file.path).await?;
        }
    }
    Ok(())
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
        ] {
            assert_eq!(writer_of(&path), Some((job, 12)), "{path}");
        }
        assert_eq!(writer_of("variant_0_a/s/metadata/00000-first.metadata.json"), None);
    }

    #[test]
    fn keeps_files_of_the_live_epoch_and_of_recorded_results() {
        let job = JobId::parse("", JOB).unwrap();
        let path = |epoch: i64| format!("v/s/data/{JOB}/{epoch}/f.parquet");
        let store = varberg_model::StoreId::from_stored("0123456789ab".to_owned());
        let state =
            |terminal, epoch| JobFiles { terminal, store: store.clone(), epoch, results: vec!["not json".to_owned()] };
        assert!(!may_be_garbage(&path(2), &BTreeMap::from([(job, state(false, 2))])));
        assert!(!may_be_garbage(&path(1), &BTreeMap::from([(job, state(false, 2))])), "an unreadable result names all");
        assert!(may_be_garbage(&path(1), &BTreeMap::from([(job, JobFiles { results: vec![], ..state(false, 2) })])));
        assert!(may_be_garbage(&path(2), &BTreeMap::from([(job, state(true, 2))])));
        assert!(!may_be_garbage(&path(1), &BTreeMap::new()), "files of unknown jobs are left alone");
    }
}
