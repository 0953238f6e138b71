//! Tests of `tags.rs` through the catalog's own calls.

use crate::testing::{account, store, table};
use crate::{Catalog, Error};
use varberg_model::*;

fn tags(pairs: &[(&str, &str)]) -> Tags {
    Tags::from_stored(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

async fn with_store() -> (Catalog, Resource) {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = VariantStore { tags: tags(&[("a", "1"), ("b", "2")]), ..store("store", 0) };
    catalog.create_store(&store, &table(&store), None).await.unwrap();
    (catalog, Resource::VariantStore("store".to_owned()))
}

#[tokio::test]
async fn tags_are_merged_and_removed() {
    let (catalog, resource) = with_store().await;
    catalog.tag(&account(), &resource, &tags(&[("b", "3"), ("c", "")])).await.unwrap();
    let found = catalog.tags(&account(), &resource).await.unwrap();
    assert_eq!(found, Some(tags(&[("a", "1"), ("b", "3"), ("c", "")])));
    catalog.untag(&account(), &resource, &["a", "c", "never"]).await.unwrap();
    assert_eq!(catalog.store(&account(), "store").await.unwrap().unwrap().tags, tags(&[("b", "3")]));
}

#[tokio::test]
async fn a_resource_has_fifty_tags_at_most() {
    let (catalog, resource) = with_store().await;
    let keys: Vec<String> = (0..49).map(|i| format!("key{i}")).collect();
    let many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).collect();
    let refused = catalog.tag(&account(), &resource, &tags(&many)).await;
    assert!(matches!(refused, Err(Error::TooManyTags)), "{refused:?}");
    assert_eq!(catalog.tags(&account(), &resource).await.unwrap(), Some(tags(&[("a", "1"), ("b", "2")])));
    catalog.tag(&account(), &resource, &tags(many.get(..48).unwrap())).await.unwrap();
}

#[tokio::test]
async fn what_does_not_exist_has_no_tags() {
    let (catalog, resource) = with_store().await;
    let stranger = AccountId::parse("999999999999").unwrap();
    let id = RefId::from_stored("1234567890".to_owned());
    for (account, resource) in [
        (stranger, resource),
        (account(), Resource::VariantStore("other".to_owned())),
        (account(), Resource::AnnotationStore("store".to_owned())),
        (account(), Resource::AnnotationVersion { store: "store".to_owned(), version: "v1".to_owned() }),
        (account(), Resource::ReferenceStore(id.clone())),
        (account(), Resource::Reference { store: id.clone(), id }),
    ] {
        assert_eq!(catalog.tags(&account, &resource).await.unwrap(), None, "{resource:?}");
        let refused = catalog.tag(&account, &resource, &Tags::default()).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
}
