//! Tests of `outcome.rs` through the catalog's own calls.

use crate::testing::{account, states, swap, with_claim, with_job};
use crate::{Catalog, Error, Finish, JobOutcome, Lease};
use varberg_model::JobStatus::{self, Cancelled, Completed, CompletedWithFailures, Failed, InProgress, Submitted};
use varberg_model::VariantStore;

fn outcome(status: JobStatus, items: [JobStatus; 2]) -> JobOutcome {
    let items = (0..).zip(items).map(|(p, s)| (p, s, format!("item {p}"))).collect();
    JobOutcome { status, message: "job".into(), items }
}

async fn pointer(catalog: &Catalog, store: &VariantStore) -> String {
    catalog.pointer(&store.namespace(), store.name.as_str()).await.unwrap().unwrap()
}

/// Tries to commit m0 -> m1 and checks that a refusal changes nothing.
async fn refused(catalog: &Catalog, store: &VariantStore, lease: &Lease, expected: Finish) {
    let (before, at) = (states(catalog, lease.job).await, pointer(catalog, store).await);
    let wish = outcome(Completed, [Completed, Completed]);
    assert_eq!(catalog.finish(lease, &[swap(store, "m0", "m1")], &wish).await.unwrap(), expected);
    assert_eq!((states(catalog, lease.job).await, pointer(catalog, store).await), (before, at));
}

#[tokio::test]
async fn pointer_job_and_items_move_together() {
    let (catalog, store, claim) = with_claim().await;
    let wish = outcome(CompletedWithFailures, [Completed, Failed]);
    let swaps = [swap(&store, "m0", "m1")];
    assert_eq!(catalog.finish(&claim.lease, &swaps, &wish).await.unwrap(), Finish::Committed);
    assert_eq!(states(&catalog, claim.lease.job).await, [CompletedWithFailures, Completed, Failed]);
    assert_eq!(pointer(&catalog, &store).await, "m1");
    let job = catalog.job(&account(), claim.lease.job).await.unwrap().unwrap();
    assert_eq!((job.message.as_str(), job.items[1].message.as_str()), ("job", "item 1"));
    let previous: String = sqlx::query_scalar("SELECT previous_metadata_location FROM iceberg_tables")
        .fetch_one(&catalog.readers)
        .await
        .unwrap();
    assert_eq!(previous, "m0");
    refused(&catalog, &store, &claim.lease, Finish::LeaseLost).await;
}

#[tokio::test]
async fn an_old_epoch_commits_nothing() {
    let (catalog, store, old) = with_claim().await;
    catalog.release(&old.lease).await.unwrap();
    let new = catalog.claim("other", 60).await.unwrap().unwrap();
    refused(&catalog, &store, &old.lease, Finish::LeaseLost).await;
    let wish = outcome(Completed, [Completed, Completed]);
    let swaps = [swap(&store, "m0", "m1")];
    assert_eq!(catalog.finish(&new.lease, &swaps, &wish).await.unwrap(), Finish::Committed);
}

#[tokio::test]
async fn a_pointer_that_moved_refuses_all_swaps() {
    let (catalog, store, claim) = with_claim().await;
    let wish = outcome(Completed, [Completed, Completed]);
    let swaps = [swap(&store, "m0", "m1"), swap(&store, "elsewhere", "m2")];
    assert_eq!(catalog.finish(&claim.lease, &swaps, &wish).await.unwrap(), Finish::PointerMoved);
    assert_eq!(pointer(&catalog, &store).await, "m0");
    assert_eq!(states(&catalog, claim.lease.job).await, [InProgress, Submitted, Submitted]);
    let swaps = [swap(&store, "m0", "m2")];
    assert_eq!(catalog.finish(&claim.lease, &swaps, &wish).await.unwrap(), Finish::Committed);
}

#[tokio::test]
async fn a_cancel_before_the_commit_wins() {
    let (catalog, store, claim) = with_claim().await;
    catalog.request_cancel(&account(), claim.lease.job).await.unwrap();
    refused(&catalog, &store, &claim.lease, Finish::Cancelled).await;
    catalog.cancelled(&claim.lease).await.unwrap();
    catalog.cancelled(&claim.lease).await.unwrap();
    assert_eq!(states(&catalog, claim.lease.job).await, [Cancelled; 3]);
}

