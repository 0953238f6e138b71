//! Variant import jobs: StartVariantImportJob, GetVariantImportJob, ListVariantImportJobs, CancelVariantImportJob
//! (spec 3.2, 5.2, 5.4), and the progress of a job's items for our own command line.

use crate::api::listing::Listing;
use crate::api::{Answer, Call, Reply, variant_store};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, micros};
use axum::extract::State;
use serde_json::{Value, json};
use varberg_catalog::{JobFilter, JobKind};
use varberg_model::{
    AnnotationFields, ImportItem, ImportJob, ItemProgress, ItemReport, ItemWarning, JobId, JobStatus, MAX_ITEMS,
    ObjectUri, ReferenceStatus, RoleArn, StoreName, StoreStatus, ValidationError, VariantStore,
};

/// A request to import, checked as far as it can be without looking at a store or a file.
struct Start {
    destination: StoreName,
    role: RoleArn,
    items: Vec<ImportItem>,
    left_normalize: bool,
    annotations: AnnotationFields,
}

pub(crate) async fn start(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let start = parse_start(&Fields::of_body(&body)?)?;
    let store = variant_store::find(&app, start.destination.as_str()).await?;
    if store.status != StoreStatus::Active {
        let reason = format!("variant store {} is {} and must be ACTIVE", store.name, store.status.as_str());
        return Err(ValidationError::new("destinationName", reason).into());
    }
    for item in &start.items {
        app.sources.check(&item.source)?;
    }
    if start.left_normalize {
        check_reference(&app, &store).await?;
    }
    let now = wire::now();
    let job = ImportJob {
        id: JobId::random(),
        account: app.account().clone(),
        destination_id: store.id,
        destination_name: store.name,
        annotation: None,
        role: start.role,
        left_normalize: start.left_normalize,
        annotation_fields: start.annotations,
        status: JobStatus::Submitted,
        message: String::new(),
        created: now,
        updated: now,
        completed: None,
        items: start.items,
    };
    let id = app.catalog.enqueue(&job, call.key("StartVariantImportJob", None).as_ref()).await?;
    app.wake();
    Ok(Reply::Json(json!({ "jobId": id.to_string() })))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let job = find(&app, &call).await?;
    let mut answer = summary(&job);
    wire::show(&mut answer, "statusMessage", Some(job.message.as_str().into()));
    wire::show(&mut answer, "items", Some(job.items.iter().map(item_json).collect()));
    Ok(Reply::Json(answer))
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?)?;
    let listing = Listing::parse(&call, "ListVariantImportJobs", &filter)?;
    let page = app.catalog.list_jobs(app.account(), &filter, listing.size, listing.after.as_ref()).await?;
    let entries = page.entries.iter().map(summary).collect();
    Ok(Reply::Json(listing.answer("variantImportJobs", &page, entries)))
}

pub(crate) async fn cancel(State(app): State<App>, call: Call) -> Answer {
    let id = find(&app, &call).await?.id;
    app.catalog.request_cancel(app.account(), id).await?;
    app.wake();
    Ok(Reply::Empty)
}

/// `GET /varberg/jobs/{jobId}/progress`: how far each item is and what was found in it. Not part of HealthOmics.
pub(crate) async fn progress(State(app): State<App>, call: Call) -> Answer {
    let id = JobId::parse("jobId", call.param("jobId"))?;
    let job = app.catalog.job(app.account(), id).await?;
    let job = job.ok_or_else(|| ApiError::NotFound(format!("import job {id} does not exist")))?;
    let item = |item: &ImportItem| {
        json!({
            "position": item.position,
            "source": item.source.to_string(),
            "status": item.status.as_str(),
            "message": item.message,
            "bytesRead": item.progress.bytes_read,
            "bytesTotal": item.progress.bytes_total,
            "records": item.progress.records,
            "rejected": item.report.rejected,
            "warnings": item.report.warnings.iter().map(warning_json).collect::<Vec<_>>(),
        })
    };
    Ok(Reply::Json(json!({
        "jobId": job.id.to_string(),
        "destinationName": job.destination_name.as_str(),
        "status": job.status.as_str(),
        "statusMessage": job.message,
        "items": job.items.iter().map(item).collect::<Vec<_>>(),
    })))
}

