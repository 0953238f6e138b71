//! A server on a free port with its data in a temporary directory, and a client for it.
//!
//! No worker runs: what a worker would do, a test does through the catalog, so that states stand still.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use varberg_model::{RefId, Reference, ReferenceStatus};
use varberg_server::{App, Config, QueryPool};

pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/omics";

pub(crate) struct Server {
    pub(crate) app: App,
    pub(crate) base: String,
    client: reqwest::Client,
    directory: TempDir,
}

/// An answer, with what clients look at.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
    pub(crate) body: Value,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Answered {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.error, None);
        self.body
    }

    /// The message of a refusal with this status and name.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, name: &str) -> String {
        assert_eq!((self.status, self.error.as_deref()), (status, Some(name)), "{self:?}");
        self.body["message"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn invalid(self) -> String {
        self.refused(400, "ValidationException")
    }

    #[track_caller]
    pub(crate) fn not_found(self) -> String {
        self.refused(404, "ResourceNotFoundException")
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let inputs = directory.path().join("inputs");
        std::fs::create_dir(&inputs).unwrap();
        let config = Config {
            data_dir: directory.path().join("data"),
            allow_files: vec![inputs.clone()],
            buckets: [("inputs".to_owned(), inputs)].into(),
            ..Config::default()
        };
        let mut app = App::open(config).await.unwrap();
        // The program that runs here is the tests', not the server's.
        let spill = app.config.spill_dir();
        app.queries = QueryPool::new(env!("CARGO_BIN_EXE_varberg").into(), 2, &spill).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, varberg_server::router(app.clone())).into_future());
        Self { app, base, client: reqwest::Client::new(), directory }
    }

    /// The directory from which sources may be read; also bucket `inputs`.
    pub(crate) fn inputs(&self) -> PathBuf {
        self.directory.path().join("inputs")
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answered {
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        let status = response.status().as_u16();
        let error = headers.get("x-amzn-errortype").map(|value| value.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Answered { status, error, body, headers }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send(self.request("POST", path).json(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send(self.request("GET", path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answered {
        self.send(self.request("DELETE", path)).await
    }

    /// Creates a reference store and returns its id.
    pub(crate) async fn reference_store(&self) -> String {
        let answer = self.post("/referencestore", &json!({ "name": "references" })).await.ok();
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Imports a reference as a worker would, and returns its ARN.
    pub(crate) async fn reference(&self, store: &str, name: &str) -> String {
        let sources = json!([{ "sourceFile": "s3://inputs/a.fasta", "name": name, "description": "small" }]);
        let body = json!({ "roleArn": ROLE, "sources": sources });
        let job = self.post(&format!("/referencestore/{store}/importjob"), &body).await.ok();
        let (claimed, epoch) = self.app.catalog.claim_reference_import("test", 60).await.unwrap().unwrap();
        assert_eq!(job["id"], claimed.id.as_str());
        let reference = Reference {
            id: RefId::random(),
            store: claimed.store.clone(),
            name: claimed.sources[0].name.clone(),
            description: claimed.sources[0].description.clone(),
            tags: claimed.sources[0].tags.clone(),
            status: ReferenceStatus::Active,
            md5: "7ff134953dcca8c8997453bbb80b6b5e".to_owned(),
            source_path: "references/1/source".to_owned(),
            source_bytes: 250 << 20,
            index_path: "references/1/index".to_owned(),
            index_bytes: 23,
            contig_aliases: std::collections::BTreeMap::new(),
            job: claimed.id.clone(),
            created: claimed.created,
            updated: claimed.created,
        };
        let catalog = &self.app.catalog;
        catalog.finish_reference_source(&claimed.id, epoch, 0, Ok(&reference)).await.unwrap();
        catalog.finish_reference_import(&claimed.id, epoch).await.unwrap();
        self.app.scope.reference_arn(store, reference.id.as_str())
    }

    /// Creates a store over a fresh reference.
    pub(crate) async fn store(&self, name: &str) {
        let store = self.reference_store().await;
        let arn = self.reference(&store, "chr1").await;
        let body = json!({ "name": name, "reference": { "referenceArn": arn } });
        self.post("/variantStore", &body).await.ok();
    }
}

/// Whether anything of a table is left in the warehouse.
pub(crate) fn files_below(directory: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

/// A timestamp with that many digits of fraction.
#[track_caller]
pub(crate) fn assert_timestamp(value: &Value, fraction: usize) {
    let text = value.as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(text).is_ok(), "{text}");
    assert_eq!(text.len(), "2026-01-31T12:00:00.Z".len() + fraction, "{text}");
    assert!(text.ends_with('Z'), "{text}");
}
