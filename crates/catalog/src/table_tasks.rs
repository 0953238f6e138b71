//! Tasks: work on tables beside imports. Enqueued, shown, claimed under a lease with an epoch as import jobs are
//! (`leases.rs`), carried out in steps that move the table's pointer, ended.
//!
//! A table has one task at work at a time. What a task has reported is moved with each pointer, so that the report of a task
//! that was taken over is whole.

use crate::dialect::{Connection, Row, Tx, now_us};
use crate::error::{Entity, Error, Result};
use crate::leases::{Beat, lease_end};
use crate::outcome::Finish;
use crate::rows::{self, count, job_id, job_status, micros, optional_time};
use crate::table_pointers::{TableSwap, swap};
use crate::{Catalog, destinations, events, stored};
use sqlx::Row as _;
use varberg_model::{AccountId, Change, JobId, JobStatus, StoreId, StoreStatus, Task, TaskReport, Undone, Work};

/// Tasks that a listing shows at most.
const LISTED: i64 = 100;
/// For so long (microseconds) the server does not begin by itself again what has failed.
const AFTER_FAILURE_US: i64 = 3600 * 1_000_000;

/// The right to work on a task, as long as no one else has claimed it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskLease {
    pub task: JobId,
    pub epoch: i64,
}

/// A claimed task.
#[derive(Debug, Clone)]
pub struct TaskClaim {
    pub lease: TaskLease,
    /// Claims so far, this one included, without those that were released.
    pub attempts: i64,
    pub task: Task,
}

/// What one step of a task wants recorded with the move of a pointer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskStep {
    /// All that the task has done, this step included.
    pub report: TaskReport,
    /// The table drops snapshots: the metadata it had is kept for a while.
    pub retires: bool,
}

