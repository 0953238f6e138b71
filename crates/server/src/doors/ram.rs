//! RAM: the two listings by which notebooks find the account that "shares" a store's database. Here it is their own.

use super::request::DoorRequest;
use super::tables;
use crate::api::Operation;
use crate::api::operation::get;
use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::grants::DEFAULT_SCHEMA;
use crate::wire::Fields;
use serde_json::{Value, json};

pub(super) const OPERATIONS: [Operation; 2] =
    [get("ListResources", "/listresources"), get("GetResourceShares", "/getresourceshares")];

pub(super) async fn answer(app: &App, request: &DoorRequest) -> Result<Value, ApiError> {
    let (caller, fields) = (&request.caller, request.fields()?);
    match request.operation.name {
        "ListResources" => resources(app, caller, &fields).await,
        _ => shares(app, caller, &fields).await,
    }
}

/// The databases of stores, each as a resource that is shared with the account.
async fn databases(app: &App, caller: &Caller) -> Result<Vec<String>, ApiError> {
    let names = tables::databases(app, caller).await?;
    Ok(names.into_iter().filter(|name| name != DEFAULT_SCHEMA).collect())
}

fn share_arn(caller: &Caller, database: &str) -> String {
    let region = &caller.scope.region;
    format!("arn:aws:ram:{region}:{}:resource-share/{database}", caller.account())
}

async fn resources(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let offered = fields.text("resourceOwner")?.is_none_or(|owner| owner == "OTHER-ACCOUNTS");
    let kind = fields.text("resourceType")?.is_none_or(|kind| kind.eq_ignore_ascii_case("glue:Database"));
    let region = &caller.scope.region;
    let resource = |database: &String| {
        json!({
            "arn": format!("arn:aws:glue:{region}:{}:database/{database}", caller.account()),
            "type": "glue:Database",
            "resourceShareArn": share_arn(caller, database),
            "status": "AVAILABLE",
            "resourceRegionScope": "REGIONAL",
        })
    };
    let all = if offered && kind { databases(app, caller).await? } else { Vec::new() };
    Ok(json!({ "resources": all.iter().map(resource).collect::<Vec<_>>() }))
}

async fn shares(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let wanted = fields.texts("resourceShareArns", 0, 500)?;
    let offered = fields.text("resourceOwner")?.is_none_or(|owner| owner == "OTHER-ACCOUNTS");
    let share = |database: String| {
        let arn = share_arn(caller, &database);
        let asked = wanted.as_ref().is_none_or(|wanted| wanted.contains(&arn.as_str()));
        asked.then(|| {
            json!({
                "resourceShareArn": arn,
                "name": database,
                "owningAccountId": caller.account().as_str(),
                "allowExternalPrincipals": true,
                "status": "ACTIVE",
            })
        })
    };
    let all = if offered { databases(app, caller).await? } else { Vec::new() };
    Ok(json!({ "resourceShares": all.into_iter().filter_map(share).collect::<Vec<_>>() }))
}
