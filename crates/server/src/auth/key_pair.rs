//! New access keys, of AWS's shape: 20 capital letters and digits, and a secret of 40 characters.

use super::secret::Secret;
use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use varberg_model::AccessKeyId;
use zeroize::Zeroizing;

/// What ids begin with. Not AWS's AKIA, so that nobody (no scanner of leaked keys either) takes one for the other.
const PREFIX: &str = "VBAK";

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// An access key with its secret.
pub(crate) struct KeyPair {
    pub(crate) id: AccessKeyId,
    pub(crate) secret: Secret,
}

impl KeyPair {
    /// A pair that nobody can guess: 80 random bits of id, 240 of secret, from the operating system.
    pub(crate) fn random() -> Result<Self> {
        let mut id = [0; 16];
        let mut secret = Zeroizing::new([0; 30]);
        for bytes in [&mut id[..], &mut secret[..]] {
            OsRng.try_fill_bytes(bytes).context("the operating system gives no random numbers")?;
        }
        let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).map_or('A', |letter| char::from(*letter));
        let id = PREFIX.chars().chain(id.iter().map(letter)).collect();
        Ok(Self { id: AccessKeyId::from_stored(id), secret: Secret::new(URL_SAFE_NO_PAD.encode(&secret[..])) })
    }
}
