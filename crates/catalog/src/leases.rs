//! Who may work on a job: claim, heartbeat, and the epoch that fences off whoever lost the job.
//!
//! A claim raises the job's epoch. Everything a worker writes names its epoch, so a worker that slept past its lease
//! changes nothing once another has claimed the job. All times are the database's.

use crate::dialect::{Connection, Row, now_us};
use crate::error::{Error, Result};
use crate::import_jobs::{end_cancelled, load, start_item};
use crate::rows::{job_id, job_status, position};
use crate::{Catalog, events, table_tasks};
use sqlx::Row as _;
use std::collections::BTreeMap;
use varberg_model::{ImportJob, JobId, JobStatus, StoreId};

/// The right to work on a job, as long as no one else has claimed it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub job: JobId,
    /// 1 for the first claim of the job, one more for each later one.
    pub epoch: i64,
}

/// A claimed job.
///
/// A job whose `attempts` have grown without any of its workers ending it kills its workers; it is the worker's to
/// fail it ([`Catalog::fail_job`]).
#[derive(Debug, Clone)]
pub struct Claim {
    pub lease: Lease,
    /// Claims so far, this one included, without those that were released.
    pub attempts: i64,
    /// With items; its status is IN_PROGRESS.
    pub job: ImportJob,
    /// What earlier epochs recorded, by position; these items need no work.
    pub results: Vec<ItemResult>,
}

/// What a worker recorded of one item. It shows, and rows become visible, only when the job ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemResult {
    pub position: u32,
    pub outcome: ItemOutcome,
}

/// How an item ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemOutcome {
    /// `payload` is the worker's own text (versioned JSON), given back to a later epoch and to the janitor.
    Imported {
        payload: String,
    },
    Failed {
        message: String,
    },
}

/// What a heartbeat tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    Held,
    /// The lease is extended, but the work is unwanted: stop, then [`Catalog::cancelled`].
    CancelRequested,
    /// Stop now and delete nothing.
    Lost,
}

/// What the janitor must know of a job's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFiles {
    pub terminal: bool,
    /// It is a task, which can leave files of others behind.
    pub is_task: bool,
    /// The table it writes to.
    pub destination: StoreId,
    /// The newest epoch: the only one that may still write. Lower ones are dead.
    pub epoch: i64,
    /// Payloads of the recorded items of a job that runs, by position.
    pub results: Vec<String>,
}

impl Catalog {
    /// Claims the oldest job that waits or whose lease has ended, for `lease_s` seconds.
    ///
    /// Jobs of tables being deleted are not given out. A job that was asked to stop and lost its worker ends here as
    /// CANCELLED.
    pub async fn claim(&self, owner: &str, lease_s: u32) -> Result<Option<Claim>> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        cancel_abandoned(&mut tx, now).await?;
        let row = sqlx::query(
            "SELECT j.id, j.status, j.epoch, j.releases FROM import_jobs j JOIN destinations d ON d.id = j.destination_id
             WHERE d.status IN ('ACTIVE', 'UPDATING')
               AND (j.status = 'SUBMITTED' OR (j.status = 'IN_PROGRESS' AND j.lease_until_us <= $1))
             ORDER BY j.created_us, j.id LIMIT 1",
        )
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            tx.commit().await?;
            return Ok(None);
        };
        let (id, from) = (job_id(&row)?, job_status(&row)?);
        let lease = Lease { job: id, epoch: row.try_get::<i64, _>("epoch")? + 1 };
        let attempts = lease.epoch - row.try_get::<i64, _>("releases")?;
        if from != JobStatus::InProgress && !from.can_become(JobStatus::InProgress) {
            return Err(Error::IllegalMove { from, to: JobStatus::InProgress });
        }
        sqlx::query(
            "UPDATE import_jobs SET status = 'IN_PROGRESS', owner = $1, epoch = $2, lease_until_us = $3, updated_us = $4
             WHERE id = $5",
        )
        .bind(owner)
        .bind(lease.epoch)
        .bind(lease_end(now, lease_s))
        .bind(now)
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
        if from != JobStatus::InProgress {
            events::record_job(&mut tx, id, now).await?;
        }
        let results = results(&mut tx, id).await?;
        let job = load(&mut tx, id).await?.ok_or(Error::LeaseLost)?;
        tx.commit().await?;
        Ok(Some(Claim { lease, attempts, job, results }))
    }

    /// Extends the lease to `lease_s` seconds from now.
    pub async fn heartbeat(&self, lease: &Lease, lease_s: u32) -> Result<Beat> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let state = match held(&mut tx, lease).await {
            Ok(state) => state,
            Err(Error::LeaseLost) => return Ok(Beat::Lost),
            Err(error) => return Err(error),
        };
        set_lease_end(&mut tx, lease.job, lease_end(now, lease_s)).await?;
        tx.commit().await?;
        Ok(if state.cancel_requested { Beat::CancelRequested } else { Beat::Held })
    }

    /// Gives the job back, for the next claim to go on with: what a worker does when its program stops.
    pub async fn release(&self, lease: &Lease) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        held(&mut tx, lease).await?;
        set_lease_end(&mut tx, lease.job, now).await?;
        sqlx::query("UPDATE import_jobs SET releases = releases + 1 WHERE id = $1")
            .bind(lease.job.to_string())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Records how an item ended, so that no later epoch redoes it. Recording the same again is fine.
    ///
    /// Errors: [`Error::LeaseLost`]; [`Error::NotFound`] when the job has no such item; [`Error::Conflict`] when
    /// another result is recorded already.
    pub async fn record_item(&self, lease: &Lease, result: &ItemResult) -> Result<()> {
        let mut tx = self.write().await?;
        held(&mut tx, lease).await?;
        start_item(&mut tx, lease.job, result.position).await?;
        if let Some(known) = results(&mut tx, lease.job).await?.iter().find(|r| r.position == result.position) {
            if known == result {
                return Ok(());
            }
            let position = result.position;
            return Err(Error::Conflict(format!("item {position} of import job {} has a result", lease.job)));
        }
        let (outcome, text) = match &result.outcome {
            ItemOutcome::Imported { payload } => ("IMPORTED", payload),
            ItemOutcome::Failed { message } => ("FAILED", message),
        };
        sqlx::query("UPDATE import_items SET outcome = $1, result = $2 WHERE job_id = $3 AND position = $4")
            .bind(outcome)
            .bind(text)
            .bind(lease.job.to_string())
            .bind(i64::from(result.position))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// For each import job and task there is: has it ended, which epoch may still write, what is recorded.
    pub async fn job_epochs(&self) -> Result<BTreeMap<JobId, JobFiles>> {
        let mut tx = self.read().await?;
        let mut jobs = BTreeMap::new();
        for row in sqlx::query("SELECT id, destination_id, status, epoch FROM import_jobs").fetch_all(&mut *tx).await? {
            let files = JobFiles {
                terminal: job_status(&row)?.is_terminal(),
                is_task: false,
                destination: StoreId::from_stored(row.try_get("destination_id")?),
                epoch: row.try_get("epoch")?,
                results: Vec::new(),
            };
            jobs.insert(job_id(&row)?, files);
        }
        jobs.extend(table_tasks::files(&mut tx).await?);
        let payloads = sqlx::query(
            "SELECT i.job_id AS id, i.result FROM import_items i JOIN import_jobs j ON j.id = i.job_id \
             WHERE i.outcome = 'IMPORTED' AND j.status = 'IN_PROGRESS' ORDER BY i.job_id, i.position",
        )
        .fetch_all(&mut *tx)
        .await?;
        for row in &payloads {
            if let Some(files) = jobs.get_mut(&job_id(row)?) {
                files.results.push(row.try_get("result")?);
            }
        }
        Ok(jobs)
    }
}

