//! Variant stores: CreateVariantStore, GetVariantStore, ListVariantStores, UpdateVariantStore, DeleteVariantStore (spec 3.1, 5.1 to 5.3).

use crate::api::listing::Listing;
use crate::api::{Answer, Call, Reply, reference_item, table};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, micros};
use axum::extract::State;
use futures::FutureExt;
use serde_json::{Value, json};
use varberg_catalog::StoreFilter;
use varberg_model::{
    Description, LAYOUT_TAG, Layout, SseConfig, StoreId, StoreName, StoreStatus, Tags, ValidationError, VariantStore,
};

pub(crate) async fn create(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let store = parse_store(&call, &Fields::of_body(&body)?)?;
    reference_item::check(&app, &call, &store.reference_arn).await?;
    let key = call.key("CreateVariantStore", None);
    // Cheaper than to make a table first; the transaction below decides again.
    let taken = app.catalog.store(call.account(), store.name.as_str()).await?.is_some();
    if taken && !app.catalog.knows_call(key.as_ref()).await? {
        return Err(ApiError::Conflict(format!("variant store {} already exists", store.name)));
    }
    let table = table::create(&app, &store.destination()).await?;
    let created = app.catalog.create_store(&store, &table, key.as_ref()).await;
    let created = table::kept(&app, &store.destination(), created, |created| created.id == store.id).await?;
    Ok(Reply::Json(json!({
        "id": created.id.as_str(),
        "reference": { "referenceArn": created.reference_arn },
        "status": StoreStatus::Creating.as_str(),
        "name": created.name.as_str(),
        "creationTime": micros(created.created),
    })))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let store = find(&app, &call, call.param("name")).await?;
    let mut answer = describe(&app, &call, &store).await?;
    wire::show(&mut answer, "tags", Some(json!(store.tags.as_map())));
    Ok(Reply::Json(answer))
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?)?;
    let listing = Listing::parse(&call, "ListVariantStores", &filter)?;
    let page = app.catalog.list_stores(call.account(), &filter, listing.size, listing.after.as_ref()).await?;
    let mut entries = Vec::with_capacity(page.entries.len());
    for store in &page.entries {
        entries.push(describe(&app, &call, store).await?);
    }
    Ok(Reply::Json(listing.answer("variantStores", &page, entries)))
}

pub(crate) async fn update(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let description = parse_description(&Fields::of_body(&body)?)?;
    let store = app.catalog.update_store(call.account(), call.param("name"), description.as_ref()).await?;
    Ok(Reply::Json(json!({
        "id": store.id.as_str(),
        "reference": { "referenceArn": store.reference_arn },
        "status": store.status.as_str(),
        "name": store.name.as_str(),
        "description": store.description.as_str(),
        "creationTime": micros(store.created),
        "updateTime": micros(store.updated),
    })))
}

pub(crate) async fn delete(State(app): State<App>, call: Call) -> Answer {
    let force = call.query_flag("force")?;
    let name = call.param("name");
    let begin = async { Ok(app.catalog.begin_delete_store(call.account(), name, force).await.map(|_| ())?) };
    call.once(&app, "DeleteVariantStore", begin).await?;
    app.wake();
    app.wake_janitor();
    let is_deleting = |store: VariantStore| store.status == StoreStatus::Deleting;
    let is_gone = || async { Ok(!app.catalog.store(call.account(), name).await?.is_some_and(is_deleting)) };
    table::wait_until(|| is_gone().boxed()).await?;
    Ok(Reply::Json(json!({ "status": StoreStatus::Deleting.as_str() })))
}

/// `GET /varberg/stores/{name}`: what HealthOmics does not tell of a store.
pub(crate) async fn layout(State(app): State<App>, call: Call) -> Answer {
    let store = find(&app, &call, call.param("name")).await?;
    Ok(Reply::Json(json!({ "name": store.name.as_str(), "layout": store.layout.as_str() })))
}

/// The store of that name. A text that is no legal name names no store.
pub(crate) async fn find(app: &App, call: &Call, name: &str) -> Result<VariantStore, ApiError> {
    let store = app.catalog.store(call.account(), name).await?;
    store.ok_or_else(|| ApiError::NotFound(format!("variant store {name} does not exist")))
}

/// `description` of an update; none leaves it as it is.
pub(super) fn parse_description(fields: &Fields<'_>) -> Result<Option<Description>, ValidationError> {
    fields.text("description")?.map(|text| Description::parse(Some(text))).transpose()
}

fn parse_store(call: &Call, fields: &Fields<'_>) -> Result<VariantStore, ValidationError> {
    let reference_arn = reference_item::parse(fields)?.ok_or_else(|| ValidationError::required("reference"))?;
    let tags = fields.tags()?;
    let now = wire::now();
    Ok(VariantStore {
        id: StoreId::random(),
        account: call.account().clone(),
        name: StoreName::parse("name", fields.required_text("name")?)?,
        reference_arn,
        description: Description::parse(fields.text("description")?)?,
        sse: fields.sse()?,
        layout: parse_layout(&tags)?,
        tags,
        status: StoreStatus::Active,
        status_message: String::new(),
        created: now,
        updated: now,
    })
}

fn parse_layout(tags: &Tags) -> Result<Layout, ValidationError> {
    let refused = |reason: &str| Err(ValidationError::new(format!("tags.{LAYOUT_TAG}"), reason));
    match tags.get(LAYOUT_TAG) {
        None => Ok(Layout::Auto),
        Some(text) => match Layout::parse(text) {
            Some(layout) => Ok(layout),
            None => refused("Member must satisfy enum value set: [auto, long, wide]"),
        },
    }
}

/// `filter` and `ids` of the listings of stores.
pub(super) fn parse_filter(fields: &Fields<'_>) -> Result<StoreFilter, ValidationError> {
    let ids = fields.ids()?;
    let status = match fields.object("filter")? {
        None => None,
        Some(filter) => {
            filter.text("status")?.map(|text| StoreStatus::parse(&filter.path("status"), text)).transpose()?
        }
    };
    Ok(StoreFilter { status, ids })
}

/// What get and list have in common; every member that the model calls required is there.
async fn describe(app: &App, call: &Call, store: &VariantStore) -> Result<Value, ApiError> {
    let bytes = table::bytes(app, &store.id, store.status, &store.namespace(), store.name.as_str()).await?;
    Ok(json!({
        "id": store.id.as_str(),
        "reference": { "referenceArn": store.reference_arn },
        "status": store.status.as_str(),
        "storeArn": call.scope().variant_store_arn(store.name.as_str()),
        "name": store.name.as_str(),
        "description": store.description.as_str(),
        "sseConfig": wire::sse_json(store.sse.as_ref().unwrap_or(&SseConfig { key_arn: None })),
        "creationTime": micros(store.created),
        "updateTime": micros(store.updated),
        "statusMessage": store.status_message,
        "storeSizeBytes": bytes,
    }))
}
