//! Signed clients that call a server as fast as it answers: `bench/load.py` runs it.
//!
//! `load ENDPOINT ACCESS_KEY SECRET CLIENTS SECONDS STORE JOB`: seven of ten calls get or list (GetVariantStore, ListVariantStores,
//! GetVariantImportJob, ListTagsForResource), three write (TagResource, UpdateVariantStore). Every call is signed anew. Prints one
//! line of JSON: calls a second, and for gets, lists and writes the number, failures and latencies in milliseconds.

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use reqwest::{Client, Method};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// What all clients share.
struct Load {
    http: Client,
    endpoint: String,
    credentials: Credentials,
    store: String,
    job: String,
    arn: String,
    end: Instant,
}

/// One call.
struct Planned {
    kind: &'static str,
    method: Method,
    path: String,
    body: Option<String>,
}

/// What one client has seen: latency and whether the answer was good, by kind of call.
type Seen = BTreeMap<&'static str, Vec<(Duration, bool)>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, key, secret, clients, seconds, store, job] = arguments.as_slice() else {
        anyhow::bail!("load ENDPOINT ACCESS_KEY SECRET CLIENTS SECONDS STORE JOB");
    };
    let http = Client::builder().no_proxy().pool_max_idle_per_host(1024).build()?;
    let seconds: u64 = seconds.parse().context("SECONDS")?;
    let load = Arc::new(Load {
        http,
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        credentials: Credentials::new(key, secret, None, None, "load"),
        store: store.clone(),
        job: job.clone(),
        arn: format!("arn:aws:omics:us-east-1:000000000000:variantStore/{store}"),
        end: Instant::now() + Duration::from_secs(seconds),
    });
    let clients: u64 = clients.parse().context("CLIENTS")?;
    let running: Vec<_> = (0..clients).map(|seed| tokio::spawn(client(Arc::clone(&load), seed))).collect();
    let mut seen = Seen::new();
    for client in running {
        for (kind, mut calls) in client.await?? {
            seen.entry(kind).or_default().append(&mut calls);
        }
    }
    writeln!(std::io::stdout(), "{}", report(seen, seconds))?;
    Ok(())
}

async fn client(load: Arc<Load>, seed: u64) -> Result<Seen> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut seen = Seen::new();
    while Instant::now() < load.end {
        let call = plan(&load, &mut random);
        let began = Instant::now();
        let is_good = send(&load, &call).await?;
        seen.entry(call.kind).or_default().push((began.elapsed(), is_good));
    }
    Ok(seen)
}

fn plan(load: &Load, random: &mut SmallRng) -> Planned {
    let get = |path: String| Planned { kind: "get", method: Method::GET, path, body: None };
    let tags = format!("/tags/{}", utf8_percent_encode(&load.arn, NON_ALPHANUMERIC));
    match random.random_range(0..10) {
        0..=2 => get(format!("/variantStore/{}", load.store)),
        3 => get(format!("/import/variant/{}", load.job)),
        4 => get(tags),
        5 | 6 => {
            let path = "/variantStores?maxResults=20".to_owned();
            Planned { kind: "list", method: Method::POST, path, body: Some("{}".to_owned()) }
        }
        7 | 8 => {
            let body = serde_json::json!({ "tags": { "run": random.random_range(0..1_000_u32).to_string() } });
            Planned { kind: "write", method: Method::POST, path: tags, body: Some(body.to_string()) }
        }
        _ => {
            let body = serde_json::json!({ "description": random.random_range(0..1_000_u32).to_string() });
            let path = format!("/variantStore/{}", load.store);
            Planned { kind: "write", method: Method::POST, path, body: Some(body.to_string()) }
        }
    }
}

async fn send(load: &Load, call: &Planned) -> Result<bool> {
    let url = format!("{}{}", load.endpoint, call.path);
    let host = load.endpoint.split("//").nth(1).unwrap_or_default();
    let body = call.body.clone().unwrap_or_default();
    let mut headers = vec![("host", host)];
    if call.body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    let signable = SignableRequest::new(
        call.method.as_str(),
        url.as_str(),
        headers.into_iter(),
        SignableBody::Bytes(body.as_bytes()),
    )?;
    let identity = load.credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("omics")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let (instructions, _) = sign(signable, &params)?.into_parts();
    let mut request = load.http.request(call.method.clone(), &url);
    if call.body.is_some() {
        request = request.header("content-type", "application/json").body(body);
    }
    for (name, value) in instructions.headers() {
        request = request.header(name, value);
    }
    let answer = request.send().await?;
    let is_good = answer.status().is_success();
    let text = answer.bytes().await?;
    ensure!(is_good || call.kind == "write", "{} answered {}", call.path, String::from_utf8_lossy(&text));
    Ok(is_good)
}

fn report(seen: Seen, seconds: u64) -> serde_json::Value {
    let total: usize = seen.values().map(Vec::len).sum();
    let kinds: BTreeMap<&str, serde_json::Value> =
        seen.into_iter().map(|(kind, calls)| (kind, summary(calls))).collect();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = total as f64 / seconds as f64;
    serde_json::json!({ "calls_a_second": rate, "kinds": kinds })
}

fn summary(calls: Vec<(Duration, bool)>) -> serde_json::Value {
    let failed = calls.iter().filter(|(_, is_good)| !is_good).count();
    let mut latencies: Vec<Duration> = calls.into_iter().map(|(latency, _)| latency).collect();
    latencies.sort_unstable();
    let at = |share: usize| latencies.get(latencies.len() * share / 1000).map_or(0.0, |d| d.as_secs_f64() * 1e3);
    let most = latencies.last().map_or(0.0, |d| d.as_secs_f64() * 1e3);
    serde_json::json!({
        "calls": latencies.len(), "failed": failed, "p50": at(500), "p99": at(990), "p999": at(999), "most": most,
    })
}
