//! Shares of stores between accounts: CreateShare, GetShare, AcceptShare, DeleteShare, ListShares (spec 3.6, 13).

use crate::api::listing::Listing;
use crate::api::{Answer, Call, Reply, annotation_store, variant_store};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, micros};
use axum::extract::State;
use serde_json::{Value, json};
use uuid::Uuid;
use varberg_catalog::{ShareFilter, ShareSide};
use varberg_model::{AccountId, Resource, Share, ShareKind, ShareName, ShareStatus, StoreId, ValidationError};

/// Most values of each list of a filter.
const MAX_FILTER: usize = 10;

pub(crate) async fn create(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let fields = Fields::of_body(&body)?;
    let arn = fields.required_text("resourceArn")?;
    let subscriber = parse_subscriber(&call, fields.required_text("principalSubscriber")?)?;
    let name = fields.text("shareName")?.map(|text| ShareName::parse("shareName", text)).transpose()?;
    let resource = call.scope().parse_arn(arn).ok_or_else(|| not_found(arn))?;
    let Some(kind) = ShareKind::of(&resource) else {
        let reason = "Member must be the ARN of a variant store or an annotation store";
        return Err(ValidationError::new("resourceArn", reason).into());
    };
    let now = wire::now();
    let share = Share {
        id: Uuid::new_v4().to_string(),
        owner: call.account().clone(),
        resource_arn: arn.to_owned(),
        resource_id: store_id(&app, &call, &resource).await?,
        kind,
        name: name.unwrap_or_else(|| ShareName::from_stored(format!("share-with-{subscriber}"))),
        subscriber,
        status: ShareStatus::Pending,
        created: now,
        updated: now,
    };
    let key = call.key("CreateShare", None);
    let share = app.catalog.create_share(&share, key.as_ref()).await?;
    Ok(Reply::Json(json!({
        "shareId": share.id,
        "status": share.status.as_str(),
        "shareName": share.name.as_str(),
    })))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let id = call.param("shareId");
    let share = app.catalog.share(call.account(), id).await?;
    let share = share.ok_or_else(|| ApiError::NotFound(format!("share {id} does not exist")))?;
    Ok(Reply::Json(json!({ "share": describe(&share) })))
}

pub(crate) async fn accept(State(app): State<App>, call: Call) -> Answer {
    let accept = async { Ok(app.catalog.accept_share(call.account(), call.param("shareId")).await?) };
    call.once(&app, "AcceptShare", accept).await?;
    Ok(Reply::Json(json!({ "status": ShareStatus::Activating.as_str() })))
}

pub(crate) async fn delete(State(app): State<App>, call: Call) -> Answer {
    let delete = async { Ok(app.catalog.delete_share(call.account(), call.param("shareId")).await?) };
    call.once(&app, "DeleteShare", delete).await?;
    Ok(Reply::Json(json!({ "status": ShareStatus::Deleting.as_str() })))
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?)?;
    let listing = Listing::parse(&call, "ListShares", &filter)?;
    let page = app.catalog.list_shares(call.account(), &filter, listing.size, listing.after.as_ref()).await?;
    let entries = page.entries.iter().map(describe).collect();
    Ok(Reply::Json(listing.answer("shares", &page, entries)))
}

fn parse_subscriber(call: &Call, text: &str) -> Result<AccountId, ValidationError> {
    let field = "principalSubscriber";
    let account = AccountId::parse(text).map_err(|error| ValidationError { field: field.to_owned(), ..error })?;
    if account == *call.account() {
        return Err(ValidationError::new(field, "Member must be another account than the owner's"));
    }
    Ok(account)
}

fn parse_filter(fields: &Fields<'_>) -> Result<ShareFilter, ValidationError> {
    let side = match fields.required_text("resourceOwner")? {
        "SELF" => ShareSide::Owner,
        "OTHER" => ShareSide::Subscriber,
        _ => return Err(ValidationError::one_of("resourceOwner", &["SELF", "OTHER"])),
    };
    let mut wanted = ShareFilter { side, resource_arns: Vec::new(), status: Vec::new(), kinds: Vec::new() };
    if let Some(filter) = fields.object("filter")? {
        let texts = |member: &str| filter.texts(member, 1, MAX_FILTER).map(Option::unwrap_or_default);
        wanted.resource_arns = texts("resourceArns")?.into_iter().map(str::to_owned).collect();
        let path = filter.path("status");
        wanted.status =
            texts("status")?.iter().map(|text| ShareStatus::parse(&path, text)).collect::<Result<_, _>>()?;
        let path = filter.path("type");
        wanted.kinds = texts("type")?.iter().map(|text| ShareKind::parse(&path, text)).collect::<Result<_, _>>()?;
    }
    Ok(wanted)
}

/// The id of the store that is to be shared.
async fn store_id(app: &App, call: &Call, resource: &Resource) -> Result<StoreId, ApiError> {
    match resource {
        Resource::VariantStore(name) => Ok(variant_store::find(app, call, name).await?.id),
        Resource::AnnotationStore(name) => Ok(annotation_store::find(app, call, name).await?.id),
        other => Err(not_found(&call.scope().arn(other))),
    }
}

fn not_found(arn: &str) -> ApiError {
    ApiError::NotFound(format!("resource {arn} does not exist"))
}

fn describe(share: &Share) -> Value {
    json!({
        "shareId": share.id,
        "resourceArn": share.resource_arn,
        "resourceId": share.resource_id.as_str(),
        "principalSubscriber": share.subscriber.as_str(),
        "ownerId": share.owner.as_str(),
        "status": share.status.as_str(),
        "statusMessage": "",
        "shareName": share.name.as_str(),
        "creationTime": micros(share.created),
        "updateTime": micros(share.updated),
    })
}
