//! Reference import jobs: StartReferenceImportJob, GetReferenceImportJob, ListReferenceImportJobs (spec 3.8, 5.6).

use crate::api::listing::Listing;
use crate::api::{Answer, Call, Reply, reference_store};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, millis};
use axum::extract::State;
use serde_json::{Value, json};
use varberg_catalog::ReferenceImportFilter;
use varberg_model::{
    ObjectUri, RefId, ReferenceImportJob, ReferenceImportSource, ReferenceJobStatus, ReferenceName,
    ReferenceSourceStatus, RoleArn, ValidationError,
};

/// Most sources of one job (spec 3.8).
const MAX_SOURCES: usize = 100;

/// Longest message on the wire (spec 3.8).
const MAX_MESSAGE: usize = 127;

pub(crate) async fn start(State(app): State<App>, call: Call) -> Answer {
    let store = reference_store::store_id(&call, "referenceStoreId")?;
    let body = call.json()?;
    let fields = Fields::of_body(&body)?;
    let role = RoleArn::parse_loose("roleArn", fields.required_text("roleArn")?)?;
    let sources = parse_sources(&fields)?;
    let key = call.key("StartReferenceImportJob", fields.printable("clientToken", 1, 127)?);
    reference_store::find(&app, &call, &store).await?;
    app.roles.check(call.caller(), &role, sources.iter().map(|source| &source.source))?;
    let job = ReferenceImportJob {
        id: RefId::random(),
        store,
        account: call.account().clone(),
        role,
        status: ReferenceJobStatus::Submitted,
        message: String::new(),
        created: wire::now(),
        completed: None,
        sources,
    };
    let job = app.catalog.enqueue_reference_import(&job, key.as_ref()).await?;
    app.wake();
    Ok(Reply::Json(summary(&job)))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let store = reference_store::store_id(&call, "referenceStoreId")?;
    let id = RefId::parse("id", call.param("id"))?;
    let job = app.catalog.reference_import_job(call.account(), &store, &id).await?;
    let missing = || ApiError::NotFound(format!("reference import job {id} does not exist in reference store {store}"));
    let job = job.ok_or_else(missing)?;
    let mut answer = summary(&job);
    wire::show(&mut answer, "statusMessage", message(&job.message).or_else(|| job_under_way(job.status)));
    wire::show(&mut answer, "sources", Some(job.sources.iter().map(source_json).collect()));
    Ok(Reply::Json(answer))
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let store = reference_store::store_id(&call, "referenceStoreId")?;
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?)?;
    let listing = Listing::parse(&call, "ListReferenceImportJobs", &(&store, &filter))?;
    reference_store::find(&app, &call, &store).await?;
    let page = app
        .catalog
        .list_reference_import_jobs(call.account(), &store, &filter, listing.size, listing.after.as_ref())
        .await?;
    let entries = page.entries.iter().map(summary).collect();
    Ok(Reply::Json(listing.answer("importJobs", &page, entries)))
}

fn parse_sources(fields: &Fields<'_>) -> Result<Vec<ReferenceImportSource>, ValidationError> {
    let sources = fields.objects("sources", 1, MAX_SOURCES)?;
    (0..).zip(&sources).map(|(position, source)| parse_source(position, source)).collect()
}

fn parse_source(position: u32, fields: &Fields<'_>) -> Result<ReferenceImportSource, ValidationError> {
    Ok(ReferenceImportSource {
        position,
        source: ObjectUri::parse(&fields.path("sourceFile"), fields.required_text("sourceFile")?)?,
        name: ReferenceName::parse(&fields.path("name"), fields.required_text("name")?)?,
        description: fields.printable("description", 1, 255)?.map(str::to_owned),
        tags: fields.tags()?,
        status: ReferenceSourceStatus::NotStarted,
        message: String::new(),
        reference: None,
    })
}

fn parse_filter(fields: &Fields<'_>) -> Result<ReferenceImportFilter, ValidationError> {
    let Some(filter) = fields.object("filter")? else { return Ok(ReferenceImportFilter::default()) };
    let status = filter.text("status")?.map(|text| ReferenceJobStatus::parse(&filter.path("status"), text));
    Ok(ReferenceImportFilter {
        status: status.transpose()?,
        created_after: filter.time("createdAfter")?,
        created_before: filter.time("createdBefore")?,
    })
}

fn summary(job: &ReferenceImportJob) -> Value {
    let mut answer = json!({
        "id": job.id.as_str(),
        "referenceStoreId": job.store.as_str(),
        "roleArn": job.role.as_str(),
        "status": job.status.as_str(),
        "creationTime": millis(job.created),
    });
    wire::show(&mut answer, "completionTime", job.completed.map(|time| millis(time).into()));
    answer
}

fn source_json(source: &ReferenceImportSource) -> Value {
    let mut answer = json!({
        "sourceFile": source.source.to_string(),
        "status": source.status.as_str(),
        "name": source.name.as_str(),
        "tags": source.tags.as_map(),
    });
    let text = message(&source.message).or_else(|| source_under_way(source.status));
    wire::show(&mut answer, "statusMessage", text);
    wire::show(&mut answer, "description", source.description.as_deref().map(Value::from));
    wire::show(&mut answer, "referenceId", source.reference.as_ref().map(|id| id.as_str().into()));
    answer
}

/// What is said of a job that has not ended (spec 5.6).
fn job_under_way(status: ReferenceJobStatus) -> Option<Value> {
    match status {
        ReferenceJobStatus::Submitted => Some("The job waits to be started.".into()),
        ReferenceJobStatus::InProgress => Some("The job is in progress.".into()),
        ReferenceJobStatus::Cancelling
        | ReferenceJobStatus::Cancelled
        | ReferenceJobStatus::Failed
        | ReferenceJobStatus::Completed
        | ReferenceJobStatus::CompletedWithFailures => None,
    }
}

fn source_under_way(status: ReferenceSourceStatus) -> Option<Value> {
    match status {
        ReferenceSourceStatus::NotStarted => Some("The source waits for its turn.".into()),
        ReferenceSourceStatus::InProgress => Some("The source is being imported.".into()),
        ReferenceSourceStatus::Finished | ReferenceSourceStatus::Failed => None,
    }
}

/// A message cut to what the wire allows; an empty one is not shown.
fn message(text: &str) -> Option<Value> {
    let cut: String = text.chars().take(MAX_MESSAGE).collect();
    (!cut.is_empty()).then(|| cut.into())
}
