//! Tests of `leases.rs` through the catalog's own calls.

use crate::testing::{account, job, states, store, table, with_claim, with_job};
use crate::{Beat, Catalog, Error, ItemOutcome, ItemResult, JobFiles, Lease};
use varberg_model::*;

fn imported(position: u32, payload: &str) -> ItemResult {
    ItemResult { position, outcome: ItemOutcome::Imported { payload: payload.into() } }
}

fn failed(position: u32, message: &str) -> ItemResult {
    ItemResult { position, outcome: ItemOutcome::Failed { message: message.into() } }
}

#[tokio::test]
async fn of_two_that_claim_one_job_exactly_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.sqlite");
    let (a, b) = (Catalog::open(&path).await.unwrap(), Catalog::open(&path).await.unwrap());
    let store = store("store", 0);
    a.create_store(&store, &table(&store), None).await.unwrap();
    for round in 0..20 {
        a.enqueue(&job(&store, round), None).await.unwrap();
        let (x, y) = tokio::join!(a.claim("a", 60), b.claim("b", 60));
        assert_eq!([x.unwrap(), y.unwrap()].iter().flatten().count(), 1);
    }
}

#[tokio::test]
async fn the_oldest_job_is_claimed_first() {
    let (catalog, store, second) = with_job().await;
    let (first, third) = (job(&store, -1), job(&store, 1));
    catalog.enqueue(&third, None).await.unwrap();
    catalog.enqueue(&first, None).await.unwrap();
    for expected in [first.id, second.id, third.id] {
        assert_eq!(catalog.claim("w", 60).await.unwrap().unwrap().lease, Lease { job: expected, epoch: 1 });
    }
    assert!(catalog.claim("w", 60).await.unwrap().is_none());
}

#[tokio::test]
async fn a_job_whose_lease_ended_is_claimed_with_what_was_recorded() {
    let (catalog, _, old) = with_claim().await;
    assert_eq!(old.job.status, JobStatus::InProgress);
    catalog.record_item(&old.lease, &imported(1, "{}")).await.unwrap();
    catalog.record_item(&old.lease, &failed(0, "E15")).await.unwrap();
    assert!(catalog.claim("other", 60).await.unwrap().is_none());
    catalog.release(&old.lease).await.unwrap();
    let new = catalog.claim("other", 60).await.unwrap().unwrap();
    assert_eq!(new.lease, Lease { job: old.lease.job, epoch: 2 });
    assert_eq!(new.results, [failed(0, "E15"), imported(1, "{}")]);
}

#[tokio::test]
async fn an_old_epoch_writes_nothing() {
    let (catalog, _, old) = with_claim().await;
    catalog.release(&old.lease).await.unwrap();
    let new = catalog.claim("other", 60).await.unwrap().unwrap();
    let lost = |r: crate::Result<()>| assert!(matches!(r, Err(Error::LeaseLost)), "{r:?}");
    lost(catalog.record_item(&old.lease, &imported(0, "{}")).await);
    lost(catalog.report_progress(&old.lease, 0, ItemProgress::default()).await);
    lost(catalog.release(&old.lease).await);
    lost(catalog.cancelled(&old.lease).await);
    assert_eq!(catalog.heartbeat(&old.lease, 60).await.unwrap(), Beat::Lost);
    assert_eq!(catalog.heartbeat(&new.lease, 60).await.unwrap(), Beat::Held);
    use JobStatus::{InProgress, Submitted};
    assert_eq!(states(&catalog, new.lease.job).await, [InProgress, Submitted, Submitted]);
}

#[tokio::test]
async fn a_sleeper_that_no_one_replaced_goes_on() {
    let (catalog, _, claim) = with_claim().await;
    catalog.heartbeat(&claim.lease, 0).await.unwrap();
    catalog.record_item(&claim.lease, &imported(0, "{}")).await.unwrap();
    assert_eq!(catalog.heartbeat(&claim.lease, 60).await.unwrap(), Beat::Held);
    assert!(catalog.claim("other", 60).await.unwrap().is_none());
}

#[tokio::test]
async fn a_result_is_recorded_once() {
    let (catalog, _, claim) = with_claim().await;
    catalog.record_item(&claim.lease, &imported(0, "{}")).await.unwrap();
    catalog.record_item(&claim.lease, &imported(0, "{}")).await.unwrap();
    let other = catalog.record_item(&claim.lease, &failed(0, "no")).await;
    assert!(matches!(other, Err(Error::Conflict(_))), "{other:?}");
}

#[tokio::test]
async fn a_job_asked_to_stop_whose_worker_died_ends_cancelled() {
    let (catalog, _, claim) = with_claim().await;
    catalog.request_cancel(&account(), claim.lease.job).await.unwrap();
    assert_eq!(catalog.heartbeat(&claim.lease, 60).await.unwrap(), Beat::CancelRequested);
    assert!(catalog.claim("other", 60).await.unwrap().is_none());
    assert_eq!(states(&catalog, claim.lease.job).await[0], JobStatus::InProgress);
    catalog.release(&claim.lease).await.unwrap();
    assert!(catalog.claim("other", 60).await.unwrap().is_none());
    assert_eq!(states(&catalog, claim.lease.job).await, [JobStatus::Cancelled; 3]);
    assert_eq!(catalog.heartbeat(&claim.lease, 60).await.unwrap(), Beat::Lost);
}

#[tokio::test]
async fn the_janitor_sees_what_is_alive_and_what_is_recorded() {
    let (catalog, store, claim) = with_claim().await;
    let waiting = job(&store, 5);
    catalog.enqueue(&waiting, None).await.unwrap();
    catalog.record_item(&claim.lease, &imported(1, "b")).await.unwrap();
    catalog.record_item(&claim.lease, &imported(0, "a")).await.unwrap();
    let results = vec!["a".to_owned(), "b".to_owned()];
    let files = |terminal, epoch, results: &[String]| JobFiles {
        is_task: false,
        terminal,
        destination: store.id.clone(),
        epoch,
        results: results.to_vec(),
    };
    let seen = catalog.job_epochs().await.unwrap();
    assert_eq!(seen[&claim.lease.job], files(false, 1, &results));
    assert_eq!(seen[&waiting.id], files(false, 0, &[]));
    catalog.release(&claim.lease).await.unwrap();
    assert_eq!(
        catalog.job_epochs().await.unwrap()[&claim.lease.job],
        files(false, 1, &results),
        "a lease let go still holds its epoch"
    );
    catalog.cancelled(&claim.lease).await.unwrap();
    assert_eq!(catalog.job_epochs().await.unwrap()[&claim.lease.job], files(true, 1, &[]));
}
