//! Signature Version 4 at its boundary: what clients really send is accepted, and nothing else.

mod refusals;
mod sample;
mod vectors;

use chrono::TimeDelta;
use sample::{Kind, Sample, botocore};

#[test]
fn what_botocore_sends_is_accepted() {
    for sample in botocore() {
        assert_eq!(sample.verify(), Ok(sample.key.to_owned()), "{sample:?}");
    }
}

#[test]
fn a_clock_may_be_fifteen_minutes_away_and_no_second_more() {
    for sample in botocore() {
        for (seconds, is_fine) in [(900, true), (-900, true), (901, false), (-901, false), (960, false), (-960, false)]
        {
            let now = sample.now + TimeDelta::seconds(seconds);
            let outcome = Sample { now, ..sample.clone() }.verify();
            assert_eq!(outcome.is_ok(), is_fine, "{seconds}: {outcome:?}");
        }
    }
}

#[test]
fn a_wrong_clock_is_told_both_times() {
    let sample = botocore().remove(0);
    let late = Sample { now: sample.now + TimeDelta::minutes(20), ..sample.clone() }.verify().unwrap_err();
    assert_eq!(
        late.to_string(),
        "Signature expired: 20260131T120000Z is now earlier than 20260131T120500Z (20260131T122000Z - 15 min.)"
    );
    let early = Sample { now: sample.now - TimeDelta::minutes(20), ..sample }.verify().unwrap_err();
    assert_eq!(
        early.to_string(),
        "Signature not yet current: 20260131T120000Z is still later than 20260131T115500Z (20260131T114000Z + 15 min.)"
    );
}

#[test]
fn the_order_of_query_parameters_and_headers_does_not_matter() {
    let sample = botocore().into_iter().find(|sample| sample.uri.contains("tagKeys")).unwrap();
    let (path, query) = sample.uri.split_once('?').unwrap();
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    let mut turned = Sample { uri: format!("{path}?{}", pairs.join("&")), ..sample.clone() };
    turned.headers.reverse();
    assert!(turned.verify().is_ok());
}

/// What proxies and SDKs add without signing it.
#[test]
fn unsigned_headers_of_no_meaning_are_ignored() {
    for (name, value) in [
        ("user-agent", "x"),
        ("x-amzn-trace-id", "Root=1"),
        ("amz-sdk-invocation-id", "1"),
        ("content-length", "0"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-bytes", "\u{e9}"),
    ] {
        let mut sample = botocore().remove(0);
        sample.headers.push((name.to_owned(), value.to_owned()));
        assert!(sample.verify().is_ok(), "{name}");
    }
}

/// Legal signatures of kinds that this service refuses.
#[test]
fn kinds_of_signatures_that_no_client_of_this_service_needs_are_refused() {
    let base = || Sample { method: "POST", uri: "/variantStores".into(), body: "{}".into(), ..botocore().remove(0) };
    let signed = |headers: &[(&str, &str)]| {
        let mut sample = base();
        sample.headers = vec![("host".to_owned(), "127.0.0.1:8400".to_owned())];
        sample.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        sample.sign();
        sample
    };
    let body_hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert!(signed(&[]).verify().is_ok());
    assert!(signed(&[("x-amz-content-sha256", body_hash)]).verify().is_ok());
    let other_hash = body_hash.replace('4', "5");
    let cases: [(&[(&str, &str)], Kind); 8] = [
        (&[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")], Kind::Invalid),
        (&[("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")], Kind::Invalid),
        (&[("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")], Kind::Invalid),
        (&[("x-amz-content-sha256", &other_hash)], Kind::Invalid),
        (&[("x-amz-content-sha256", &body_hash.to_uppercase())], Kind::Invalid),
        (&[("x-amz-content-sha256", body_hash), ("x-amz-content-sha256", body_hash)], Kind::Incomplete),
        (&[("x-amz-security-token", "AQoDYXdzEPT")], Kind::Unrecognized),
        (&[("host", "127.0.0.1:8400")], Kind::Incomplete),
    ];
    for (headers, kind) in cases {
        assert_eq!(Kind::of(&signed(headers).verify()), Some(kind), "{headers:?}");
    }
}

#[test]
fn refusals_repeat_nothing_that_was_sent() {
    for mutation in botocore().iter().flat_map(refusals::mutations) {
        let text = mutation.sample.verify().unwrap_err().to_string();
        let authorization = mutation.sample.header("authorization").unwrap_or_default();
        let signature = authorization.split("Signature=").nth(1).filter(|text| text.len() > 16);
        assert!(signature.is_none_or(|signature| !text.contains(signature)), "{}: {text}", mutation.name);
        assert!(!text.contains(sample::SECRET) && text.len() < 400, "{}: {text}", mutation.name);
    }
}
