//! References: ListReferences, GetReferenceMetadata, DeleteReference (spec 3.8, 5.6).

use crate::api::listing::Listing;
use crate::api::reference_file::{PART_BYTES, parts};
use crate::api::{Answer, Call, Reply, reference_store};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, millis};
use axum::extract::State;
use serde_json::{Value, json};
use varberg_catalog::ReferenceFilter;
use varberg_model::{RefId, Reference, ValidationError};

pub(crate) async fn metadata(State(app): State<App>, call: Call) -> Answer {
    let reference = find(&app, &call).await?;
    let mut answer = describe(&call, &reference);
    let files = json!({ "source": file(reference.source_bytes), "index": file(reference.index_bytes) });
    wire::show(&mut answer, "files", Some(files));
    wire::show(&mut answer, "creationType", Some("IMPORT".into()));
    wire::show(&mut answer, "creationJobId", Some(reference.job.as_str().into()));
    Ok(Reply::Json(answer))
}

/// The reference that the path names.
pub(super) async fn find(app: &App, call: &Call) -> Result<Reference, ApiError> {
    let store = reference_store::store_id(call, "referenceStoreId")?;
    let id = RefId::parse("id", call.param("id"))?;
    let reference = app.catalog.reference(call.account(), &store, &id).await?;
    let missing = || ApiError::NotFound(format!("reference {id} does not exist in reference store {store}"));
    reference.ok_or_else(missing)
}

pub(crate) async fn delete(State(app): State<App>, call: Call) -> Answer {
    let delete = async {
        let Reference { store, id, .. } = find(&app, &call).await?;
        Ok(app.catalog.delete_reference(call.account(), &store, &id).await?)
    };
    call.once(&app, "DeleteReference", delete).await?;
    app.wake_janitor();
    Ok(Reply::Empty)
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let store = reference_store::store_id(&call, "referenceStoreId")?;
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?)?;
    let listing = Listing::parse(&call, "ListReferences", &(&store, &filter))?;
    reference_store::find(&app, &call, &store).await?;
    let page =
        app.catalog.list_references(call.account(), &store, &filter, listing.size, listing.after.as_ref()).await?;
    let entries = page.entries.iter().map(|reference| describe(&call, reference)).collect();
    Ok(Reply::Json(listing.answer("references", &page, entries)))
}

fn parse_filter(fields: &Fields<'_>) -> Result<ReferenceFilter, ValidationError> {
    let Some(filter) = fields.object("filter")? else { return Ok(ReferenceFilter::default()) };
    let md5 = filter.printable("md5", 1, 255)?;
    if md5.is_some_and(|md5| !md5.chars().all(char::is_alphanumeric)) {
        return Err(ValidationError::pattern(&filter.path("md5"), r"[\p{L}||\p{N}]+"));
    }
    Ok(ReferenceFilter {
        name: filter.printable("name", 3, 255)?.map(str::to_owned),
        md5: md5.map(str::to_owned),
        created_after: filter.time("createdAfter")?,
        created_before: filter.time("createdBefore")?,
    })
}

fn describe(call: &Call, reference: &Reference) -> Value {
    let mut answer = json!({
        "id": reference.id.as_str(),
        "arn": call.scope().reference_arn(reference.store.as_str(), reference.id.as_str()),
        "referenceStoreId": reference.store.as_str(),
        "md5": reference.md5,
        "status": reference.status.as_str(),
        "name": reference.name.as_str(),
        "creationTime": millis(reference.created),
        "updateTime": millis(reference.updated),
    });
    wire::show(&mut answer, "description", reference.description.as_deref().map(Value::from));
    answer
}

fn file(bytes: u64) -> Value {
    json!({ "totalParts": parts(bytes), "partSize": PART_BYTES, "contentLength": bytes })
}
