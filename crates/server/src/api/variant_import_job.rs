//! Variant import jobs: StartVariantImportJob, GetVariantImportJob, ListVariantImportJobs, CancelVariantImportJob
//! (spec 3.2, 5.2, 5.4).

use crate::api::import_job::{self, Start, parse_filter, parse_start, summary};
use crate::api::listing::Listing;
use crate::api::{Answer, Call, Reply, reference_item, variant_store};
use crate::app::App;
use crate::wire::{self, Fields};
use axum::extract::State;
use serde_json::{Value, json};
use varberg_catalog::JobKind;
use varberg_model::{
    AnnotationFields, ImportItem, ImportJob, JobId, JobStatus, MAX_ITEMS, StoreStatus, ValidationError,
};

pub(crate) async fn start(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let Start { destination, role, items, left_normalize, annotations } =
        parse_start(&Fields::of_body(&body)?, MAX_ITEMS)?;
    let store = variant_store::find(&app, &call, destination.as_str()).await?;
    if store.status != StoreStatus::Active {
        let reason = format!("variant store {} is {} and must be ACTIVE", store.name, store.status.as_str());
        return Err(ValidationError::new("destinationName", reason).into());
    }
    app.roles.check(call.caller(), &role, items.iter().map(|item| &item.source))?;
    if left_normalize {
        reference_item::check_for_normalization(&app, &call, Some(&store.reference_arn)).await?;
    }
    let now = wire::now();
    let job = ImportJob {
        id: JobId::random(),
        account: call.account().clone(),
        destination_id: store.id,
        destination_name: store.name,
        annotation: None,
        role,
        left_normalize,
        annotation_fields: annotations.unwrap_or_else(AnnotationFields::implied),
        status: JobStatus::Submitted,
        message: String::new(),
        created: now,
        updated: now,
        completed: None,
        items,
    };
    let id = app.catalog.enqueue(&job, call.key("StartVariantImportJob", None).as_ref()).await?;
    app.wake();
    Ok(Reply::Json(json!({ "jobId": id.to_string() })))
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let job = import_job::find(&app, &call, JobKind::Variant).await?;
    let mut answer = summary(&job);
    wire::show(&mut answer, "statusMessage", Some(job.message.as_str().into()));
    wire::show(&mut answer, "items", Some(job.items.iter().map(item_json).collect()));
    Ok(Reply::Json(answer))
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let body = call.json()?;
    let filter = parse_filter(&Fields::of_body(&body)?, JobKind::Variant)?;
    let listing = Listing::parse(&call, "ListVariantImportJobs", &filter)?;
    let page = app.catalog.list_jobs(call.account(), &filter, listing.size, listing.after.as_ref()).await?;
    let entries = page.entries.iter().map(summary).collect();
    Ok(Reply::Json(listing.answer("variantImportJobs", &page, entries)))
}

pub(crate) async fn cancel(State(app): State<App>, call: Call) -> Answer {
    import_job::cancel(&app, &call, JobKind::Variant).await
}

fn item_json(item: &ImportItem) -> Value {
    let mut answer = json!({ "source": item.source.to_string(), "jobStatus": item.status.as_str() });
    let message = (!item.message.is_empty()).then(|| item.message.as_str().into());
    wire::show(&mut answer, "statusMessage", message);
    answer
}
