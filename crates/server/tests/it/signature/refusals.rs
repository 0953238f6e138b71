//! Accepted requests, each changed in one thing: none of what comes out is accepted, and each refusal has its name.

use super::sample::{KEY, Kind, Sample, botocore};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// A changed request and what it must be refused as.
pub(super) struct Mutation {
    pub(super) name: String,
    pub(super) sample: Sample,
    kind: Kind,
}

fn mutation(name: impl Into<String>, sample: Sample, kind: Kind) -> Mutation {
    Mutation { name: name.into(), sample, kind }
}

pub(super) fn mutations(sample: &Sample) -> Vec<Mutation> {
    let parts = [signatures, bodies, request_lines, queries, headers, credentials, signed_headers, kinds];
    parts.iter().flat_map(|part| part(sample)).collect()
}

#[test]
fn no_changed_request_is_accepted() {
    let mut count = 0;
    for mutation in botocore().iter().flat_map(mutations) {
        let outcome = mutation.sample.verify();
        assert_eq!(Kind::of(&outcome), Some(mutation.kind), "{}: {outcome:?}\n{:?}", mutation.name, mutation.sample);
        count += 1;
    }
    println!("{count} changed requests, none accepted");
    assert!(count >= 600, "{count}");
}

/// Random bytes in random places: nothing panics, and what is accepted says the same as before.
#[test]
fn no_accident_is_accepted() {
    let mut random = SmallRng::seed_from_u64(4);
    let samples = botocore();
    let (mut count, mut same) = (0, 0);
    for round in 0..20_000 {
        let sample = &samples[round % samples.len()];
        let name = ["authorization", "authorization", "x-amz-date", "host"][random.random_range(0..4)];
        let changed = sample.with(name, |text| {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..bytes.len());
                match random.random_range(0..3) {
                    0 => bytes[at] = random.random_range(b' '..=b'~'),
                    1 => bytes.insert(at, random.random_range(b' '..=b'~')),
                    _ => drop(bytes.drain(at..(at + random.random_range(1..8)).min(bytes.len() - 1).max(at))),
                }
            }
            String::from_utf8(bytes).unwrap()
        });
        let bare = |sample: &Sample| sample.header(name).unwrap().replace(' ', "");
        if changed.verify().is_ok() {
            assert_eq!(bare(&changed), bare(sample), "{changed:?}");
            same += 1;
        }
        count += 1;
    }
    println!("{count} accidents, {same} of them spaces");
    assert!(same < count / 10);
}

/// One bit of each digit; other lengths and forms.
fn signatures(sample: &Sample) -> Vec<Mutation> {
    let change = |change: &dyn Fn(&str) -> String| {
        sample.authorized(|text| {
            let (before, signature) = text.split_once("Signature=").unwrap();
            format!("{before}Signature={}", change(signature))
        })
    };
    let mut all: Vec<Mutation> = (0..64)
        .map(|at| {
            let flipped = change(&|signature| {
                let digit = u8::from_str_radix(&signature[at..=at], 16).unwrap() ^ 1;
                format!("{}{digit:x}{}", &signature[..at], &signature[at + 1..])
            });
            mutation(format!("signature bit {at}"), flipped, Kind::Invalid)
        })
        .collect();
    all.push(mutation("signature cut", change(&|s| s[..63].to_owned()), Kind::Invalid));
    all.push(mutation("signature longer", change(&|s| format!("{s}0")), Kind::Invalid));
    all.push(mutation("signature in capitals", change(&str::to_uppercase), Kind::Invalid));
    all.push(mutation("signature of zeros", change(&|_| "0".repeat(64)), Kind::Invalid));
    all.push(mutation("signature empty", change(&|_| String::new()), Kind::Incomplete));
    all
}

