//! Annotation stores: CreateAnnotationStore, GetAnnotationStore, ListAnnotationStores, UpdateAnnotationStore,
//! DeleteAnnotationStore (spec 3.3, 5.1 to 5.3).

use crate::api::listing::Listing;
use crate::api::variant_store::{parse_description, parse_filter};
use crate::api::{Answer, Call, Reply, annotation_version, reference_item, table, tsv_options};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, micros};
use axum::extract::State;
use futures::FutureExt;
use serde_json::{Value, json};
use varberg_model::{
    AnnotationStore, AnnotationVersion, Description, SseConfig, StoreFormat, StoreId, StoreName, StoreStatus,
    TsvStoreOptions, ValidationError,
};

pub(crate) async fn create(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let fields = Fields::of_body(&body)?;
    let store = parse_store(&call, &fields)?;
    let version = first_version(&store, &fields)?;
    if let Some(arn) = &store.reference_arn {
        reference_item::check(&app, &call, arn).await?;
    }
    let key = call.key("CreateAnnotationStore", None);
    // Cheaper than to make a table first; the transaction below decides again.
    let taken = app.catalog.annotation_store(call.account(), store.name.as_str()).await?.is_some();
    if taken && !app.catalog.knows_call(key.as_ref()).await? {
        return Err(ApiError::Conflict(format!("annotation store {} already exists", store.name)));
    }
    let destination = store.destination(&version);
    let table = table::create(&app, &destination).await?;
    let created = app.catalog.create_annotation_store(&store, &version, &table, key.as_ref()).await;
    let created = table::kept(&app, &destination, created, |created| created.id == store.id).await?;
    let mut answer = json!({
        "id": created.id.as_str(),
        "status": StoreStatus::Creating.as_str(),
        "name": created.name.as_str(),
        "versionName": version.name.as_str(),
        "creationTime": micros(created.created),
    });
    show_kind(&mut answer, &created);
    Ok(Reply::Json(answer))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let store = find(&app, &call, call.param("name")).await?;
    let mut answer = describe(&app, &call, &store).await?;
    show_kind(&mut answer, &store);
    wire::show(&mut answer, "tags", Some(json!(store.tags.as_map())));
    wire::show(&mut answer, "numVersions", Some(store.versions.into()));
    Ok(Reply::Json(answer))
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?)?;
    let listing = Listing::parse(&call, "ListAnnotationStores", &filter)?;
    let page =
        app.catalog.list_annotation_stores(call.account(), &filter, listing.size, listing.after.as_ref()).await?;
    let mut entries = Vec::with_capacity(page.entries.len());
    for store in &page.entries {
        let mut entry = describe(&app, &call, store).await?;
        wire::show(&mut entry, "storeFormat", Some(store.format.as_str().into()));
        entries.push(entry);
    }
    Ok(Reply::Json(listing.answer("annotationStores", &page, entries)))
}

pub(crate) async fn update(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let description = parse_description(&Fields::of_body(&body)?)?;
    let name = call.param("name");
    let store = app.catalog.update_annotation_store(call.account(), name, description.as_ref()).await?;
    let mut answer = json!({
        "id": store.id.as_str(),
        "status": store.status.as_str(),
        "name": store.name.as_str(),
        "description": store.description.as_str(),
        "creationTime": micros(store.created),
        "updateTime": micros(store.updated),
    });
    show_kind(&mut answer, &store);
    Ok(Reply::Json(answer))
}

pub(crate) async fn delete(State(app): State<App>, call: Call) -> Answer {
    let force = call.query_flag("force")?;
    let name = call.param("name");
    let begin = async { Ok(app.catalog.begin_delete_annotation_store(call.account(), name, force).await.map(|_| ())?) };
    call.once(&app, "DeleteAnnotationStore", begin).await?;
    app.wake();
    app.wake_janitor();
    let is_deleting = |store: AnnotationStore| store.status == StoreStatus::Deleting;
    let is_gone = || async { Ok(!app.catalog.annotation_store(call.account(), name).await?.is_some_and(is_deleting)) };
    table::wait_until(|| is_gone().boxed()).await?;
    Ok(Reply::Json(json!({ "status": StoreStatus::Deleting.as_str() })))
}

