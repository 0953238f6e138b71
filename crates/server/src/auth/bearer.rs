//! Bearer tokens of the Iceberg catalog: for those who can send a token, and no signature.
//!
//! A token names an access key and an end, under a code that only its secret makes (HMAC-SHA256). So nothing is kept, tokens
//! outlive a restart, and with the key they are gone.

use super::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// How long a token is good for.
pub(crate) const LIFE: TimeDelta = TimeDelta::hours(1);

/// What the code is about, so that it stands for nothing else.
const PURPOSE: &str = "varberg iceberg token 1";

/// A token for that access key until `end`.
pub(crate) fn issue(access_key: &str, secret: &Secret, end: DateTime<Utc>) -> String {
    let claim = format!("{access_key}:{}", end.timestamp());
    let code = code(secret, &claim).finalize().into_bytes();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(&claim), URL_SAFE_NO_PAD.encode(code))
}

/// The access key that a token was given for, if it is still good.
pub(crate) fn verify(token: &str, now: DateTime<Utc>, secret_of: impl Fn(&str) -> Option<Secret>) -> Option<String> {
    let (claim, given) = token.split_once('.')?;
    let claim = String::from_utf8(URL_SAFE_NO_PAD.decode(claim).ok()?).ok()?;
    let given = URL_SAFE_NO_PAD.decode(given).ok()?;
    let (access_key, end) = claim.split_once(':')?;
    let secret = secret_of(access_key)?;
    // Compared in constant time.
    code(&secret, &claim).verify_slice(&given).ok()?;
    (end.parse::<i64>().ok()? > now.timestamp()).then(|| access_key.to_owned())
}

fn code(secret: &Secret, claim: &str) -> Hmac<Sha256> {
    // Keys of any length are taken.
    let mut code = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
    code.update(PURPOSE.as_bytes());
    code.update(&[0]);
    code.update(claim.as_bytes());
    code
}
