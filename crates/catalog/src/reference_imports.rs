//! Reference import jobs: enqueued, claimed under a lease, ended source by source.
//!
//! Each source ends on its own: its reference is there as soon as it is finished (spec 5.6). There is no cancel.

use crate::Catalog;
use crate::dialect::{Connection, Row, now_us};
use crate::error::{Entity, Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::leases::{Beat, lease_end};
use crate::quotas::Counted;
use crate::reference_stores::find_store;
use crate::rows::{count, micros, reference_import_job, reference_import_source, reference_job_status, source_status};
use crate::{events, stored};
use sqlx::Row as _;
use std::collections::BTreeMap;
use varberg_model::{
    AccountId, Change, RefId, Reference, ReferenceImportJob, ReferenceImportSource, ReferenceJobStatus,
    ReferenceSourceStatus, ReferenceStatus,
};

/// Which claim of a job this is: 1 for the first, one more for each later one.
pub type Epoch = i64;

/// What the janitor must know of a reference import job's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceJobFiles {
    pub terminal: bool,
    pub epoch: Epoch,
}

impl Catalog {
    /// Enqueues a job with its sources; it is durable when it is returned.
    ///
    /// Errors: [`Error::NotFound`] when the account has no such reference store.
    pub async fn enqueue_reference_import(
        &self,
        job: &ReferenceImportJob,
        call: Option<&CallKey>,
    ) -> Result<ReferenceImportJob> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(first) = recall(&mut tx, call, now).await? {
            tx.commit().await?;
            let created = first.created;
            return Ok(ReferenceImportJob { id: RefId::from_stored(first.id), created, ..job.clone() });
        }
        if find_store(&mut tx, &job.account, &job.store).await?.is_none() {
            return Err(Error::NotFound(Entity::ReferenceStore(job.store.to_string())));
        }
        self.quotas.check(&mut tx, Counted::References(&job.store), job.sources.len()).await?;
        insert_job(&mut tx, job).await?;
        record(&mut tx, &job.id, now).await?;
        let created = Created { id: job.id.to_string(), created: job.created };
        remember(&mut tx, call, &created, now).await?;
        tx.commit().await?;
        Ok(job.clone())
    }

    /// The job with its sources.
    pub async fn reference_import_job(
        &self,
        account: &AccountId,
        store: &RefId,
        id: &RefId,
    ) -> Result<Option<ReferenceImportJob>> {
        let mut tx = self.read().await?;
        let job = load(&mut tx, id).await?;
        Ok(job.filter(|j| j.account == *account && j.store == *store))
    }

    /// Claims the oldest job that waits or whose lease has ended, for `lease_s` seconds.
    ///
    /// Sources that earlier epochs ended are FINISHED or FAILED and need no work.
    pub async fn claim_reference_import(
        &self,
        owner: &str,
        lease_s: u32,
    ) -> Result<Option<(ReferenceImportJob, Epoch)>> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let row = sqlx::query(
            "SELECT id, status, epoch FROM reference_import_jobs
             WHERE status = 'SUBMITTED' OR (status = 'IN_PROGRESS' AND lease_until_us <= $1)
             ORDER BY created_us, id LIMIT 1",
        )
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id = RefId::from_stored(row.try_get("id")?);
        let epoch = row.try_get::<Epoch, _>("epoch")? + 1;
        sqlx::query(
            "UPDATE reference_import_jobs SET status = 'IN_PROGRESS', owner = $1, epoch = $2, lease_until_us = $3
             WHERE id = $4",
        )
        .bind(owner)
        .bind(epoch)
        .bind(lease_end(now, lease_s))
        .bind(id.as_str())
        .execute(&mut *tx)
        .await?;
        if reference_job_status(&row)? != ReferenceJobStatus::InProgress {
            record(&mut tx, &id, now).await?;
        }
        let job = load(&mut tx, &id).await?.ok_or(Error::LeaseLost)?;
        tx.commit().await?;
        Ok(Some((job, epoch)))
    }

    /// Extends the lease to `lease_s` seconds from now; `Held` or `Lost`.
    pub async fn heartbeat_reference_import(&self, id: &RefId, epoch: Epoch, lease_s: u32) -> Result<Beat> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if !set_lease_end(&mut tx, id, epoch, lease_end(now, lease_s)).await? {
            return Ok(Beat::Lost);
        }
        tx.commit().await?;
        Ok(Beat::Held)
    }

    /// Gives the job back, for the next claim to go on with.
    pub async fn release_reference_import(&self, id: &RefId, epoch: Epoch) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if !set_lease_end(&mut tx, id, epoch, now).await? {
            return Err(Error::LeaseLost);
        }
        Ok(tx.commit().await?)
    }

    /// Notes that work on a source has begun.
    pub async fn start_reference_source(&self, id: &RefId, epoch: Epoch, position: u32) -> Result<()> {
        let mut tx = self.write().await?;
        held(&mut tx, id, epoch).await?;
        sqlx::query(
            "UPDATE reference_import_sources SET status = 'IN_PROGRESS'
             WHERE job_id = $1 AND position = $2 AND status = 'NOT_STARTED'",
        )
        .bind(id.as_str())
        .bind(i64::from(position))
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Ends a source: FINISHED with its reference, which appears in the same transaction, or FAILED with a message.
    ///
    /// Errors: [`Error::LeaseLost`]; [`Error::NotFound`] when the job has no such source; [`Error::Conflict`] when
    /// the source has ended.
    pub async fn finish_reference_source(
        &self,
        id: &RefId,
        epoch: Epoch,
        position: u32,
        outcome: Result<&Reference, &str>,
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        held(&mut tx, id, epoch).await?;
        let row = sqlx::query("SELECT status FROM reference_import_sources WHERE job_id = $1 AND position = $2")
            .bind(id.as_str())
            .bind(i64::from(position))
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(Error::NotFound(Entity::ReferenceSource(position)))?;
        if matches!(source_status(&row)?, ReferenceSourceStatus::Finished | ReferenceSourceStatus::Failed) {
            return Err(Error::Conflict(format!("source {position} of reference import job {id} has ended")));
        }
        let (status, message, reference) = match outcome {
            Ok(reference) => {
                insert_reference(&mut tx, reference).await?;
                record_reference(&mut tx, id, reference, now).await?;
                (ReferenceSourceStatus::Finished, "", Some(reference.id.as_str()))
            }
            Err(message) => (ReferenceSourceStatus::Failed, message, None),
        };
        sqlx::query(
            "UPDATE reference_import_sources SET status = $1, message = $2, reference_id = $3
             WHERE job_id = $4 AND position = $5",
        )
        .bind(status.as_str())
        .bind(message)
        .bind(reference)
        .bind(id.as_str())
        .bind(i64::from(position))
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Ends a job as its sources did: all FINISHED is COMPLETED, none is FAILED, else COMPLETED_WITH_FAILURES.
    /// Sources that have not ended are FAILED.
    pub async fn finish_reference_import(&self, id: &RefId, epoch: Epoch) -> Result<ReferenceJobStatus> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        held(&mut tx, id, epoch).await?;
        sqlx::query(
            "UPDATE reference_import_sources SET status = 'FAILED', message = 'the import ended before this source'
             WHERE job_id = $1 AND status IN ('NOT_STARTED', 'IN_PROGRESS')",
        )
        .bind(id.as_str())
        .execute(&mut *tx)
        .await?;
        let job = load(&mut tx, id).await?.ok_or(Error::LeaseLost)?;
        let (status, message) = roll_up(&job.sources);
        sqlx::query(
            "UPDATE reference_import_jobs SET status = $1, message = $2, completed_us = $3, lease_until_us = NULL
             WHERE id = $4",
        )
        .bind(status.as_str())
        .bind(message)
        .bind(now)
        .bind(id.as_str())
        .execute(&mut *tx)
        .await?;
        record(&mut tx, id, now).await?;
        tx.commit().await?;
        Ok(status)
    }

    /// For each job, by id: has it ended, and which epoch is the newest, the only one that may still write. For the
    /// janitor.
    pub async fn reference_job_epochs(&self) -> Result<BTreeMap<String, ReferenceJobFiles>> {
        let mut tx = self.read().await?;
        let rows = sqlx::query("SELECT id, status, epoch FROM reference_import_jobs").fetch_all(&mut *tx).await?;
        let files = |row: &Row| {
            let status: String = row.try_get("status")?;
            let ended = ReferenceJobStatus::ALL.into_iter().any(|s| s.is_terminal() && s.as_str() == status);
            Ok((row.try_get("id")?, ReferenceJobFiles { terminal: ended, epoch: row.try_get("epoch")? }))
        };
        rows.iter().map(files).collect()
    }
}