impl Catalog {
    /// Enqueues a task and returns it; or the one that does the same and has not ended, or a job's rows were taken back by.
    /// What is begun by the server itself is not enqueued soon after it has failed: `None`.
    ///
    /// Errors: [`Error::NotFound`] when the table is gone; [`Error::Conflict`] when it is being deleted.
    pub async fn enqueue_task(&self, task: &Task) -> Result<Option<Task>> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        match destinations::status(&mut tx, &task.destination).await? {
            Some(StoreStatus::Active | StoreStatus::Updating) => {}
            Some(status) => return Err(Error::NotActive(Entity::Table(task.table.clone()), status)),
            None => return Err(Error::NotFound(Entity::Table(task.table.clone()))),
        }
        let work = stored::work_to_json(&task.work)?;
        let row = sqlx::query(
            "SELECT * FROM table_tasks WHERE destination_id = $1 AND work = $2
             AND (completed_us IS NULL OR ($3 AND status = 'COMPLETED') OR ($4 AND status = 'FAILED' AND completed_us > $5))
             ORDER BY created_us DESC LIMIT 1",
        )
        .bind(task.destination.as_str())
        .bind(&work)
        .bind(matches!(task.work, Work::Undo { .. }))
        .bind(task.automatic)
        .bind(now - AFTER_FAILURE_US)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(known) = row.as_ref().map(of_row).transpose()? {
            return Ok((!task.automatic).then_some(known));
        }
        insert(&mut tx, task, &work).await?;
        record(&mut tx, task.id, now).await?;
        tx.commit().await?;
        Ok(Some(task.clone()))
    }

    pub async fn task(&self, account: &AccountId, id: JobId) -> Result<Option<Task>> {
        let mut tx = self.read().await?;
        Ok(load(&mut tx, id).await?.filter(|task| task.account == *account))
    }

    /// The account's newest tasks, of one table or of all.
    pub async fn tasks(&self, account: &AccountId, table: Option<&str>) -> Result<Vec<Task>> {
        let rows = sqlx::query(
            "SELECT * FROM table_tasks WHERE account = $1 AND ($2 IS NULL OR table_name = $2)
             ORDER BY created_us DESC, id DESC LIMIT $3",
        )
        .bind(account.as_str())
        .bind(table)
        .bind(LISTED)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(of_row).collect()
    }

    /// Claims the oldest task that waits or whose lease has ended, for `lease_s` seconds; not one of a table that another
    /// task is at work on, nor of one that is being deleted.
    pub async fn claim_task(&self, owner: &str, lease_s: u32) -> Result<Option<TaskClaim>> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        cancel_abandoned(&mut tx, now).await?;
        let row = sqlx::query(
            "SELECT t.id, t.status, t.epoch, t.releases FROM table_tasks t JOIN destinations d ON d.id = t.destination_id
             WHERE d.status IN ('ACTIVE', 'UPDATING')
               AND (t.status = 'SUBMITTED' OR (t.status = 'IN_PROGRESS' AND t.lease_until_us <= $1))
               AND NOT EXISTS (SELECT 1 FROM table_tasks o WHERE o.destination_id = t.destination_id AND o.id <> t.id
                               AND o.status = 'IN_PROGRESS')
             ORDER BY t.created_us, t.id LIMIT 1",
        )
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            tx.commit().await?;
            return Ok(None);
        };
        let (id, from) = (job_id(&row)?, job_status(&row)?);
        let lease = TaskLease { task: id, epoch: row.try_get::<i64, _>("epoch")? + 1 };
        let attempts = lease.epoch - row.try_get::<i64, _>("releases")?;
        sqlx::query(
            "UPDATE table_tasks SET status = 'IN_PROGRESS', owner = $1, epoch = $2, lease_until_us = $3, updated_us = $4
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
            record(&mut tx, id, now).await?;
        }
        let task = load(&mut tx, id).await?.ok_or(Error::LeaseLost)?;
        tx.commit().await?;
        Ok(Some(TaskClaim { lease, attempts, task }))
    }

    /// Extends the lease to `lease_s` seconds from now.
    pub async fn heartbeat_task(&self, lease: &TaskLease, lease_s: u32) -> Result<Beat> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let Some((_, cancel_requested)) = held(&mut tx, lease).await? else { return Ok(Beat::Lost) };
        set_lease_end(&mut tx, lease, lease_end(now, lease_s), false).await?;
        tx.commit().await?;
        Ok(if cancel_requested { Beat::CancelRequested } else { Beat::Held })
    }

    /// Gives the task back, for the next claim to go on with.
    pub async fn release_task(&self, lease: &TaskLease) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        held(&mut tx, lease).await?.ok_or(Error::LeaseLost)?;
        set_lease_end(&mut tx, lease, now, true).await?;
        Ok(tx.commit().await?)
    }

    /// Moves the table's pointers and records the step, together or not at all; the task goes on.
    ///
    /// Committed only if the lease is the newest, the task is wanted, and every pointer still is where `swaps` say it was.
    pub async fn step_task(&self, lease: &TaskLease, swaps: &[TableSwap], step: &TaskStep) -> Result<Finish> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let destination = match held(&mut tx, lease).await? {
            None => return Ok(Finish::LeaseLost),
            Some((_, true)) => return Ok(Finish::Cancelled),
            Some((destination, false)) => destination,
        };
        match destinations::status(&mut tx, &destination).await? {
            Some(StoreStatus::Active | StoreStatus::Updating) => {}
            _ => return Ok(Finish::StoreGone),
        }
        for one in swaps {
            if !swap(&mut tx, one).await? {
                tx.rollback().await?;
                return Ok(Finish::PointerMoved);
            }
            if step.retires {
                retire(&mut tx, &destination, &one.old, now).await?;
            }
        }
        set_report(&mut tx, lease.task, &step.report, now).await?;
        tx.commit().await?;
        Ok(Finish::Committed)
    }

    /// Ends a task as COMPLETED, FAILED or CANCELLED with what it has reported. A completed undo marks its job.
    ///
    /// Errors: [`Error::LeaseLost`].
    pub async fn end_task(&self, lease: &TaskLease, status: JobStatus, message: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        held(&mut tx, lease).await?.ok_or(Error::LeaseLost)?;
        end(&mut tx, lease.task, status, message, now).await?;
        Ok(tx.commit().await?)
    }

    /// Whether and how a job's rows were taken back.
    pub async fn undone(&self, job: JobId) -> Result<Option<Undone>> {
        let row = sqlx::query("SELECT task_id, row_count, undone_us FROM undone_jobs WHERE job_id = $1")
            .bind(job.to_string())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let task: String = row.try_get("task_id")?;
        let task = JobId::parse("task", &task)
            .map_err(|source| Error::Stored { column: "task_id", source: Box::new(source) })?;
        Ok(Some(Undone { task, rows: rows::unsigned(&row, "row_count")?, time: rows::time(&row, "undone_us")? }))
    }

    /// The metadata that a table had until it dropped snapshots, `grace_s` seconds ago or less; older ones are forgotten.
    pub async fn retired_metadata(&self, destination: &StoreId, grace_s: u32) -> Result<Vec<String>> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        sqlx::query("DELETE FROM retired_metadata WHERE destination_id = $1 AND retired_us <= $2")
            .bind(destination.as_str())
            .bind(now - i64::from(grace_s) * 1_000_000)
            .execute(&mut *tx)
            .await?;
        let locations = sqlx::query_scalar("SELECT metadata_location FROM retired_metadata WHERE destination_id = $1")
            .bind(destination.as_str())
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(locations)
    }
}

