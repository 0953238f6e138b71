//! Lake Formation: grants are taken down and shown. They open and shut nothing: who sees which store is decided by accounts,
//! roles and shares.

use super::request::DoorRequest;
use crate::api::Operation;
use crate::api::operation::{ask, manage};
use crate::app::App;
use crate::error::ApiError;
use serde_json::{Value, json};

/// Longest grant that is taken down.
const MOST_BYTES: usize = 16_000;

pub(super) const OPERATIONS: [Operation; 2] =
    [manage("GrantPermissions", "/GrantPermissions"), ask("ListPermissions", "/ListPermissions")];

pub(super) async fn answer(app: &App, request: &DoorRequest) -> Result<Value, ApiError> {
    let (account, fields) = (request.caller.account(), request.fields()?);
    if request.operation.name == "ListPermissions" {
        let recorded = app.catalog.recorded_grants(account).await?;
        let grants: Vec<Value> = recorded.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        return Ok(json!({ "PrincipalResourcePermissions": grants }));
    }
    for member in ["Principal", "Resource"] {
        if fields.object(member)?.is_none() {
            return Err(varberg_model::ValidationError::required(member).into());
        }
    }
    fields.texts("Permissions", 1, 100)?.ok_or_else(|| varberg_model::ValidationError::required("Permissions"))?;
    let grant = request.body().to_string();
    if grant.len() > MOST_BYTES {
        return Err(ApiError::Invalid(format!("a grant may have {MOST_BYTES} bytes")));
    }
    app.catalog.record_grant(account, &grant).await?;
    Ok(json!({}))
}
