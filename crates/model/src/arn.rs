//! Amazon resource names: those we give out, and the role ARNs we are given.

use crate::ValidationError;
use crate::error::{check_length, has_line_end};
use std::fmt;

/// A 12-digit account number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(String);

impl AccountId {
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValidationError::pattern("account", "[0-9]{12}"))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where resources live: the account and region that every ARN of ours carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub region: String,
    pub account: AccountId,
}

/// The ARN of a role, checked in form only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn(String);

impl RoleArn {
    /// `arn:([^: ]*):([^: ]*):([^: ]*):([0-9]{12}):([^: ]*)`, 20 to 2048 characters (spec 3, `Arn`).
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        check_length(field, text, 20, 2048)?;
        let parts: Vec<&str> = text.split(':').collect();
        let legal = matches!(parts.as_slice(), ["arn", _, _, _, account, _]
            if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
            && !text.contains(' ');
        if !legal {
            return Err(ValidationError::pattern(field, "arn:([^: ]*):([^: ]*):([^: ]*):([0-9]{12}):([^: ]*)"));
        }
        Ok(Self(text.to_owned()))
    }

    /// `arn:.*`, 20 to 2048 characters: the looser form of reference imports (spec 3, `RoleArn2`).
    pub fn parse_loose(field: &str, text: &str) -> Result<Self, ValidationError> {
        check_length(field, text, 20, 2048)?;
        if !text.starts_with("arn:") || has_line_end(text) {
            return Err(ValidationError::pattern(field, "arn:.*"));
        }
        Ok(Self(text.to_owned()))
    }

    /// A role read back from the catalog, which holds only checked ones.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_role_arn_and_refuses_near_misses() {
        for good in ["arn:aws:iam::123456789012:role/omics", "arn:aws-cn:iam:us-east-1:123456789012:x"] {
            assert!(RoleArn::parse("roleArn", good).is_ok(), "{good}");
        }
        for bad in [
            "arn:aws:iam::12345678901:role/short",
            "arn:aws:iam::123456789012:role/a:b",
            "role",
            "arn:aws:iam::123456789012:role/a b",
        ] {
            assert!(RoleArn::parse("roleArn", bad).is_err(), "{bad}");
        }
    }
}
