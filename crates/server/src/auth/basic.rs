//! Basic credentials (RFC 7617): an access key and its secret, for tools that cannot sign.
//!
//! They let whoever reads them call for ever, so the caller of this must know that nobody can: TLS, or loopback.

use super::secret::Secret;
use super::signature::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Longest header that is read.
const MAX_LENGTH: usize = 1024;

/// Stands for the secret of an unknown key, so that its refusal takes as long as that of a wrong secret.
const NO_SECRET: &str = "----------------------------------------";

/// Whether the request has credentials of this kind.
pub(crate) fn is_basic(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|header| scheme_of(header.as_bytes()).eq_ignore_ascii_case(b"basic"))
}

fn scheme_of(header: &[u8]) -> &[u8] {
    header.split(|b| *b == b' ').next().unwrap_or_default()
}

/// The access key whose secret the request carries.
pub(crate) fn verify(headers: &HeaderMap, secret_of: impl FnOnce(&str) -> Option<Secret>) -> Result<String, Refusal> {
    let incomplete = || Refusal::Incomplete("Basic credentials must be ACCESS_KEY:SECRET in base64, once.".to_owned());
    if headers.get_all(AUTHORIZATION).iter().count() != 1 {
        return Err(incomplete());
    }
    let text = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let text = text.filter(|text| text.len() <= MAX_LENGTH).and_then(|text| text.split_once(' '));
    let (_, encoded) = text.ok_or_else(incomplete)?;
    let decoded = STANDARD.decode(encoded.trim()).map(Zeroizing::new).map_err(|_| incomplete())?;
    let pair = std::str::from_utf8(&decoded).ok().and_then(|text| text.split_once(':'));
    let (access_key, given) = pair.ok_or_else(incomplete)?;
    let secret = secret_of(access_key);
    let compared = secret.clone().unwrap_or_else(|| Secret::new(NO_SECRET.to_owned()));
    let same: bool = compared.expose().as_bytes().ct_eq(given.as_bytes()).into();
    if secret.is_some() && same { Ok(access_key.to_owned()) } else { Err(Refusal::Unrecognized) }
}
