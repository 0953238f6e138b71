//! Why a request is not taken for what it says it is. The texts are AWS's where AWS has one; none repeats what was sent
//! beyond a header's name or a time.

/// A refused signature or password. `error.rs` gives each its status and AWS's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Path or query cannot be read.
    #[error("{0}")]
    Malformed(&'static str),
    /// No credentials at all.
    #[error(
        "Missing Authentication Token: sign the request (Signature Version 4, service omics) or send an access key and \
         its secret as Basic credentials"
    )]
    Missing,
    /// Credentials of another kind, or parts of them are missing.
    #[error("{0}")]
    Incomplete(String),
    /// An access key that does not exist (any more), or a session token, which this server gives to nobody.
    #[error("The security token included in the request is invalid.")]
    Unrecognized,
    /// Signed for another place or time, with another secret, or changed on the way.
    #[error("{0}")]
    Invalid(String),
}