/// The store of that name. A text that is no legal name names no store.
pub(super) async fn find(app: &App, call: &Call, name: &str) -> Result<AnnotationStore, ApiError> {
    let store = app.catalog.annotation_store(call.account(), name).await?;
    store.ok_or_else(|| ApiError::NotFound(format!("annotation store {name} does not exist")))
}

fn parse_store(call: &Call, fields: &Fields<'_>) -> Result<AnnotationStore, ValidationError> {
    let format = StoreFormat::parse("storeFormat", fields.required_text("storeFormat")?)?;
    let now = wire::now();
    Ok(AnnotationStore {
        id: StoreId::random(),
        account: call.account().clone(),
        name: StoreName::parse("name", fields.required_text("name")?)?,
        reference_arn: reference_item::parse(fields)?,
        description: Description::parse(fields.text("description")?)?,
        sse: fields.sse()?,
        tags: fields.tags()?,
        format,
        options: parse_options(fields, format)?,
        status: StoreStatus::Active,
        status_message: String::new(),
        versions: 1,
        created: now,
        updated: now,
    })
}

/// `storeOptions`: what a TSV store must have and no other may (spec 5.3).
fn parse_options(fields: &Fields<'_>, format: StoreFormat) -> Result<Option<TsvStoreOptions>, ValidationError> {
    match (format, fields.object("storeOptions")?) {
        (StoreFormat::Tsv, Some(options)) => {
            let (_, options) = options.union_object(&["tsvStoreOptions"])?;
            tsv_options::parse(&options, None).map(Some)
        }
        (StoreFormat::Tsv, None) => Err(ValidationError::required("storeOptions")),
        (StoreFormat::Gff | StoreFormat::Vcf, None) => Ok(None),
        (StoreFormat::Gff | StoreFormat::Vcf, Some(_)) => {
            let reason = format!("Member must not be set for storeFormat {}", format.as_str());
            Err(ValidationError::new("storeOptions", reason))
        }
    }
}

/// The version that the store begins with: it has the store's id, and the store's name unless another is given (spec 5.1).
fn first_version(store: &AnnotationStore, fields: &Fields<'_>) -> Result<AnnotationVersion, ValidationError> {
    let name = fields.text("versionName")?.map(|name| StoreName::parse("versionName", name)).transpose()?;
    Ok(AnnotationVersion {
        id: store.id.clone(),
        store: store.id.clone(),
        store_name: store.name.clone(),
        name: name.unwrap_or_else(|| store.name.clone()),
        description: Description::default(),
        tags: varberg_model::Tags::default(),
        options: store.options.clone(),
        status: StoreStatus::Active,
        status_message: String::new(),
        created: store.created,
        updated: store.updated,
    })
}

/// What get and list have in common.
async fn describe(app: &App, call: &Call, store: &AnnotationStore) -> Result<Value, ApiError> {
    let mut answer = json!({
        "id": store.id.as_str(),
        "status": store.status.as_str(),
        "storeArn": call.scope().annotation_store_arn(store.name.as_str()),
        "name": store.name.as_str(),
        "description": store.description.as_str(),
        "sseConfig": wire::sse_json(store.sse.as_ref().unwrap_or(&SseConfig { key_arn: None })),
        "creationTime": micros(store.created),
        "updateTime": micros(store.updated),
        "statusMessage": store.status_message,
        "storeSizeBytes": annotation_version::bytes_of_store(app, store).await?,
    });
    show_reference(&mut answer, store);
    Ok(answer)
}

/// Left out where there is none: an empty union breaks typed SDKs (spec 3.11).
fn show_reference(answer: &mut Value, store: &AnnotationStore) {
    let reference = store.reference_arn.as_ref().map(|arn| json!({ "referenceArn": arn }));
    wire::show(answer, "reference", reference);
}

fn show_kind(answer: &mut Value, store: &AnnotationStore) {
    show_reference(answer, store);
    wire::show(answer, "storeFormat", Some(store.format.as_str().into()));
    let options = store.options.as_ref().map(|options| json!({ "tsvStoreOptions": tsv_options::show(options) }));
    wire::show(answer, "storeOptions", options);
}
