//! Tests of `stores.rs` through the catalog's own calls.

use crate::testing::{account, at, call, job, states, store, swap, table, with_claim, with_job};
use crate::{Catalog, Entity, Error, Finish, JobFilter, JobKind, JobOutcome, NewTable, StoreFilter};
use varberg_model::*;

async fn create(catalog: &Catalog, store: &VariantStore) -> VariantStore {
    catalog.create_store(store, &table(store), None).await.unwrap()
}

#[tokio::test]
async fn a_store_reads_back_as_created() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = store("store", 0);
    assert_eq!(create(&catalog, &store).await, store);
    assert_eq!(catalog.store(&account(), "store").await.unwrap(), Some(store.clone()));
    assert_eq!(catalog.pointer(&store.namespace(), "store").await.unwrap().as_deref(), Some("m0"));
    let stranger = AccountId::parse("111111111111").unwrap();
    assert_eq!(catalog.store(&stranger, "store").await.unwrap(), None);
}

#[tokio::test]
async fn of_two_that_create_one_name_exactly_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.sqlite");
    // Two handles: as two processes would, they meet in the database only.
    let (a, b) = (Catalog::open(&path).await.unwrap(), Catalog::open(&path).await.unwrap());
    for round in 0..20 {
        let (x, y) = (store(&format!("store_{round}"), 0), store(&format!("store_{round}"), 0));
        let (x_table, y_table) = (table(&x), table(&y));
        let results = tokio::join!(a.create_store(&x, &x_table, None), b.create_store(&y, &y_table, None));
        let loser = match results {
            (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
            other => panic!("{other:?}"),
        };
        assert!(matches!(loser, Error::AlreadyExists(Entity::VariantStore(_))), "{loser:?}");
    }
    assert_eq!(a.tables_of(&account()).await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_repeated_call_gets_the_first_answer() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (first, again) = (store("store", 0), store("store", 5));
    let key = call("1");
    catalog.create_store(&first, &table(&first), Some(&key)).await.unwrap();
    assert_eq!(catalog.create_store(&again, &table(&again), Some(&key)).await.unwrap(), first);
    let error = catalog.create_store(&again, &table(&again), Some(&call("2"))).await.unwrap_err();
    assert_eq!(error.to_string(), "variant store store already exists");
}

#[tokio::test]
async fn a_creation_that_fails_leaves_no_trace() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let second = store("second", 1);
    assert!(catalog.bury_directory("gone").await.unwrap());
    let gone = NewTable { directory: "gone".into(), ..table(&second) };
    catalog.create_store(&second, &gone, Some(&call("1"))).await.unwrap_err();
    assert_eq!(catalog.store(&account(), "second").await.unwrap(), None);
    assert_eq!(catalog.create_store(&second, &table(&second), Some(&call("1"))).await.unwrap(), second);
}

#[tokio::test]
async fn a_listing_is_newest_first_and_stable_under_inserts() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    // Equal times in pairs: the id decides.
    let mut all: Vec<VariantStore> = (0..7).map(|i| store(&format!("store_{i}"), i / 2)).collect();
    for store in &all {
        create(&catalog, store).await;
    }
    all.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
    let (size, filter) = (PageSize::parse(Some(3)).unwrap(), StoreFilter::default());
    let (mut seen, mut after, mut round) = (Vec::new(), None, 0);
    loop {
        let page = catalog.list_stores(&account(), &filter, size, after.as_ref()).await.unwrap();
        seen.extend(page.entries);
        create(&catalog, &store(&format!("newer_{round}"), 100 + round)).await;
        round += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
    assert_eq!(round, 3);
}

#[tokio::test]
async fn a_full_last_page_has_no_successor() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    for i in 0..3 {
        create(&catalog, &store(&format!("store_{i}"), i)).await;
    }
    let size = PageSize::parse(Some(3)).unwrap();
    let page = catalog.list_stores(&account(), &StoreFilter::default(), size, None).await.unwrap();
    assert_eq!((page.entries.len(), page.next), (3, None));
}

#[tokio::test]
async fn filters_by_state_and_by_id_or_name() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (a, b) = (store("aaa", 0), VariantStore { status: StoreStatus::Creating, ..store("bbb", 1) });
    create(&catalog, &a).await;
    create(&catalog, &b).await;
    create(&catalog, &store("ccc", 2)).await;
    let names = async |status, ids: &[&str]| {
        let filter = StoreFilter { status, ids: ids.iter().map(|s| (*s).to_owned()).collect() };
        let page = catalog.list_stores(&account(), &filter, PageSize::parse(None).unwrap(), None).await.unwrap();
        page.entries.iter().map(|s| s.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(Some(StoreStatus::Creating), &[]).await, ["bbb"]);
    assert_eq!(names(None, &[a.id.as_str(), "bbb", "' OR 1=1 --"]).await, ["bbb", "aaa"]);
    assert_eq!(names(Some(StoreStatus::Active), &["bbb"]).await, [""; 0]);
}

#[tokio::test]
async fn queries_see_tables_of_usable_stores_only() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    for (name, status) in [("aaa", StoreStatus::Active), ("bbb", StoreStatus::Updating), ("ccc", StoreStatus::Failed)] {
        create(&catalog, &VariantStore { status, ..store(name, 0) }).await;
    }
    let tables = catalog.tables_of(&account()).await.unwrap();
    let names: Vec<_> = tables.iter().map(|t| (t.name.as_str(), t.metadata_location.as_str())).collect();
    assert_eq!(names, [("aaa", "m0"), ("bbb", "m0")]);
}

