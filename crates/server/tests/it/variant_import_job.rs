//! StartVariantImportJob, GetVariantImportJob, ListVariantImportJobs, CancelVariantImportJob, and progress.

use crate::server::{ROLE, Server, assert_timestamp};
use serde_json::{Value, json};
use varberg_catalog::NewTable;
use varberg_model::{ItemProgress, ItemReport, ItemWarning, StoreId, StoreName, VariantStore};

fn job(sources: &[&str]) -> Value {
    let items: Vec<Value> = sources.iter().map(|source| json!({ "source": source })).collect();
    json!({ "destinationName": "abc", "roleArn": ROLE, "items": items })
}

async fn start(server: &Server, body: &Value) -> String {
    let answer = server.post("/import/variant", body).await.ok();
    assert_eq!(answer.as_object().unwrap().len(), 1);
    answer["jobId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_job_is_accepted_without_looking_at_its_files() {
    let server = Server::start().await;
    server.store("abc").await;
    let file = format!("file://{}/b.vcf.gz", server.inputs().display());
    let id = start(&server, &job(&["s3://inputs/absent.vcf", &file])).await;
    let shown = server.get(&format!("/import/variant/{id}")).await.ok();
    assert_timestamp(&shown["creationTime"], 6);
    let expected = json!({
        "id": id, "destinationName": "abc", "roleArn": ROLE, "status": "SUBMITTED", "statusMessage": "",
        "creationTime": shown["creationTime"], "updateTime": shown["updateTime"], "runLeftNormalization": false,
        "annotationFields": { "VEP": "CSQ" },
        "items": [
            { "source": "s3://inputs/absent.vcf", "jobStatus": "SUBMITTED" },
            { "source": file, "jobStatus": "SUBMITTED" },
        ],
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn members_are_checked() {
    let server = Server::start().await;
    server.store("abc").await;
    let with = |member: &str, value: Value| {
        let mut body = job(&["s3://inputs/a.vcf"]);
        body[member] = value;
        body
    };
    let long: String = "k".repeat(22);
    let bad = [
        (with("destinationName", json!(null)), "destinationName"),
        (with("destinationName", json!("A")), "destinationName"),
        (with("roleArn", json!(null)), "roleArn"),
        (with("roleArn", json!("arn:aws:iam::1:role/x")), "roleArn"),
        (with("items", json!(null)), "items"),
        (with("items", json!([])), "items"),
        (with("items", json!({})), "items"),
        (with("items", json!(vec![json!({ "source": "s3://inputs/a.vcf" }); 1001])), "items"),
        (with("items", json!([1])), "items.1"),
        (with("items", json!([{}])), "items.1.source"),
        (with("items", json!([{ "source": "s3://inputs/a.vcf" }, { "source": 1 }])), "items.2.source"),
        (with("items", json!([{ "source": "https://x/a.vcf" }])), "items.1.source"),
        (with("runLeftNormalization", json!("true")), "runLeftNormalization"),
        (with("annotationFields", json!({ "VEP": 1 })), "annotationFields.VEP"),
        (with("annotationFields", json!({ "VEP": long })), "annotationFields.VEP"),
    ];
    for (body, member) in bad {
        let text = server.post("/import/variant", &body).await.invalid();
        assert!(
            text.starts_with(&format!("1 validation error detected: Value at '{member}' failed")),
            "{member}: {text}"
        );
    }
    assert_eq!(server.post("/import/variants", &json!({})).await.ok(), json!({ "variantImportJobs": [] }));
    start(&server, &with("runLeftNormalization", json!(false))).await;
    for annotations in [json!({}), json!({ "VEP": " ANN " }), json!({ "VEP": "CSQ", "other": "x" })] {
        let id = start(&server, &with("annotationFields", annotations.clone())).await;
        let shown = server.get(&format!("/import/variant/{id}")).await.ok();
        let given = annotations.as_object().unwrap();
        assert_eq!(shown.get("annotationFields").and_then(Value::as_object), Some(given).filter(|map| !map.is_empty()));
    }
    start(&server, &with("items", json!(vec![json!({ "source": "s3://inputs/a.vcf" }); 1000]))).await;
}

#[tokio::test]
async fn normalization_is_accepted_when_the_server_holds_the_store_s_reference() {
    let server = Server::start().await;
    server.store("abc").await;
    let mut body = job(&["s3://inputs/a.vcf"]);
    body["runLeftNormalization"] = json!(true);
    let id = start(&server, &body).await;
    assert_eq!(server.get(&format!("/import/variant/{id}")).await.ok()["runLeftNormalization"], true);
    let listed = server.post("/import/variants", &json!({})).await.ok();
    assert_eq!(listed["variantImportJobs"][0]["runLeftNormalization"], true);
    let catalog = &server.app.catalog;
    let store = catalog.store(&server.app.scope.account, "abc").await.unwrap().unwrap();
    let arn = server.app.scope.reference_arn("1234567890", "9876543210");
    let lost = VariantStore {
        id: StoreId::random(),
        name: StoreName::parse("name", "lost").unwrap(),
        reference_arn: arn.clone(),
        ..store
    };
    let table = NewTable {
        namespace: lost.namespace(),
        name: "lost".to_owned(),
        directory: lost.namespace(),
        metadata_location: "file:///absent".to_owned(),
    };
    catalog.create_store(&lost, &table, None).await.unwrap();
    body["destinationName"] = json!("lost");
    let text = server.post("/import/variant", &body).await.invalid();
    assert!(text.contains("'runLeftNormalization'") && text.contains(&arn) && text.contains("not held"), "{text}");
    body["runLeftNormalization"] = json!(false);
    start(&server, &body).await;
}

#[tokio::test]
async fn the_store_must_exist() {
    let server = Server::start().await;
    let text = server.post("/import/variant", &job(&["s3://inputs/a.vcf"])).await.not_found();
    assert!(text.contains("abc"), "{text}");
}

#[tokio::test]
async fn a_file_outside_the_allowed_directories_is_refused_with_the_way_to_allow_it() {
    let server = Server::start().await;
    server.store("abc").await;
    let answer = server.post("/import/variant", &job(&["s3://inputs/a.vcf", "file:///etc/a.vcf"])).await;
    for source in [format!("file://{}", server.inputs().display()), "s3://inputs//a.vcf".to_owned()] {
        let text = server.post("/import/variant", &job(&[&source])).await.invalid();
        assert!(text.contains("is a directory") || text.contains("empty path segment"), "{text}");
    }
    let text = answer.refused(403, "AccessDeniedException");
    assert!(text.contains("file:///etc/a.vcf") && text.contains("--allow-files /etc"), "{text}");
}

#[tokio::test]
async fn a_repeated_call_gives_the_same_job_and_another_body_another() {
    let server = Server::start().await;
    server.store("abc").await;
    let call = async |id: &str, body: &Value| {
        let request = server.request("POST", "/import/variant").header("amz-sdk-invocation-id", id);
        server.send(request.json(body)).await.ok()["jobId"].clone()
    };
    let first = call("i-1", &job(&["s3://inputs/a.vcf"])).await;
    assert_eq!(call("i-1", &job(&["s3://inputs/a.vcf"])).await, first);
    assert_ne!(call("i-1", &job(&["s3://inputs/b.vcf"])).await, first);
    assert_ne!(call("i-2", &job(&["s3://inputs/a.vcf"])).await, first);
    let unnamed = call("", &job(&["s3://inputs/a.vcf"])).await;
    assert_ne!(call("", &job(&["s3://inputs/a.vcf"])).await, unnamed);
}

#[tokio::test]
async fn a_submitted_job_is_cancelled_with_its_items_and_only_once() {
    let server = Server::start().await;
    server.store("abc").await;
    let id = start(&server, &job(&["s3://inputs/a.vcf"])).await;
    let path = format!("/import/variant/{id}");
    assert_eq!(server.delete(&path).await.ok(), Value::Null);
    let shown = server.get(&path).await.ok();
    assert_eq!((&shown["status"], &shown["items"][0]["jobStatus"]), (&json!("CANCELLED"), &json!("CANCELLED")));
    assert_timestamp(&shown["completionTime"], 6);
    assert!(server.delete(&path).await.invalid().contains("CANCELLED"));
}

#[tokio::test]
async fn unknown_jobs_are_not_found_and_malformed_ids_invalid() {
    let server = Server::start().await;
    let path = "/import/variant/00000000-0000-4000-8000-000000000000";
    let unknown = server.get(path).await.not_found();
    assert_eq!(server.delete(path).await.not_found(), unknown);
    let malformed = server.get("/import/variant/x").await.invalid();
    assert!(malformed.contains("'jobId'") && malformed.contains("UUID"), "{malformed}");
    server.get("/varberg/jobs/00000000-0000-4000-8000-000000000000/progress").await.not_found();
}

#[tokio::test]
async fn jobs_are_listed_by_status_store_and_id() {
    let server = Server::start().await;
    server.store("abc").await;
    let first = start(&server, &job(&["s3://inputs/a.vcf"])).await;
    let second = start(&server, &job(&["s3://inputs/a.vcf"])).await;
    server.delete(&format!("/import/variant/{first}")).await.ok();
    let list = async |body: Value| {
        let page = server.post("/import/variants", &body).await.ok();
        let jobs = page["variantImportJobs"].as_array().unwrap().clone();
        jobs.iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(json!({})).await, [second.as_str(), first.as_str()]);
    assert_eq!(list(json!({ "filter": { "status": "CANCELLED" } })).await, [first.as_str()]);
    assert_eq!(list(json!({ "filter": { "storeName": "abc", "status": "SUBMITTED" } })).await, [second.as_str()]);
    assert!(list(json!({ "filter": { "storeName": "other" } })).await.is_empty());
    assert_eq!(list(json!({ "ids": [first, "no-such-id"] })).await, [first.as_str()]);
    let page = server.post("/import/variants?maxResults=1", &json!({})).await.ok();
    let entry = page["variantImportJobs"][0].as_object().unwrap();
    let mut members: Vec<&String> = entry.keys().collect();
    members.sort();
    let expected = [
        "annotationFields",
        "creationTime",
        "destinationName",
        "id",
        "roleArn",
        "runLeftNormalization",
        "status",
        "updateTime",
    ];
    assert_eq!(members, expected);
    let next = page["nextToken"].as_str().unwrap();
    let rest = server.post(&format!("/import/variants?nextToken={next}"), &json!({})).await.ok();
    assert_eq!(rest["variantImportJobs"].as_array().unwrap().len(), 1);
    assert!(rest.get("nextToken").is_none());
    server.post(&format!("/variantStores?nextToken={next}"), &json!({})).await.invalid();
    server.post("/import/variants", &json!({ "filter": { "status": "DONE" } })).await.invalid();
}

#[tokio::test]
async fn the_progress_of_a_running_job_is_told() {
    let server = Server::start().await;
    server.store("abc").await;
    let id = start(&server, &job(&["s3://inputs/a.vcf"])).await;
    let claim = server.app.catalog.claim("test", 60).await.unwrap().unwrap();
    let progress = ItemProgress { bytes_read: 5, bytes_total: 10, records: 3 };
    server.app.catalog.report_progress(&claim.lease, 0, progress).await.unwrap();
    let warning = ItemWarning {
        cause: "Position".to_owned(),
        code: "E15".to_owned(),
        message: "POS is not a whole number".to_owned(),
        verdict: "reject record".to_owned(),
        count: 2,
        first_line: 7,
    };
    let report = ItemReport { rejected: 2, warnings: vec![warning] };
    server.app.catalog.record_report(&claim.lease, 0, &report).await.unwrap();
    let shown = server.get(&format!("/varberg/jobs/{id}/progress")).await.ok();
    let expected = json!({
        "jobId": id, "destinationName": "abc", "status": "IN_PROGRESS", "statusMessage": "",
        "items": [{
            "position": 0, "source": "s3://inputs/a.vcf", "status": "IN_PROGRESS", "message": "", "bytesRead": 5,
            "bytesTotal": 10, "records": 3, "rejected": 2,
            "warnings": [{
                "cause": "Position", "code": "E15", "message": "POS is not a whole number", "verdict": "reject record",
                "count": 2, "firstLine": 7,
            }],
        }],
    });
    assert_eq!(shown, expected);
}