/// Records the state that a job is in now.
async fn record(connection: &mut Connection, id: &RefId, now: i64) -> Result<()> {
    let job = load(connection, id).await?.ok_or(Error::LeaseLost)?;
    // A reference store with an import that has not ended cannot be deleted.
    let Some(store) = find_store(connection, &job.account, &job.store).await? else { return Ok(()) };
    events::record(connection, &job.account, &Change::reference_import_job(&job, &store), now).await
}

/// Records a reference that has come to be.
async fn record_reference(connection: &mut Connection, job: &RefId, reference: &Reference, now: i64) -> Result<()> {
    let job = load(connection, job).await?.ok_or(Error::LeaseLost)?;
    let Some(store) = find_store(connection, &job.account, &job.store).await? else { return Ok(()) };
    let change = Change::reference(reference, &store, ReferenceStatus::Active);
    events::record(connection, &job.account, &change, now).await
}

/// The job's end and a message from those of its sources.
fn roll_up(sources: &[ReferenceImportSource]) -> (ReferenceJobStatus, String) {
    let failed = sources.iter().filter(|s| s.status != ReferenceSourceStatus::Finished).count();
    match failed {
        0 => (ReferenceJobStatus::Completed, String::new()),
        n if n == sources.len() => (ReferenceJobStatus::Failed, "No source could be imported.".to_owned()),
        n => (ReferenceJobStatus::CompletedWithFailures, format!("{n} of {} sources failed.", sources.len())),
    }
}

