//! A signed request with what it was signed for, and those that botocore 1.44 makes of calls of this service.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use varberg_server::Secret;
use varberg_server::signature::{Expected, Received, Refusal, verify};

pub(super) const KEY: &str = "VBAKEXAMPLEEXAMPLE23";
pub(super) const SECRET: &str = "bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldC1ub3Qh";

#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) method: &'static str,
    pub(super) uri: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) key: &'static str,
    pub(super) secret: &'static str,
    pub(super) service: &'static str,
    pub(super) now: DateTime<Utc>,
}

/// What a refusal says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    Missing,
    Incomplete,
    Unrecognized,
    Invalid,
}

impl Kind {
    pub(super) fn of(outcome: &Result<String, Refusal>) -> Option<Self> {
        match outcome {
            Ok(_) => None,
            Err(Refusal::Malformed(_)) => Some(Self::Malformed),
            Err(Refusal::Missing) => Some(Self::Missing),
            Err(Refusal::Incomplete(_)) => Some(Self::Incomplete),
            Err(Refusal::Unrecognized) => Some(Self::Unrecognized),
            Err(Refusal::Invalid(_)) => Some(Self::Invalid),
        }
    }
}

impl Sample {
    /// The server's verdict. There are two access keys.
    pub(super) fn verify(&self) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
        let method: Method = self.method.parse().unwrap();
        let uri: Uri = self.uri.parse().unwrap();
        let received = Received { method: &method, uri: &uri, headers: &headers, body: &self.body };
        let expected = Expected { region: "us-east-1", service: self.service, now: self.now };
        verify(received, expected, |key| {
            let secret = match key {
                "VBAKANOTHERANOTHER45" => "YW5vdGhlci1zZWNyZXQtYW5vdGhlci1zZWNyZXQh",
                key if key == self.key => self.secret,
                _ => return None,
            };
            Some(Secret::new(secret.to_owned()))
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same, with other text in the header.
    pub(super) fn with(&self, name: &str, change: impl FnOnce(&str) -> String) -> Self {
        let mut sample = self.clone();
        let header = sample.headers.iter_mut().find(|(key, _)| key == name).unwrap();
        header.1 = change(&header.1);
        sample
    }

    /// The same, with another Authorization header.
    pub(super) fn authorized(&self, change: impl FnOnce(&str) -> String) -> Self {
        self.with("authorization", change)
    }

    /// Signs all headers that are there.
    pub(super) fn sign(&mut self) {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(&self.body);
        let signable = SignableRequest::new(self.method, self.uri.as_str(), headers, body).unwrap();
        let identity = Credentials::new(self.key, self.secret, None, None, "test").into();
        let mut settings = SigningSettings::default();
        settings.excluded_headers = None;
        let params = v4::SigningParams::builder().identity(&identity).region("us-east-1").name(self.service);
        let params = params.time(self.now.into()).settings(settings).build().unwrap().into();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let made: Vec<_> = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.headers.extend(made);
    }
}

/// A request of 31 January 2026, noon, with the headers that botocore signs.
fn omics(method: &'static str, uri: &str, body: &str, signature: &str) -> Sample {
    let mut headers = vec![("host", "127.0.0.1:8400"), ("x-amz-date", "20260131T120000Z")];
    let mut names = "host;x-amz-date".to_owned();
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
        names = format!("content-type;{names}");
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={KEY}/20260131/us-east-1/omics/aws4_request, SignedHeaders={names}, \
         Signature={signature}"
    );
    headers.push(("authorization", &authorization));
    Sample {
        method,
        uri: uri.to_owned(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.as_bytes().to_vec(),
        key: KEY,
        secret: SECRET,
        service: "omics",
        now: "2026-01-31T12:00:00Z".parse().unwrap(),
    }
}

/// Requests as boto3 sent them, recorded.
pub(super) fn botocore() -> Vec<Sample> {
    let tags = "/tags/arn%3Aaws%3Aomics%3Aus-east-1%3A000000000000%3AvariantStore%2Fcohort";
    let untag = format!("{tags}?tagKeys=%C3%A9&tagKeys=a%20b&tagKeys=a%20b&tagKeys=~");
    let create = "{\"name\": \"cohort\", \"description\": \"Gr\\u00f6\\u00dfe \\u2265 1\", \"reference\": \
                  {\"referenceArn\": \"arn:aws:omics:us-east-1:000000000000:referenceStore/1/reference/2\"}}";
    let list = "/variantStores?maxResults=7&nextToken=a%2Bb%2Fc%3Dd%20e~f";
    let job = "/import/variant/0f0f0f0f-0000-4000-8000-000000000000";
    let version = "/annotationStore/x/version/v%201%252F";
    let get = "/variantStore/cohort";
    vec![
        omics("GET", get, "", "7ecaf827ae2a507279888fd91123fe3aff2dd067287186effc8d6d05547f92fb"),
        omics(
            "DELETE",
            "/variantStore/cohort?force=true",
            "",
            "72752362759da6ba7445f6af8de50ffb6004bf78976307c886ed75a22aec01f5",
        ),
        omics("POST", list, "{}", "11a34e943fed32f9a31771b06bd2465aadcec10e8fbcb5412d621db25f68921d"),
        omics("POST", "/variantStore", create, "29eb4a8fc8f5260e3094871325d42abe09e40c336d99245491796ff6eb4934c9"),
        omics(
            "POST",
            tags,
            "{\"tags\": {\"k\": \"v\"}}",
            "e5620e18623e4167a9d514a7225c2a922a54e482cea509a06dfa2b50205608b5",
        ),
        omics("GET", tags, "", "3233f094be085e1149ab739d95582da6a42351ca4af185127ce37ac2dfabadbb"),
        omics("DELETE", &untag, "", "cfd87369c06c7de7083760cd1aa0aa28d3cb1cff660e44083bce7cf493a655a0"),
        omics("GET", version, "", "95db56d9d7ef7062d59ddc0ee12f7781e393ee6d45ceaa68066b4ce4ef99328f"),
        omics("GET", job, "", "67132d988097808c47395b738f9a1470072d171040385f3dfb76cb39e609a716"),
    ]
}
