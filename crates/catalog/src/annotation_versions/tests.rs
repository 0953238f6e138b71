use crate::testing::*;
use crate::{Catalog, Error, JobFilter, JobKind};
use varberg_model::*;

async fn with_versions() -> (Catalog, AnnotationStore, AnnotationVersion, AnnotationVersion) {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (store, first) = annotation_store("genes", 0);
    create_annotation_store(&catalog, &store, &first).await.unwrap();
    let second = annotation_version(&store, "v2", 2);
    catalog.create_annotation_version(&store, &second, &version_table(&store, &second), None).await.unwrap();
    (catalog, store, first, second)
}

#[tokio::test]
async fn every_version_has_a_table_of_its_own() {
    let (catalog, store, first, second) = with_versions().await;
    let tables = catalog.tables_of(&account()).await.unwrap();
    let shown: Vec<_> = tables.iter().map(|t| (t.namespace.as_str(), t.name.as_str(), t.directory.as_str())).collect();
    let namespace = format!("annotation_000000000000_{}", store.id);
    let directory = format!("annotation_000000000000_{}", second.id);
    assert_eq!(shown, [(&*namespace, "genes", &*namespace), (&*namespace, "genes_v2", &*directory)]);
    assert_eq!(catalog.annotation_store(&account(), "genes").await.unwrap().unwrap().versions, 2);
    let page = catalog.list_annotation_versions(&store.id, None, PageSize::parse(Some(1)).unwrap(), None).await;
    let page = page.unwrap();
    assert_eq!(page.entries, [second]);
    let next = page.next.unwrap();
    let rest = catalog.list_annotation_versions(&store.id, None, PageSize::parse(None).unwrap(), Some(&next)).await;
    assert_eq!(rest.unwrap().entries, [first]);
}

#[tokio::test]
async fn a_job_writes_to_the_version_it_names() {
    let (catalog, store, first, second) = with_versions().await;
    let job = annotation_job(&second, 3);
    catalog.enqueue(&job, None).await.unwrap();
    let claimed = catalog.claim("w", 60).await.unwrap().unwrap().job;
    assert_eq!(claimed.annotation, job.annotation);
    let destination = catalog.destination(&claimed).await.unwrap().unwrap();
    assert_eq!(destination, store.destination(&second));
    assert_eq!(destination.table, "genes_v2");
    for (kind, found) in [(JobKind::Annotation, 1), (JobKind::Variant, 0)] {
        let filter = JobFilter::all(kind);
        let page = catalog.list_jobs(&account(), &filter, PageSize::parse(None).unwrap(), None).await.unwrap();
        assert_eq!(page.entries.len(), found);
    }
    let elsewhere = ImportJob { destination_id: first.id, ..claimed };
    assert_eq!(catalog.destination(&elsewhere).await.unwrap(), None);
}

#[tokio::test]
async fn a_version_with_imports_is_not_deleted_without_force() {
    let (catalog, store, _, second) = with_versions().await;
    let job = annotation_job(&second, 3);
    catalog.enqueue(&job, None).await.unwrap();
    let error = catalog.begin_delete_annotation_version(&account(), &store.name, "v2", false).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "version v2 of annotation store genes has 1 import jobs that wait or run; let them end, cancel them, or delete \
         with force"
    );
    catalog.begin_delete_annotation_version(&account(), &store.name, "v2", true).await.unwrap();
    catalog.begin_delete_annotation_version(&account(), &store.name, "v2", true).await.unwrap();
    assert_eq!(states(&catalog, job.id).await, [JobStatus::Cancelled; 2]);
    assert!(matches!(catalog.enqueue(&annotation_job(&second, 4), None).await, Err(Error::NotActive(..))));
}

#[tokio::test]
async fn the_last_version_goes_with_its_store_only() {
    let (catalog, store, first, _) = with_versions().await;
    catalog.begin_delete_annotation_version(&account(), &store.name, "v2", false).await.unwrap();
    let error = catalog.begin_delete_annotation_version(&account(), &store.name, "v1", true).await.unwrap_err();
    assert_eq!(error.to_string(), "version v1 is the only one of annotation store genes; delete the store instead");
    let error = catalog.begin_delete_annotation_version(&account(), &store.name, "v9", true).await.unwrap_err();
    assert_eq!(error.to_string(), "version v9 of annotation store genes does not exist");
    assert_eq!(catalog.first_annotation_version(&store.id).await.unwrap(), Some(first));
}

/// The name of a deleted version is free again; its files lie in another folder then, which is not given up.
#[tokio::test]
async fn a_version_can_be_created_again() {
    let (catalog, store, _, second) = with_versions().await;
    catalog.begin_delete_annotation_version(&account(), &store.name, "v2", false).await.unwrap();
    for table in catalog.deletable_destinations().await.unwrap() {
        catalog.drop_destination(&table.id).await.unwrap();
        assert!(catalog.bury_directory(&table.directory).await.unwrap());
    }
    let again = annotation_version(&store, "v2", 9);
    assert_ne!(again.id, second.id);
    catalog.create_annotation_version(&store, &again, &version_table(&store, &again), None).await.unwrap();
    let first = store.namespace();
    assert!(!catalog.bury_directory(&first).await.unwrap(), "the first version is still there");
}
