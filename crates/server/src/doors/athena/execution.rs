//! Executions: started, shown, listed, stopped.

use super::files::Files;
use super::output;
use super::runner::Running;
use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::wire::{self, Fields};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use varberg_catalog::CallKey;
use varberg_lake::query::{ClientStatement, StatementWork};
use varberg_model::{
    ExecutionOutcome, ExecutionState, JobId, PageSize, PageToken, QueryExecution, StatementKind, ValidationError,
};

/// Statements of an account that have not ended.
const MOST_OPEN: u32 = 200;
/// Athena's bound for one call.
const MOST_IDS: usize = 50;
pub(super) const ENGINE: &str = "Athena engine version 3";
pub(super) const PRIMARY: &str = "primary";
pub(super) const CATALOG: &str = "AwsDataCatalog";

/// `StartQueryExecution`.
pub(super) async fn start(
    app: &App,
    caller: &Caller,
    fields: &Fields<'_>,
    key: Option<CallKey>,
) -> Result<Value, ApiError> {
    let sql = fields.required_text("QueryString")?;
    let work_group = fields.text("WorkGroup")?.unwrap_or(PRIMARY);
    super::work_group::check(app, caller, work_group).await?;
    let context = fields.object("QueryExecutionContext")?;
    let database = context.as_ref().map(|context| context.text("Database")).transpose()?.flatten();
    if let Some(catalog) = context.as_ref().map(|context| context.text("Catalog")).transpose()?.flatten() {
        super::metadata::check_catalog(catalog)?;
    }
    let parameters = fields.texts("ExecutionParameters", 1, 1000)?.unwrap_or_default();
    let statement = ClientStatement::parse(sql, &parameters).map_err(|error| ApiError::Invalid(error.to_string()))?;
    let kind = kind(&statement.work);
    let id = JobId::random();
    let files = Files::of(app, caller.account(), id, &statement.work)?;
    let execution = QueryExecution {
        id,
        account: caller.account().clone(),
        principal: caller.principal.clone(),
        work_group: work_group.to_owned(),
        database: database.unwrap_or("default").to_lowercase(),
        sql: statement.text,
        kind,
        state: ExecutionState::Queued,
        output: output::path(caller.account(), id, kind),
        outcome: ExecutionOutcome::default(),
        submitted: wire::now(),
        completed: None,
    };
    let (id, is_new) = app.catalog.start_query(&execution, MOST_OPEN, key.as_ref()).await?;
    if is_new {
        Running::start(app, execution, statement.work, files);
    }
    Ok(json!({ "QueryExecutionId": id.to_string() }))
}

fn kind(work: &StatementWork) -> StatementKind {
    match work {
        StatementWork::Select(_) => StatementKind::Select,
        StatementWork::Show(_) => StatementKind::Show,
        StatementWork::Explain(_) => StatementKind::Explain,
        StatementWork::CreateTable { .. } => StatementKind::CreateTableAsSelect,
        StatementWork::Unload { .. } => StatementKind::Unload,
    }
}

/// The execution that a call names.
pub(super) async fn named(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<QueryExecution, ApiError> {
    let id = fields.required_text("QueryExecutionId")?;
    let found = app.catalog.query_execution(caller.account(), id).await?;
    found.ok_or_else(|| {
        ApiError::Invalid("QueryExecution was not found: this account started none of that id".to_owned())
    })
}

/// `GetQueryExecution`.
pub(super) async fn get(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    Ok(json!({ "QueryExecution": shown(app, &named(app, caller, fields).await?) }))
}

/// `BatchGetQueryExecution`.
pub(super) async fn batch_get(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let ids = fields.texts("QueryExecutionIds", 1, MOST_IDS)?;
    let ids = ids.ok_or_else(|| ValidationError::required("QueryExecutionIds"))?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match app.catalog.query_execution(caller.account(), id).await? {
            Some(execution) => found.push(shown(app, &execution)),
            None => missing.push(json!({
                "QueryExecutionId": id,
                "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                "ErrorMessage": "this account started none of that id",
            })),
        }
    }
    Ok(json!({ "QueryExecutions": found, "UnprocessedQueryExecutionIds": missing }))
}

