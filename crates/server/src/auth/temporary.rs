//! Temporary S3 keys: for the files of one table, for an hour. The Iceberg catalog gives them to clients that ask for them.
//!
//! The id says when the key ends, for which directory it is, and whose key it comes from; its secret is a code that only the
//! secret of that key makes (HMAC-SHA256). So nothing is kept, and with the key they are gone.

use super::secret::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

/// How long a key is good for.
pub(crate) const LIFE: TimeDelta = TimeDelta::hours(1);

/// What ids begin with: no other key of ours does.
const PREFIX: &str = "VBTK";
/// Digits of the end, in seconds since 1970, and of the digest of the directory.
const END_DIGITS: usize = 10;
const SCOPE_DIGITS: usize = 16;
/// What the code is about, so that it stands for nothing else.
const PURPOSE: &str = "varberg table files 1";

/// What an id says. Whether it is true shows with the signature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim<'a> {
    end: i64,
    scope: &'a str,
    /// Whose key it comes from.
    pub(crate) access_key: &'a str,
}

impl<'a> Claim<'a> {
    /// None if it is no id of a temporary key.
    pub(crate) fn parse(id: &'a str) -> Option<Self> {
        let rest = id.strip_prefix(PREFIX)?;
        let (end, rest) = rest.split_at_checked(END_DIGITS)?;
        let (scope, access_key) = rest.split_at_checked(SCOPE_DIGITS)?;
        Some(Self { end: end.parse().ok()?, scope, access_key })
    }

    pub(crate) fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.end <= now.timestamp()
    }

    /// Whether it is for that directory.
    pub(crate) fn is_for(&self, directory: &str) -> bool {
        self.scope == scope_of(directory)
    }
}

/// The id of a key for `directory` until `end`.
pub(crate) fn id(access_key: &str, directory: &str, end: DateTime<Utc>) -> String {
    format!("{PREFIX}{:0END_DIGITS$}{}{access_key}", end.timestamp(), scope_of(directory))
}

/// The secret of a temporary key, by the secret of the key that it comes from.
pub(crate) fn secret(id: &str, secret: &Secret) -> Secret {
    // Keys of any length are taken.
    let mut code = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
    code.update(PURPOSE.as_bytes());
    code.update(&[0]);
    code.update(id.as_bytes());
    Secret::new(hex::encode(code.finalize().into_bytes()))
}

fn scope_of(directory: &str) -> String {
    let digest = hex::encode_upper(Sha256::digest(directory.trim_matches('/')));
    digest.chars().take(SCOPE_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_it_was_made_of() {
        let end = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let id = id("VBAKABC", "variant_1/cohort/", end);
        let claim = Claim::parse(&id).unwrap();
        assert_eq!(claim.access_key, "VBAKABC");
        assert!(claim.is_for("variant_1/cohort") && !claim.is_for("variant_1/other"));
        assert!(claim.has_ended(end) && !claim.has_ended(end - TimeDelta::seconds(1)));
        assert_eq!(Claim::parse("VBAKABCDEFGHIJKLMNOP"), None);
        let secrets = ["one", "two"].map(|own| secret(&id, &Secret::new(own.to_owned())));
        assert_ne!(secrets[0].expose(), secrets[1].expose());
    }
}
