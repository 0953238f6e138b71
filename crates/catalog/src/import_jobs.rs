//! Import jobs as their users see them: enqueued, shown, listed, cancelled, their progress.
//!
//! Who works on a job is `leases.rs`; how it ends is `outcome.rs`.

use crate::dialect::{Connection, now_us};
use crate::error::{Entity, Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::leases::{Lease, held};
use crate::listing::{page, push_equal, push_in, push_page};
use crate::quotas::Counted;
use crate::rows::{count, import_item, import_job, job_id, job_status, micros};
use crate::{Catalog, destinations, events, item_headers, stored};
use sqlx::QueryBuilder;
use varberg_model::{
    AccountId, ImportItem, ImportJob, ItemProgress, JobId, JobStatus, Page, PageSize, PageToken, StoreId, StoreStatus,
};

/// What jobs write to; each kind has operations of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    Variant,
    Annotation,
}

/// Which jobs a listing shows; what is not given does not restrict.
#[derive(Debug, Clone)]
pub struct JobFilter {
    pub kind: JobKind,
    pub status: Option<JobStatus>,
    pub store_name: Option<String>,
    /// Job ids; empty for all.
    pub ids: Vec<String>,
}

impl JobFilter {
    /// All jobs of a kind.
    pub fn all(kind: JobKind) -> Self {
        Self { kind, status: None, store_name: None, ids: Vec::new() }
    }
}

impl Catalog {
    /// Enqueues a job with its items; it is durable when its id is returned. The same call gives the same id.
    ///
    /// Errors: [`Error::NotFound`] when the store is gone (or another one has taken its name),
    /// [`Error::NotActive`].
    pub async fn enqueue(&self, job: &ImportJob, call: Option<&CallKey>) -> Result<JobId> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(first) = recall(&mut tx, call, now).await? {
            tx.commit().await?;
            return JobId::parse("id", &first.id)
                .map_err(|source| Error::Stored { column: "resource_id", source: Box::new(source) });
        }
        match destinations::status(&mut tx, &job.destination_id).await? {
            None => return Err(Error::NotFound(destination(job))),
            Some(StoreStatus::Active) => {}
            Some(status) => return Err(Error::NotActive(destination(job), status)),
        }
        self.quotas.check(&mut tx, Counted::ImportJobs(&job.account), 1).await?;
        insert(&mut tx, job).await?;
        events::record_job(&mut tx, job.id, now).await?;
        let created = Created { id: job.id.to_string(), created: job.created };
        remember(&mut tx, call, &created, now).await?;
        tx.commit().await?;
        Ok(job.id)
    }

    /// The job with its items.
    pub async fn job(&self, account: &AccountId, id: JobId) -> Result<Option<ImportJob>> {
        let mut tx = self.read().await?;
        let job = load(&mut tx, id).await?;
        Ok(job.filter(|j| j.account == *account))
    }

    /// A page of the account's jobs, newest first, without their items.
    pub async fn list_jobs(
        &self,
        account: &AccountId,
        filter: &JobFilter,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<ImportJob>> {
        let mut query = QueryBuilder::new("SELECT * FROM import_jobs WHERE account = ");
        query.push_bind(account.to_string());
        push_equal(&mut query, "status", filter.status.map(JobStatus::as_str));
        query.push(match filter.kind {
            JobKind::Variant => " AND version_name IS NULL",
            JobKind::Annotation => " AND version_name IS NOT NULL",
        });
        push_equal(&mut query, "destination_name", filter.store_name.as_deref());
        if !filter.ids.is_empty() {
            query.push(" AND ");
            push_in(&mut query, "id", &filter.ids);
        }
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, import_job)
    }

    /// Cancels a job that waits, with its items; asks a job that runs to stop. Whether it still does is decided by
    /// the transaction that ends it.
    ///
    /// Errors: [`Error::NotFound`], [`Error::AlreadyEnded`].
    pub async fn request_cancel(&self, account: &AccountId, id: JobId) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let job = load(&mut tx, id)
            .await?
            .filter(|j| j.account == *account)
            .ok_or_else(|| Error::NotFound(Entity::ImportJob(id.to_string())))?;
        if job.status.is_terminal() {
            return Err(Error::AlreadyEnded(job.status));
        }
        cancel(&mut tx, id, job.status, now).await?;
        Ok(tx.commit().await?)
    }

    /// Notes how far an item is; an item that waited is IN_PROGRESS from then on. Each note is a durable write, so
    /// once a second per item is plenty.
    ///
    /// Errors: [`Error::LeaseLost`]; [`Error::NotFound`] when the job has no such item.
    pub async fn report_progress(&self, lease: &Lease, position: u32, progress: ItemProgress) -> Result<()> {
        let mut tx = self.write().await?;
        held(&mut tx, lease).await?;
        start_item(&mut tx, lease.job, position).await?;
        sqlx::query(
            "UPDATE import_items SET bytes_read = $1, bytes_total = $2, records = $3
             WHERE job_id = $4 AND position = $5",
        )
        .bind(count(progress.bytes_read))
        .bind(count(progress.bytes_total))
        .bind(count(progress.records))
        .bind(lease.job.to_string())
        .bind(i64::from(position))
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}