fn bodies(sample: &Sample) -> Vec<Mutation> {
    let with = |body: Vec<u8>| Sample { body, ..sample.clone() };
    let mut all: Vec<Mutation> = (0..sample.body.len())
        .map(|at| {
            let mut body = sample.body.clone();
            body[at] ^= 1;
            mutation(format!("body byte {at}"), with(body), Kind::Invalid)
        })
        .collect();
    for added in [" ", "{}", "\0"] {
        let body = [&sample.body, added.as_bytes()].concat();
        all.push(mutation("body longer", with(body), Kind::Invalid));
    }
    if !sample.body.is_empty() {
        all.push(mutation("no body", with(Vec::new()), Kind::Invalid));
    }
    all
}

fn request_lines(sample: &Sample) -> Vec<Mutation> {
    let mut all = Vec::new();
    for method in ["GET", "POST", "DELETE", "PUT", "HEAD", "PATCH", "get"] {
        if method != sample.method {
            all.push(mutation(format!("method {method}"), Sample { method, ..sample.clone() }, Kind::Invalid));
        }
    }
    let (path, query) = match sample.uri.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (sample.uri.as_str(), String::new()),
    };
    let mut paths = vec![
        (format!("{path}/"), Kind::Invalid),
        (format!("{path}x"), Kind::Invalid),
        (format!("{path}/.."), Kind::Invalid),
        (path.to_uppercase(), Kind::Invalid),
        (format!("/x{path}"), Kind::Invalid),
        // The same to a router, not to a signature.
        (format!("{}%{:02x}", &path[..path.len() - 1], path.as_bytes()[path.len() - 1]), Kind::Invalid),
        (format!("{path}%"), Kind::Malformed),
        (format!("{path}%4"), Kind::Malformed),
        (format!("{path}%zz"), Kind::Malformed),
        (format!("{path}%ff"), Kind::Malformed),
    ];
    if path.contains("%2F") {
        paths.push((path.replace("%2F", "/"), Kind::Invalid));
        paths.push((path.replace("%2F", "%2f"), Kind::Invalid));
        paths.push((path.replace("%3A", ":"), Kind::Invalid));
    }
    for (path, kind) in paths {
        let uri = format!("{path}{query}");
        all.push(mutation(format!("path {path}"), Sample { uri, ..sample.clone() }, kind));
    }
    all
}

fn queries(sample: &Sample) -> Vec<Mutation> {
    let (path, query) = sample.uri.split_once('?').unwrap_or((&sample.uri, ""));
    let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    let mut queries: Vec<(Vec<String>, Kind)> = Vec::new();
    let owned = |pairs: &[&str]| pairs.iter().map(|pair| (*pair).to_owned()).collect::<Vec<String>>();
    let with = |pair: &str| [owned(&pairs), vec![pair.to_owned()]].concat();
    for pair in ["force=true", "x", "=", "%C3%A9=1"] {
        queries.push((with(pair), Kind::Invalid));
    }
    for pair in ["a=%", "a=%F", "%ff=1", "a=%C3"] {
        queries.push((with(pair), Kind::Malformed));
    }
    for pair in [
        "X-Amz-Signature=0",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "x-amz-credential=a",
        "X%2DAmz%2DSignature=0",
        "X-Amz-Security-Token=t",
        "AWSAccessKeyId=a&Signature=b&Expires=1",
    ] {
        queries.push((with(pair), Kind::Incomplete));
    }
    for (at, pair) in pairs.iter().enumerate() {
        queries.push((with(pair), Kind::Invalid));
        let mut fewer = owned(&pairs);
        fewer.remove(at);
        queries.push((fewer, Kind::Invalid));
        let mut other = owned(&pairs);
        other[at].push('x');
        queries.push((other, Kind::Invalid));
    }
    queries
        .into_iter()
        .map(|(pairs, kind)| {
            let uri = format!("{path}?{}", pairs.join("&"));
            mutation(format!("query of {uri}"), Sample { uri, ..sample.clone() }, kind)
        })
        .collect()
}

