//! SQL over granted tables to a stream of record batches, under limits. Runs in a child process that may be killed.
//!
//! The straight line: gate (text), session (only the granted tables), plan, check of the plan, execution. Nothing else is
//! reachable from SQL: no file, no URL, no setting, no other table.

mod answer;
mod clauses;
mod client_statement;
mod cohort;
mod compare;
mod contig;
mod counted;
mod cross_join;
mod describe;
mod dialect;
mod fault;
mod functions;
mod gate;
mod interval_join;
mod join_keys;
mod metadata_tables;
mod same_names;
mod session;
mod subscripts;
mod tables;
mod text;
mod travel;

pub use answer::QueryAnswer;
pub use client_statement::{ClientStatement, StatementWork};
pub(crate) use session::OnlyWarehouse;

use crate::{Lake, WarehouseConfig};
use datafusion::common::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{LogicalPlan, ScalarUDF};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use varberg_rows::HeaderSets;

/// A query and all that it may touch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueryRequest {
    pub sql: String,
    pub tables: Vec<GrantedTable>,
    pub limits: QueryLimits,
    pub warehouse: WarehouseConfig,
    /// Of each reference: other names of its contigs, for `contig(name)`.
    #[serde(default)]
    pub contig_aliases: Vec<BTreeMap<String, String>>,
    /// The schema of tables that are named without one; empty: `default`.
    #[serde(default)]
    pub schema: String,
}

/// One snapshot of a table, under each of its schemas.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantedTable {
    /// `default`, `variant_<account>_<store id>`.
    pub schemas: Vec<String>,
    pub name: String,
    pub metadata_location: String,
    /// Of a wide table: where the metadata of its table of samples lies.
    #[serde(default)]
    pub samples_location: Option<String>,
    /// Whether the statement sees the hidden columns too. Never for a statement that a user wrote.
    #[serde(default)]
    pub hidden_columns: bool,
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
    /// A value that the statement met does not fit it. The text holds no data.
    #[error("{0}")]
    Value(String),
    /// More memory, spill space or time than the limits give.
    #[error("{0}")]
    ResourcesExhausted(String),
    /// The engine or the storage failed.
    #[error("{0}")]
    Internal(String),
}

/// Nested expressions that the first statement of a process may have.
const WARM_UP_NESTING: usize = 50;

/// Does once what the first statement of a process would do first, so that a process that waits for its statement is faster
/// then: loads code and builds the engine's lists of functions and rules. On this thread alone.
pub fn warm_up() -> Result<(), QueryError> {
    let internal = |error: DataFusionError| QueryError::Internal(error.strip_backtrace());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| QueryError::Internal(error.to_string()))?;
    runtime.block_on(async {
        let sql = "SELECT column1, count(*) FROM (VALUES ('a', 1)) AS t WHERE column2 > 0 GROUP BY column1";
        let context = session::without_tables()?;
        let statement = dialect::statement(sql, WARM_UP_NESTING).map_err(internal)?;
        let plan = context.state().statement_to_plan(statement).await.map_err(internal)?;
        let answer = context.execute_logical_plan(plan).await.map_err(internal)?;
        answer.collect().await.map(drop).map_err(internal)
    })
}