#[tokio::test]
async fn a_cancel_after_the_commit_is_too_late() {
    let (catalog, store, claim) = with_claim().await;
    let wish = outcome(Completed, [Completed, Completed]);
    catalog.finish(&claim.lease, &[swap(&store, "m0", "m1")], &wish).await.unwrap();
    let error = catalog.request_cancel(&account(), claim.lease.job).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyEnded(Completed)), "{error:?}");
    assert!(matches!(catalog.cancelled(&claim.lease).await, Err(Error::LeaseLost)));
    assert_eq!(states(&catalog, claim.lease.job).await, [Completed; 3]);
}

#[tokio::test]
async fn a_forced_deletion_before_the_commit_wins() {
    let (catalog, store, claim) = with_claim().await;
    catalog.begin_delete_store(&account(), "store", true).await.unwrap();
    refused(&catalog, &store, &claim.lease, Finish::Cancelled).await;
}

#[tokio::test]
async fn a_store_being_deleted_takes_no_commit_even_without_a_cancel() {
    let (catalog, store, claim) = with_claim().await;
    sqlx::query("UPDATE variant_stores SET status = 'DELETING'").execute(&catalog.writer).await.unwrap();
    refused(&catalog, &store, &claim.lease, Finish::StoreGone).await;
}

#[tokio::test]
async fn cancel_and_commit_at_once_never_both_happen() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.sqlite");
        let (a, b) = (Catalog::open(&path).await.unwrap(), Catalog::open(&path).await.unwrap());
        let store = crate::testing::store("store", 0);
        a.create_store(&store, &crate::testing::table(&store), None).await.unwrap();
        a.enqueue(&crate::testing::job(&store, 0), None).await.unwrap();
        let lease = a.claim("w", 60).await.unwrap().unwrap().lease;
        let (swaps, wish) = ([swap(&store, "m0", "m1")], outcome(Completed, [Completed, Completed]));
        let account = account();
        let (finish, cancel) = tokio::join!(a.finish(&lease, &swaps, &wish), b.request_cancel(&account, lease.job));
        match (finish.unwrap(), cancel) {
            (Finish::Committed, Err(Error::AlreadyEnded(Completed))) => assert_eq!(pointer(&a, &store).await, "m1"),
            (Finish::Cancelled, Ok(())) => assert_eq!(pointer(&a, &store).await, "m0"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_failed_job_fails_its_items_and_moves_nothing() {
    let (catalog, store, claim) = with_claim().await;
    assert_eq!(catalog.fail_job(&claim.lease, "three workers died").await.unwrap(), Finish::Committed);
    assert_eq!(states(&catalog, claim.lease.job).await, [Failed; 3]);
    assert_eq!(pointer(&catalog, &store).await, "m0");
    let job = catalog.job(&account(), claim.lease.job).await.unwrap().unwrap();
    assert_eq!(job.items[0].message, "three workers died");
}

#[tokio::test]
async fn an_outcome_that_contradicts_its_items_changes_nothing() {
    let (catalog, store, claim) = with_claim().await;
    let swaps = [swap(&store, "m0", "m1")];
    let unnamed = JobOutcome { items: Vec::new(), ..outcome(Completed, [Completed, Completed]) };
    for wish in [outcome(Completed, [Completed, Failed]), unnamed] {
        let error = catalog.finish(&claim.lease, &swaps, &wish).await.unwrap_err();
        assert!(matches!(error, Error::InconsistentOutcome(Completed)), "{error:?}");
    }
    let error = catalog.finish(&claim.lease, &swaps, &outcome(Cancelled, [Cancelled, Cancelled])).await.unwrap_err();
    assert!(matches!(error, Error::IllegalMove { .. }), "{error:?}");
    assert_eq!(pointer(&catalog, &store).await, "m0");
    assert_eq!(states(&catalog, claim.lease.job).await, [InProgress, Submitted, Submitted]);
}

#[tokio::test]
async fn a_job_never_claimed_is_not_ended_by_a_made_up_lease() {
    let (catalog, store, job) = with_job().await;
    for epoch in [0, 1] {
        refused(&catalog, &store, &Lease { job: job.id, epoch }, Finish::LeaseLost).await;
    }
}