fn headers(sample: &Sample) -> Vec<Mutation> {
    let mut all = Vec::new();
    let signed = ["host", "x-amz-date", "content-type"].into_iter().filter(|name| sample.header(name).is_some());
    for name in signed {
        let mut without = sample.clone();
        without.headers.retain(|(key, _)| key != name);
        all.push(mutation(format!("without {name}"), without, Kind::Incomplete));
        for (place, other) in [(0, "twice, first"), (sample.headers.len(), "twice, last")] {
            let mut twice = sample.clone();
            twice.headers.insert(place, (name.to_owned(), sample.header(name).unwrap().to_owned()));
            let kind = if name == "content-type" { Kind::Invalid } else { Kind::Incomplete };
            all.push(mutation(format!("{name} {other}"), twice, kind));
        }
    }
    all.push(mutation("another host", sample.with("host", |_| "localhost:8400".to_owned()), Kind::Invalid));
    all.push(mutation("analytics host", sample.with("host", |host| format!("analytics-{host}")), Kind::Invalid));
    for time in ["20260131T120001Z", "20260131T115959Z"] {
        all.push(mutation(time, sample.with("x-amz-date", |_| time.to_owned()), Kind::Invalid));
    }
    for time in ["20260131T121600Z", "20260131T114400Z", "20250131T120000Z", "99991231T235959Z", "00010101T000000Z"] {
        all.push(mutation(time, sample.with("x-amz-date", |_| time.to_owned()), Kind::Invalid));
    }
    for time in [
        "",
        "now",
        "20260131",
        "2026-01-31T12:00:00Z",
        "20260131T120000",
        "20260131T120000z",
        "20260231T120000Z",
        "20260131T250000Z",
        "+0260131T120000Z",
        "20260131T1200 0Z",
        "Sat, 31 Jan 2026 12:00:00 GMT",
    ] {
        let name = format!("date {time}");
        all.push(mutation(name, sample.with("x-amz-date", |_| time.to_owned()), Kind::Incomplete));
    }
    for (name, value) in [
        ("x-amz-security-token", "AQoD"),
        ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("x-amz-meta", "1"),
        ("x-amz-", "1"),
    ] {
        let mut more = sample.clone();
        more.headers.push((name.to_owned(), value.to_owned()));
        all.push(mutation(format!("unsigned {name}: {value}"), more, Kind::Incomplete));
    }
    all
}

fn credentials(sample: &Sample) -> Vec<Mutation> {
    let scope = "20260131/us-east-1/omics/aws4_request";
    let cases = [
        ("20260131/eu-west-1/omics/aws4_request", Kind::Invalid),
        ("20260131/US-EAST-1/omics/aws4_request", Kind::Invalid),
        ("20260131//omics/aws4_request", Kind::Invalid),
        ("20260131/us-east-1/s3/aws4_request", Kind::Invalid),
        ("20260131/us-east-1/athena/aws4_request", Kind::Invalid),
        ("20260131/us-east-1/omics/aws4", Kind::Invalid),
        ("20260131/us-east-1/omics/", Kind::Invalid),
        ("20260130/us-east-1/omics/aws4_request", Kind::Invalid),
        ("20260201/us-east-1/omics/aws4_request", Kind::Invalid),
        ("/us-east-1/omics/aws4_request", Kind::Invalid),
        ("us-east-1/omics/aws4_request", Kind::Incomplete),
        ("20260131/us-east-1/omics/aws4_request/x", Kind::Incomplete),
        ("20260131/us-east-1/omics/aws4_request/", Kind::Incomplete),
        ("20260131", Kind::Incomplete),
    ];
    let mut all: Vec<Mutation> = cases
        .into_iter()
        .map(|(other, kind)| mutation(other, sample.authorized(|text| text.replace(scope, other)), kind))
        .collect();
    let keys = [
        ("VBAKANOTHERANOTHER45", Kind::Invalid),
        ("VBAKUNKNOWNUNKNOWN67", Kind::Unrecognized),
        (&KEY.to_lowercase(), Kind::Unrecognized),
        ("AKIAIOSFODNN7EXAMPLE", Kind::Unrecognized),
        ("' OR 1=1 --", Kind::Unrecognized),
        ("", Kind::Incomplete),
    ];
    for (key, kind) in keys {
        all.push(mutation(format!("key {key}"), sample.authorized(|text| text.replace(KEY, key)), kind));
    }
    all
}

