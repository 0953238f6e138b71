//! CreateVariantStore, GetVariantStore, ListVariantStores, DeleteVariantStore.

use crate::server::{ROLE, Server, assert_timestamp, files_below};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_new_store_is_creating_in_the_answer_and_active_in_the_first_get() {
    let server = Server::start().await;
    let references = server.reference_store().await;
    let arn = server.reference(&references, "chr1").await;
    let body = json!({ "name": "my_store", "reference": { "referenceArn": arn } });
    let created = server.post("/variantStore", &body).await.ok();
    assert_timestamp(&created["creationTime"], 6);
    let id = created["id"].as_str().unwrap();
    assert!(id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{id}");
    let expected = json!({
        "id": id, "reference": { "referenceArn": arn }, "status": "CREATING", "name": "my_store",
        "creationTime": created["creationTime"],
    });
    assert_eq!(created, expected);
    let shown = server.get("/variantStore/my_store").await.ok();
    assert_timestamp(&shown["updateTime"], 6);
    let expected = json!({
        "id": id, "reference": { "referenceArn": arn }, "status": "ACTIVE", "name": "my_store",
        "storeArn": "arn:aws:omics:us-east-1:000000000000:variantStore/my_store",
        "description": "", "sseConfig": { "type": "KMS" }, "tags": {}, "statusMessage": "", "storeSizeBytes": 0,
        "creationTime": created["creationTime"], "updateTime": shown["updateTime"],
    });
    assert_eq!(shown, expected);
    let pointer = server.app.catalog.pointer(&format!("variant_000000000000_{id}"), "my_store").await.unwrap();
    assert!(server.app.lake.describe(&pointer.unwrap()).await.unwrap().records == 0);
}

#[tokio::test]
async fn what_is_given_is_shown_back() {
    let server = Server::start().await;
    let references = server.reference_store().await;
    let arn = server.reference(&references, "chr1").await;
    let sse = json!({ "type": "KMS", "keyArn": "arn:aws:kms:us-east-1:123456789012:key/abc" });
    let body = json!({
        "name": "abc", "reference": { "referenceArn": arn, "unknown": null }, "description": "d", "sseConfig": sse,
        "tags": { "team": "x", "varberg:layout": "long" }, "unknown": 1,
    });
    server.post("/variantStore", &body).await.ok();
    let shown = server.get("/variantStore/abc").await.ok();
    for member in ["description", "sseConfig", "tags"] {
        assert_eq!(shown[member], body[member], "{member}");
    }
}

#[tokio::test]
async fn members_are_checked() {
    let server = Server::start().await;
    let references = server.reference_store().await;
    let arn = server.reference(&references, "chr1").await;
    let reference = json!({ "referenceArn": arn });
    let named = |name: Value| json!({ "name": name, "reference": reference });
    let with = |member: &str, value: Value| json!({ "name": "abc", "reference": reference, member: value });
    let over = |reference: Value| json!({ "name": "abc", "reference": reference });
    let bad = [
        (json!({ "reference": reference }), "name"),
        (named(json!(null)), "name"),
        (named(json!(12)), "name"),
        (named(json!("ab")), "name"),
        (named(json!("Abc")), "name"),
        (named(json!("1bc")), "name"),
        (named(json!("a".repeat(256))), "name"),
        (json!({ "name": "abc" }), "reference"),
        (over(json!("arn:x")), "reference"),
        (over(json!({})), "reference"),
        (over(json!({ "other": "x" })), "reference"),
        (over(json!({ "referenceArn": arn, "other": "x" })), "reference"),
        (over(json!({ "referenceArn": 1 })), "reference.referenceArn"),
        (over(json!({ "referenceArn": "" })), "reference.referenceArn"),
        (over(json!({ "referenceArn": "x" })), "reference.referenceArn"),
        (over(json!({ "referenceArn": format!("arn:{}", "a".repeat(124)) })), "reference.referenceArn"),
        (over(json!({ "referenceArn": arn.replace("us-east-1", "eu-west-1") })), "reference.referenceArn"),
        (over(json!({ "referenceArn": arn.replace("000000000000", "123456789012") })), "reference.referenceArn"),
        (with("description", json!("d".repeat(501))), "description"),
        (with("description", json!(["d"])), "description"),
        (with("tags", json!({ "varberg:layout": "deep" })), "tags.varberg:layout"),
        (with("tags", json!([])), "tags"),
        (with("sseConfig", json!({ "type": "KMS", "keyArn": 1 })), "sseConfig.keyArn"),
    ];
    for (body, member) in bad {
        let text = server.post("/variantStore", &body).await.invalid();
        assert!(
            text.starts_with(&format!("1 validation error detected: Value at '{member}' failed")),
            "{body}: {text}"
        );
    }
    assert_eq!(server.post("/variantStores", &json!({})).await.ok(), json!({ "variantStores": [] }));
}

#[tokio::test]
async fn a_store_needs_a_reference_that_exists() {
    let server = Server::start().await;
    for ids in [("1234567890", "1234567890"), ("1", "2")] {
        let arn = server.app.scope.reference_arn(ids.0, ids.1);
        let body = json!({ "name": "abc", "reference": { "referenceArn": arn } });
        assert!(server.post("/variantStore", &body).await.not_found().contains(&arn));
    }
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_and_leaves_no_table() {
    let server = Server::start().await;
    let references = server.reference_store().await;
    let arn = server.reference(&references, "chr1").await;
    let body = json!({ "name": "abc", "reference": { "referenceArn": arn } });
    server.post("/variantStore", &body).await.ok();
    let files = files_below(&server.data_dir().join("warehouse"));
    let places = std::fs::read_dir(server.data_dir().join("warehouse")).unwrap().count();
    let text = server.post("/variantStore", &body).await.refused(409, "ConflictException");
    assert!(text.contains("abc"), "{text}");
    assert_eq!(files_below(&server.data_dir().join("warehouse")), files);
    // No table was begun either: not even its directory is there.
    assert_eq!(std::fs::read_dir(server.data_dir().join("warehouse")).unwrap().count(), places);
    // Some SDKs mark unions with `__type`, which is no member.
    let marked =
        json!({ "name": "def", "reference": { "__type": "x", "referenceArn": body["reference"]["referenceArn"] } });
    server.post("/variantStore", &marked).await.ok();
}

#[tokio::test]
async fn a_repeated_call_gives_the_same_store() {
    let server = Server::start().await;
    let references = server.reference_store().await;
    let arn = server.reference(&references, "chr1").await;
    let body = json!({ "name": "abc", "reference": { "referenceArn": arn } });
    let call = || server.request("POST", "/variantStore").header("amz-sdk-invocation-id", "i-1").json(&body);
    let first = server.send(call()).await.ok();
    let files = files_below(&server.data_dir().join("warehouse"));
    assert_eq!(server.send(call()).await.ok(), first);
    assert_eq!(files_below(&server.data_dir().join("warehouse")), files);
}

#[tokio::test]
async fn a_listing_shows_all_members_and_is_filtered_by_status_and_id() {
    let server = Server::start().await;
    for name in ["one", "two", "three"] {
        server.store(name).await;
    }
    let list = async |body: Value| {
        let page = server.post("/variantStores", &body).await.ok();
        page["variantStores"].as_array().unwrap().clone()
    };
    let all = list(json!({})).await;
    let names: Vec<&str> = all.iter().map(|store| store["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["three", "two", "one"]);
    let mut shown = server.get("/variantStore/two").await.ok();
    shown.as_object_mut().unwrap().remove("tags");
    assert_eq!(all[1], shown);
    assert_eq!(list(json!({ "filter": { "status": "ACTIVE" } })).await.len(), 3);
    assert_eq!(list(json!({ "filter": { "status": "DELETING" } })).await.len(), 0);
    assert_eq!(list(json!({ "ids": [all[0]["id"], "two"] })).await.len(), 2);
    let bad = [
        (json!({ "filter": { "status": "GONE" } }), "filter.status"),
        (json!({ "filter": [] }), "filter"),
        (json!({ "ids": [] }), "ids"),
        (json!({ "ids": vec!["a"; 21] }), "ids"),
        (json!({ "ids": ["a", ""] }), "ids.2"),
        (json!({ "ids": [null] }), "ids.1"),
    ];
    for (body, member) in bad {
        let text = server.post("/variantStores", &body).await.invalid();
        assert!(text.contains(&format!("'{member}'")), "{body}: {text}");
    }
}

#[tokio::test]
async fn unknown_stores_are_not_found() {
    let server = Server::start().await;
    server.get("/variantStore/none").await.not_found();
    server.get("/variantStore/NO%20SUCH%2Fname").await.not_found();
    server.delete("/variantStore/none").await.not_found();
}

#[tokio::test]
async fn a_deletion_answers_deleting_and_ends_early_once_the_store_is_gone() {
    let server = Server::start().await;
    server.store("abc").await;
    let catalog = server.app.catalog.clone();
    let bell = server.app.leftovers.clone();
    let janitor = tokio::spawn(async move {
        bell.notified().await;
        let store = catalog.deletable_destinations().await.unwrap().remove(0);
        catalog.drop_destination(&store.id).await.unwrap();
    });
    assert_eq!(server.delete("/variantStore/abc").await.ok(), json!({ "status": "DELETING" }));
    tokio::time::timeout(Duration::from_secs(5), janitor).await.unwrap().unwrap();
    server.get("/variantStore/abc").await.not_found();
}

#[tokio::test]
async fn a_store_with_running_imports_is_deleted_only_by_force() {
    let server = Server::start().await;
    server.store("abc").await;
    let body = json!({ "destinationName": "abc", "roleArn": ROLE, "items": [{ "source": "s3://inputs/a.vcf" }] });
    let job = server.post("/import/variant", &body).await.ok();
    server.delete("/variantStore/abc").await.refused(409, "ConflictException");
    server.delete("/variantStore/abc?force=false").await.refused(409, "ConflictException");
    assert!(server.delete("/variantStore/abc?force=1").await.invalid().contains("'force'"));
    assert_eq!(server.get("/variantStore/abc").await.ok()["status"], "ACTIVE");
    assert_eq!(server.delete("/variantStore/abc?force=true").await.ok()["status"], "DELETING");
    assert_eq!(server.get("/variantStore/abc").await.ok()["status"], "DELETING");
    let job = server.get(&format!("/import/variant/{}", job["jobId"].as_str().unwrap())).await.ok();
    assert_eq!(job["status"], "CANCELLED");
    assert!(server.post("/import/variant", &body).await.invalid().contains("DELETING"));
}
