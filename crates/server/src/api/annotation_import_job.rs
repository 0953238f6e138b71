//! Annotation import jobs: StartAnnotationImportJob, GetAnnotationImportJob, ListAnnotationImportJobs,
//! CancelAnnotationImportJob (spec 3.5, 5.2, 5.4).

use crate::api::import_job::{self, Start, parse_filter, parse_start, summary};
use crate::api::listing::Listing;
use crate::api::{Answer, Call, Reply, annotation_store, annotation_version, format_options, reference_item};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, micros};
use axum::extract::State;
use serde_json::{Value, json};
use varberg_catalog::JobKind;
use varberg_model::{
    AnnotationFields, AnnotationImport, AnnotationStore, AnnotationVersion, ImportItem, ImportJob, JobId, JobStatus,
    StoreFormat, StoreName, StoreStatus, ValidationError,
};

/// Files of an annotation import job (spec 5.5): the answer to GetAnnotationImportJob has one.
const MAX_ITEMS: usize = 1;

pub(crate) async fn start(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let fields = Fields::of_body(&body)?;
    let Start { destination, role, items, left_normalize, annotations } = parse_start(&fields, MAX_ITEMS)?;
    let version_name = fields.text("versionName")?.map(|name| StoreName::parse("versionName", name)).transpose()?;
    let store = annotation_store::find(&app, &call, destination.as_str()).await?;
    let format = format_options::parse(&fields, store.format)?;
    let version = find_version(&app, &store, version_name.as_ref()).await?;
    check_active(&store, &version)?;
    app.roles.check(call.caller(), &role, items.iter().map(|item| &item.source))?;
    if left_normalize && store.destination(&version).content.has_alleles() {
        reference_item::check_for_normalization(&app, &call, store.reference_arn.as_deref()).await?;
    }
    let implied =
        if store.format == StoreFormat::Vcf { AnnotationFields::implied() } else { AnnotationFields::default() };
    let now = wire::now();
    let job = ImportJob {
        id: JobId::random(),
        account: call.account().clone(),
        destination_id: version.id,
        destination_name: store.name,
        annotation: Some(AnnotationImport { version_name: version.name, format }),
        role,
        left_normalize,
        annotation_fields: annotations.unwrap_or(implied),
        status: JobStatus::Submitted,
        message: String::new(),
        created: now,
        updated: now,
        completed: None,
        items,
    };
    let id = app.catalog.enqueue(&job, call.key("StartAnnotationImportJob", None).as_ref()).await?;
    app.wake();
    Ok(Reply::Json(json!({ "jobId": id.to_string() })))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let job = import_job::find(&app, &call, JobKind::Annotation).await?;
    let mut answer = shown(&job);
    // The model wants a time in every answer and a text for the file here, because items have none (spec 3.11).
    wire::show(&mut answer, "completionTime", Some(micros(job.completed.unwrap_or(job.updated)).into()));
    wire::show(&mut answer, "statusMessage", Some(message(&job).into()));
    wire::show(&mut answer, "items", Some(job.items.iter().map(item_json).collect()));
    let format = job.annotation.as_ref().map(|annotation| format_options::show(&annotation.format));
    wire::show(&mut answer, "formatOptions", format);
    Ok(Reply::Json(answer))
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?, JobKind::Annotation)?;
    let listing = Listing::parse(&call, "ListAnnotationImportJobs", &filter)?;
    let page = app.catalog.list_jobs(call.account(), &filter, listing.size, listing.after.as_ref()).await?;
    let entries = page.entries.iter().map(shown).collect();
    Ok(Reply::Json(listing.answer("annotationImportJobs", &page, entries)))
}

pub(crate) async fn cancel(State(app): State<App>, call: Call) -> Answer {
    import_job::cancel(&app, &call, JobKind::Annotation).await
}

/// The version named, else the one the store began with (spec 5.4).
async fn find_version(
    app: &App,
    store: &AnnotationStore,
    name: Option<&StoreName>,
) -> Result<AnnotationVersion, ApiError> {
    match name {
        Some(name) => annotation_version::find(app, store, name.as_str()).await,
        None => {
            let gone = || {
                let reason = format!("the first version of annotation store {} is gone: name another one", store.name);
                ValidationError::new("versionName", reason)
            };
            Ok(app.catalog.first_annotation_version(&store.id).await?.ok_or_else(gone)?)
        }
    }
}

fn check_active(store: &AnnotationStore, version: &AnnotationVersion) -> Result<(), ValidationError> {
    if store.status != StoreStatus::Active {
        let reason = format!("annotation store {} is {} and must be ACTIVE", store.name, store.status.as_str());
        return Err(ValidationError::new("destinationName", reason));
    }
    if version.status != StoreStatus::Active {
        let reason = format!(
            "version {} of annotation store {} is {} and must be ACTIVE",
            version.name,
            store.name,
            version.status.as_str()
        );
        return Err(ValidationError::new("versionName", reason));
    }
    Ok(())
}

fn shown(job: &ImportJob) -> Value {
    let mut answer = summary(job);
    let version = job.annotation.as_ref().map(|annotation| annotation.version_name.as_str().into());
    wire::show(&mut answer, "versionName", version);
    answer
}

/// What there is to say of the job's file, else of the job.
fn message(job: &ImportJob) -> &str {
    let of_item = job.items.first().map(|item| item.message.as_str()).filter(|text| !text.is_empty());
    of_item.unwrap_or(&job.message)
}

fn item_json(item: &ImportItem) -> Value {
    json!({ "source": item.source.to_string(), "jobStatus": item.status.as_str() })
}