/// Plans `request` and begins to execute it.
///
/// Errors: before the first batch.
pub async fn run(mut request: QueryRequest) -> Result<QueryAnswer, QueryError> {
    gate::check(&request.sql)?;
    let travels = match travel::rewritten(&request.sql, &request.tables)? {
        Some((sql, travels)) => {
            request.sql = sql;
            travels
        }
        None => Vec::new(),
    };
    let lake = Lake::open(request.warehouse.clone()).await.map_err(|error| internal(&error))?;
    let context = session::new(&lake, &request.limits, &request.schema)?;
    context.register_udf(contig::function(&request.contig_aliases));
    let schemas = session::Schemas::new(&context)?;
    let mut tables = Vec::with_capacity(request.tables.len());
    let mut headersets = HeaderSets::default();
    let names = metadata_tables::names(&request.sql);
    let asked = tables::asked_for(&request.sql);
    for table in request.tables.iter().filter(|table| asked(table)) {
        let loaded = tables::load(&lake, table, None, &mut headersets).await.map_err(|error| internal(&error))?;
        schemas.add(table, &table.name, &loaded.provider)?;
        tables.push((table, loaded.provider.schema()));
        for (name, view) in tables::views(&lake, &context, table, &loaded, &names).await? {
            schemas.add(table, &name, &view)?;
        }
    }
    for travel in &travels {
        let Some(table) = request.tables.get(travel.table) else { continue };
        let snapshot = travel.snapshot(&lake, table).await?;
        let loaded = tables::load(&lake, table, Some(snapshot), &mut headersets).await;
        schemas.add(table, &travel.name, &loaded.map_err(|error| internal(&error))?.provider)?;
    }
    for (table, name, rows) in metadata_tables::named(&lake, &names, &request.tables).await? {
        schemas.add(table, &name, &rows)?;
    }
    for function in cohort_functions(&Arc::new(headersets)) {
        context.register_udf(function);
    }
    schemas.describe(&tables)?;
    let work = async {
        let (context, plan) = plan(context, &request).await?;
        let execution = async {
            let frame = context.execute_logical_plan(plan).await?;
            let task = Arc::new(frame.task_ctx());
            let plan = frame.create_physical_plan().await?;
            let stream = execute_stream(Arc::clone(&plan), task)?;
            Ok((stream, plan))
        };
        execution.await.map_err(|error| explain(QueryError::from_engine(&error), &request.tables))
    };
    let limit = std::time::Duration::from_secs(request.limits.time_s);
    let deadline = tokio::time::Instant::now() + limit;
    let begun = tokio::time::timeout_at(deadline, work).await;
    let (stream, plan) = begun.map_err(|_| QueryError::out_of_time(limit.as_secs()))??;
    Ok(QueryAnswer { stream: session::until(deadline, limit, stream), plan })
}

/// The functions over vectors of genotypes, for tables whose samples are `headersets`.
pub fn cohort_functions(headersets: &Arc<HeaderSets>) -> Vec<ScalarUDF> {
    cohort::functions(headersets)
}

/// The plan, and the session that it is to be executed in.
async fn plan(context: SessionContext, request: &QueryRequest) -> Result<(SessionContext, LogicalPlan), QueryError> {
    let state = context.state();
    let functions = functions::names(&state);
    let planner = |error: DataFusionError| {
        let error = explain(QueryError::from_planner(&error), &request.tables);
        dialect::placed(error, &request.sql, &functions)
    };
    let nesting = state.config_options().sql_parser.recursion_limit.get();
    let mut statement = dialect::statement(&request.sql, nesting).map_err(planner)?;
    clauses::check(&statement)?;
    cohort::samples_where::expand(&mut statement)?;
    if let Some(sql) = describe::rewritten(&statement, &request.tables, &functions)? {
        statement = dialect::statement(&sql, nesting).map_err(planner)?;
    }
    let plan = match state.statement_to_plan(statement.clone()).await {
        Err(error) if dialect::columns::repeat(&error) => {
            dialect::columns::name(&mut statement);
            state.statement_to_plan(statement).await
        }
        plan => plan,
    };
    let plan = plan.map_err(planner)?;
    let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan).map_err(planner)?;
    let plan = dialect::resolve(plan).and_then(compare::resolve).map_err(planner)?;
    // Optimized here, where what is wrong is known to be the statement's.
    let (context, plan) = match state.optimize(&plan) {
        Err(error) if dialect::columns::collide(&error) => {
            let context = session::without_leaf_pushdown(&context);
            let plan = context.state().optimize(&plan);
            (context, plan)
        }
        plan => (context, plan),
    };
    Ok((context, plan.map_err(planner)?))
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

/// An unknown table is answered with the tables there are.
fn explain(error: QueryError, tables: &[GrantedTable]) -> QueryError {
    match error {
        QueryError::Invalid(text) if text.contains("table '") && text.contains("not found") => no_table(&text, tables),
        other => other,
    }
}

fn no_table(text: &str, tables: &[GrantedTable]) -> QueryError {
    let mut names: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
    names.sort_unstable();
    let known = if names.is_empty() { "there are no tables".to_owned() } else { names.join(", ") };
    QueryError::Invalid(format!("{text}. Tables: {known}"))
}

impl QueryError {
    fn refused() -> Self {
        Self::NotAllowed(gate::READ_ONLY.to_owned())
    }
}
