//! Tests of `reference_stores.rs` and `reference_imports.rs` through the catalog's own calls.

use crate::testing::{account, at, call, genome, reference_import, reference_store};
use crate::{Beat, Catalog, Entity, Error, ReferenceFilter, ReferenceJobFiles, ReferenceStoreFilter};
use std::collections::BTreeMap;
use varberg_model::*;

/// A reference store and a claimed job of it.
async fn with_import() -> (Catalog, ReferenceImportJob, i64) {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = reference_store("main", 0);
    catalog.create_reference_store(&store, None).await.unwrap();
    catalog.enqueue_reference_import(&reference_import(&store, 0), None).await.unwrap();
    let (job, epoch) = catalog.claim_reference_import("w", 60).await.unwrap().unwrap();
    (catalog, job, epoch)
}

#[tokio::test]
async fn a_repeated_call_makes_one_reference_store() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (first, again) = (reference_store("main", 0), reference_store("main", 1));
    catalog.create_reference_store(&first, Some(&call("1"))).await.unwrap();
    assert_eq!(catalog.create_reference_store(&again, Some(&call("1"))).await.unwrap(), first);
    assert_eq!(catalog.reference_store(&account(), &first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(catalog.reference_store(&account(), &again.id).await.unwrap(), None);
}

#[tokio::test]
async fn lists_reference_stores_by_name_and_time() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    for (name, seconds) in [("one", 1), ("two", 2), ("three", 3)] {
        catalog.create_reference_store(&reference_store(name, seconds), None).await.unwrap();
    }
    let names = async |filter: ReferenceStoreFilter| {
        let size = PageSize::parse(None).unwrap();
        let page = catalog.list_reference_stores(&account(), &filter, size, None).await.unwrap();
        page.entries.iter().map(|s| s.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(ReferenceStoreFilter::default()).await, ["three", "two", "one"]);
    assert_eq!(names(ReferenceStoreFilter { name: Some("two".into()), ..Default::default() }).await, ["two"]);
    let between = ReferenceStoreFilter { created_after: Some(at(1)), created_before: Some(at(3)), name: None };
    assert_eq!(names(between).await, ["two"]);
}

#[tokio::test]
async fn a_reference_appears_with_the_end_of_its_source() {
    let (catalog, job, epoch) = with_import().await;
    assert_eq!((job.status, epoch), (ReferenceJobStatus::InProgress, 1));
    let genome = genome(&job, "GRCh38", 5);
    catalog.start_reference_source(&job.id, epoch, 0).await.unwrap();
    catalog.finish_reference_source(&job.id, epoch, 0, Ok(&genome)).await.unwrap();
    assert_eq!(catalog.reference(&account(), &job.store, &genome.id).await.unwrap(), Some(genome.clone()));
    catalog.finish_reference_source(&job.id, epoch, 1, Err("empty file")).await.unwrap();
    let status = catalog.finish_reference_import(&job.id, epoch).await.unwrap();
    assert_eq!(status, ReferenceJobStatus::CompletedWithFailures);

    let ended = catalog.reference_import_job(&account(), &job.store, &job.id).await.unwrap().unwrap();
    assert_eq!((ended.message.as_str(), ended.completed.is_some()), ("1 of 2 sources failed.", true));
    assert_eq!(ended.sources[0].reference, Some(genome.id));
    assert_eq!((ended.sources[1].status, &*ended.sources[1].message), (ReferenceSourceStatus::Failed, "empty file"));
    assert_eq!(catalog.all_reference_paths().await.unwrap(), ["references/GRCh38/source", "references/GRCh38/index"]);
}

#[tokio::test]
async fn other_names_of_contigs_are_those_of_the_accounts_references() {
    let (catalog, job, epoch) = with_import().await;
    let names = |name: &str| BTreeMap::from([(name.to_owned(), "scaffold_1".to_owned())]);
    let named = |text, name| Reference { contig_aliases: names(name), ..genome(&job, text, 5) };
    let first = named("first", "OX1.1");
    catalog.finish_reference_source(&job.id, epoch, 0, Ok(&first)).await.unwrap();
    catalog.finish_reference_source(&job.id, epoch, 1, Ok(&named("again", "OX1.1"))).await.unwrap();
    assert_eq!(catalog.reference(&account(), &job.store, &first.id).await.unwrap(), Some(first));
    assert_eq!(catalog.contig_aliases(&account()).await.unwrap(), [names("OX1.1")]);
    let other = AccountId::parse("999999999999").unwrap();
    assert!(catalog.contig_aliases(&other).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_old_epoch_of_a_reference_import_writes_nothing() {
    let (catalog, job, old) = with_import().await;
    assert!(catalog.claim_reference_import("other", 60).await.unwrap().is_none());
    let files = |epoch| BTreeMap::from([(job.id.to_string(), ReferenceJobFiles { terminal: false, epoch })]);
    assert_eq!(catalog.reference_job_epochs().await.unwrap(), files(1));
    catalog.release_reference_import(&job.id, old).await.unwrap();
    assert_eq!(catalog.reference_job_epochs().await.unwrap(), files(1), "let go, but nobody else has claimed it");
    let (again, new) = catalog.claim_reference_import("other", 60).await.unwrap().unwrap();
    assert_eq!((&again.id, new), (&job.id, 2));
    let genome = genome(&job, "GRCh38", 5);
    let refused = catalog.finish_reference_source(&job.id, old, 0, Ok(&genome)).await;
    assert!(matches!(refused, Err(Error::LeaseLost)), "{refused:?}");
    assert!(matches!(catalog.finish_reference_import(&job.id, old).await, Err(Error::LeaseLost)));
    assert_eq!(catalog.heartbeat_reference_import(&job.id, old, 60).await.unwrap(), Beat::Lost);
    assert_eq!(catalog.heartbeat_reference_import(&job.id, new, 60).await.unwrap(), Beat::Held);
    assert_eq!(catalog.reference(&account(), &job.store, &genome.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_source_ends_once_and_unended_ones_fail_with_the_job() {
    let (catalog, job, epoch) = with_import().await;
    let (first, second) = (genome(&job, "first", 1), genome(&job, "second", 2));
    catalog.finish_reference_source(&job.id, epoch, 0, Ok(&first)).await.unwrap();
    let twice = catalog.finish_reference_source(&job.id, epoch, 0, Ok(&second)).await;
    assert!(matches!(twice, Err(Error::Conflict(_))), "{twice:?}");
    let unknown = catalog.finish_reference_source(&job.id, epoch, 9, Err("no")).await;
    assert!(matches!(unknown, Err(Error::NotFound(Entity::ReferenceSource(9)))), "{unknown:?}");
    let status = catalog.finish_reference_import(&job.id, epoch).await.unwrap();
    assert_eq!(status, ReferenceJobStatus::CompletedWithFailures);
    assert!(catalog.claim_reference_import("w", 60).await.unwrap().is_none());
}

#[tokio::test]
async fn an_import_needs_its_store_and_is_enqueued_once() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = reference_store("main", 0);
    let (job, again) = (reference_import(&store, 1), reference_import(&store, 2));
    let missing = catalog.enqueue_reference_import(&job, None).await;
    assert!(matches!(missing, Err(Error::NotFound(Entity::ReferenceStore(_)))), "{missing:?}");
    catalog.create_reference_store(&store, None).await.unwrap();
    let key = call("1");
    catalog.enqueue_reference_import(&job, Some(&key)).await.unwrap();
    assert_eq!(catalog.enqueue_reference_import(&again, Some(&key)).await.unwrap(), job);
    assert_eq!(catalog.reference_import_job(&account(), &store.id, &job.id).await.unwrap(), Some(job));
}

#[tokio::test]
async fn lists_references_of_their_own_account_by_name_and_md5() {
    let (catalog, job, epoch) = with_import().await;
    for (position, name) in [(0, "first"), (1, "second")] {
        let genome = genome(&job, name, i64::from(position));
        catalog.finish_reference_source(&job.id, epoch, position, Ok(&genome)).await.unwrap();
    }
    let names = async |account: &AccountId, filter: ReferenceFilter| {
        let size = PageSize::parse(None).unwrap();
        let page = catalog.list_references(account, &job.store, &filter, size, None).await.unwrap();
        page.entries.iter().map(|r| r.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&account(), ReferenceFilter::default()).await, ["second", "first"]);
    let named = ReferenceFilter { name: Some("first".into()), ..Default::default() };
    assert_eq!(names(&account(), named).await, ["first"]);
    let summed = ReferenceFilter { md5: Some("0".repeat(32)), ..Default::default() };
    assert_eq!(names(&account(), summed).await, [""; 0]);
    let stranger = AccountId::parse("111111111111").unwrap();
    assert_eq!(names(&stranger, ReferenceFilter::default()).await, [""; 0]);
}
