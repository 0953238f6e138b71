//! `reference` of stores: the ARN of a reference that this server holds (spec 3.9 `ReferenceItem`, 5.3).

use crate::api::Call;
use crate::app::App;
use crate::error::ApiError;
use crate::wire::Fields;
use varberg_model::{ReferenceStatus, Resource, ValidationError};

/// The ARN in a request, if there is one, checked in form.
pub(super) fn parse(fields: &Fields<'_>) -> Result<Option<String>, ValidationError> {
    let Some(reference) = fields.object("reference")? else { return Ok(None) };
    let arn = reference.union_text("referenceArn")?;
    let length = arn.chars().count();
    if !(1..=127).contains(&length) {
        return Err(ValidationError::length("reference.referenceArn", 1, 127));
    }
    if !arn.starts_with("arn:") || length < 5 {
        return Err(ValidationError::pattern("reference.referenceArn", "arn:.+"));
    }
    Ok(Some(arn.to_owned()))
}

/// The reference must be one of this account and region, exist, and be usable.
pub(super) async fn check(app: &App, call: &Call, arn: &str) -> Result<(), ApiError> {
    let member = "reference.referenceArn";
    let Some(Resource::Reference { store, id }) = call.scope().parse_arn(arn) else {
        let example = call.scope().reference_arn("1234567890", "1234567890");
        let reason = format!("Member must be the ARN of a reference of this account and region, such as {example}");
        return Err(ValidationError::new(member, reason).into());
    };
    let missing = || ApiError::NotFound(format!("reference {arn} does not exist"));
    let reference = app.catalog.reference(call.account(), &store, &id).await?.ok_or_else(missing)?;
    match reference.status {
        ReferenceStatus::Active => Ok(()),
        status => {
            let reason = format!("the reference is {} and must be ACTIVE", status.as_str());
            Err(ValidationError::new(member, reason).into())
        }
    }
}

/// Normalization reads the store's reference: there must be one, and this server must hold it.
pub(super) async fn check_for_normalization(app: &App, call: &Call, arn: Option<&str>) -> Result<(), ApiError> {
    let member = "runLeftNormalization";
    let Some(arn) = arn else {
        let reason = "the store has no reference, which records are normalized against; create a store with one";
        return Err(ValidationError::new(member, reason).into());
    };
    let reference = app.reference(call.account(), arn).await?;
    let reason = match reference.map(|reference| reference.status) {
        Some(ReferenceStatus::Active) => return Ok(()),
        Some(status) => format!("the store's reference {arn} is {} and must be ACTIVE", status.as_str()),
        None => format!("the store's reference {arn} is not held by this server; records are normalized against it"),
    };
    Err(ValidationError::new(member, reason).into())
}
