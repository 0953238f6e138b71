//! What the import jobs of both kinds of store have in common on the wire (spec 3.2, 3.5, 5.2, 5.4), and the progress of
//! a job's items for our own command line.

use crate::api::{Answer, Call, Reply};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::{self, Fields, micros};
use axum::extract::State;
use serde_json::{Value, json};
use varberg_catalog::{JobFilter, JobKind};
use varberg_model::{
    AnnotationFields, ImportItem, ImportJob, ItemProgress, ItemReport, ItemWarning, JobId, JobStatus, ObjectUri,
    RoleArn, StoreName, ValidationError,
};

/// A request to import, checked as far as it can be without looking at a store or a file.
pub(super) struct Start {
    pub destination: StoreName,
    pub role: RoleArn,
    pub items: Vec<ImportItem>,
    pub left_normalize: bool,
    /// None if not given.
    pub annotations: Option<AnnotationFields>,
}

pub(super) fn parse_start(fields: &Fields<'_>, max_items: usize) -> Result<Start, ValidationError> {
    Ok(Start {
        destination: StoreName::parse("destinationName", fields.required_text("destinationName")?)?,
        role: RoleArn::parse("roleArn", fields.required_text("roleArn")?)?,
        items: parse_items(fields, max_items)?,
        left_normalize: fields.flag("runLeftNormalization")?,
        annotations: fields.text_map("annotationFields")?.map(AnnotationFields::new).transpose()?,
    })
}

fn parse_items(fields: &Fields<'_>, max_items: usize) -> Result<Vec<ImportItem>, ValidationError> {
    let items = fields.objects("items", 1, max_items)?;
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

pub(super) fn parse_filter(fields: &Fields<'_>, kind: JobKind) -> Result<JobFilter, ValidationError> {
    let mut wanted = JobFilter { ids: fields.ids()?, ..JobFilter::all(kind) };
    if let Some(filter) = fields.object("filter")? {
        let status = filter.text("status")?;
        wanted.status = status.map(|text| JobStatus::parse(&filter.path("status"), text)).transpose()?;
        wanted.store_name = filter.text("storeName")?.map(str::to_owned);
    }
    Ok(wanted)
}

/// The job that the path names, of one kind: to the operations of the other it does not exist.
pub(super) async fn find(app: &App, call: &Call, kind: JobKind) -> Result<ImportJob, ApiError> {
    let id = JobId::parse("jobId", call.param("jobId"))?;
    let of_kind = |job: &ImportJob| job.annotation.is_some() == (kind == JobKind::Annotation);
    let job = app.catalog.job(call.account(), id).await?.filter(of_kind);
    let name = match kind {
        JobKind::Variant => "variant",
        JobKind::Annotation => "annotation",
    };
    job.ok_or_else(|| ApiError::NotFound(format!("{name} import job {id} does not exist")))
}

pub(super) async fn cancel(app: &App, call: &Call, kind: JobKind) -> Answer {
    let cancel = async {
        let id = find(app, call, kind).await?.id;
        Ok(app.catalog.request_cancel(call.account(), id).await.map(|_| ())?)
    };
    call.once(app, "CancelImportJob", cancel).await?;
    app.wake();
    Ok(Reply::Empty)
}

/// What get and list have in common.
pub(super) fn summary(job: &ImportJob) -> Value {
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

/// `GET /varberg/jobs/{jobId}/progress`: how far each item is and what was found in it. Not part of HealthOmics.
pub(crate) async fn progress(State(app): State<App>, call: Call) -> Answer {
    let id = JobId::parse("jobId", call.param("jobId"))?;
    let job = app.catalog.job(call.account(), id).await?;
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
    let mut answer = json!({
        "jobId": job.id.to_string(),
        "destinationName": job.destination_name.as_str(),
        "status": job.status.as_str(),
        "statusMessage": job.message,
        "items": job.items.iter().map(item).collect::<Vec<_>>(),
    });
    let version = job.annotation.as_ref().map(|annotation| annotation.version_name.as_str().into());
    wire::show(&mut answer, "versionName", version);
    let undone =
        app.catalog.undone(id).await?.map(
            |undone| json!({ "taskId": undone.task.to_string(), "time": micros(undone.time), "rows": undone.rows }),
        );
    wire::show(&mut answer, "undone", undone);
    Ok(Reply::Json(answer))
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
