//! Tests of `import_jobs.rs` through the catalog's own calls.

use crate::testing::{account, call, job, states, store, table, with_claim, with_job};
use crate::{Catalog, Entity, Error, JobFilter, JobKind};
use varberg_model::*;

#[tokio::test]
async fn a_job_reads_back_as_enqueued() {
    let (catalog, _, job) = with_job().await;
    assert_eq!(catalog.job(&account(), job.id).await.unwrap(), Some(job.clone()));
    let stranger = AccountId::parse("111111111111").unwrap();
    assert_eq!(catalog.job(&stranger, job.id).await.unwrap(), None);
    assert!(matches!(catalog.request_cancel(&stranger, job.id).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_repeated_start_gives_the_same_job() {
    let (catalog, store, first) = with_job().await;
    let key = call("1");
    let second = job(&store, 1);
    assert_eq!(catalog.enqueue(&second, Some(&key)).await.unwrap(), second.id);
    assert_eq!(catalog.enqueue(&job(&store, 2), Some(&key)).await.unwrap(), second.id);
    let size = PageSize::parse(None).unwrap();
    let page = catalog.list_jobs(&account(), &JobFilter::all(JobKind::Variant), size, None).await.unwrap();
    assert_eq!(page.entries.iter().map(|j| j.id).collect::<Vec<_>>(), [second.id, first.id]);
    assert!(page.entries.iter().all(|j| j.items.is_empty()));
}

#[tokio::test]
async fn the_same_start_from_many_tasks_makes_one_job() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.sqlite");
    let catalogs = [Catalog::open(&path).await.unwrap(), Catalog::open(&path).await.unwrap()];
    let store = store("store", 0);
    catalogs[0].create_store(&store, &table(&store), None).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..16 {
        let (catalog, job, key) = (catalogs[i % 2].clone(), job(&store, 1), call("1"));
        tasks.spawn(async move { catalog.enqueue(&job, Some(&key)).await.unwrap() });
    }
    let ids = tasks.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    let size = PageSize::parse(None).unwrap();
    let page = catalogs[0].list_jobs(&account(), &JobFilter::all(JobKind::Variant), size, None).await.unwrap();
    assert_eq!(page.entries.len(), 1);
}

#[tokio::test]
async fn a_store_that_is_not_active_takes_no_job() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = VariantStore { status: StoreStatus::Creating, ..store("store", 0) };
    assert!(matches!(catalog.enqueue(&job(&store, 0), None).await, Err(Error::NotFound(Entity::VariantStore(_)))));
    catalog.create_store(&store, &table(&store), None).await.unwrap();
    assert!(matches!(catalog.enqueue(&job(&store, 0), None).await, Err(Error::NotActive(..))));
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once() {
    let (catalog, _, job) = with_job().await;
    catalog.request_cancel(&account(), job.id).await.unwrap();
    assert_eq!(states(&catalog, job.id).await, [JobStatus::Cancelled; 3]);
    assert!(catalog.claim("w", 60).await.unwrap().is_none());
    let error = catalog.request_cancel(&account(), job.id).await.unwrap_err();
    assert_eq!(error.to_string(), "the import job has already ended as CANCELLED");
}

#[tokio::test]
async fn filters_by_state_store_and_id() {
    let (catalog, store, claim) = with_claim().await;
    let waiting = job(&store, 5);
    catalog.enqueue(&waiting, None).await.unwrap();
    let ids = async |filter: JobFilter| {
        let page = catalog.list_jobs(&account(), &filter, PageSize::parse(None).unwrap(), None).await.unwrap();
        page.entries.iter().map(|j| j.id).collect::<Vec<_>>()
    };
    let by_state = JobFilter { status: Some(JobStatus::InProgress), ..JobFilter::all(JobKind::Variant) };
    assert_eq!(ids(by_state).await, [claim.job.id]);
    let by_id = JobFilter { ids: vec![waiting.id.to_string(), "unknown".into()], ..JobFilter::all(JobKind::Variant) };
    assert_eq!(ids(by_id).await, [waiting.id]);
    let by_store = JobFilter { store_name: Some("other".into()), ..JobFilter::all(JobKind::Variant) };
    assert_eq!(ids(by_store).await, []);
}

#[tokio::test]
async fn progress_starts_an_item_and_shows() {
    let (catalog, _, claim) = with_claim().await;
    let progress = ItemProgress { bytes_read: 1, bytes_total: 1 << 40, records: 3 };
    catalog.report_progress(&claim.lease, 1, progress).await.unwrap();
    let job = catalog.job(&account(), claim.job.id).await.unwrap().unwrap();
    assert_eq!(job.items[1].progress, progress);
    use JobStatus::{InProgress, Submitted};
    assert_eq!(states(&catalog, job.id).await, [InProgress, Submitted, InProgress]);
    let unknown = catalog.report_progress(&claim.lease, 2, progress).await;
    assert!(matches!(unknown, Err(Error::NotFound(Entity::ImportItem(2)))), "{unknown:?}");
}
