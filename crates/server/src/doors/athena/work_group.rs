//! Work groups: `primary`, and names beside it. All of them have the place of results of their account, which clients cannot
//! change, and no settings of their own.

use super::execution::{ENGINE, PRIMARY, seconds};
use super::output;
use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::wire::Fields;
use chrono::DateTime;
use serde_json::{Value, json};
use varberg_catalog::WorkGroup;
use varberg_model::ValidationError;

/// Refuses names of work groups that there are not.
pub(super) async fn check(app: &App, caller: &Caller, name: &str) -> Result<(), ApiError> {
    find(app, caller, name).await.map(drop)
}

async fn find(app: &App, caller: &Caller, name: &str) -> Result<WorkGroup, ApiError> {
    let groups = all(app, caller).await?;
    groups
        .into_iter()
        .find(|group| group.name == name)
        .ok_or_else(|| ApiError::Invalid(format!("WorkGroup {name} is not found.")))
}

async fn all(app: &App, caller: &Caller) -> Result<Vec<WorkGroup>, ApiError> {
    let primary = WorkGroup { name: PRIMARY.to_owned(), description: String::new(), created_us: 0 };
    let others = app.catalog.work_groups(caller.account()).await?;
    Ok(std::iter::once(primary).chain(others).collect())
}

fn engine() -> Value {
    json!({ "SelectedEngineVersion": ENGINE, "EffectiveEngineVersion": ENGINE })
}

/// `ListEngineVersions`.
pub(super) fn engine_versions() -> Value {
    json!({ "EngineVersions": [engine()] })
}

fn created(group: &WorkGroup) -> f64 {
    seconds(DateTime::from_timestamp_micros(group.created_us).unwrap_or_default())
}

/// `GetWorkGroup`.
pub(super) async fn get(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let group = find(app, caller, fields.required_text("WorkGroup")?).await?;
    let configuration = json!({
        "ResultConfiguration": { "OutputLocation": output::place(app, caller.account()) },
        "EnforceWorkGroupConfiguration": true,
        "PublishCloudWatchMetricsEnabled": false,
        "RequesterPaysEnabled": false,
        "EngineVersion": engine(),
    });
    Ok(json!({ "WorkGroup": {
        "Name": group.name,
        "State": "ENABLED",
        "Description": group.description,
        "CreationTime": created(&group),
        "Configuration": configuration,
    } }))
}

/// `ListWorkGroups`.
pub(super) async fn list(app: &App, caller: &Caller) -> Result<Value, ApiError> {
    let summary = |group: WorkGroup| {
        json!({ "Name": group.name, "State": "ENABLED", "Description": group.description,
                "CreationTime": created(&group), "EngineVersion": engine() })
    };
    let groups: Vec<Value> = all(app, caller).await?.into_iter().map(summary).collect();
    Ok(json!({ "WorkGroups": groups }))
}

/// `CreateWorkGroup`. Its configuration is not kept: see above.
pub(super) async fn create(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let name = fields.required_text("Name")?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > 128 || !name.chars().all(legal) {
        let reason = "Member must satisfy regular expression pattern: [a-zA-Z0-9._-]{1,128}";
        return Err(ValidationError::new("Name", reason).into());
    }
    let description = fields.printable("Description", 0, 1024)?.unwrap_or_default();
    if name == PRIMARY {
        return Err(ApiError::Conflict("WorkGroup is already created".to_owned()));
    }
    app.catalog.create_work_group(caller.account(), name, description).await?;
    Ok(json!({}))
}