/// `ListQueryExecutions`.
pub(super) async fn list(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let work_group = fields.text("WorkGroup")?.unwrap_or(PRIMARY);
    super::work_group::check(app, caller, work_group).await?;
    let size = PageSize::parse(fields.number("MaxResults")?)?;
    let token = |text: &str| {
        PageToken::parse(text).ok_or_else(|| ValidationError::new("NextToken", "Member must be a token of this server"))
    };
    let after = fields.text("NextToken")?.map(token).transpose()?;
    let page = app.catalog.query_executions(caller.account(), work_group, size, after.as_ref()).await?;
    let ids: Vec<String> = page.entries.iter().map(|execution| execution.id.to_string()).collect();
    let mut answer = json!({ "QueryExecutionIds": ids });
    wire::show(&mut answer, "NextToken", page.next.map(|token| token.to_text().into()));
    Ok(answer)
}

/// `StopQueryExecution`.
pub(super) async fn stop(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let execution = named(app, caller, fields).await?;
    let reason = "the statement was stopped by StopQueryExecution".to_owned();
    let outcome = ExecutionOutcome { reason, by_user: true, ..execution.outcome };
    // One that has ended stays as it is, and the call is fine, as in Athena.
    app.catalog.end_query(execution.id, ExecutionState::Cancelled, &outcome).await?;
    app.running.stop(execution.id);
    Ok(json!({}))
}

/// `GetQueryRuntimeStatistics`.
pub(super) async fn statistics(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let execution = named(app, caller, fields).await?;
    let statistics = execution.outcome.statistics;
    let timeline = json!({
        "QueryQueueTimeInMillis": statistics.queue_ms,
        "EngineExecutionTimeInMillis": statistics.engine_ms,
        "QueryPlanningTimeInMillis": 0,
        "ServiceProcessingTimeInMillis": 0,
        "TotalExecutionTimeInMillis": total_ms(&execution),
    });
    let rows = json!({
        "InputBytes": statistics.scanned_bytes,
        "OutputBytes": statistics.output_bytes,
        "OutputRows": statistics.rows,
    });
    Ok(json!({ "QueryRuntimeStatistics": { "Timeline": timeline, "Rows": rows } }))
}

fn total_ms(execution: &QueryExecution) -> i64 {
    let end = execution.completed.unwrap_or_else(wire::now);
    (end - execution.submitted).num_milliseconds().max(0)
}

/// Times of this protocol are seconds since 1970.
pub(super) fn seconds(time: DateTime<Utc>) -> f64 {
    let millis = time.timestamp_millis();
    // Below 2^53 for the next 280,000 years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let seconds = millis as f64 / 1000.0;
    seconds
}

fn shown(app: &App, execution: &QueryExecution) -> Value {
    let QueryExecution { id, work_group, database, sql, kind, state, output, outcome, submitted, completed, .. } =
        execution;
    let statistics = outcome.statistics;
    let mut status = json!({ "State": state.as_str(), "SubmissionDateTime": seconds(*submitted) });
    wire::show(&mut status, "CompletionDateTime", completed.map(|time| json!(seconds(time))));
    if !outcome.reason.is_empty() {
        wire::show(&mut status, "StateChangeReason", Some(json!(outcome.reason)));
    }
    if *state == ExecutionState::Failed {
        let category = if outcome.by_user { 2 } else { 1 };
        let error = json!({ "ErrorCategory": category, "ErrorType": if outcome.by_user { 1006 } else { 100 }, "Retryable": !outcome.by_user, "ErrorMessage": outcome.reason });
        wire::show(&mut status, "AthenaError", Some(error));
    }
    let mut numbers = json!({
        "EngineExecutionTimeInMillis": statistics.engine_ms,
        "DataScannedInBytes": statistics.scanned_bytes,
        "TotalExecutionTimeInMillis": total_ms(execution),
        "QueryQueueTimeInMillis": statistics.queue_ms,
        "ServiceProcessingTimeInMillis": 0,
        "ResultReuseInformation": { "ReusedPreviousResult": false },
    });
    if matches!(kind, StatementKind::Unload | StatementKind::CreateTableAsSelect) {
        let manifest = output::location(app, &output::manifest(output));
        wire::show(&mut numbers, "DataManifestLocation", Some(json!(manifest)));
    }
    json!({
        "QueryExecutionId": id.to_string(),
        "Query": sql,
        "StatementType": kind.group(),
        "SubstatementType": kind.as_str(),
        "ResultConfiguration": { "OutputLocation": output::location(app, output) },
        "ResultReuseConfiguration": { "ResultReuseByAgeConfiguration": { "Enabled": false } },
        "QueryExecutionContext": { "Database": database, "Catalog": CATALOG.to_lowercase() },
        "Status": status,
        "Statistics": numbers,
        "WorkGroup": work_group,
        "EngineVersion": { "SelectedEngineVersion": ENGINE, "EffectiveEngineVersion": ENGINE },
    })
}
