//! CreateReferenceStore, GetReferenceStore, ListReferenceStores.

use crate::server::{Server, assert_timestamp};
use serde_json::{Value, json};

#[tokio::test]
async fn a_store_is_created_shown_and_listed() {
    let server = Server::start().await;
    let sse = json!({ "type": "KMS", "keyArn": "arn:aws:kms:us-east-1:123456789012:key/abc" });
    let body = json!({ "name": "My références", "description": "for tests", "sseConfig": sse, "tags": { "a": "b" } });
    let created = server.post("/referencestore", &body).await.ok();
    let id = created["id"].as_str().unwrap();
    assert!(id.len() == 10 && id.bytes().all(|b| b.is_ascii_digit()), "{id}");
    assert_eq!(created["arn"], format!("arn:aws:omics:us-east-1:000000000000:referenceStore/{id}"));
    assert_eq!((&created["name"], &created["description"]), (&json!("My références"), &json!("for tests")));
    assert_eq!(created["sseConfig"], sse);
    assert_timestamp(&created["creationTime"], 3);
    assert_eq!(server.get(&format!("/referencestore/{id}")).await.ok(), created);
    assert_eq!(server.post("/referencestores", &json!({})).await.ok(), json!({ "referenceStores": [created] }));
}

#[tokio::test]
async fn what_is_not_given_is_not_shown() {
    let server = Server::start().await;
    let created = server.post("/referencestore", &json!({ "name": "r", "description": null })).await.ok();
    let mut members: Vec<&String> = created.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["arn", "creationTime", "id", "name"]);
}

#[tokio::test]
async fn members_are_checked() {
    let server = Server::start().await;
    let bad = [
        (json!({}), "name"),
        (json!({ "name": 1 }), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "a".repeat(128) }), "name"),
        (json!({ "name": "a\u{7}" }), "name"),
        (json!({ "name": "a", "description": "" }), "description"),
        (json!({ "name": "a", "description": "d".repeat(256) }), "description"),
        (json!({ "name": "a", "sseConfig": {} }), "sseConfig.type"),
        (json!({ "name": "a", "sseConfig": "KMS" }), "sseConfig"),
        (json!({ "name": "a", "sseConfig": { "type": "AES" } }), "sseConfig.type"),
        (json!({ "name": "a", "sseConfig": { "type": "KMS", "keyArn": "x" } }), "sseConfig.keyArn"),
        (json!({ "name": "a", "tags": { "k": 1 } }), "tags.k"),
        (json!({ "name": "a", "tags": { "k": null } }), "tags.k"),
        (json!({ "name": "a", "tags": { "aws:k": "v" } }), "tags.key"),
        (json!({ "name": "a", "clientToken": "" }), "clientToken"),
    ];
    for (body, member) in bad {
        let text = server.post("/referencestore", &body).await.invalid();
        assert!(
            text.starts_with(&format!("1 validation error detected: Value at '{member}' failed")),
            "{body}: {text}"
        );
    }
    assert!(server.get("/referencestore/12").await.invalid().contains("'id'"));
    server.get("/referencestore/1234567890").await.not_found();
}

#[tokio::test]
async fn the_same_client_token_gives_the_same_store() {
    let server = Server::start().await;
    let body = json!({ "name": "r", "clientToken": "once" });
    let first = server.post("/referencestore", &body).await.ok();
    assert_eq!(server.post("/referencestore", &body).await.ok(), first);
    assert_ne!(server.post("/referencestore", &json!({ "name": "r", "clientToken": "twice" })).await.ok(), first);
}

#[tokio::test]
async fn pages_go_from_newest_to_oldest_and_end() {
    let server = Server::start().await;
    let mut names = Vec::new();
    for index in 0..5 {
        let name = format!("r{index}");
        server.post("/referencestore", &json!({ "name": name })).await.ok();
        names.insert(0, name);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut token = String::new();
    for _ in 0..3 {
        let path = format!("/referencestores?maxResults=2{token}");
        let page = server.post(&path, &json!({})).await.ok();
        let stores = page["referenceStores"].as_array().unwrap();
        seen.extend(stores.iter().map(|store| store["name"].as_str().unwrap().to_owned()));
        match page.get("nextToken").and_then(Value::as_str) {
            Some(next) => token = format!("&nextToken={next}"),
            None => break,
        }
    }
    assert_eq!(seen, names);
    for query in ["maxResults=0", "maxResults=101", "maxResults=x", "nextToken=x", "nextToken=", "nextToken=YWJj"] {
        server.post(&format!("/referencestores?{query}"), &json!({})).await.invalid();
    }
    let page = server.post("/referencestores?maxResults=1", &json!({})).await.ok();
    let next = page["nextToken"].as_str().unwrap();
    let other = json!({ "filter": { "name": "r1" } });
    assert!(server.post(&format!("/referencestores?nextToken={next}"), &other).await.invalid().contains("nextToken"));
}

#[tokio::test]
async fn a_listing_is_filtered_by_name_and_time() {
    let server = Server::start().await;
    for name in ["one", "two"] {
        server.post("/referencestore", &json!({ "name": name })).await.ok();
    }
    let count = async |filter: Value| {
        let page = server.post("/referencestores", &json!({ "filter": filter })).await.ok();
        page["referenceStores"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({ "name": "two" })).await, 1);
    assert_eq!(count(json!({ "createdAfter": "2020-01-01T00:00:00Z" })).await, 2);
    assert_eq!(count(json!({ "createdBefore": "2020-01-01T00:00:00+02:00" })).await, 0);
    let bad = json!({ "filter": { "createdAfter": "yesterday" } });
    assert!(server.post("/referencestores", &bad).await.invalid().contains("'filter.createdAfter'"));
}
