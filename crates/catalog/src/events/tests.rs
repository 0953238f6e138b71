//! Tests of `events.rs` through the calls that change states.

use crate::testing::{
    account, annotation_job, annotation_store, annotation_version, at, call, create_annotation_store, genome, job,
    reference_import, reference_store, share, store, swap, table, version_table, with_claim, with_job,
};
use crate::{Catalog, EventsFrom, JobOutcome};
use expect_test::{Expect, expect};
use varberg_model::*;

const SUBSCRIBER: &str = "222222222222";

async fn events_of(catalog: &Catalog, who: &str) -> Vec<Event> {
    let who = AccountId::parse(who).unwrap();
    catalog.events(&who, EventsFrom::After(0), 1000).await.unwrap().events
}

/// What an account was told, a line each: subject, state, end of the ARN with what is random named.
async fn told(catalog: &Catalog, who: &str, names: &[(&str, &str)]) -> String {
    let line = |event: Event| {
        let Change { subject, status, store_name, id, .. } = &event.change;
        let id = id.as_deref().unwrap_or("-");
        format!("{}: {status} {store_name} {id} {}\n", subject.as_str(), event.change.resource())
    };
    let text: String = events_of(catalog, who).await.into_iter().map(line).collect();
    names.iter().fold(text, |text, (random, name)| text.replace(random, name))
}

#[track_caller]
fn check(told: &str, expected: &Expect) {
    expected.assert_eq(told);
}

#[tokio::test]
async fn a_variant_store_and_its_jobs() {
    let (catalog, store, claim) = with_claim().await;
    let first = claim.job.id.to_string();
    let outcome = JobOutcome {
        status: JobStatus::CompletedWithFailures,
        message: "the text of a message".to_owned(),
        items: vec![(0, JobStatus::Completed, String::new())],
    };
    catalog.finish(&claim.lease, &[swap(&store, "m0", "m1")], &outcome).await.unwrap();
    catalog.update_store(&account(), "store", None).await.unwrap();
    catalog.update_store(&account(), "store", Some(&Description::default())).await.unwrap();
    let waits = job(&store, 1);
    catalog.enqueue(&waits, None).await.unwrap();
    catalog.begin_delete_store(&account(), "store", true).await.unwrap();
    catalog.begin_delete_store(&account(), "store", true).await.unwrap();
    catalog.drop_destination(&store.id).await.unwrap();
    catalog.drop_destination(&store.id).await.unwrap();
    let names = [(first.as_str(), "FIRST"), (&waits.id.to_string(), "SECOND")];
    check(
        &told(&catalog, "000000000000", &names).await,
        &expect![[r"
            Variant Store: CREATING store - store
            Variant Store: CREATED store - store
            Variant Import Job: SUBMITTED store FIRST store/FIRST
            Variant Import Job: IN_PROGRESS store FIRST store/FIRST
            Variant Import Job: COMPLETED_WITH_FAILURES store FIRST store/FIRST
            Variant Store: UPDATING store - store
            Variant Store: UPDATED store - store
            Variant Import Job: SUBMITTED store SECOND store/SECOND
            Variant Import Job: CANCELLED store SECOND store/SECOND
            Variant Store: DELETING store - store
            Variant Store: DELETED store - store
        "]],
    );
    let all = events_of(&catalog, "000000000000").await;
    assert!(all.iter().all(|event| event.change.store_id == store.id.to_string()));
    let numbers: Vec<i64> = all.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=11).collect::<Vec<_>>());
    let ids: std::collections::BTreeSet<_> = all.iter().map(|event| &event.id).collect();
    assert_eq!(ids.len(), all.len());
    assert_eq!(events_of(&catalog, SUBSCRIBER).await, []);
}

