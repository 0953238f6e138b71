//! Athena: statements that are started, watched, and whose answers are read page by page or as files.
//!
//! What a statement may see and use is that of `POST /sql` (`grants.rs`); how it runs, too (`query_pool.rs`). Executions are kept in the
//! catalog, answers below the place of results (`output.rs`).

mod column;
mod csv;
mod execution;
pub(crate) mod expiry;
mod files;
mod metadata;
mod output;
mod results;
mod runner;
mod text;
mod work_group;

pub(crate) use runner::Running;

use super::request::DoorRequest;
use crate::api::Operation;
use crate::api::operation::{get, write};
use crate::app::App;
use crate::error::ApiError;
use serde_json::Value;

/// What is offered. A reader may ask, so he may start a statement.
pub(super) const OPERATIONS: [Operation; 17] = [
    get("StartQueryExecution", "/"),
    get("GetQueryExecution", "/"),
    get("BatchGetQueryExecution", "/"),
    get("ListQueryExecutions", "/"),
    get("StopQueryExecution", "/"),
    get("GetQueryResults", "/"),
    get("GetQueryRuntimeStatistics", "/"),
    get("GetWorkGroup", "/"),
    get("ListWorkGroups", "/"),
    write("CreateWorkGroup", "/"),
    get("GetDataCatalog", "/"),
    get("ListDataCatalogs", "/"),
    get("GetDatabase", "/"),
    get("ListDatabases", "/"),
    get("GetTableMetadata", "/"),
    get("ListTableMetadata", "/"),
    get("ListEngineVersions", "/"),
];

pub(super) async fn answer(app: &App, request: &DoorRequest) -> Result<Value, ApiError> {
    let (caller, fields) = (&request.caller, request.fields()?);
    match request.operation.name {
        "StartQueryExecution" => execution::start(app, caller, &fields, request.key()?).await,
        "GetQueryExecution" => execution::get(app, caller, &fields).await,
        "BatchGetQueryExecution" => execution::batch_get(app, caller, &fields).await,
        "ListQueryExecutions" => execution::list(app, caller, &fields).await,
        "StopQueryExecution" => execution::stop(app, caller, &fields).await,
        "GetQueryRuntimeStatistics" => execution::statistics(app, caller, &fields).await,
        "GetQueryResults" => results::get(app, caller, &fields).await,
        "GetWorkGroup" => work_group::get(app, caller, &fields).await,
        "ListWorkGroups" => work_group::list(app, caller).await,
        "CreateWorkGroup" => work_group::create(app, caller, &fields).await,
        "ListEngineVersions" => Ok(work_group::engine_versions()),
        "GetDataCatalog" => metadata::catalog(&fields),
        "ListDataCatalogs" => Ok(metadata::catalogs()),
        "GetDatabase" => metadata::database(app, caller, &fields).await,
        "ListDatabases" => metadata::databases(app, caller).await,
        "GetTableMetadata" => metadata::table(app, caller, &fields).await,
        _ => metadata::tables(app, caller, &fields).await,
    }
}