/// A running job as its worker must know it.
pub(crate) struct Held {
    pub(crate) destination: StoreId,
    pub(crate) cancel_requested: bool,
}

/// Checks that `lease` is the job's newest and that the job runs.
///
/// A lease past its time still holds as long as no one has claimed the job: the epoch decides, not the clock.
pub(crate) async fn held(connection: &mut Connection, lease: &Lease) -> Result<Held> {
    let row = sqlx::query(
        "SELECT destination_id, cancel_requested FROM import_jobs WHERE id = $1 AND epoch = $2 AND status = 'IN_PROGRESS'",
    )
    .bind(lease.job.to_string())
    .bind(lease.epoch)
    .fetch_optional(connection)
    .await?
    .ok_or(Error::LeaseLost)?;
    Ok(Held {
        destination: StoreId::from_stored(row.try_get("destination_id")?),
        cancel_requested: row.try_get("cancel_requested")?,
    })
}

/// Cancels the jobs of a table that no live lease covers, and raises their epochs.
pub(crate) async fn cancel_unleased(connection: &mut Connection, destination: &StoreId, now: i64) -> Result<()> {
    let rows = sqlx::query(
        "SELECT id, status FROM import_jobs WHERE destination_id = $1
         AND (status = 'SUBMITTED' OR (status = 'IN_PROGRESS' AND lease_until_us <= $2))",
    )
    .bind(destination.as_str())
    .bind(now)
    .fetch_all(&mut *connection)
    .await?;
    cancel_all(connection, &rows, now).await
}

/// Cancels the jobs that were asked to stop and whose worker is gone.
async fn cancel_abandoned(connection: &mut Connection, now: i64) -> Result<()> {
    let rows = sqlx::query(
        "SELECT id, status FROM import_jobs
         WHERE status = 'IN_PROGRESS' AND cancel_requested = TRUE AND lease_until_us <= $1",
    )
    .bind(now)
    .fetch_all(&mut *connection)
    .await?;
    cancel_all(connection, &rows, now).await
}

async fn cancel_all(connection: &mut Connection, rows: &[Row], now: i64) -> Result<()> {
    for row in rows {
        let id = job_id(row)?;
        end_cancelled(connection, id, job_status(row)?, now).await?;
        sqlx::query("UPDATE import_jobs SET epoch = epoch + 1 WHERE id = $1")
            .bind(id.to_string())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The results recorded of a job's items, by position.
async fn results(connection: &mut Connection, job: JobId) -> Result<Vec<ItemResult>> {
    let rows = sqlx::query(
        "SELECT position, outcome, result FROM import_items WHERE job_id = $1 AND outcome IS NOT NULL ORDER BY position",
    )
    .bind(job.to_string())
    .fetch_all(connection)
    .await?;
    let result = |row: &Row| {
        let outcome: String = row.try_get("outcome")?;
        let text: String = row.try_get("result")?;
        let outcome = match outcome.as_str() {
            "IMPORTED" => ItemOutcome::Imported { payload: text },
            _ => ItemOutcome::Failed { message: text },
        };
        Ok(ItemResult { position: position(row)?, outcome })
    };
    rows.iter().map(result).collect()
}

/// The end of a lease of `lease_s` seconds that begins at `now` (microseconds).
pub(crate) fn lease_end(now: i64, lease_s: u32) -> i64 {
    now + i64::from(lease_s) * 1_000_000
}

async fn set_lease_end(connection: &mut Connection, job: JobId, until_us: i64) -> Result<()> {
    sqlx::query("UPDATE import_jobs SET lease_until_us = $1 WHERE id = $2")
        .bind(until_us)
        .bind(job.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
