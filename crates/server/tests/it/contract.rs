//! What holds for every answer: ids, headers, errors of paths, methods and bodies (facts: error contract).

use crate::server::Server;
use serde_json::json;
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
    server.app.stop.cancel();
}

#[tokio::test]
async fn operations_that_are_not_there_say_what_is() {
    let server = Server::start().await;
    let missing = [
        ("POST", "/variantStore/abc"),
        ("POST", "/annotationStore"),
        ("GET", "/annotationStore/abc"),
        ("POST", "/annotationStore/abc/versions/delete"),
        ("POST", "/import/annotation"),
        ("DELETE", "/import/annotation/1"),
        ("POST", "/share"),
        ("POST", "/shares"),
        ("GET", "/tags/arn%3Aaws%3Aomics%3Aus-east-1%3A000000000000%3AvariantStore%2Fabc"),
        ("GET", "/referencestore/1234567890/reference/1234567890"),
        ("DELETE", "/referencestore/1234567890"),
        ("GET", "/workflow/1"),
    ];
    for (method, path) in missing {
        let text = server.send(server.request(method, path)).await.refused(405, "NotSupportedOperationException");
        assert!(text.contains("this server has variant stores"), "{text}");
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

#[tokio::test]
async fn malformed_bodies_are_refused_and_missing_content_types_are_not() {
    let server = Server::start().await;
    let deep = format!("{{\"filter\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [&[u8]; 7] =
        [b"{", b"[]", b"1", b"\"x\"", b"{\"filter\": \xff}", b"{\"filter\":1e999999}", deep.as_bytes()];
    for body in bodies {
        server.send(server.request("POST", "/variantStores").body(body.to_vec())).await.invalid();
    }
    for body in ["", "  ", "{}", "{\"unknown\": [1, {}]}", "{\"filter\": null}"] {
        assert_eq!(
            server.send(server.request("POST", "/variantStores").body(body)).await.ok()["variantStores"],
            json!([])
        );
    }
    server.get("/variantStore/%ff").await.invalid();
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let server = Server::start().await;
    let body = format!("{{\"x\":\"{}\"}}", "a".repeat(1 << 20));
    server
        .send(server.request("POST", "/variantStores").body(body))
        .await
        .refused(413, "RequestEntityTooLargeException");
}

#[tokio::test]
async fn a_request_as_proxies_send_it_is_routed_by_its_path() {
    let server = Server::start().await;
    let request = b"POST http://analytics-localhost:1/variantStores HTTP/1.1\r\nHost: analytics-localhost:1\r\n\
                    Content-Length: 2\r\nConnection: close\r\n\r\n{}";
    let answer = raw(&server, request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("{\"variantStores\":[]}"), "{answer}");
    let foreign =
        raw(&server, b"GET http://evil.example/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(foreign.await.starts_with("HTTP/1.1 403"));
}
