//! `GetQueryResults`: pages of the file of an answer.
//!
//! A token is a place in the file, so that a page costs what it holds, wherever it stands.

use super::column::{self, ResultColumn};
use super::csv::{self, Style};
use super::execution;
use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::wire::{self, Fields};
use bytes::Bytes;
use serde_json::{Value, json};
use varberg_model::{ExecutionState, QueryExecution, StatementKind, ValidationError};

/// Rows of a page, at most and by default.
const MOST: i64 = 1000;
/// Bytes of the file that are read at a time.
const CHUNK_BYTES: u64 = 256 << 10;
/// Most bytes of a page: what comes is held in memory.
const MOST_BYTES: usize = 32 << 20;

pub(super) async fn get(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let execution = execution::named(app, caller, fields).await?;
    match execution.state {
        ExecutionState::Succeeded => {}
        ExecutionState::Queued | ExecutionState::Running => {
            let state = execution.state.as_str();
            return Err(ApiError::Invalid(format!("Query has not yet finished. Current state: {state}")));
        }
        ExecutionState::Failed | ExecutionState::Cancelled => {
            let state = execution.state.as_str();
            return Err(ApiError::Invalid(format!("Query did not finish successfully. Final query state: {state}")));
        }
    }
    let most = fields.number("MaxResults")?.unwrap_or(MOST);
    if !(1..=MOST).contains(&most) {
        return Err(ValidationError::new("MaxResults", "Member must have value between 1 and 1000, inclusive").into());
    }
    let place = match fields.text("NextToken")? {
        None => 0,
        Some(token) => {
            token.parse().map_err(|_| ValidationError::new("NextToken", "Member must be a token of this server"))?
        }
    };
    let columns = column::of_kept(&execution.outcome.columns);
    let (rows, next) = match execution.kind {
        StatementKind::Unload | StatementKind::CreateTableAsSelect => (Vec::new(), None),
        _ => page(app, &execution, place, usize::try_from(most).unwrap_or(0)).await?,
    };
    let metadata: Vec<Value> = columns.iter().map(ResultColumn::info).collect();
    let mut answer = json!({
        "UpdateCount": 0,
        "ResultSet": { "Rows": rows, "ResultSetMetadata": { "ColumnInfo": metadata } },
    });
    wire::show(&mut answer, "NextToken", next.map(|place| json!(place.to_string())));
    Ok(answer)
}

/// Rows from a place of the file on, and the place of the next one.
async fn page(
    app: &App,
    execution: &QueryExecution,
    place: u64,
    most: usize,
) -> Result<(Vec<Value>, Option<u64>), ApiError> {
    let style = if execution.kind == StatementKind::Select { Style::Quoted } else { Style::Tabs };
    let gone = || ApiError::Invalid("the answer of this query was deleted; start it again".to_owned());
    let size = app.results.head(&execution.output).await?.ok_or_else(gone)?.bytes;
    if place > size {
        return Err(ValidationError::new("NextToken", "Member must be a token of this server").into());
    }
    let (mut rows, mut bytes, mut read, mut used) = (Vec::new(), Vec::new(), place, 0_usize);
    while rows.len() < most && used < MOST_BYTES {
        match csv::row(style, bytes.get(used..).unwrap_or_default()) {
            Some((values, length)) => {
                rows.push(shown(values));
                used += length;
            }
            None if read < size => {
                let end = size.min(read + CHUNK_BYTES);
                let more: Bytes = app.results.get_range(&execution.output, read..end).await?;
                bytes.extend_from_slice(&more);
                read = end;
            }
            None => break,
        }
    }
    let next = place + u64::try_from(used).unwrap_or(0);
    Ok((rows, (next < size).then_some(next)))
}

fn shown(values: Vec<Option<String>>) -> Value {
    let datum = |value: Option<String>| value.map_or_else(|| json!({}), |text| json!({ "VarCharValue": text }));
    json!({ "Data": values.into_iter().map(datum).collect::<Vec<_>>() })
}
