use super::*;
use crate::testing::{account, at};
use varberg_model::Role;

fn user(name: &str) -> User {
    User { name: UserName::parse("name", name).unwrap(), account: account(), role: Role::Writer, created: at(1) }
}

fn key(id: &str, seconds: i64) -> SealedKey {
    SealedKey { id: AccessKeyId::from_stored(id.to_owned()), secret: id.as_bytes().to_vec(), created: at(seconds) }
}

async fn ids(catalog: &Catalog) -> Vec<String> {
    let users = catalog.users().await.unwrap();
    users.iter().flat_map(|user| user.keys.iter().map(|key| format!("{} {}", user.user.name, key.id))).collect()
}

#[tokio::test]
async fn a_user_has_one_name_and_at_most_two_keys() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let ada = user("ada");
    catalog.create_user(&ada, &key("A1", 1)).await.unwrap();
    let twice = catalog.create_user(&user("ada"), &key("A9", 1)).await.unwrap_err();
    assert_eq!(twice.to_string(), "user ada already exists");
    catalog.create_user(&user("ben"), &key("B1", 1)).await.unwrap();

    let (same, ended) = catalog.rotate_key(&ada.name, &key("A2", 2), FormerKeys::KeepNewest).await.unwrap();
    assert_eq!((same, ended.len()), (ada.clone(), 0));
    let (_, ended) = catalog.rotate_key(&ada.name, &key("A3", 3), FormerKeys::KeepNewest).await.unwrap();
    assert_eq!(ended, [AccessKeyId::from_stored("A1".to_owned())]);
    assert_eq!(ids(&catalog).await, ["ada A3", "ada A2", "ben B1"]);
    let (_, ended) = catalog.rotate_key(&ada.name, &key("A4", 4), FormerKeys::Revoke).await.unwrap();
    assert_eq!(ended.len(), 2);
    assert_eq!(ids(&catalog).await, ["ada A4", "ben B1"]);
}

#[tokio::test]
async fn what_is_deleted_is_gone_with_its_keys() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let ada = user("ada");
    catalog.create_user(&ada, &key("A1", 1)).await.unwrap();
    catalog.rotate_key(&ada.name, &key("A2", 2), FormerKeys::KeepNewest).await.unwrap();
    catalog.create_user(&user("ben"), &key("B1", 1)).await.unwrap();
    let foreign = catalog.delete_access_key(&ada.name, &key("B1", 1).id).await.unwrap_err();
    assert_eq!(foreign.to_string(), "access key B1 does not exist");
    catalog.delete_access_key(&ada.name, &key("A1", 1).id).await.unwrap();
    assert_eq!(ids(&catalog).await, ["ada A2", "ben B1"]);
    catalog.delete_user(&ada.name).await.unwrap();
    assert_eq!(ids(&catalog).await, ["ben B1"]);
    for error in [
        catalog.delete_user(&ada.name).await.unwrap_err(),
        catalog.rotate_key(&ada.name, &key("A5", 5), FormerKeys::Revoke).await.unwrap_err(),
        catalog.delete_access_key(&ada.name, &key("A2", 2).id).await.unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "user ada does not exist");
    }
}

#[tokio::test]
async fn a_server_reads_users_again_only_after_a_change() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let none = catalog.known_users(None).await.unwrap().unwrap();
    assert!(none.users.is_empty() && none.keys.is_empty());
    assert!(catalog.known_users(Some(none.version)).await.unwrap().is_none());

    catalog.create_user(&user("ada"), &key("A1", 1)).await.unwrap();
    let one = catalog.known_users(Some(none.version)).await.unwrap().unwrap();
    assert_eq!(one.users, [user("ada")]);
    let (name, sealed) = &one.keys[0];
    assert_eq!((name.as_str(), sealed.id.as_str(), &*sealed.secret), ("ada", "A1", b"A1".as_slice()));

    // A use is no change.
    catalog.note_key_use(&sealed.id, at(60)).await.unwrap();
    catalog.note_key_use(&sealed.id, at(30)).await.unwrap();
    assert!(catalog.known_users(Some(one.version)).await.unwrap().is_none());
    assert_eq!(catalog.users().await.unwrap()[0].keys[0].last_used, Some(at(60)));

    catalog.delete_user(name).await.unwrap();
    assert!(catalog.known_users(Some(one.version)).await.unwrap().unwrap().users.is_empty());
}
