//! Reference stores: CreateReferenceStore, GetReferenceStore, DeleteReferenceStore, ListReferenceStores (spec 3.8, 5.6).

use crate::api::listing::Listing;
use crate::api::{Answer, Call, Reply};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, millis};
use axum::extract::State;
use serde_json::{Value, json};
use varberg_catalog::ReferenceStoreFilter;
use varberg_model::{RefId, ReferenceStore, ReferenceStoreName, ValidationError};

pub(crate) async fn create(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let fields = Fields::of_body(&body)?;
    let store = ReferenceStore {
        id: RefId::random(),
        account: call.account().clone(),
        name: ReferenceStoreName::parse("name", fields.required_text("name")?)?,
        description: fields.printable("description", 1, 255)?.map(str::to_owned),
        sse: fields.sse()?,
        tags: fields.tags()?,
        created: wire::now(),
    };
    let key = call.key("CreateReferenceStore", fields.printable("clientToken", 1, 127)?);
    let store = app.catalog.create_reference_store(&store, key.as_ref()).await?;
    Ok(Reply::Json(describe(&call, &store)))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let store = find(&app, &call, &store_id(&call, "id")?).await?;
    Ok(Reply::Json(describe(&call, &store)))
}

pub(crate) async fn delete(State(app): State<App>, call: Call) -> Answer {
    let id = store_id(&call, "id")?;
    let delete = async { Ok(app.catalog.delete_reference_store(call.account(), &id).await?) };
    call.once(&app, "DeleteReferenceStore", delete).await?;
    Ok(Reply::Empty)
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?)?;
    let listing = Listing::parse(&call, "ListReferenceStores", &filter)?;
    let page = app.catalog.list_reference_stores(call.account(), &filter, listing.size, listing.after.as_ref()).await?;
    let entries = page.entries.iter().map(|store| describe(&call, store)).collect();
    Ok(Reply::Json(listing.answer("referenceStores", &page, entries)))
}

fn parse_filter(fields: &Fields<'_>) -> Result<ReferenceStoreFilter, ValidationError> {
    let Some(filter) = fields.object("filter")? else { return Ok(ReferenceStoreFilter::default()) };
    Ok(ReferenceStoreFilter {
        name: filter.printable("name", 1, 127)?.map(str::to_owned),
        created_after: filter.time("createdAfter")?,
        created_before: filter.time("createdBefore")?,
    })
}

/// The reference store of a path; `member` is what the operation calls it.
pub(crate) fn store_id(call: &Call, member: &str) -> Result<RefId, ValidationError> {
    RefId::parse(member, call.param("store"))
}

pub(crate) async fn find(app: &App, call: &Call, id: &RefId) -> Result<ReferenceStore, ApiError> {
    let store = app.catalog.reference_store(call.account(), id).await?;
    store.ok_or_else(|| ApiError::NotFound(format!("reference store {id} does not exist")))
}

fn describe(call: &Call, store: &ReferenceStore) -> Value {
    let mut answer = json!({
        "id": store.id.as_str(),
        "arn": call.scope().reference_store_arn(store.id.as_str()),
        "name": store.name.as_str(),
        "creationTime": millis(store.created),
    });
    wire::show(&mut answer, "description", store.description.as_deref().map(Value::from));
    wire::show(&mut answer, "sseConfig", store.sse.as_ref().map(wire::sse_json));
    answer
}
