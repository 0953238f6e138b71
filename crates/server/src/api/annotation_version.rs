//! Versions of annotation stores: CreateAnnotationStoreVersion, GetAnnotationStoreVersion, ListAnnotationStoreVersions,
//! UpdateAnnotationStoreVersion, DeleteAnnotationStoreVersions (spec 3.4, 12.4).

use crate::api::listing::Listing;
use crate::api::variant_store::parse_description;
use crate::api::{Answer, Call, Reply, annotation_store, table, tsv_options};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, micros};
use axum::extract::State;
use futures::FutureExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use varberg_model::{
    AnnotationStore, AnnotationVersion, Description, PageSize, StoreFormat, StoreId, StoreName, StoreStatus,
    TsvStoreOptions, ValidationError,
};

/// Versions that one call deletes at most.
const MAX_DELETED: usize = 10;

pub(crate) async fn create(State(app): State<App>, call: Call) -> Answer {
    // Of all operations the only one whose model restricts the name in the path.
    let name = StoreName::parse("name", call.param("name"))?;
    let body = call.json()?;
    let store = annotation_store::find(&app, &call, name.as_str()).await?;
    let version = parse_version(&store, &Fields::of_body(&body)?)?;
    let key = call.key("CreateAnnotationStoreVersion", None);
    // Cheaper than to make a table first; the transaction below decides again.
    let taken = app.catalog.annotation_version(&store.id, version.name.as_str()).await?.is_some();
    if taken && !app.catalog.knows_call(key.as_ref()).await? {
        let text = format!("version {} of annotation store {} already exists", version.name, store.name);
        return Err(ApiError::Conflict(text));
    }
    let destination = store.destination(&version);
    let table = table::create(&app, &destination).await?;
    let created = app.catalog.create_annotation_version(&store, &version, &table, key.as_ref()).await;
    let created = table::kept(&app, &destination, created, |created| created.id == version.id).await?;
    let mut answer = json!({
        "id": created.id.as_str(),
        "versionName": created.name.as_str(),
        "storeId": created.store.as_str(),
        "name": store.name.as_str(),
        "status": StoreStatus::Creating.as_str(),
        "creationTime": micros(created.created),
    });
    show_options(&mut answer, &created);
    Ok(Reply::Json(answer))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let store = annotation_store::find(&app, &call, call.param("name")).await?;
    let version = find(&app, &store, call.param("version")).await?;
    let mut answer = describe(&app, &call, &store, &version).await?;
    show_options(&mut answer, &version);
    wire::show(&mut answer, "tags", Some(json!(version.tags.as_map())));
    Ok(Reply::Json(answer))
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let status = parse_status(&Fields::of_body(&body)?)?;
    let store = annotation_store::find(&app, &call, call.param("name")).await?;
    let listing = Listing::parse(&call, "ListAnnotationStoreVersions", &(&store.id, status))?;
    let after = listing.after.as_ref();
    let page = app.catalog.list_annotation_versions(&store.id, status, listing.size, after).await?;
    let mut entries = Vec::with_capacity(page.entries.len());
    for version in &page.entries {
        entries.push(describe(&app, &call, &store, version).await?);
    }
    Ok(Reply::Json(listing.answer("annotationStoreVersions", &page, entries)))
}

pub(crate) async fn update(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let description = parse_description(&Fields::of_body(&body)?)?;
    let store = annotation_store::find(&app, &call, call.param("name")).await?;
    let name = call.param("version");
    let version = app.catalog.update_annotation_version(&store, name, description.as_ref()).await?;
    Ok(Reply::Json(json!({
        "storeId": version.store.as_str(),
        "id": version.id.as_str(),
        "status": version.status.as_str(),
        "name": store.name.as_str(),
        "versionName": version.name.as_str(),
        "description": version.description.as_str(),
        "creationTime": micros(version.created),
        "updateTime": micros(version.updated),
    })))
}