#[tokio::test]
async fn a_store_with_imports_is_not_deleted_without_force() {
    let (catalog, _, job) = with_job().await;
    let error = catalog.begin_delete_store(&account(), "store", false).await.unwrap_err();
    expect_test::expect![[
        "variant store store has 1 import jobs that wait or run; let them end, cancel them, or delete with force"
    ]]
    .assert_eq(&error.to_string());
    let claim = catalog.claim("w", 60).await.unwrap().unwrap();
    assert!(matches!(catalog.begin_delete_store(&account(), "store", false).await, Err(Error::Conflict(_))));
    assert_eq!(claim.job.id, job.id);
    catalog.fail_job(&claim.lease, "no").await.unwrap();
    let store = catalog.begin_delete_store(&account(), "store", false).await.unwrap();
    assert_eq!(store.status, StoreStatus::Deleting);
}

#[tokio::test]
async fn force_cancels_what_waits_and_waits_for_what_runs() {
    let (catalog, store, claim) = with_claim().await;
    let waiting = job(&store, 9);
    catalog.enqueue(&waiting, None).await.unwrap();
    catalog.begin_delete_store(&account(), "store", true).await.unwrap();
    assert_eq!(states(&catalog, waiting.id).await, [JobStatus::Cancelled; 3]);
    assert_eq!(states(&catalog, claim.job.id).await[0], JobStatus::InProgress);
    // Again is fine; a live lease holds the store back; nothing new starts.
    catalog.begin_delete_store(&account(), "store", true).await.unwrap();
    assert!(catalog.deletable_destinations().await.unwrap().is_empty());
    assert!(matches!(catalog.drop_destination(&store.id).await, Err(Error::Conflict(_))));
    assert!(matches!(catalog.enqueue(&job(&store, 10), None).await, Err(Error::NotActive(..))));
    catalog.cancelled(&claim.lease).await.unwrap();
    assert_eq!(catalog.deletable_destinations().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lease_that_ended_no_longer_holds_a_deletion_back() {
    let (catalog, store, claim) = with_claim().await;
    catalog.begin_delete_store(&account(), "store", true).await.unwrap();
    catalog.heartbeat(&claim.lease, 0).await.unwrap();
    let deletable = catalog.deletable_destinations().await.unwrap();
    assert_eq!(deletable.iter().map(|s| &s.id).collect::<Vec<_>>(), [&store.id]);
    assert_eq!(states(&catalog, claim.job.id).await, [JobStatus::Cancelled; 3]);
    assert!(matches!(catalog.cancelled(&claim.lease).await, Err(Error::LeaseLost)));
    let outcome = JobOutcome { status: JobStatus::Failed, message: String::new(), items: Vec::new() };
    let swaps = [swap(&store, "m0", "m1")];
    assert_eq!(catalog.finish(&claim.lease, &swaps, &outcome).await.unwrap(), Finish::LeaseLost);
}

#[tokio::test]
async fn a_dropped_store_frees_its_name_and_keeps_its_jobs() {
    let (catalog, store, job) = with_job().await;
    catalog.begin_delete_store(&account(), "store", true).await.unwrap();
    assert!(matches!(create_again(&catalog).await, Err(Error::AlreadyExists(_))));
    catalog.drop_destination(&store.id).await.unwrap();
    catalog.drop_destination(&store.id).await.unwrap();
    assert_eq!(catalog.store(&account(), "store").await.unwrap(), None);
    assert_eq!(catalog.pointer(&store.namespace(), "store").await.unwrap(), None);
    let filter = JobFilter { store_name: Some("store".into()), ..JobFilter::all(JobKind::Variant) };
    let jobs = catalog.list_jobs(&account(), &filter, PageSize::parse(None).unwrap(), None).await.unwrap();
    assert_eq!(jobs.entries.iter().map(|j| j.id).collect::<Vec<_>>(), [job.id]);
    create_again(&catalog).await.unwrap();
    // An import validated against the dropped store does not land in its namesake.
    let error = catalog.enqueue(&crate::testing::job(&store, 20), None).await.unwrap_err();
    assert!(matches!(error, Error::NotFound(Entity::VariantStore(_))), "{error:?}");
}

async fn create_again(catalog: &Catalog) -> crate::Result<VariantStore> {
    let again = store("store", 50);
    catalog.create_store(&again, &table(&again), None).await
}

#[tokio::test]
async fn an_active_store_is_not_dropped_and_an_unknown_one_not_deleted() {
    let (catalog, store, _) = with_job().await;
    assert!(matches!(catalog.drop_destination(&store.id).await, Err(Error::Conflict(_))));
    let error = catalog.begin_delete_store(&account(), "other", true).await.unwrap_err();
    assert_eq!(error.to_string(), "variant store other does not exist");
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.sqlite");
    let (store, key) = (store("store", 0), call("1"));
    let job = job(&store, 1);
    let catalog = Catalog::open(&path).await.unwrap();
    create(&catalog, &store).await;
    catalog.enqueue(&job, Some(&key)).await.unwrap();
    let lease = catalog.claim("w", 0).await.unwrap().unwrap().lease;
    catalog.close().await;

    let catalog = Catalog::open(&path).await.unwrap();
    assert_eq!(catalog.store(&account(), "store").await.unwrap(), Some(store.clone()));
    assert_eq!(catalog.enqueue(&crate::testing::job(&store, 2), Some(&key)).await.unwrap(), job.id);
    let claim = catalog.claim("w", 60).await.unwrap().unwrap();
    assert_eq!((claim.lease.job, claim.lease.epoch), (lease.job, 2));
    assert_eq!(claim.job.items, job.items);
    assert_eq!(claim.job.created, at(1));
}
