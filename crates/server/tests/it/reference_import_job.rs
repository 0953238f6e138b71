//! StartReferenceImportJob, GetReferenceImportJob, ListReferenceImportJobs.

use crate::server::{ROLE, Server, assert_timestamp};
use serde_json::json;

#[tokio::test]
async fn a_job_is_accepted_and_shown_before_any_byte_is_read() {
    let server = Server::start().await;
    let store = server.reference_store().await;
    let path = format!("/referencestore/{store}/importjob");
    let source =
        json!({ "sourceFile": "s3://inputs/absent.fa", "name": "hg38", "description": "d", "tags": { "a": "b" } });
    let started = server.post(&path, &json!({ "roleArn": ROLE, "sources": [source] })).await.ok();
    assert_eq!(started["status"], "SUBMITTED");
    assert_eq!((&started["referenceStoreId"], &started["roleArn"]), (&json!(store), &json!(ROLE)));
    assert_timestamp(&started["creationTime"], 3);
    let id = started["id"].as_str().unwrap();
    let shown = server.get(&format!("{path}/{id}")).await.ok();
    let expected = json!([{
        "sourceFile": "s3://inputs/absent.fa", "status": "NOT_STARTED", "name": "hg38", "description": "d",
        "tags": { "a": "b" }, "statusMessage": "The source waits for its turn."
    }]);
    assert_eq!(shown["sources"], expected);
    assert_eq!(shown["statusMessage"], "The job waits to be started.");
    let jobs = server.post(&format!("{path}s"), &json!({ "filter": { "status": "SUBMITTED" } })).await.ok();
    assert_eq!(jobs, json!({ "importJobs": [started] }));
    let none = server.post(&format!("{path}s"), &json!({ "filter": { "status": "COMPLETED" } })).await.ok();
    assert_eq!(none, json!({ "importJobs": [] }));
}

#[tokio::test]
async fn a_finished_job_names_its_reference() {
    let server = Server::start().await;
    let store = server.reference_store().await;
    let arn = server.reference(&store, "chr1").await;
    let jobs = server.post(&format!("/referencestore/{store}/importjobs"), &json!({})).await.ok();
    let id = jobs["importJobs"][0]["id"].as_str().unwrap();
    let job = server.get(&format!("/referencestore/{store}/importjob/{id}")).await.ok();
    assert_eq!((&job["status"], &job["sources"][0]["status"]), (&json!("COMPLETED"), &json!("FINISHED")));
    assert_timestamp(&job["completionTime"], 3);
    assert!(arn.ends_with(job["sources"][0]["referenceId"].as_str().unwrap()));
}

#[tokio::test]
async fn members_are_checked() {
    let server = Server::start().await;
    let store = server.reference_store().await;
    let path = format!("/referencestore/{store}/importjob");
    let good = json!({ "sourceFile": "s3://inputs/a.fa", "name": "abc" });
    let with = |source: serde_json::Value| json!({ "roleArn": ROLE, "sources": [good, source] });
    let bad = [
        (json!({ "sources": [good] }), "roleArn"),
        (json!({ "roleArn": "role", "sources": [good] }), "roleArn"),
        (json!({ "roleArn": ROLE }), "sources"),
        (json!({ "roleArn": ROLE, "sources": [] }), "sources"),
        (json!({ "roleArn": ROLE, "sources": {} }), "sources"),
        (json!({ "roleArn": ROLE, "sources": vec![good.clone(); 101] }), "sources"),
        (with(json!(null)), "sources.2"),
        (with(json!({ "name": "abc" })), "sources.2.sourceFile"),
        (with(json!({ "sourceFile": "http://x/y", "name": "abc" })), "sources.2.sourceFile"),
        (with(json!({ "sourceFile": "s3://inputs/a.fa", "name": "ab" })), "sources.2.name"),
        (
            with(json!({ "sourceFile": "s3://inputs/a.fa", "name": "abc", "tags": { "aws:x": "" } })),
            "sources.2.tags.key",
        ),
    ];
    for (body, member) in bad {
        let text = server.post(&path, &body).await.invalid();
        assert!(text.contains(&format!("'{member}'")), "{body}: {text}");
    }
    let job = json!({ "roleArn": ROLE, "sources": [good] });
    server.post("/referencestore/1234567890/importjob", &job).await.not_found();
    server.get(&format!("{path}/1234567890")).await.not_found();
}

#[tokio::test]
async fn a_file_outside_the_allowed_directories_is_refused_with_the_way_to_allow_it() {
    let server = Server::start().await;
    let store = server.reference_store().await;
    let body = json!({ "roleArn": ROLE, "sources": [{ "sourceFile": "file:///etc/passwd", "name": "abc" }] });
    let answer = server.post(&format!("/referencestore/{store}/importjob"), &body).await;
    assert!(answer.refused(403, "AccessDeniedException").contains("--allow-files"));
}
