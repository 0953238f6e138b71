//! Tests of `table_tasks.rs` through the catalog's own calls.

use crate::testing::{account, at, job, store, swap, table};
use crate::{Beat, Catalog, Error, Finish, TaskStep};
use varberg_model::*;

fn task(store: &VariantStore, work: Work, seconds: i64) -> Task {
    Task {
        id: JobId::random(),
        account: account(),
        destination: store.id.clone(),
        table: store.name.to_string(),
        work,
        automatic: false,
        status: JobStatus::Submitted,
        message: String::new(),
        report: TaskReport::default(),
        created: at(seconds),
        updated: at(seconds),
        completed: None,
    }
}

async fn with_store() -> (Catalog, VariantStore) {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = store("store", 0);
    catalog.create_store(&store, &table(&store), None).await.unwrap();
    (catalog, store)
}

async fn pointer(catalog: &Catalog, store: &VariantStore) -> String {
    catalog.pointer(&store.namespace(), store.name.as_str()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_task_moves_the_pointer_step_by_step_and_tells_what_it_did() {
    let (catalog, store) = with_store().await;
    let wanted = task(&store, Work::Compact, 0);
    assert_eq!(catalog.enqueue_task(&wanted).await.unwrap(), Some(wanted.clone()));
    let again = catalog.enqueue_task(&task(&store, Work::Compact, 1)).await.unwrap().unwrap();
    assert_eq!(again.id, wanted.id, "one that does the same waits already");
    let claim = catalog.claim_task("worker", 60).await.unwrap().unwrap();
    assert_eq!((claim.task.id, claim.lease.epoch, claim.attempts), (wanted.id, 1, 1));
    assert!(catalog.claim_task("other", 60).await.unwrap().is_none());
    assert_eq!(catalog.heartbeat_task(&claim.lease, 60).await.unwrap(), Beat::Held);
    let report = TaskReport { files_before: 9, files_after: 1, ..TaskReport::default() };
    let step = TaskStep { report, retires: false };
    let moved = catalog.step_task(&claim.lease, &[swap(&store, "m0", "m1")], &step).await.unwrap();
    assert_eq!((moved, pointer(&catalog, &store).await.as_str()), (Finish::Committed, "m1"));
    let late = catalog.step_task(&claim.lease, &[swap(&store, "m0", "m2")], &TaskStep::default()).await.unwrap();
    assert_eq!(late, Finish::PointerMoved);
    catalog.end_task(&claim.lease, JobStatus::Completed, "").await.unwrap();
    let ended = catalog.task(&account(), wanted.id).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.report, ended.completed.is_some()), (JobStatus::Completed, report, true));
    assert_eq!(catalog.tasks(&account(), Some("store")).await.unwrap(), [ended]);
    assert!(catalog.tasks(&account(), Some("other")).await.unwrap().is_empty());
    let told: Vec<_> = catalog.events(&account(), crate::EventsFrom::Newest(3), 3).await.unwrap().events;
    let told: Vec<&str> = told.iter().map(|event| event.change.status.as_str()).collect();
    assert_eq!(told, ["SUBMITTED", "IN_PROGRESS", "COMPLETED"]);
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_changes_nothing() {
    let (catalog, store) = with_store().await;
    catalog.enqueue_task(&task(&store, Work::Compact, 0)).await.unwrap();
    let old = catalog.claim_task("dead", 0).await.unwrap().unwrap();
    let new = catalog.claim_task("heir", 60).await.unwrap().unwrap();
    assert_eq!((new.lease.epoch, new.attempts), (2, 2));
    let swaps = [swap(&store, "m0", "m1")];
    assert_eq!(catalog.step_task(&old.lease, &swaps, &TaskStep::default()).await.unwrap(), Finish::LeaseLost);
    assert_eq!(catalog.heartbeat_task(&old.lease, 60).await.unwrap(), Beat::Lost);
    assert!(matches!(catalog.end_task(&old.lease, JobStatus::Completed, "").await, Err(Error::LeaseLost)));
    assert_eq!(pointer(&catalog, &store).await, "m0");
    catalog.release_task(&new.lease).await.unwrap();
    let third = catalog.claim_task("third", 60).await.unwrap().unwrap();
    assert_eq!((third.lease.epoch, third.attempts), (3, 2), "given back in good order");
    let files = &catalog.job_epochs().await.unwrap()[&third.task.id];
    assert_eq!((files.terminal, files.is_task, files.epoch), (false, true, 3));
}

#[tokio::test]
async fn a_table_has_one_task_at_work() {
    let (catalog, store) = with_store().await;
    catalog.enqueue_task(&task(&store, Work::Compact, 0)).await.unwrap();
    let second = task(&store, Work::Expire { before: at(5), keep: 1 }, 1);
    catalog.enqueue_task(&second).await.unwrap();
    let first = catalog.claim_task("worker", 60).await.unwrap().unwrap();
    assert!(catalog.claim_task("worker", 60).await.unwrap().is_none());
    catalog.end_task(&first.lease, JobStatus::Failed, "why").await.unwrap();
    let claim = catalog.claim_task("worker", 60).await.unwrap().unwrap();
    assert_eq!(claim.task.work, second.work);
    let step = TaskStep { retires: true, ..TaskStep::default() };
    catalog.step_task(&claim.lease, &[swap(&store, "m0", "m1")], &step).await.unwrap();
    assert_eq!(catalog.retired_metadata(&store.id, 60).await.unwrap(), ["m0"]);
    assert!(catalog.retired_metadata(&store.id, 0).await.unwrap().is_empty(), "its time is over");
    let automatic = Task { automatic: true, ..task(&store, Work::Compact, 2) };
    assert_eq!(catalog.enqueue_task(&automatic).await.unwrap(), None, "it has just failed");
}

#[tokio::test]
async fn an_undone_job_is_known_and_is_not_undone_twice() {
    let (catalog, store) = with_store().await;
    let job = job(&store, 0);
    catalog.enqueue(&job, None).await.unwrap();
    let work = Work::Undo { job: job.id };
    let first = task(&store, work.clone(), 1);
    catalog.enqueue_task(&first).await.unwrap();
    assert!(catalog.undone(job.id).await.unwrap().is_none());
    let claim = catalog.claim_task("worker", 60).await.unwrap().unwrap();
    let report = TaskReport { rows_removed: 7, ..TaskReport::default() };
    catalog.step_task(&claim.lease, &[], &TaskStep { report, retires: false }).await.unwrap();
    catalog.end_task(&claim.lease, JobStatus::Completed, "").await.unwrap();
    let undone = catalog.undone(job.id).await.unwrap().unwrap();
    assert_eq!((undone.task, undone.rows), (first.id, 7));
    let again = catalog.enqueue_task(&task(&store, work, 2)).await.unwrap().unwrap();
    assert_eq!((again.id, again.status), (first.id, JobStatus::Completed));
    assert!(
        catalog.store_items(&store.id, None, PageSize::parse(None).unwrap(), None).await.unwrap().entries.is_empty()
    );
}

#[tokio::test]
async fn a_store_in_deletion_waits_for_its_task() {
    let (catalog, store) = with_store().await;
    catalog.enqueue_task(&task(&store, Work::Compact, 0)).await.unwrap();
    let claim = catalog.claim_task("worker", 60).await.unwrap().unwrap();
    catalog.enqueue_task(&task(&store, Work::Expire { before: at(5), keep: 1 }, 1)).await.unwrap();
    catalog.begin_delete_store(&account(), "store", false).await.unwrap();
    assert!(catalog.deletable_destinations().await.unwrap().is_empty());
    assert_eq!(catalog.heartbeat_task(&claim.lease, 60).await.unwrap(), Beat::CancelRequested);
    let swaps = [swap(&store, "m0", "m1")];
    assert_eq!(catalog.step_task(&claim.lease, &swaps, &TaskStep::default()).await.unwrap(), Finish::Cancelled);
    catalog.end_task(&claim.lease, JobStatus::Cancelled, "").await.unwrap();
    assert_eq!(catalog.deletable_destinations().await.unwrap().len(), 1);
    catalog.drop_destination(&store.id).await.unwrap();
    let states: Vec<_> = catalog.tasks(&account(), None).await.unwrap().iter().map(|task| task.status).collect();
    assert_eq!(states, [JobStatus::Cancelled, JobStatus::Cancelled]);
    let gone = catalog.enqueue_task(&task(&store, Work::Compact, 3)).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
}