fn warning_json(warning: &ItemWarning) -> Value {
    json!({
        "cause": warning.cause,
        "code": warning.code,
        "message": warning.message,
        "verdict": warning.verdict,
        "count": warning.count,
        "firstLine": warning.first_line,
    })
}

async fn find(app: &App, call: &Call) -> Result<ImportJob, ApiError> {
    let id = JobId::parse("jobId", call.param("jobId"))?;
    let job = app.catalog.job(app.account(), id).await?.filter(|job| job.annotation.is_none());
    job.ok_or_else(|| ApiError::NotFound(format!("variant import job {id} does not exist")))
}

/// Normalization reads the store's reference: this server must hold it.
async fn check_reference(app: &App, store: &VariantStore) -> Result<(), ApiError> {
    let arn = &store.reference_arn;
    let reference = app.reference(arn).await?;
    let reason = match reference.map(|reference| reference.status) {
        Some(ReferenceStatus::Active) => return Ok(()),
        Some(status) => format!("the store's reference {arn} is {} and must be ACTIVE", status.as_str()),
        None => format!("the store's reference {arn} is not held by this server; records are normalized against it"),
    };
    Err(ValidationError::new("runLeftNormalization", reason).into())
}

fn parse_start(fields: &Fields<'_>) -> Result<Start, ValidationError> {
    let annotations = fields.text_map("annotationFields")?.map(AnnotationFields::new).transpose()?;
    Ok(Start {
        destination: StoreName::parse("destinationName", fields.required_text("destinationName")?)?,
        role: RoleArn::parse("roleArn", fields.required_text("roleArn")?)?,
        items: parse_items(fields)?,
        left_normalize: fields.flag("runLeftNormalization")?,
        annotations: annotations.unwrap_or_else(AnnotationFields::implied),
    })
}

fn parse_items(fields: &Fields<'_>) -> Result<Vec<ImportItem>, ValidationError> {
    let items = fields.objects("items", 1, MAX_ITEMS)?;
    (0..).zip(&items).map(|(position, item)| parse_item(position, item)).collect()
}

fn parse_item(position: u32, fields: &Fields<'_>) -> Result<ImportItem, ValidationError> {
    let path = fields.path("source");
    let source = ObjectUri::parse(&path, fields.required_text("source")?)?;
    Ok(ImportItem {
        position,
        source,
        status: JobStatus::Submitted,
        message: String::new(),
        progress: ItemProgress::default(),
        report: ItemReport::default(),
    })
}

fn parse_filter(fields: &Fields<'_>) -> Result<JobFilter, ValidationError> {
    let mut wanted = JobFilter { ids: fields.ids()?, ..JobFilter::all(JobKind::Variant) };
    if let Some(filter) = fields.object("filter")? {
        let status = filter.text("status")?;
        wanted.status = status.map(|text| JobStatus::parse(&filter.path("status"), text)).transpose()?;
        wanted.store_name = filter.text("storeName")?.map(str::to_owned);
    }
    Ok(wanted)
}

/// What get and list have in common.
fn summary(job: &ImportJob) -> Value {
    let mut answer = json!({
        "id": job.id.to_string(),
        "destinationName": job.destination_name.as_str(),
        "roleArn": job.role.as_str(),
        "status": job.status.as_str(),
        "creationTime": micros(job.created),
        "updateTime": micros(job.updated),
        "runLeftNormalization": job.left_normalize,
    });
    wire::show(&mut answer, "completionTime", job.completed.map(|time| micros(time).into()));
    let annotations = (!job.annotation_fields.is_empty()).then(|| json!(job.annotation_fields.as_map()));
    wire::show(&mut answer, "annotationFields", annotations);
    answer
}

fn item_json(item: &ImportItem) -> Value {
    let mut answer = json!({ "source": item.source.to_string(), "jobStatus": item.status.as_str() });
    let message = (!item.message.is_empty()).then(|| item.message.as_str().into());
    wire::show(&mut answer, "statusMessage", message);
    answer
}