/// The job with its items, of whatever account.
pub(crate) async fn load(connection: &mut Connection, id: JobId) -> Result<Option<ImportJob>> {
    let row = sqlx::query("SELECT * FROM import_jobs WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let items = sqlx::query("SELECT * FROM import_items WHERE job_id = $1 ORDER BY position")
        .bind(id.to_string())
        .fetch_all(connection)
        .await?;
    let items = items.iter().map(import_item).collect::<Result<_>>()?;
    Ok(Some(ImportJob { items, ..import_job(&row)? }))
}

/// What a job writes to.
fn destination(job: &ImportJob) -> Entity {
    let store = job.destination_name.to_string();
    match &job.annotation {
        None => Entity::VariantStore(store),
        Some(annotation) => Entity::AnnotationVersion { store, version: annotation.version_name.to_string() },
    }
}

/// The jobs of a table that wait or run.
pub(crate) async fn open_jobs(connection: &mut Connection, destination: &StoreId) -> Result<Vec<(JobId, JobStatus)>> {
    let rows = sqlx::query(
        "SELECT id, status FROM import_jobs WHERE destination_id = $1 AND status IN ('SUBMITTED', 'IN_PROGRESS')",
    )
    .bind(destination.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|r| Ok((job_id(r)?, job_status(r)?))).collect()
}

/// Ends a job that waits as CANCELLED; leaves a job that runs to its worker, with the request noted.
pub(crate) async fn cancel(connection: &mut Connection, id: JobId, status: JobStatus, now: i64) -> Result<()> {
    if status == JobStatus::Submitted {
        return end_cancelled(connection, id, status, now).await;
    }
    sqlx::query("UPDATE import_jobs SET cancel_requested = TRUE, updated_us = $1 WHERE id = $2")
        .bind(now)
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends a job and all its items as CANCELLED.
pub(crate) async fn end_cancelled(connection: &mut Connection, id: JobId, from: JobStatus, now: i64) -> Result<()> {
    end(connection, id, from, JobStatus::Cancelled, "", now).await?;
    sqlx::query("UPDATE import_items SET status = $1 WHERE job_id = $2 AND status IN ('SUBMITTED', 'IN_PROGRESS')")
        .bind(JobStatus::Cancelled.as_str())
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Moves a job from `from` to a terminal state, once its items are COMPLETED that shall be; only moves the model allows.
pub(crate) async fn end(
    connection: &mut Connection,
    id: JobId,
    from: JobStatus,
    to: JobStatus,
    message: &str,
    now: i64,
) -> Result<()> {
    if !from.can_become(to) || !to.is_terminal() {
        return Err(Error::IllegalMove { from, to });
    }
    let done = sqlx::query(
        "UPDATE import_jobs SET status = $1, message = $2, updated_us = $3, completed_us = $3, lease_until_us = NULL
         WHERE id = $4 AND status = $5",
    )
    .bind(to.as_str())
    .bind(message)
    .bind(now)
    .bind(id.to_string())
    .bind(from.as_str())
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::LeaseLost);
    }
    events::record_job(connection, id, now).await?;
    item_headers::drop_unpublished(connection, id).await
}

/// Moves an item that waits to IN_PROGRESS.
pub(crate) async fn start_item(connection: &mut Connection, job: JobId, position: u32) -> Result<()> {
    let row = sqlx::query("SELECT status FROM import_items WHERE job_id = $1 AND position = $2")
        .bind(job.to_string())
        .bind(i64::from(position))
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(Error::NotFound(Entity::ImportItem(position)))?;
    if job_status(&row)? != JobStatus::Submitted {
        return Ok(());
    }
    sqlx::query("UPDATE import_items SET status = $1 WHERE job_id = $2 AND position = $3")
        .bind(JobStatus::InProgress.as_str())
        .bind(job.to_string())
        .bind(i64::from(position))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert(connection: &mut Connection, job: &ImportJob) -> Result<()> {
    sqlx::query(
        "INSERT INTO import_jobs (id, account, destination_id, destination_name, role, left_normalize,
                                  annotation_fields, status, message, cancel_requested, epoch, created_us, updated_us,
                                  version_name, format_options)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, FALSE, 0, $10, $11, $12, $13)",
    )
    .bind(job.id.to_string())
    .bind(job.account.as_str())
    .bind(job.destination_id.as_str())
    .bind(job.destination_name.as_str())
    .bind(job.role.as_str())
    .bind(job.left_normalize)
    .bind(stored::annotation_fields_to_json(&job.annotation_fields)?)
    .bind(JobStatus::Submitted.as_str())
    .bind(&job.message)
    .bind(micros(job.created))
    .bind(micros(job.updated))
    .bind(job.annotation.as_ref().map(|annotation| annotation.version_name.as_str()))
    .bind(job.annotation.as_ref().map(|a| stored::format_options_to_json(&a.format)).transpose()?)
    .execute(&mut *connection)
    .await?;
    for item in &job.items {
        insert_item(connection, job.id, item).await?;
    }
    Ok(())
}

async fn insert_item(connection: &mut Connection, job: JobId, item: &ImportItem) -> Result<()> {
    sqlx::query(
        "INSERT INTO import_items (job_id, position, source, status, message, bytes_read, bytes_total, records)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(job.to_string())
    .bind(i64::from(item.position))
    .bind(item.source.to_string())
    .bind(JobStatus::Submitted.as_str())
    .bind(&item.message)
    .bind(count(item.progress.bytes_read))
    .bind(count(item.progress.bytes_total))
    .bind(count(item.progress.records))
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