#[tokio::test]
async fn ends_of_jobs_other_than_good_ones() {
    let (catalog, _, claim) = with_claim().await;
    catalog.fail_job(&claim.lease, "a message").await.unwrap();
    let second = job(&catalog.store(&account(), "store").await.unwrap().unwrap(), 1);
    catalog.enqueue(&second, None).await.unwrap();
    let claim_2 = catalog.claim("worker", 0).await.unwrap().unwrap();
    // Another worker takes it over: nothing has changed for those who look from outside.
    let claim_3 = catalog.claim("worker", 60).await.unwrap().unwrap();
    assert_eq!((claim_2.lease.epoch, claim_3.lease.epoch), (1, 2));
    catalog.request_cancel(&account(), second.id).await.unwrap();
    catalog.cancelled(&claim_3.lease).await.unwrap();
    catalog.cancelled(&claim_3.lease).await.unwrap();
    let names = [(claim.job.id.to_string(), "FIRST"), (second.id.to_string(), "SECOND")];
    let names: Vec<_> = names.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    check(
        &told(&catalog, "000000000000", &names).await,
        &expect![[r"
            Variant Store: CREATING store - store
            Variant Store: CREATED store - store
            Variant Import Job: SUBMITTED store FIRST store/FIRST
            Variant Import Job: IN_PROGRESS store FIRST store/FIRST
            Variant Import Job: FAILED store FIRST store/FIRST
            Variant Import Job: SUBMITTED store SECOND store/SECOND
            Variant Import Job: IN_PROGRESS store SECOND store/SECOND
            Variant Import Job: CANCELLED store SECOND store/SECOND
        "]],
    );
}

#[tokio::test]
async fn an_annotation_store_tells_its_own_id_whatever_the_version() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (store, first) = annotation_store("genes", 0);
    create_annotation_store(&catalog, &store, &first).await.unwrap();
    let second = annotation_version(&store, "v2", 1);
    catalog.create_annotation_version(&store, &second, &version_table(&store, &second), None).await.unwrap();
    let job = annotation_job(&second, 2);
    catalog.enqueue(&job, None).await.unwrap();
    catalog.begin_delete_annotation_version(&account(), &store.name, "v2", true).await.unwrap();
    catalog.drop_destination(&second.id).await.unwrap();
    catalog.update_annotation_store(&account(), "genes", Some(&Description::default())).await.unwrap();
    catalog.begin_delete_annotation_store(&account(), "genes", false).await.unwrap();
    catalog.drop_destination(&first.id).await.unwrap();
    check(
        &told(&catalog, "000000000000", &[(&job.id.to_string(), "JOB")]).await,
        &expect![[r"
            Annotation Store: CREATING genes - genes
            Annotation Store: CREATED genes - genes
            Annotation Import Job: SUBMITTED genes JOB genes/JOB
            Annotation Import Job: CANCELLED genes JOB genes/JOB
            Annotation Store: UPDATING genes - genes
            Annotation Store: UPDATED genes - genes
            Annotation Store: DELETING genes - genes
            Annotation Store: DELETED genes - genes
        "]],
    );
    let stores: Vec<_> = events_of(&catalog, "000000000000").await.into_iter().map(|e| e.change.store_id).collect();
    assert!(stores.iter().all(|id| *id == store.id.to_string()), "{stores:?}");
}

#[tokio::test]
async fn both_sides_of_a_share_are_told() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = store("store", 0);
    catalog.create_store(&store, &table(&store), None).await.unwrap();
    let (one, other) = (share(&store, SUBSCRIBER), share(&store, "333333333333"));
    catalog.create_share(&one, None).await.unwrap();
    catalog.accept_share(&one.subscriber, &one.id).await.unwrap();
    catalog.delete_share(&one.subscriber, &one.id).await.unwrap();
    catalog.create_share(&other, None).await.unwrap();
    catalog.begin_delete_store(&account(), "store", false).await.unwrap();
    catalog.drop_destination(&store.id).await.unwrap();
    check(
        &told(&catalog, "000000000000", &[]).await,
        &expect![[r"
            Variant Store: CREATING store - store
            Variant Store: CREATED store - store
            Variant Store Share: PENDING store share-with-222222222222 variantStore/store
            Variant Store Share: ACTIVATING store share-with-222222222222 variantStore/store
            Variant Store Share: ACTIVE store share-with-222222222222 variantStore/store
            Variant Store Share: DELETING store share-with-222222222222 variantStore/store
            Variant Store Share: DELETED store share-with-222222222222 variantStore/store
            Variant Store Share: PENDING store share-with-333333333333 variantStore/store
            Variant Store: DELETING store - store
            Variant Store: DELETED store - store
            Variant Store Share: DELETING store share-with-333333333333 variantStore/store
            Variant Store Share: DELETED store share-with-333333333333 variantStore/store
        "]],
    );
    check(
        &told(&catalog, SUBSCRIBER, &[]).await,
        &expect![[r"
            Variant Store Share: PENDING store share-with-222222222222 variantStore/store
            Variant Store Share: ACTIVATING store share-with-222222222222 variantStore/store
            Variant Store Share: ACTIVE store share-with-222222222222 variantStore/store
            Variant Store Share: DELETING store share-with-222222222222 variantStore/store
            Variant Store Share: DELETED store share-with-222222222222 variantStore/store
        "]],
    );
    let kind = |kind| Change::share(&Share { kind, ..one.clone() }).resource();
    assert_eq!(kind(ShareKind::AnnotationStore), "annotationStore/store");
}

#[tokio::test]
async fn reference_stores_references_and_their_jobs() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = reference_store("genomes", 0);
    catalog.create_reference_store(&store, None).await.unwrap();
    let mut names = vec![(store.id.to_string(), "STORE".to_owned())];
    // All good, one of two, none.
    for (number, good) in [2_u32, 1, 0].into_iter().enumerate() {
        let job = reference_import(&store, i64::try_from(number).unwrap());
        catalog.enqueue_reference_import(&job, None).await.unwrap();
        let (_, epoch) = catalog.claim_reference_import("worker", 60).await.unwrap().unwrap();
        for position in 0..2 {
            let reference = genome(&job, "GRCh38", 0);
            let outcome = if position < good { Ok(&reference) } else { Err("a message") };
            catalog.finish_reference_source(&job.id, epoch, position, outcome).await.unwrap();
            names.push((reference.id.to_string(), format!("REF{number}{position}")));
        }
        catalog.finish_reference_import(&job.id, epoch).await.unwrap();
        names.push((job.id.to_string(), format!("JOB{number}")));
    }
    for (id, _) in names.iter().filter(|(_, name)| ["REF00", "REF01", "REF10"].contains(&name.as_str())) {
        catalog.delete_reference(&account(), &store.id, &RefId::from_stored(id.clone())).await.unwrap();
    }
    catalog.delete_reference_store(&account(), &store.id).await.unwrap();
    let names: Vec<_> = names.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    check(
        &told(&catalog, "000000000000", &names).await,
        &expect![[r"
            Reference Store: CREATED genomes - referenceStore/STORE
            Reference Store: ACTIVE genomes - referenceStore/STORE
            Reference Import Job: SUBMITTED genomes JOB0 referenceStore/STORE
            Reference Import Job: IN_PROGRESS genomes JOB0 referenceStore/STORE
            Reference: ACTIVE genomes REF00 referenceStore/STORE/reference/REF00
            Reference: ACTIVE genomes REF01 referenceStore/STORE/reference/REF01
            Reference Import Job: COMPLETED genomes JOB0 referenceStore/STORE
            Reference Import Job: SUBMITTED genomes JOB1 referenceStore/STORE
            Reference Import Job: IN_PROGRESS genomes JOB1 referenceStore/STORE
            Reference: ACTIVE genomes REF10 referenceStore/STORE/reference/REF10
            Reference Import Job: COMPLETED_WITH_FAILURES genomes JOB1 referenceStore/STORE
            Reference Import Job: SUBMITTED genomes JOB2 referenceStore/STORE
            Reference Import Job: IN_PROGRESS genomes JOB2 referenceStore/STORE
            Reference Import Job: FAILED genomes JOB2 referenceStore/STORE
            Reference: DELETED genomes REF00 referenceStore/STORE/reference/REF00
            Reference: DELETED genomes REF01 referenceStore/STORE/reference/REF01
            Reference: DELETED genomes REF10 referenceStore/STORE/reference/REF10
            Reference Store: DELETED genomes - referenceStore/STORE
        "]],
    );
}

#[tokio::test]
async fn what_changes_nothing_is_not_told() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = store("store", 0);
    let key = call("once");
    catalog.create_store(&store, &table(&store), Some(&key)).await.unwrap();
    catalog.create_store(&store, &table(&store), Some(&key)).await.unwrap();
    assert!(catalog.create_store(&store, &table(&store), None).await.is_err());
    assert!(
        catalog
            .create_share(&Share { resource_id: StoreId::random(), ..share(&store, SUBSCRIBER) }, None)
            .await
            .is_err()
    );
    let first = job(&store, 0);
    let id = catalog.enqueue(&first, Some(&call("job"))).await.unwrap();
    assert_eq!(catalog.enqueue(&job(&store, 1), Some(&call("job"))).await.unwrap(), id);
    assert!(catalog.begin_delete_store(&account(), "store", false).await.is_err());
    assert_eq!(events_of(&catalog, "000000000000").await.len(), 3);
}

#[tokio::test]
async fn reading_begins_after_a_number_at_a_time_or_with_the_newest() {
    let (catalog, ..) = with_job().await;
    let read = async |from, most| {
        let page = catalog.events(&account(), from, most).await.unwrap();
        (page.events.iter().map(|event| event.number).collect::<Vec<_>>(), page.last)
    };
    assert_eq!(read(EventsFrom::After(0), 100).await, (vec![1, 2, 3], 3));
    assert_eq!(read(EventsFrom::After(0), 2).await, (vec![1, 2], 2), "there are more");
    assert_eq!(read(EventsFrom::After(3), 2).await, (vec![], 3));
    assert_eq!(read(EventsFrom::After(99), 2).await, (vec![], 3));
    assert_eq!(read(EventsFrom::Newest(2), 100).await, (vec![2, 3], 3));
    assert_eq!(read(EventsFrom::Newest(0), 100).await, (vec![], 3));
    assert_eq!(read(EventsFrom::Since(at(0)), 100).await, (vec![1, 2, 3], 3));
    let future = chrono::DateTime::from_timestamp(32_503_680_000, 0).unwrap();
    assert_eq!(read(EventsFrom::Since(future), 100).await, (vec![], 3));
    assert_eq!(catalog.drop_events(at(0)).await.unwrap(), 0);
    assert_eq!(catalog.drop_events(future).await.unwrap(), 3);
    assert_eq!(read(EventsFrom::After(0), 100).await, (vec![], 3));
    let other = store("other", 0);
    catalog.create_store(&other, &table(&other), None).await.unwrap();
    assert_eq!(read(EventsFrom::After(0), 100).await, (vec![4, 5], 5), "numbers do not come back");
}