/// Checks that `epoch` is the job's newest and that the job runs.
async fn held(connection: &mut Connection, id: &RefId, epoch: Epoch) -> Result<()> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT epoch FROM reference_import_jobs WHERE id = $1 AND epoch = $2 AND status = 'IN_PROGRESS'",
    )
    .bind(id.as_str())
    .bind(epoch)
    .fetch_optional(connection)
    .await?;
    if found.is_some() { Ok(()) } else { Err(Error::LeaseLost) }
}

/// `false` when the epoch is not the job's newest or the job has ended.
async fn set_lease_end(connection: &mut Connection, id: &RefId, epoch: Epoch, until_us: i64) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE reference_import_jobs SET lease_until_us = $1 WHERE id = $2 AND epoch = $3 AND status = 'IN_PROGRESS'",
    )
    .bind(until_us)
    .bind(id.as_str())
    .bind(epoch)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn load(connection: &mut Connection, id: &RefId) -> Result<Option<ReferenceImportJob>> {
    let row = sqlx::query("SELECT * FROM reference_import_jobs WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let sources = sqlx::query("SELECT * FROM reference_import_sources WHERE job_id = $1 ORDER BY position")
        .bind(id.as_str())
        .fetch_all(connection)
        .await?;
    let sources = sources.iter().map(reference_import_source).collect::<Result<_>>()?;
    Ok(Some(ReferenceImportJob { sources, ..reference_import_job(&row)? }))
}

async fn insert_job(connection: &mut Connection, job: &ReferenceImportJob) -> Result<()> {
    sqlx::query(
        "INSERT INTO reference_import_jobs (id, store_id, account, role, status, message, epoch, created_us)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7)",
    )
    .bind(job.id.as_str())
    .bind(job.store.as_str())
    .bind(job.account.as_str())
    .bind(job.role.as_str())
    .bind(ReferenceJobStatus::Submitted.as_str())
    .bind(&job.message)
    .bind(micros(job.created))
    .execute(&mut *connection)
    .await?;
    for source in &job.sources {
        sqlx::query(
            "INSERT INTO reference_import_sources (job_id, position, source, name, description, tags, status, message)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(job.id.as_str())
        .bind(i64::from(source.position))
        .bind(source.source.to_string())
        .bind(source.name.as_str())
        .bind(&source.description)
        .bind(stored::tags_to_json(&source.tags)?)
        .bind(ReferenceSourceStatus::NotStarted.as_str())
        .bind(&source.message)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn insert_reference(connection: &mut Connection, reference: &Reference) -> Result<()> {
    sqlx::query(
        "INSERT INTO reference_genomes (id, store_id, job_id, name, description, tags, status, md5, source_path,
                                        source_bytes, index_path, index_bytes, contig_aliases, created_us, updated_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(reference.id.as_str())
    .bind(reference.store.as_str())
    .bind(reference.job.as_str())
    .bind(reference.name.as_str())
    .bind(&reference.description)
    .bind(stored::tags_to_json(&reference.tags)?)
    .bind(reference.status.as_str())
    .bind(&reference.md5)
    .bind(&reference.source_path)
    .bind(count(reference.source_bytes))
    .bind(&reference.index_path)
    .bind(count(reference.index_bytes))
    .bind(stored::contig_aliases_to_json(&reference.contig_aliases)?)
    .bind(micros(reference.created))
    .bind(micros(reference.updated))
    .execute(connection)
    .await?;
    Ok(())
}
