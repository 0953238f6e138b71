//! Who may call: users, each of one account, and the access keys that they sign with.

use crate::error::{ValidationError, check_length};
use crate::{AccountId, Role};
use chrono::{DateTime, Utc};
use std::fmt;

/// Most keys that a user has at a time: one in use, one that takes its place.
pub const MAX_ACCESS_KEYS: usize = 2;

/// A user's name: 1 to 64 letters, digits and `_+=,.@-`, as IAM has it. There is one user of a name in a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        check_length(field, text, 1, 64)?;
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)) {
            return Err(ValidationError::pattern(field, "[\\w+=,.@-]+"));
        }
        Ok(Self(text.to_owned()))
    }

    /// A name read back from the catalog, which holds only checked ones.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public half of an access key: 20 capital letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    /// An id that was made by the server, or read back from the catalog.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody, or something, that calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: UserName,
    /// Whose resources he sees.
    pub account: AccountId,
    pub role: Role,
    pub created: DateTime<Utc>,
}

impl User {
    /// Who he is in logs and records: `arn:aws:iam::ACCOUNT:user/NAME`.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:user/{}", self.account, self.name)
    }
}

/// An access key as everybody may know it; its secret is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: AccessKeyId,
    pub created: DateTime<Utc>,
    /// To the minute.
    pub last_used: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_iam() {
        for good in ["a", "ada.lovelace@lab-1", "x+y=z,_", &"n".repeat(64)] {
            assert_eq!(UserName::parse("name", good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a/b", "é", "a:b", "a\n", &"n".repeat(65)] {
            assert!(UserName::parse("name", bad).is_err(), "{bad:?}");
        }
    }
}
