//! The Authorization header of Signature Version 4, taken apart.
//!
//! `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=a;b, Signature=HEX`

use super::Refusal;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Longest header that is read. Those of SDKs have a few hundred characters.
const MAX_LENGTH: usize = 4096;

/// Parameters of a query that carry credentials: those of presigned addresses, and of Signature Version 2.
const QUERY_CREDENTIALS: [&str; 5] =
    ["x-amz-algorithm", "x-amz-credential", "x-amz-signature", "x-amz-security-token", "awsaccesskeyid"];

/// The parts of the header, unjudged but for their form.
#[derive(Debug, Clone, Copy)]
pub struct Authorization<'a> {
    pub(super) access_key: &'a str,
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) terminator: &'a str,
    signed_headers: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads the only Authorization header.
    pub(super) fn of(uri: &Uri, headers: &'a HeaderMap) -> Result<Self, Refusal> {
        if let Some(query) = uri.query()
            && carries_credentials(query)
        {
            return Err(incomplete("Credentials in the query string (presigned addresses) are not accepted."));
        }
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let Some(header) = all.next().filter(|header| !header.is_empty()) else { return Err(Refusal::Missing) };
        if all.next().is_some() {
            return Err(incomplete("The request has several Authorization headers."));
        }
        let text = header.to_str().ok().filter(|text| text.len() <= MAX_LENGTH);
        let text = text.ok_or_else(|| incomplete("The Authorization header is too long or not ASCII."))?;
        let (algorithm, parts) = text.split_once(' ').unwrap_or((text, ""));
        match algorithm {
            ALGORITHM => Self::of_parts(parts),
            "AWS" => Err(incomplete("Signature Version 2 is not accepted; sign with AWS4-HMAC-SHA256.")),
            "AWS4-ECDSA-P256-SHA256" => {
                Err(incomplete("Signature Version 4a is not accepted; sign with AWS4-HMAC-SHA256."))
            }
            _ => Err(incomplete("Unsupported 'algorithm' in the Authorization header; sign with AWS4-HMAC-SHA256.")),
        }
    }

    fn of_parts(text: &'a str) -> Result<Self, Refusal> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in text.split(',') {
            let (name, value) = part.trim().split_once('=').unwrap_or((part.trim(), ""));
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(incomplete("The Authorization header has a part that is not Signature Version 4's.")),
            };
            if place.replace(value).is_some() {
                return Err(incomplete("The Authorization header has a part twice."));
            }
        }
        let part = |value: Option<&'a str>, name: &str| {
            value
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Refusal::Incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let credential: Vec<&str> = part(credential, "Credential")?.split('/').collect();
        let signed_headers = part(signed_headers, "SignedHeaders")?;
        let signature = part(signature, "Signature")?;
        let [access_key, date, region, service, terminator] = credential[..] else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements: keyid/date/region/service/term.",
            ));
        };
        if access_key.is_empty() {
            return Err(incomplete("Credential must begin with an access key."));
        }
        check_names(signed_headers)?;
        Ok(Self { access_key, date, region, service, terminator, signed_headers, signature })
    }

    /// The names of the headers that are signed, in order.
    pub(super) fn signed_headers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.signed_headers.split(';')
    }

    pub(super) fn signs(&self, name: &str) -> bool {
        self.signed_headers().any(|signed| signed == name)
    }
}

/// Names must be as they are signed: lower case, in order, each once.
fn check_names(names: &str) -> Result<(), Refusal> {
    let legal = |name: &str| {
        name != AUTHORIZATION.as_str()
            && !name.bytes().any(|b| b.is_ascii_uppercase())
            && http::HeaderName::from_bytes(name.as_bytes()).is_ok()
    };
    if names.split(';').all(legal) && names.split(';').is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    Err(incomplete("SignedHeaders must be names of headers in lower case, sorted, each once, joined by ';'."))
}

fn carries_credentials(query: &str) -> bool {
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.into_iter().any(|name| {
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().to_ascii_lowercase();
        QUERY_CREDENTIALS.contains(&name.as_str())
    })
}

fn incomplete(text: &str) -> Refusal {
    Refusal::Incomplete(text.to_owned())
}
