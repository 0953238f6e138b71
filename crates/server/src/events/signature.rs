//! The signature of a request to the webhook: who knows the secret can tell that a body is ours, and when it was sent.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Carries the signature.
pub(super) const HEADER: &str = "varberg-signature";

/// `t=TIME,v1=HEX`: HMAC-SHA256 of the time, a dot and the body. `time`: seconds since 1970.
pub(super) fn sign(secret: &str, time: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(time.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    /// The value is that of `hmac.new(b"secret", b"1700000000.{}", "sha256").hexdigest()` in Python.
    #[test]
    fn signs_time_and_body() {
        expect_test::expect!["t=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"]
            .assert_eq(&super::sign("secret", 1_700_000_000, b"{}"));
    }
}