/// Ends the tasks of a table that is about to be deleted: those that wait at once, those that run when they look.
pub(crate) async fn end_tasks(connection: &mut Connection, destination: &StoreId, now: i64) -> Result<()> {
    let rows = sqlx::query("SELECT id FROM table_tasks WHERE destination_id = $1 AND status = 'SUBMITTED'")
        .bind(destination.as_str())
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        end(connection, job_id(row)?, JobStatus::Cancelled, "", now).await?;
    }
    sqlx::query("UPDATE table_tasks SET cancel_requested = TRUE WHERE destination_id = $1 AND status = 'IN_PROGRESS'")
        .bind(destination.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Cancels the tasks of a table in deletion that no live lease covers; whether any is left.
pub(crate) async fn are_open(connection: &mut Connection, destination: &StoreId, now: i64) -> Result<bool> {
    end_tasks(connection, destination, now).await?;
    cancel_abandoned(connection, now).await?;
    let open: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM table_tasks WHERE destination_id = $1 AND completed_us IS NULL LIMIT 1")
            .bind(destination.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    if open.is_none() {
        sqlx::query("DELETE FROM retired_metadata WHERE destination_id = $1")
            .bind(destination.as_str())
            .execute(connection)
            .await?;
    }
    Ok(open.is_some())
}

/// Of every task what the janitor must know.
pub(crate) async fn files(tx: &mut Tx) -> Result<Vec<(JobId, crate::JobFiles)>> {
    let rows = sqlx::query("SELECT id, destination_id, status, epoch FROM table_tasks").fetch_all(&mut **tx).await?;
    let files = |row: &Row| {
        let files = crate::JobFiles {
            terminal: job_status(row)?.is_terminal(),
            is_task: true,
            destination: StoreId::from_stored(row.try_get("destination_id")?),
            epoch: row.try_get("epoch")?,
            results: Vec::new(),
        };
        Ok((job_id(row)?, files))
    };
    rows.iter().map(files).collect()
}

/// Cancels the tasks that were asked to stop and whose worker is gone.
async fn cancel_abandoned(connection: &mut Connection, now: i64) -> Result<()> {
    let rows = sqlx::query(
        "SELECT id FROM table_tasks WHERE status = 'IN_PROGRESS' AND cancel_requested = TRUE AND lease_until_us <= $1",
    )
    .bind(now)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let id = job_id(row)?;
        end(connection, id, JobStatus::Cancelled, "", now).await?;
        sqlx::query("UPDATE table_tasks SET epoch = epoch + 1 WHERE id = $1")
            .bind(id.to_string())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The table of a task that runs under that lease, and whether it is to stop; none if the lease is lost.
async fn held(connection: &mut Connection, lease: &TaskLease) -> Result<Option<(StoreId, bool)>> {
    let row = sqlx::query(
        "SELECT destination_id, cancel_requested FROM table_tasks WHERE id = $1 AND epoch = $2 AND status = 'IN_PROGRESS'",
    )
    .bind(lease.task.to_string())
    .bind(lease.epoch)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((StoreId::from_stored(row.try_get("destination_id")?), row.try_get("cancel_requested")?)))
        .transpose()
}

async fn set_lease_end(connection: &mut Connection, lease: &TaskLease, until_us: i64, released: bool) -> Result<()> {
    sqlx::query("UPDATE table_tasks SET lease_until_us = $1, releases = releases + $2 WHERE id = $3")
        .bind(until_us)
        .bind(i64::from(released))
        .bind(lease.task.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

async fn set_report(connection: &mut Connection, id: JobId, report: &TaskReport, now: i64) -> Result<()> {
    sqlx::query("UPDATE table_tasks SET report = $1, updated_us = $2 WHERE id = $3")
        .bind(stored::task_report_to_json(report)?)
        .bind(now)
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

async fn retire(connection: &mut Connection, destination: &StoreId, location: &str, now: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO retired_metadata (destination_id, metadata_location, retired_us) VALUES ($1, $2, $3)
         ON CONFLICT (destination_id, metadata_location) DO UPDATE SET retired_us = excluded.retired_us",
    )
    .bind(destination.as_str())
    .bind(location)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

async fn end(connection: &mut Connection, id: JobId, to: JobStatus, message: &str, now: i64) -> Result<()> {
    let task = load(connection, id).await?.ok_or(Error::LeaseLost)?;
    if !task.status.can_become(to) || !to.is_terminal() {
        return Err(Error::IllegalMove { from: task.status, to });
    }
    sqlx::query(
        "UPDATE table_tasks SET status = $1, message = $2, updated_us = $3, completed_us = $3, lease_until_us = NULL
         WHERE id = $4",
    )
    .bind(to.as_str())
    .bind(message)
    .bind(now)
    .bind(id.to_string())
    .execute(&mut *connection)
    .await?;
    if let (Work::Undo { job }, JobStatus::Completed) = (&task.work, to) {
        sqlx::query(
            "INSERT INTO undone_jobs (job_id, task_id, row_count, undone_us) VALUES ($1, $2, $3, $4)
             ON CONFLICT (job_id) DO NOTHING",
        )
        .bind(job.to_string())
        .bind(id.to_string())
        .bind(count(task.report.rows_removed))
        .bind(now)
        .execute(&mut *connection)
        .await?;
    }
    record(connection, id, now).await
}

/// Records the state that a task is in now.
async fn record(connection: &mut Connection, id: JobId, now: i64) -> Result<()> {
    let task = load(connection, id).await?.ok_or(Error::LeaseLost)?;
    let store: Option<String> = sqlx::query_scalar("SELECT store_id FROM destinations WHERE id = $1")
        .bind(task.destination.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let store = store.map_or_else(|| task.destination.clone(), StoreId::from_stored);
    events::record(connection, &task.account, &Change::task(&task, &store), now).await
}

async fn load(connection: &mut Connection, id: JobId) -> Result<Option<Task>> {
    let row =
        sqlx::query("SELECT * FROM table_tasks WHERE id = $1").bind(id.to_string()).fetch_optional(connection).await?;
    row.as_ref().map(of_row).transpose()
}

async fn insert(connection: &mut Connection, task: &Task, work: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO table_tasks (id, account, destination_id, table_name, work, automatic, status, message, report,
                                  cancel_requested, epoch, created_us, updated_us)
         VALUES ($1, $2, $3, $4, $5, $6, 'SUBMITTED', '', $7, FALSE, 0, $8, $8)",
    )
    .bind(task.id.to_string())
    .bind(task.account.as_str())
    .bind(task.destination.as_str())
    .bind(&task.table)
    .bind(work)
    .bind(task.automatic)
    .bind(stored::task_report_to_json(&TaskReport::default())?)
    .bind(micros(task.created))
    .execute(connection)
    .await?;
    Ok(())
}

fn of_row(row: &Row) -> Result<Task> {
    Ok(Task {
        id: job_id(row)?,
        account: rows::account(row)?,
        destination: StoreId::from_stored(row.try_get("destination_id")?),
        table: row.try_get("table_name")?,
        work: stored::work_from_json(row.try_get("work")?)?,
        automatic: row.try_get("automatic")?,
        status: job_status(row)?,
        message: row.try_get("message")?,
        report: stored::task_report_from_json(row.try_get("report")?)?,
        created: rows::time(row, "created_us")?,
        updated: rows::time(row, "updated_us")?,
        completed: optional_time(row, "completed_us")?,
    })
}

#[cfg(test)]
mod tests;
