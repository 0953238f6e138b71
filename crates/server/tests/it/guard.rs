//! Who is answered while no credentials are configured.

use crate::server::Server;
use varberg_server::{Config, serve};

async fn status(server: &Server, headers: &[(&str, &str)]) -> u16 {
    let request = server.request("GET", "/health/live");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    server.send(request).await.status
}

#[tokio::test]
async fn answers_to_the_hosts_of_this_machine_and_to_no_other() {
    let server = Server::start().await;
    let good = [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:8400",
        "[::1]",
        "[::1]:8400",
        "analytics-localhost:8400",
        "storage-127.0.0.1",
        "control-storage-localhost",
        "tags-127.0.0.1:8400",
    ];
    for host in good {
        assert_eq!(status(&server, &[("host", host)]).await, 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.2",
        "0.0.0.0:8400",
        "localhost:x",
        "[::2]",
    ] {
        let refused = server.send(server.request("GET", "/health/live").header("host", host)).await;
        assert!(refused.refused(403, "AccessDeniedException").contains("localhost"), "{host}");
    }
}

#[tokio::test]
async fn refuses_what_a_web_page_of_another_origin_sends() {
    let server = Server::start().await;
    let own = server.base.clone();
    assert_eq!(status(&server, &[("origin", &own)]).await, 200);
    assert_eq!(status(&server, &[("sec-fetch-site", "same-origin")]).await, 200);
    assert_eq!(status(&server, &[("sec-fetch-site", "none")]).await, 200);
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        assert_eq!(status(&server, &[("origin", origin)]).await, 403, "{origin}");
    }
    assert_eq!(status(&server, &[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(status(&server, &[("sec-fetch-site", "Cross-Site")]).await, 403);
}

#[tokio::test]
async fn refuses_what_a_proxy_of_this_machine_passes_on() {
    let server = Server::start().await;
    for header in ["x-forwarded-for", "Via", "forwarded", "x-real-ip"] {
        let refused = server.send(server.request("GET", "/health/live").header(header, "203.0.113.9")).await;
        assert!(refused.refused(403, "AccessDeniedException").contains("--behind-proxy"), "{header}");
    }
}

#[tokio::test]
async fn refuses_to_listen_where_others_could_read() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8400"] {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { listen: listen.to_owned(), data_dir: directory.path().join("data"), ..Config::default() };
        let refusal = serve(config).await.unwrap_err().to_string();
        assert!(refusal.contains("no credentials are configured"), "{refusal}");
        assert!(refusal.contains("--listen"), "{refusal}");
        assert!(!directory.path().join("data").exists());
    }
}
