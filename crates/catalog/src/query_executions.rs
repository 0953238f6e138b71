//! Statements that clients started, from QUEUED to their end.
//!
//! A row is kept for [`KEPT_DAYS`] after it was made. What did not end before the server did has failed.

use crate::Catalog;
use crate::dialect::{Row, now_us};
use crate::error::{Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::listing::{page, push_page};
use crate::rows::{account, count, job_id, micros, optional_time, query_state, statement_kind, time, unsigned};
use sqlx::{QueryBuilder, Row as _};
use varberg_model::{
    AccountId, ExecutionOutcome, ExecutionState, ExecutionStatistics, JobId, Page, PageSize, PageToken, QueryExecution,
};

/// As long as Athena keeps them.
const KEPT_DAYS: i64 = 45;
const DAY_US: i64 = 24 * 3600 * 1_000_000;

impl Catalog {
    /// Takes an execution down, QUEUED; the one of an earlier call of the same key instead.
    ///
    /// Errors: [`Error::TooMany`] when `most` executions of the account have not ended.
    pub async fn start_query(
        &self,
        execution: &QueryExecution,
        most: u32,
        call: Option<&CallKey>,
    ) -> Result<(JobId, bool)> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(first) = recall(&mut tx, call, now).await? {
            tx.commit().await?;
            let id = JobId::parse("queryExecutionId", &first.id);
            let id = id.map_err(|source| Error::Stored { column: "resource_id", source: Box::new(source) })?;
            return Ok((id, false));
        }
        let open: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM query_executions WHERE account = $1 AND state IN ('QUEUED', 'RUNNING')",
        )
        .bind(execution.account.as_str())
        .fetch_one(&mut *tx)
        .await?;
        if open >= i64::from(most) {
            return Err(Error::TooMany { what: "statements that have not ended", most });
        }
        sqlx::query("DELETE FROM query_executions WHERE account = $1 AND created_us < $2 AND completed_us IS NOT NULL")
            .bind(execution.account.as_str())
            .bind(now - KEPT_DAYS * DAY_US)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO query_executions (id, account, principal, work_group, database_name, statement, kind, state, output,
                                           reason, by_user, columns, queue_ms, engine_ms, scanned_bytes, row_count,
                                           output_bytes, created_us)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'QUEUED', $8, '', FALSE, '', 0, 0, 0, 0, 0, $9)",
        )
        .bind(execution.id.to_string())
        .bind(execution.account.as_str())
        .bind(&execution.principal)
        .bind(&execution.work_group)
        .bind(&execution.database)
        .bind(&execution.sql)
        .bind(execution.kind.as_str())
        .bind(&execution.output)
        .bind(micros(execution.submitted))
        .execute(&mut *tx)
        .await?;
        let created = Created { id: execution.id.to_string(), created: execution.submitted };
        remember(&mut tx, call, &created, now).await?;
        tx.commit().await?;
        Ok((execution.id, true))
    }

    /// An execution of the account.
    pub async fn query_execution(&self, account: &AccountId, id: &str) -> Result<Option<QueryExecution>> {
        let row = sqlx::query("SELECT * FROM query_executions WHERE id = $1 AND account = $2")
            .bind(id)
            .bind(account.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    /// The account's executions in a work group, newest first.
    pub async fn query_executions(
        &self,
        account: &AccountId,
        work_group: &str,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<QueryExecution>> {
        let mut query = QueryBuilder::new("SELECT * FROM query_executions WHERE account = ");
        query.push_bind(account.to_string()).push(" AND work_group = ").push_bind(work_group.to_owned());
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, of_row)
    }

    /// Notes that a queued execution runs, after so many milliseconds; false if it has ended meanwhile.
    pub async fn run_query(&self, id: JobId, queue_ms: u64) -> Result<bool> {
        let mut tx = self.write().await?;
        let done = sqlx::query(
            "UPDATE query_executions SET state = 'RUNNING', queue_ms = $1 WHERE id = $2 AND state = 'QUEUED'",
        )
        .bind(count(queue_ms))
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends an execution, unless it has ended; whether it did so now.
    pub async fn end_query(&self, id: JobId, state: ExecutionState, outcome: &ExecutionOutcome) -> Result<bool> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let ExecutionOutcome { reason, by_user, columns, statistics } = outcome;
        let ExecutionStatistics { queue_ms: _, engine_ms, scanned_bytes, rows, output_bytes } = *statistics;
        let done = sqlx::query(
            "UPDATE query_executions SET state = $1, reason = $2, by_user = $3, columns = $4, engine_ms = $5,
                    scanned_bytes = $6, row_count = $7, output_bytes = $8, completed_us = $9
             WHERE id = $10 AND completed_us IS NULL",
        )
        .bind(state.as_str())
        .bind(reason)
        .bind(by_user)
        .bind(columns)
        .bind(count(engine_ms))
        .bind(count(scanned_bytes))
        .bind(count(rows))
        .bind(count(output_bytes))
        .bind(now)
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Fails whatever has not ended: the server that ran it is gone.
    pub async fn fail_open_queries(&self, reason: &str) -> Result<u64> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let done = sqlx::query(
            "UPDATE query_executions SET state = 'FAILED', reason = $1, completed_us = $2 WHERE completed_us IS NULL",
        )
        .bind(reason)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}

fn of_row(row: &Row) -> Result<QueryExecution> {
    let statistics = ExecutionStatistics {
        queue_ms: unsigned(row, "queue_ms")?,
        engine_ms: unsigned(row, "engine_ms")?,
        scanned_bytes: unsigned(row, "scanned_bytes")?,
        rows: unsigned(row, "row_count")?,
        output_bytes: unsigned(row, "output_bytes")?,
    };
    let outcome = ExecutionOutcome {
        reason: row.try_get("reason")?,
        by_user: row.try_get("by_user")?,
        columns: row.try_get("columns")?,
        statistics,
    };
    Ok(QueryExecution {
        id: job_id(row)?,
        account: account(row)?,
        principal: row.try_get("principal")?,
        work_group: row.try_get("work_group")?,
        database: row.try_get("database_name")?,
        sql: row.try_get("statement")?,
        kind: statement_kind(row)?,
        state: query_state(row)?,
        output: row.try_get("output")?,
        outcome,
        submitted: time(row, "created_us")?,
        completed: optional_time(row, "completed_us")?,
    })
}

#[cfg(test)]
mod tests;
