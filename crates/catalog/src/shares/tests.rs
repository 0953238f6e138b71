//! Tests of `shares.rs` through the catalog's own calls.

use crate::testing::{account, call, share, store, table};
use crate::{Catalog, Error, Quotas, ShareFilter, ShareSide};
use varberg_model::*;

const SUBSCRIBER: &str = "222222222222";

fn subscriber() -> AccountId {
    AccountId::parse(SUBSCRIBER).unwrap()
}

async fn with_share() -> (Catalog, VariantStore, Share) {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = store("store", 0);
    catalog.create_store(&store, &table(&store), None).await.unwrap();
    let share = share(&store, SUBSCRIBER);
    assert_eq!(catalog.create_share(&share, None).await.unwrap(), share);
    (catalog, store, share)
}

async fn seen(catalog: &Catalog) -> Vec<String> {
    catalog.tables_of(&subscriber()).await.unwrap().into_iter().map(|table| table.name).collect()
}

#[tokio::test]
async fn a_subscriber_sees_the_table_between_acceptance_and_end() {
    let (catalog, _, share) = with_share().await;
    assert!(seen(&catalog).await.is_empty());
    catalog.accept_share(&subscriber(), &share.id).await.unwrap();
    assert_eq!(seen(&catalog).await, ["store"]);
    assert_eq!(catalog.store(&subscriber(), "store").await.unwrap(), None, "it stays the owner's");
    let again = catalog.accept_share(&subscriber(), &share.id).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    catalog.delete_share(&subscriber(), &share.id).await.unwrap();
    assert!(seen(&catalog).await.is_empty());
    let gone = catalog.delete_share(&account(), &share.id).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
}

#[tokio::test]
async fn only_the_two_accounts_know_a_share_and_only_one_accepts() {
    let (catalog, _, share) = with_share().await;
    let stranger = AccountId::parse("333333333333").unwrap();
    assert_eq!(catalog.share(&account(), &share.id).await.unwrap(), Some(share.clone()));
    assert_eq!(catalog.share(&subscriber(), &share.id).await.unwrap(), Some(share.clone()));
    assert_eq!(catalog.share(&stranger, &share.id).await.unwrap(), None);
    assert!(matches!(catalog.accept_share(&account(), &share.id).await, Err(Error::NotTheSubscriber)));
    assert!(matches!(catalog.accept_share(&stranger, &share.id).await, Err(Error::NotFound(_))));
    assert!(matches!(catalog.delete_share(&stranger, &share.id).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_store_is_shared_once_with_an_account_and_no_oftener_than_allowed() {
    let (catalog, store, first) = with_share().await;
    let again = Share { id: "other".to_owned(), ..first.clone() };
    assert!(matches!(catalog.create_share(&again, None).await, Err(Error::AlreadyExists(_))));
    let second = share(&store, "333333333333");
    let bounded = |most| catalog.clone().with_quotas(Quotas { shares: Some(most), ..Quotas::default() });
    assert!(matches!(bounded(1).create_share(&second, None).await, Err(Error::TooMany { .. })));
    let key = call("1");
    bounded(2).create_share(&second, Some(&key)).await.unwrap();
    let retried = Share { id: "third".to_owned(), ..second.clone() };
    assert_eq!(bounded(2).create_share(&retried, Some(&key)).await.unwrap(), second);
}

#[tokio::test]
async fn lists_each_side_with_its_filters() {
    let (catalog, store, first) = with_share().await;
    let all = |side| ShareFilter { side, resource_arns: Vec::new(), status: Vec::new(), kinds: Vec::new() };
    let size = PageSize::parse(None).unwrap();
    let list = async |account: &AccountId, filter: ShareFilter| {
        catalog.list_shares(account, &filter, size, None).await.unwrap().entries.len()
    };
    assert_eq!(list(&account(), all(ShareSide::Owner)).await, 1);
    assert_eq!(list(&account(), all(ShareSide::Subscriber)).await, 0);
    assert_eq!(list(&subscriber(), all(ShareSide::Subscriber)).await, 1);
    let owned = all(ShareSide::Owner);
    for (filter, found) in [
        (ShareFilter { status: vec![ShareStatus::Pending, ShareStatus::Active], ..owned.clone() }, 1),
        (ShareFilter { status: vec![ShareStatus::Active], ..owned.clone() }, 0),
        (ShareFilter { kinds: vec![ShareKind::AnnotationStore], ..owned.clone() }, 0),
        (ShareFilter { resource_arns: vec![first.resource_arn, "arn:other".to_owned()], ..owned.clone() }, 1),
        (ShareFilter { resource_arns: vec!["arn:other".to_owned()], ..owned }, 0),
    ] {
        assert_eq!(list(&account(), filter.clone()).await, found, "{filter:?}");
    }
    catalog.begin_delete_store(&account(), "store", false).await.unwrap();
    catalog.drop_destination(&store.id).await.unwrap();
    assert_eq!(list(&account(), all(ShareSide::Owner)).await, 0, "shares go with their store");
}
