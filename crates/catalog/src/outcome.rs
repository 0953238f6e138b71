//! How a job ends: its state, those of its items and the table pointers move in one transaction, or nothing does.

use crate::dialect::{Connection, Tx, now_us};
use crate::error::{Entity, Error, Result};
use crate::import_jobs::{end, end_cancelled, load};
use crate::leases::{Lease, held};
use crate::table_pointers::{TableSwap, swap};
use crate::{Catalog, destinations};
use varberg_model::{ImportJob, JobId, JobStatus, StoreStatus, roll_up};

/// The end a worker wants for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOutcome {
    /// COMPLETED, COMPLETED_WITH_FAILURES or FAILED, as `varberg_model::roll_up` says of all items.
    pub status: JobStatus,
    pub message: String,
    /// Position, COMPLETED or FAILED, message. Items not named here are FAILED with the job's message.
    pub items: Vec<(u32, JobStatus, String)>,
}

/// What became of the wish. Nothing is changed unless `Committed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    Committed,
    /// Another commit moved a table: rebase on its metadata and try again.
    PointerMoved,
    /// The job is another worker's or has ended: stop, delete nothing.
    LeaseLost,
    /// The user wants the job cancelled: [`Catalog::cancelled`].
    Cancelled,
    /// The store is being deleted or gone: [`Catalog::cancelled`].
    StoreGone,
}

impl Catalog {
    /// Ends a job and moves its tables' pointers, together or not at all.
    ///
    /// Committed only if the lease is the newest, no cancel is asked for, the store is ACTIVE or UPDATING, and every
    /// pointer still is where `swaps` say it was (reliability 2.2, 5).
    ///
    /// Errors: [`Error::InconsistentOutcome`] when `outcome.status` does not follow from the items.
    pub async fn finish(&self, lease: &Lease, swaps: &[TableSwap], outcome: &JobOutcome) -> Result<Finish> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(refusal) = refusal(&mut tx, lease).await? {
            return Ok(refusal);
        }
        for one in swaps {
            if !swap(&mut tx, one).await? {
                tx.rollback().await?;
                return Ok(Finish::PointerMoved);
            }
        }
        let job = load(&mut tx, lease.job).await?.ok_or(Error::LeaseLost)?;
        end_items(&mut tx, &job, outcome).await?;
        end(&mut tx, lease.job, job.status, outcome.status, &outcome.message, now).await?;
        tx.commit().await?;
        Ok(Finish::Committed)
    }

    /// Ends a job without touching a table: it and all its items are FAILED with `message`.
    pub async fn fail_job(&self, lease: &Lease, message: &str) -> Result<Finish> {
        let outcome = JobOutcome { status: JobStatus::Failed, message: message.to_owned(), items: Vec::new() };
        self.finish(lease, &[], &outcome).await
    }

    /// Ends a job whose worker has stopped for a cancel or a deleted store: it and its items are CANCELLED. Doing it
    /// again is fine.
    ///
    /// Errors: [`Error::LeaseLost`].
    pub async fn cancelled(&self, lease: &Lease) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        match held(&mut tx, lease).await {
            Ok(_) => end_cancelled(&mut tx, lease.job, JobStatus::InProgress, now).await?,
            Err(Error::LeaseLost) if ended_cancelled(&mut tx, lease).await? => {}
            Err(error) => return Err(error),
        }
        Ok(tx.commit().await?)
    }
}

/// Why the job may not be ended by this worker, if so.
pub(crate) async fn refusal(tx: &mut Tx, lease: &Lease) -> Result<Option<Finish>> {
    let state = match held(tx, lease).await {
        Ok(state) => state,
        Err(Error::LeaseLost) => return Ok(Some(Finish::LeaseLost)),
        Err(error) => return Err(error),
    };
    if state.cancel_requested {
        return Ok(Some(Finish::Cancelled));
    }
    Ok(match destinations::status(tx, &state.destination).await? {
        Some(StoreStatus::Active | StoreStatus::Updating) => None,
        Some(StoreStatus::Creating | StoreStatus::Deleting | StoreStatus::Failed) | None => Some(Finish::StoreGone),
    })
}

/// Gives every item its final state.
async fn end_items(connection: &mut Connection, job: &ImportJob, outcome: &JobOutcome) -> Result<()> {
    if let Some((position, ..)) = outcome.items.iter().find(|(p, ..)| job.items.iter().all(|i| i.position != *p)) {
        return Err(Error::NotFound(Entity::ImportItem(*position)));
    }
    let mut ends = Vec::with_capacity(job.items.len());
    for item in &job.items {
        let named = outcome.items.iter().find(|(position, ..)| *position == item.position);
        let (to, message) = match named {
            Some((_, status, message)) => (*status, message),
            None => (JobStatus::Failed, &outcome.message),
        };
        // An item that no one reported on has been worked on all the same: it passes through IN_PROGRESS.
        let from = if item.status == JobStatus::Submitted { JobStatus::InProgress } else { item.status };
        if !from.can_become(to) || !matches!(to, JobStatus::Completed | JobStatus::Failed) {
            return Err(Error::IllegalMove { from, to });
        }
        end_item(connection, job.id, item.position, to, message).await?;
        ends.push(to);
    }
    if roll_up(&ends) == outcome.status { Ok(()) } else { Err(Error::InconsistentOutcome(outcome.status)) }
}

async fn end_item(connection: &mut Connection, job: JobId, position: u32, to: JobStatus, message: &str) -> Result<()> {
    sqlx::query("UPDATE import_items SET status = $1, message = $2 WHERE job_id = $3 AND position = $4")
        .bind(to.as_str())
        .bind(message)
        .bind(job.to_string())
        .bind(i64::from(position))
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether this epoch's job has ended as CANCELLED.
async fn ended_cancelled(connection: &mut Connection, lease: &Lease) -> Result<bool> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT epoch FROM import_jobs WHERE id = $1 AND epoch = $2 AND status = 'CANCELLED'")
            .bind(lease.job.to_string())
            .bind(lease.epoch)
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests;
