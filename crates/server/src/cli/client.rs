//! A small client of the server: the public REST API as JSON in and JSON out, and `POST /sql`.
//!
//! Requests are signed when there are credentials (`signing.rs`). Answers keep the API's member names. Errors carry
//! the server's own text. Must not interpret answers: that is for the commands.

use super::signing::Signer;
use crate::export::Selection;
use crate::outbound;
use anyhow::Context as _;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use std::time::Duration;

/// An answer of the server that says no: its text, and the name of the error, such as `ResourceNotFoundException`.
#[derive(Debug, thiserror::Error)]
#[error("{message} ({kind})")]
struct ApiError {
    kind: String,
    message: String,
}

/// Nobody listens there, for now at least.
#[derive(Debug, thiserror::Error)]
#[error(
    "no server answers at {endpoint}; start one with `varberg serve`, or name another with --endpoint or VARBERG_ENDPOINT"
)]
struct Unreachable {
    endpoint: String,
}

/// Somebody listens there whose certificate nobody vouches for.
#[derive(Debug, thiserror::Error)]
#[error(
    "the certificate of {endpoint} is not trusted ({why}); name a file with the certificates to trust in \
     VARBERG_CA_BUNDLE"
)]
struct Untrusted {
    endpoint: String,
    why: String,
}

/// Whether a request failed because the server is away or busy, so that the same request may work later.
pub(crate) fn is_away(error: &anyhow::Error) -> bool {
    let busy = |error: &ApiError| matches!(&*error.kind, "ServiceUnavailable" | "ThrottlingException");
    error.chain().any(|cause| {
        cause.is::<Unreachable>() || cause.is::<reqwest::Error>() || cause.downcast_ref().is_some_and(busy)
    })
}

/// Whether the server says that what was asked for does not exist.
pub(crate) fn is_not_found(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|error: &ApiError| error.kind == "ResourceNotFoundException")
}

/// The connection to one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    signer: Option<Signer>,
}

