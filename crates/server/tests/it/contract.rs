//! What holds for every answer: ids, headers, errors of paths, methods and bodies (facts: error contract).

use crate::server::{ROLE, Server};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sends bytes as they are and returns the whole answer as text.
async fn raw(server: &Server, request: &[u8]) -> String {
    let address = server.base.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_a_date() {
    let server = Server::start().await;
    for path in ["/health/live", "/health/ready", "/variantStore/none", "/nowhere"] {
        let answer = server.get(path).await;
        assert!(answer.headers.contains_key("date"), "{path}");
        assert_eq!(answer.headers["x-amzn-requestid"].len(), 36, "{path}");
        assert_eq!(answer.headers["content-type"], "application/json", "{path}");
    }
}

#[tokio::test]
async fn is_live_and_ready() {
    let server = Server::start().await;
    assert_eq!(server.get("/health/live").await.ok(), json!({ "status": "live" }));
    assert_eq!(server.get("/health/ready").await.ok(), json!({ "status": "ready" }));
}

#[tokio::test]
async fn a_server_told_to_stop_ends_although_a_client_keeps_its_connection() {
    let server = Server::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let running = tokio::spawn(varberg_server::run(server.app.clone(), listener));
    let mut idle = tokio::net::TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut byte = [0];
    idle.read_exact(&mut byte).await.unwrap();
    server.app.stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), running).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn operations_that_are_not_there_say_what_is() {
    let server = Server::start().await;
    for (method, path) in [("GET", "/workflow/1"), ("POST", "/sequencestore"), ("POST", "/run"), ("GET", "/runGroup/1")]
    {
        let text = server.send(server.request(method, path)).await.refused(405, "NotSupportedOperationException");
        assert!(text.contains("this server is Varberg"), "{text}");
    }
}

#[tokio::test]
async fn wrong_methods_and_unknown_paths_are_told_apart() {
    let server = Server::start().await;
    for (method, path) in [("GET", "/variantStores"), ("PUT", "/variantStore/abc"), ("PATCH", "/import/variants")] {
        server.send(server.request(method, path)).await.refused(405, "NotSupportedOperationException");
    }
    for path in ["/", "/variantstores", "/import", "/variantStore/a/b", "/%ff"] {
        server.get(path).await.refused(404, "UnknownOperationException");
    }
}

/// A request with a body of JSON.
fn posted(server: &Server) -> reqwest::RequestBuilder {
    server.request("POST", "/variantStores").header("content-type", "application/json")
}

#[tokio::test]
async fn a_body_says_that_it_is_json() {
    let server = Server::start().await;
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("")] {
        let request = server.request("POST", "/variantStores").body("{}");
        let request = content_type.into_iter().fold(request, |request, kind| request.header("content-type", kind));
        let text = server.send(request).await.invalid();
        assert!(text.contains("Content-Type: application/json"), "{text}");
    }
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        let request = server.request("POST", "/variantStores").header("content-type", content_type).body("{}");
        server.send(request).await.ok();
    }
    server.send(server.request("POST", "/variantStores")).await.ok();
}

#[tokio::test]
async fn malformed_bodies_are_refused() {
    let server = Server::start().await;
    let deep = format!("{{\"filter\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [&[u8]; 7] =
        [b"{", b"[]", b"1", b"\"x\"", b"{\"filter\": \xff}", b"{\"filter\":1e999999}", deep.as_bytes()];
    for body in bodies {
        server.send(posted(&server).body(body.to_vec())).await.invalid();
    }
    for body in ["", "  ", "{}", "{\"unknown\": [1, {}]}", "{\"filter\": null}"] {
        assert_eq!(server.send(posted(&server).body(body)).await.ok()["variantStores"], json!([]));
    }
    server.get("/variantStore/%ff").await.invalid();
}

#[tokio::test]
async fn a_member_that_stands_twice_is_refused_by_name() {
    let server = Server::start().await;
    for body in [r#"{"name": "a", "name": "b"}"#, r#"{"x": [{"name": 1, "name": 1}]}"#] {
        let text = server.send(posted(&server).body(body)).await.invalid();
        assert!(text.contains("\"name\" stands twice"), "{text}");
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let server = Server::start().await;
    let body = format!("{{\"x\":\"{}\"}}", "a".repeat(6 << 20));
    server.send(posted(&server).body(body)).await.refused(413, "RequestEntityTooLargeException");
}

#[tokio::test]
async fn a_request_as_proxies_send_it_is_routed_by_its_path() {
    let server = Server::start().await;
    let request = b"POST http://analytics-localhost:1/variantStores HTTP/1.1\r\nHost: analytics-localhost:1\r\n\
                    Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    let answer = raw(&server, request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("{\"variantStores\":[]}"), "{answer}");
    let foreign =
        raw(&server, b"GET http://evil.example/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(foreign.await.starts_with("HTTP/1.1 403"));
}

/// `value` with each of its members and elements, at any depth, replaced by each of `wrong`.
fn mutations(value: &Value, wrong: &[Value]) -> Vec<Value> {
    let mut out = wrong.to_vec();
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                for mutation in mutations(member, wrong) {
                    let mut changed = members.clone();
                    changed.insert(key.clone(), mutation);
                    out.push(Value::Object(changed));
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                for mutation in mutations(element, wrong) {
                    let mut changed = elements.clone();
                    changed[index] = mutation;
                    out.push(Value::Array(changed));
                }
            }
        }
        _ => {}
    }
    out
}

#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let server = Server::start().await;
    let store = server.reference_store().await;
    let arn = server.reference(&store, "chr1").await;
    let sse = json!({ "type": "KMS", "keyArn": "arn:aws:kms:us-east-1:123456789012:key/abc" });
    let source = json!({ "sourceFile": "s3://inputs/a.fa", "name": "abc", "tags": { "a": "b" } });
    let calls = [
        ("/referencestore", json!({ "name": "r", "sseConfig": sse, "tags": { "a": "b" } })),
        (&format!("/referencestore/{store}/importjob"), json!({ "roleArn": ROLE, "sources": [source] })),
        (&format!("/referencestore/{store}/references"), json!({ "filter": { "md5": "a", "createdAfter": "x" } })),
        ("/variantStore", json!({ "name": "abc", "reference": { "referenceArn": arn }, "sseConfig": sse })),
        ("/variantStores", json!({ "ids": ["a"], "filter": { "status": "ACTIVE" } })),
        (
            "/import/variant",
            json!({ "destinationName": "abc", "roleArn": ROLE, "items": [{ "source": "s3://inputs/a" }], "annotationFields": {} }),
        ),
        ("/import/variants", json!({ "ids": ["a"], "filter": { "status": "FAILED", "storeName": "abc" } })),
    ];
    let wrong = [
        json!(null),
        json!(true),
        json!(-1.5e300),
        json!(""),
        json!("\u{0}\u{fffe}"),
        json!("x".repeat(5000)),
        json!([]),
        json!([[null]]),
        json!({}),
        json!({ "a": { "b": null } }),
    ];
    for (path, body) in calls {
        for mutation in mutations(&body, &wrong) {
            let answer = server.post(path, &mutation).await;
            assert!([200, 400, 403, 404, 409].contains(&answer.status), "{path} {mutation}: {answer:?}");
        }
    }
}
