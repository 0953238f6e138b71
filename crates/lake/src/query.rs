//! SQL over granted tables to a stream of record batches, under limits. Runs in a child process that may be killed.
//!
//! The straight line: gate (text), session (only the granted tables), plan, check of the plan, execution. Nothing else is
//! reachable from SQL: no file, no URL, no setting, no other table.

mod gate;
mod session;

use crate::scan::TableScan;
use crate::{Lake, WarehouseConfig};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::SessionContext;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// A query and all that it may touch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueryRequest {
    pub sql: String,
    pub tables: Vec<GrantedTable>,
    pub limits: QueryLimits,
    pub warehouse: WarehouseConfig,
}

/// One snapshot of a table, under each of its schemas.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantedTable {
    /// `default`, `variant_<account>_<store id>`.
    pub schemas: Vec<String>,
    pub name: String,
    pub metadata_location: String,
    /// `long`.
    pub layout: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueryLimits {
    /// For sorts, joins and aggregations; what does not fit is spilled.
    pub memory_bytes: usize,
    /// From the start of the plan to the last batch. The parent process kills later still.
    pub time_s: u64,
    /// A directory that the query's spill files are written to.
    pub spill_dir: PathBuf,
    /// Bytes of spill files.
    pub spill_bytes: u64,
    /// Threads' worth of parallel work.
    pub target_partitions: usize,
}

/// Why a query failed. The texts are for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum QueryError {
    /// A statement that is never allowed, or a text beyond the limits of the gate.
    #[error("{0}")]
    NotAllowed(String),
    /// The query is wrong: syntax, names, types, values.
    #[error("{0}")]
    Invalid(String),
    /// More memory, spill space or time than the limits give.
    #[error("{0}")]
    ResourcesExhausted(String),
    /// The engine or the storage failed.
    #[error("{0}")]
    Internal(String),
}

/// Plans `request` and begins to execute it.
///
/// - Out: batches of the answer in Arrow 59; an error of the stream is to be read by [`QueryError::from_engine`].
/// - Errors: before the first batch.
pub async fn run(request: QueryRequest) -> Result<SendableRecordBatchStream, QueryError> {
    gate::check(&request.sql)?;
    let lake = Lake::open(request.warehouse.clone()).await.map_err(|error| internal(&error))?;
    let context = session::new(&lake, &request.limits)?;
    let schemas = session::Schemas::new(&context)?;
    for table in &request.tables {
        let scan = TableScan::load(&lake, &table.metadata_location).await.map_err(|error| internal(&error))?;
        let scan: Arc<dyn TableProvider> = Arc::new(scan);
        schemas.add(table, &scan)?;
    }
    let work = async {
        let plan = plan(&context, &request).await?;
        context.execute_logical_plan(plan).await?.execute_stream().await
    };
    let limit = std::time::Duration::from_secs(request.limits.time_s);
    let deadline = tokio::time::Instant::now() + limit;
    let stream = tokio::time::timeout_at(deadline, work).await.map_err(|_| session::out_of_time(limit))?;
    let stream = stream.map_err(|error| explain(&error, &request.tables))?;
    Ok(session::until(deadline, limit, stream))
}

async fn plan(
    context: &SessionContext,
    request: &QueryRequest,
) -> Result<datafusion::logical_expr::LogicalPlan, DataFusionError> {
    let plan = context.state().create_logical_plan(&request.sql).await?;
    let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan)?;
    Ok(plan)
}

fn internal(error: &crate::Error) -> QueryError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    QueryError::Internal(text)
}

/// Like [`QueryError::from_engine`]; an unknown table is answered with the tables there are.
fn explain(error: &DataFusionError, tables: &[GrantedTable]) -> QueryError {
    let error = QueryError::from_engine(error);
    match error {
        QueryError::Invalid(text) if text.contains("table '") && text.contains("not found") => {
            let mut names: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
            names.sort_unstable();
            let known = if names.is_empty() { "there are no tables".to_owned() } else { names.join(", ") };
            QueryError::Invalid(format!("{text}. Tables: {known}"))
        }
        other => other,
    }
}

impl QueryError {
    /// What an error of the engine means for the user.
    pub fn from_engine(error: &DataFusionError) -> Self {
        let root = error.find_root();
        match root {
            DataFusionError::ResourcesExhausted(text) => Self::ResourcesExhausted(format!(
                "the query needs more memory or spill space than it may use: {text}. Read less, or raise the limits"
            )),
            DataFusionError::External(inner) => match inner.downcast_ref::<Self>() {
                Some(ours) => ours.clone(),
                None => Self::Internal(format!("{root}: {inner}")),
            },
            DataFusionError::Plan(text) if text.starts_with("DDL not supported") => Self::refused(),
            DataFusionError::Plan(text) if text.starts_with("DML not supported") => Self::refused(),
            DataFusionError::Plan(text) if text.starts_with("Statement not supported") => Self::refused(),
            DataFusionError::Plan(text) => Self::Invalid(text.clone()),
            DataFusionError::SQL(..)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(..)
            | DataFusionError::ArrowError(..)
            | DataFusionError::Execution(..)
            | DataFusionError::Configuration(..)
            | DataFusionError::Diagnostic(..)
            | DataFusionError::Collection(..) => Self::Invalid(root.strip_backtrace()),
            _ => Self::Internal(root.strip_backtrace()),
        }
    }

    fn refused() -> Self {
        Self::NotAllowed(gate::READ_ONLY.to_owned())
    }
}