impl Client {
    /// `endpoint` is an `http` or `https` URL; nothing is contacted yet. Credentials and certificates to trust come from
    /// the environment.
    pub(crate) fn new(endpoint: &str) -> anyhow::Result<Self> {
        let usage = |why: String| {
            super::exit::UsageError(format!(
                "{endpoint:?} is not a server address ({why}); write --endpoint http://127.0.0.1:8400"
            ))
        };
        let base = Url::parse(endpoint).map_err(|e| usage(e.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(usage("it does not start with http:// or https://".to_owned()).into());
        }
        let mut builder = outbound::client(&base);
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        for certificate in trusted(&variable)? {
            builder = builder.add_root_certificate(certificate);
        }
        let http = builder.build().context("cannot set up the HTTP client")?;
        Ok(Self { http, base, signer: Signer::find(&variable)? })
    }

    /// The address without a trailing slash, as given to other tools.
    pub(crate) fn endpoint(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whether the server runs on this machine, so that its files are ours.
    pub(crate) fn is_local(&self) -> bool {
        outbound::is_loopback(&self.base)
    }

    pub(crate) async fn get(&self, path: &[&str]) -> anyhow::Result<Value> {
        self.json(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, path: &[&str], query: &[(&str, &str)]) -> anyhow::Result<Value> {
        self.json(self.request(Method::GET, path).query(query)).await
    }

    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        self.json(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn post_with(&self, path: &[&str], query: &[(&str, &str)], body: &Value) -> anyhow::Result<Value> {
        self.json(self.request(Method::POST, path).query(query).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &[&str], query: &[(&str, &str)]) -> anyhow::Result<Value> {
        self.json(self.request(Method::DELETE, path).query(query)).await
    }

    /// All entries of a listing, page after page; `member` is where a page keeps them.
    pub(crate) async fn list(&self, path: &[&str], body: &Value, member: &str) -> anyhow::Result<Vec<Value>> {
        let first = self.request(Method::POST, path).query(&[("maxResults", "100")]).json(body);
        self.pages(&first, member).await
    }

    /// All entries of a listing that is asked for with GET.
    pub(crate) async fn list_get(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        member: &str,
    ) -> anyhow::Result<Vec<Value>> {
        self.pages(&self.request(Method::GET, path).query(query), member).await
    }

    /// The entries of `first` and of the pages that follow it.
    async fn pages(&self, first: &RequestBuilder, member: &str) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut request = first.try_clone().context("a listing was asked for with a stream")?;
            if let Some(token) = &token {
                request = request.query(&[("nextToken", token)]);
            }
            let mut page = self.json(request).await?;
            if let Some(Value::Array(entries)) = page.get_mut(member).map(Value::take) {
                all.extend(entries);
            }
            match page.get("nextToken").and_then(Value::as_str) {
                Some(next) => token = Some(next.to_owned()),
                None => return Ok(all),
            }
        }
    }

    /// The body of an answer that is not JSON.
    pub(crate) async fn get_bytes(&self, path: &[&str]) -> anyhow::Result<Vec<u8>> {
        let response = self.send(self.request(Method::GET, path)).await?;
        Ok(response.bytes().await.context("the server's answer broke off")?.to_vec())
    }

    /// Asks for rows with hidden columns; the body is an Arrow stream.
    pub(crate) async fn export(&self, selection: &Selection) -> anyhow::Result<Response> {
        self.send(self.request(Method::POST, &["varberg", "export"]).json(selection)).await
    }

    /// Sends a statement; the answer's body is what `accept` names.
    pub(crate) async fn sql(&self, statement: &str, accept: &str) -> anyhow::Result<Response> {
        let request = self
            .request(Method::POST, &["sql"])
            .header("content-type", "application/sql")
            .header("accept", accept)
            .body(statement.to_owned());
        self.send(request).await
    }

    /// A plain GET whose status is not judged, for health checks.
    pub(crate) async fn probe(&self, path: &[&str]) -> reqwest::Result<Response> {
        self.request(Method::GET, path).timeout(Duration::from_secs(5)).send().await
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.http.request(method, url)
    }

    async fn json(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let body = self.send(request).await?.bytes().await.context("the server's answer broke off")?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(json!({}));
        }
        serde_json::from_slice(&body).context("the server's answer is not JSON")
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let mut request = request.build().context("cannot make the request")?;
        if let Some(signer) = &self.signer {
            signer.sign(&mut request).context("cannot sign the request")?;
        }
        let response = self.http.execute(request).await.map_err(|error| self.unreachable(error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(api_error(response).await.into())
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        if let Some(why) = distrust(&error) {
            Untrusted { endpoint: self.endpoint().to_owned(), why }.into()
        } else if error.is_connect() {
            Unreachable { endpoint: self.endpoint().to_owned() }.into()
        } else {
            anyhow::Error::new(error).context(format!("the request to {} failed", self.endpoint()))
        }
    }
}

/// The certificates that the environment names, beside those of the system.
fn trusted(variable: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let Some(path) = variable("VARBERG_CA_BUNDLE").or_else(|| variable("AWS_CA_BUNDLE")) else {
        return Ok(Vec::new());
    };
    let pem = std::fs::read(&path).with_context(|| format!("cannot read the certificates in {path}"))?;
    reqwest::Certificate::from_pem_bundle(&pem).with_context(|| format!("{path} holds no certificates in PEM"))
}

/// What the TLS library says about a certificate that it does not trust.
fn distrust(error: &reqwest::Error) -> Option<String> {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.map(ToString::to_string).find(|text| text.contains("certificate"))
}

/// The error an answer carries: its type in `x-amzn-errortype` or `__type`, its text in `message` (spec 2.1).
async fn api_error(response: Response) -> ApiError {
    let status = response.status();
    let header = response.headers().get("x-amzn-errortype").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let body: Value = match response.bytes().await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        Err(_) => Value::Null,
    };
    let kind = match header.unwrap_or_else(|| super::output::text(&body, "__type")) {
        name if name.is_empty() => format!("status {}", status.as_u16()),
        name => name,
    };
    let message = match super::output::text(&body, "message") {
        text if text.is_empty() => format!("the server answered {status}"),
        text => text,
    };
    ApiError { kind, message }
}
