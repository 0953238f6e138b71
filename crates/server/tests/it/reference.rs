//! ListReferences, GetReferenceMetadata.

use crate::server::{Server, assert_timestamp};
use serde_json::{Value, json};

#[tokio::test]
async fn a_reference_shows_its_files_and_where_it_came_from() {
    let server = Server::start().await;
    let store = server.reference_store().await;
    let arn = server.reference(&store, "chr1").await;
    let listed = server.post(&format!("/referencestore/{store}/references"), &json!({})).await.ok();
    let entry = &listed["references"][0];
    assert_eq!((&entry["arn"], &entry["status"]), (&json!(arn), &json!("ACTIVE")));
    assert_timestamp(&entry["updateTime"], 3);
    let id = entry["id"].as_str().unwrap();
    let metadata = server.get(&format!("/referencestore/{store}/reference/{id}/metadata")).await.ok();
    let part = 100 << 20;
    let source = json!({ "totalParts": 3, "partSize": part, "contentLength": 250 << 20 });
    let index = json!({ "totalParts": 1, "partSize": part, "contentLength": 23 });
    assert_eq!(metadata["files"], json!({ "source": source, "index": index }));
    assert_eq!(metadata["creationType"], "IMPORT");
    for (member, value) in entry.as_object().unwrap() {
        assert_eq!(&metadata[member], value, "{member}");
    }
    assert!(metadata["creationJobId"].is_string());
}

#[tokio::test]
async fn references_are_found_by_name_and_md5() {
    let server = Server::start().await;
    let store = server.reference_store().await;
    server.reference(&store, "chr1").await;
    server.reference(&store, "chr2").await;
    let path = format!("/referencestore/{store}/references");
    let count = async |filter: Value| {
        server.post(&path, &json!({ "filter": filter })).await.ok()["references"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({ "name": "chr2" })).await, 1);
    assert_eq!(count(json!({ "md5": "7ff134953dcca8c8997453bbb80b6b5e" })).await, 2);
    assert_eq!(count(json!({ "name": "chr" })).await, 0);
    server.post(&path, &json!({ "filter": { "name": "a" } })).await.invalid();
    server.post(&path, &json!({ "filter": { "md5": "a-b" } })).await.invalid();
}

#[tokio::test]
async fn unknown_stores_and_references_are_not_found() {
    let server = Server::start().await;
    server.post("/referencestore/1234567890/references", &json!({})).await.not_found();
    server.get("/referencestore/1234567890/reference/1234567890/metadata").await.not_found();
    assert!(
        server.get("/referencestore/x/reference/1234567890/metadata").await.invalid().contains("'referenceStoreId'")
    );
}