fn signed_headers(sample: &Sample) -> Vec<Mutation> {
    let authorization = sample.header("authorization").unwrap();
    let names = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    let list: Vec<&str> = names.split(';').collect();
    let mut cases = vec![
        (names.to_uppercase(), Kind::Incomplete),
        (format!("{names};"), Kind::Incomplete),
        (format!(";{names}"), Kind::Incomplete),
        (format!("{names};x-amz-date"), Kind::Incomplete),
        (format!("{names};zebra"), Kind::Incomplete),
        (format!("accept;{names}"), Kind::Incomplete),
        (format!("authorization;{names}"), Kind::Incomplete),
        (format!("a b;{names}"), Kind::Incomplete),
        (list.iter().rev().copied().collect::<Vec<_>>().join(";"), Kind::Incomplete),
        (names.replace(';', " "), Kind::Incomplete),
        (String::new(), Kind::Incomplete),
    ];
    for name in &list {
        let fewer: Vec<&str> = list.iter().filter(|other| *other != name).copied().collect();
        let kind = if *name == "content-type" { Kind::Invalid } else { Kind::Incomplete };
        cases.push((fewer.join(";"), kind));
    }
    let with = |other: &str| {
        sample.authorized(|text| text.replace(&format!("SignedHeaders={names},"), &format!("SignedHeaders={other},")))
    };
    cases.iter().map(|(other, kind)| mutation(format!("SignedHeaders={other}"), with(other), *kind)).collect()
}

/// Other headers in place of a signature of version 4, and broken ones.
fn kinds(sample: &Sample) -> Vec<Mutation> {
    let mut without = sample.clone();
    without.headers.retain(|(name, _)| name != "authorization");
    let mut all = vec![mutation("unsigned", without, Kind::Missing)];
    let mut twice = sample.clone();
    twice.headers.push(("authorization".to_owned(), sample.header("authorization").unwrap().to_owned()));
    all.push(mutation("signed twice", twice, Kind::Incomplete));
    let mut second = sample.clone();
    second.headers.push(("authorization".to_owned(), "Basic YTpi".to_owned()));
    all.push(mutation("a second header", second, Kind::Incomplete));
    all.push(mutation("empty", sample.authorized(|_| String::new()), Kind::Missing));
    for other in [
        "AWS VBAKEXAMPLEEXAMPLE23:frJIUN8DYpKDtOLCwo//yllqDzg=",
        "AWS4-ECDSA-P256-SHA256 Credential=VBAKEXAMPLEEXAMPLE23/20260131/omics/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA512 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 =",
        "AWS4-HMAC-SHA256 ,,,",
        "Basic YTpi",
        "Bearer x",
        "x",
    ] {
        all.push(mutation(other, sample.authorized(|_| other.to_owned()), Kind::Incomplete));
    }
    type Change<'a> = &'a dyn Fn(&str) -> String;
    let changes: [(&str, Change<'_>); 9] = [
        ("64 kB", &|text| format!("{text}{}", "0".repeat(65_536))),
        ("64 kB of parts", &|text| format!("{text}{}", ", Signature=0".repeat(5_000))),
        ("algorithm in small letters", &|text| text.replace("AWS4-HMAC", "aws4-hmac")),
        ("a part twice", &|text| format!("{text}, Signature=00")),
        ("an unknown part", &|text| format!("{text}, Nonce=1")),
        ("no signature", &|text| text.split(", Signature").next().unwrap().to_owned()),
        ("no credential", &|text| text.replace("Credential", "Credentials")),
        ("no commas", &|text| text.replace(", ", " ")),
        ("no ASCII", &|text| format!("{text}\u{e9}")),
    ];
    for (name, change) in changes {
        all.push(mutation(name, sample.authorized(change), Kind::Incomplete));
    }
    all
}
