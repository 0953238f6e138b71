use crate::testing::*;
use crate::{Catalog, Error, StoreFilter};
use varberg_model::*;

#[tokio::test]
async fn a_store_comes_back_as_it_was_created() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (store, version) = annotation_store("genes", 0);
    let created = create_annotation_store(&catalog, &store, &version).await.unwrap();
    assert_eq!(created, store);
    assert_eq!(catalog.annotation_store(&account(), "genes").await.unwrap(), Some(store.clone()));
    let found = catalog.annotation_version(&store.id, "v1").await.unwrap();
    assert_eq!(found, Some(version.clone()));
    assert!(version.is_first());
    let (filter, size) = (StoreFilter::default(), PageSize::parse(None).unwrap());
    let page = catalog.list_annotation_stores(&account(), &filter, size, None).await.unwrap();
    assert_eq!(page.entries, [store]);
}

/// Both kinds of store, and the tables of versions, share the names that SQL finds them by.
#[tokio::test]
async fn a_name_is_given_once() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let variants = store("cohort", 0);
    catalog.create_store(&variants, &table(&variants), None).await.unwrap();
    let (taken, version) = annotation_store("cohort", 1);
    let error = create_annotation_store(&catalog, &taken, &version).await.unwrap_err();
    assert_eq!(error.to_string(), "variant store cohort already exists");
    let (genes, version) = annotation_store("genes", 1);
    create_annotation_store(&catalog, &genes, &version).await.unwrap();
    let second = annotation_version(&genes, "v2", 2);
    catalog.create_annotation_version(&genes, &second, &version_table(&genes, &second), None).await.unwrap();
    for name in ["genes", "genes_v2"] {
        let store = store(name, 3);
        let error = catalog.create_store(&store, &table(&store), None).await.unwrap_err();
        assert!(matches!(error, Error::AlreadyExists(_)), "{error:?}");
    }
    let again = annotation_version(&genes, "v2", 4);
    let error = catalog.create_annotation_version(&genes, &again, &version_table(&genes, &again), None).await;
    assert_eq!(error.unwrap_err().to_string(), "version v2 of annotation store genes already exists");
}

#[tokio::test]
async fn a_description_can_be_changed_and_nothing_else() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (store, version) = annotation_store("genes", 0);
    create_annotation_store(&catalog, &store, &version).await.unwrap();
    let description = Description::parse(Some("newer")).unwrap();
    let changed = catalog.update_annotation_store(&account(), "genes", Some(&description)).await.unwrap();
    assert_eq!(changed.description, description);
    assert!(changed.updated > store.updated);
    let same = catalog.update_annotation_store(&account(), "genes", None).await.unwrap();
    assert_eq!(same, changed);
    assert!(matches!(catalog.update_annotation_store(&account(), "none", None).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_store_is_deleted_with_its_only_version() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (store, version) = annotation_store("genes", 0);
    create_annotation_store(&catalog, &store, &version).await.unwrap();
    let second = annotation_version(&store, "v2", 2);
    catalog.create_annotation_version(&store, &second, &version_table(&store, &second), None).await.unwrap();
    let error = catalog.begin_delete_annotation_store(&account(), "genes", true).await.unwrap_err();
    assert_eq!(error.to_string(), "annotation store genes has 2 versions; delete all but one first");
    catalog.begin_delete_annotation_version(&account(), &store.name, "v2", false).await.unwrap();
    let deleting = catalog.begin_delete_annotation_store(&account(), "genes", false).await.unwrap();
    assert_eq!((deleting.status, deleting.versions), (StoreStatus::Deleting, 0));
    assert!(catalog.tables_of(&account()).await.unwrap().is_empty());
    let deletable = catalog.deletable_destinations().await.unwrap();
    assert_eq!(deletable.len(), 2);
    for table in deletable {
        catalog.drop_destination(&table.id).await.unwrap();
    }
    assert_eq!(catalog.annotation_store(&account(), "genes").await.unwrap(), None);
    let (again, version) = annotation_store("genes", 5);
    create_annotation_store(&catalog, &again, &version).await.unwrap();
}