pub(crate) async fn delete(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let names = parse_names(&Fields::of_body(&body)?)?;
    let force = call.query_flag("force")?;
    let store = annotation_store::find(&app, &call, call.param("name")).await?;
    let mut errors = Vec::new();
    let mut deleted = Vec::new();
    for name in &names {
        match app.catalog.begin_delete_annotation_version(call.account(), &store.name, name.as_str(), force).await {
            Ok(()) => deleted.push(name),
            Err(error) => {
                let message = refused(error, deleted.is_empty())?;
                errors.push(json!({ "versionName": name.as_str(), "message": message }));
            }
        }
    }
    app.wake();
    app.wake_janitor();
    let are_gone = || async {
        for name in &deleted {
            let found = app.catalog.annotation_version(&store.id, name.as_str()).await?;
            if found.is_some_and(|version| version.status == StoreStatus::Deleting) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    table::wait_until(|| are_gone().boxed()).await?;
    Ok(Reply::Json(json!({ "errors": errors })))
}

/// The version of that name.
pub(super) async fn find(app: &App, store: &AnnotationStore, name: &str) -> Result<AnnotationVersion, ApiError> {
    let version = app.catalog.annotation_version(&store.id, name).await?;
    let missing = || ApiError::NotFound(format!("version {name} of annotation store {} does not exist", store.name));
    version.ok_or_else(missing)
}

/// Bytes of the data files of all versions.
pub(super) async fn bytes_of_store(app: &App, store: &AnnotationStore) -> Result<u64, ApiError> {
    let (mut total, mut after) = (0_u64, None);
    loop {
        let page =
            app.catalog.list_annotation_versions(&store.id, None, PageSize::parse(None)?, after.as_ref()).await?;
        for version in &page.entries {
            total = total.saturating_add(bytes(app, store, version).await?);
        }
        after = page.next;
        if after.is_none() {
            return Ok(total);
        }
    }
}

async fn bytes(app: &App, store: &AnnotationStore, version: &AnnotationVersion) -> Result<u64, ApiError> {
    table::bytes(app, &version.id, version.status, &store.namespace(), &version.table_name()).await
}

/// The text for a version that could not be deleted. Errors that are not the version's fail the call, unless others are
/// deleted by then: a repetition would say that those do not exist.
fn refused(error: varberg_catalog::Error, is_first: bool) -> Result<String, ApiError> {
    use varberg_catalog::Error;
    match error {
        Error::Busy if !is_first => Ok(error.to_string()),
        Error::NotFound(_) | Error::Conflict(_) => Ok(error.to_string()),
        other => Err(other.into()),
    }
}

fn parse_version(store: &AnnotationStore, fields: &Fields<'_>) -> Result<AnnotationVersion, ValidationError> {
    let now = wire::now();
    let version = AnnotationVersion {
        id: StoreId::random(),
        store: store.id.clone(),
        store_name: store.name.clone(),
        name: StoreName::parse("versionName", fields.required_text("versionName")?)?,
        description: Description::parse(fields.text("description")?)?,
        tags: fields.tags()?,
        options: parse_options(store, fields)?,
        status: StoreStatus::Active,
        status_message: String::new(),
        created: now,
        updated: now,
    };
    version.check_table_name()?;
    Ok(version)
}

/// `versionOptions`; what is left out is as in the store (spec 12.4).
fn parse_options(store: &AnnotationStore, fields: &Fields<'_>) -> Result<Option<TsvStoreOptions>, ValidationError> {
    let Some(options) = fields.object("versionOptions")? else { return Ok(store.options.clone()) };
    if store.format != StoreFormat::Tsv {
        let reason = format!("Member must not be set for a store of format {}", store.format.as_str());
        return Err(ValidationError::new("versionOptions", reason));
    }
    let (_, options) = options.union_object(&["tsvVersionOptions"])?;
    tsv_options::parse(&options, store.options.as_ref()).map(Some)
}

fn parse_status(fields: &Fields<'_>) -> Result<Option<StoreStatus>, ValidationError> {
    let Some(filter) = fields.object("filter")? else { return Ok(None) };
    filter.text("status")?.map(|text| StoreStatus::parse(&filter.path("status"), text)).transpose()
}

fn parse_names(fields: &Fields<'_>) -> Result<Vec<StoreName>, ValidationError> {
    let names = fields.texts("versions", 1, MAX_DELETED)?.ok_or_else(|| ValidationError::required("versions"))?;
    let names = (1..).zip(names).map(|(place, name)| StoreName::parse(&format!("versions.{place}"), name));
    let different: BTreeSet<StoreName> = names.collect::<Result<_, _>>()?;
    Ok(different.into_iter().collect())
}

/// What get and list have in common.
async fn describe(
    app: &App,
    call: &Call,
    store: &AnnotationStore,
    version: &AnnotationVersion,
) -> Result<Value, ApiError> {
    let (name, version_name) = (store.name.as_str(), version.name.as_str());
    Ok(json!({
        "storeId": version.store.as_str(),
        "id": version.id.as_str(),
        "status": version.status.as_str(),
        "versionArn": call.scope().annotation_version_arn(name, version_name),
        "name": name,
        "versionName": version_name,
        "description": version.description.as_str(),
        "creationTime": micros(version.created),
        "updateTime": micros(version.updated),
        "statusMessage": version.status_message,
        "versionSizeBytes": bytes(app, store, version).await?,
    }))
}

fn show_options(answer: &mut Value, version: &AnnotationVersion) {
    let options = version.options.as_ref().map(|options| json!({ "tsvVersionOptions": tsv_options::show(options) }));
    wire::show(answer, "versionOptions", options);
}
