//! Amazon resource names: those we give out, and the role ARNs we are given.

use crate::ValidationError;
use crate::error::check_length;
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

impl Scope {
    fn arn(&self, resource: fmt::Arguments<'_>) -> String {
        format!("arn:aws:omics:{}:{}:{resource}", self.region, self.account)
    }

    pub fn variant_store_arn(&self, name: &str) -> String {
        self.arn(format_args!("variantStore/{name}"))
    }

    pub fn annotation_store_arn(&self, name: &str) -> String {
        self.arn(format_args!("annotationStore/{name}"))
    }

    pub fn annotation_version_arn(&self, name: &str, version: &str) -> String {
        self.arn(format_args!("annotationStore/{name}/version/{version}"))
    }

    pub fn reference_store_arn(&self, store: &str) -> String {
        self.arn(format_args!("referenceStore/{store}"))
    }

    pub fn reference_arn(&self, store: &str, reference: &str) -> String {
        self.arn(format_args!("referenceStore/{store}/reference/{reference}"))
    }

    /// Takes `…:referenceStore/{store}/reference/{reference}` of this scope apart into its two numeric ids;
    /// `None` for any other text, including references of another account or region.
    pub fn parse_reference_arn<'a>(&self, arn: &'a str) -> Option<(&'a str, &'a str)> {
        let prefix = self.arn(format_args!("referenceStore/"));
        let (store, reference) = arn.strip_prefix(prefix.as_str())?.split_once("/reference/")?;
        let numeric = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        (numeric(store) && numeric(reference)).then_some((store, reference))
    }
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
        if !text.starts_with("arn:") {
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

    #[test]
    fn takes_only_reference_arns_of_its_own_scope_apart() {
        let scope = Scope { region: "us-east-1".into(), account: AccountId::parse("000000000000").unwrap() };
        let arn = scope.reference_arn("1234567890", "9876543210");
        assert_eq!(scope.parse_reference_arn(&arn), Some(("1234567890", "9876543210")));
        assert_eq!(scope.parse_reference_arn(&arn.replace("us-east-1", "eu-west-1")), None);
        assert_eq!(scope.parse_reference_arn("arn:aws:omics:us-east-1:000000000000:referenceStore/1/reference/"), None);
    }
}
