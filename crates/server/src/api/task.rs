//! Tasks: work on tables that HealthOmics has no operations for. Ours; `varberg table` and `varberg job undo` are the clients.

use crate::api::{Answer, Call, Reply};
use crate::app::App;
use crate::error::ApiError;
use crate::maintenance::automatic::task;
use crate::wire::{self, Fields, micros};
use axum::extract::State;
use serde_json::{Value, json};
use varberg_catalog::PublishedTable;
use varberg_model::{JobId, JobStatus, Task, ValidationError, Work};

/// Snapshots that an expiry keeps unless it says otherwise.
const KEEP: u32 = 1;

/// `POST /varberg/tables/{name}/compact`: merges the small data files of a table.
pub(crate) async fn compact(State(app): State<App>, call: Call) -> Answer {
    let table = table(&app, &call).await?;
    begin(&app, &table, Work::Compact).await
}

/// `POST /varberg/tables/{name}/expire`: drops the snapshots that were committed before `before`, but for the newest `keep`.
pub(crate) async fn expire(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let fields = Fields::of_body(&body)?;
    let before = fields.time("before")?.ok_or_else(|| ValidationError::required("before"))?;
    let keep = match body.get("keep") {
        None | Some(Value::Null) => KEEP,
        Some(keep) => keep
            .as_u64()
            .and_then(|keep| u32::try_from(keep).ok())
            .filter(|keep| *keep > 0)
            .ok_or_else(|| ValidationError::new("keep", "Member must be a number from 1"))?,
    };
    let table = table(&app, &call).await?;
    begin(&app, &table, Work::Expire { before, keep }).await
}

/// `POST /varberg/jobs/{jobId}/undo`: takes the rows of an import job back. The job keeps its state.
pub(crate) async fn undo(State(app): State<App>, call: Call) -> Answer {
    let id = JobId::parse("jobId", call.param("jobId"))?;
    let job = app.catalog.job(call.account(), id).await?;
    let job = job.ok_or_else(|| ApiError::NotFound(format!("import job {id} does not exist")))?;
    match job.status {
        JobStatus::Completed | JobStatus::CompletedWithFailures => {}
        JobStatus::Submitted | JobStatus::InProgress => {
            return Err(ApiError::Conflict(format!("import job {id} has not ended; cancel it")));
        }
        JobStatus::Failed | JobStatus::Cancelled => {
            return Err(ApiError::Conflict(format!("import job {id} is {} and has no rows", job.status.as_str())));
        }
    }
    let tables = app.catalog.tables_of(call.account()).await?;
    let table = tables.into_iter().find(|table| table.id == job.destination_id);
    let table = table.ok_or_else(|| ApiError::NotFound(format!("the table of import job {id} does not exist")))?;
    begin(&app, &table, Work::Undo { job: id }).await
}

/// `GET /varberg/tasks/{taskId}`.
pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let id = JobId::parse("taskId", call.param("taskId"))?;
    let task = app.catalog.task(call.account(), id).await?;
    let task = task.ok_or_else(|| ApiError::NotFound(format!("task {id} does not exist")))?;
    Ok(Reply::Json(describe(&task)))
}

/// `GET /varberg/tasks`: the newest tasks, of all tables or of `table`.
pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let tasks = app.catalog.tasks(call.account(), call.query("table")).await?;
    Ok(Reply::Json(json!({ "tasks": tasks.iter().map(describe).collect::<Vec<_>>() })))
}

/// The table of that name, of the caller's own account.
async fn table(app: &App, call: &Call) -> Result<PublishedTable, ApiError> {
    let name = call.param("name");
    let tables = app.catalog.tables_of(call.account()).await?;
    let table = tables.into_iter().find(|table| table.name == name && table.owner == *call.account());
    table.ok_or_else(|| ApiError::NotFound(format!("table {name} does not exist")))
}

async fn begin(app: &App, table: &PublishedTable, work: Work) -> Answer {
    let begun = app.catalog.enqueue_task(&task(table, work, false)).await?;
    let begun = begun.ok_or_else(|| ApiError::Internal("a task was not enqueued".to_owned()))?;
    app.tasks_waiting.notify_one();
    Ok(Reply::Json(describe(&begun)))
}

fn describe(task: &Task) -> Value {
    let mut answer = json!({
        "taskId": task.id.to_string(),
        "table": task.table,
        "work": task.work.name(),
        "automatic": task.automatic,
        "status": task.status.as_str(),
        "statusMessage": task.message,
        "creationTime": micros(task.created),
        "updateTime": micros(task.updated),
    });
    wire::show(&mut answer, "completionTime", task.completed.map(|time| micros(time).into()));
    match task.work {
        Work::Compact => {}
        Work::Expire { before, keep } => {
            wire::show(&mut answer, "before", Some(micros(before).into()));
            wire::show(&mut answer, "keep", Some(keep.into()));
        }
        Work::Undo { job } => wire::show(&mut answer, "jobId", Some(job.to_string().into())),
    }
    let numbers = task.report.numbers().into_iter().map(|(name, number)| (name.to_owned(), json!(number)));
    wire::show(&mut answer, "report", Some(Value::Object(numbers.collect())));
    answer
}
