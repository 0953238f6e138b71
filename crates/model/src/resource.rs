//! What has an ARN: stores, versions, references.

use crate::{RefId, Scope};
use std::fmt;

/// A resource by the names that its ARN carries. Whether it exists is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    VariantStore(String),
    AnnotationStore(String),
    AnnotationVersion { store: String, version: String },
    ReferenceStore(RefId),
    Reference { store: RefId, id: RefId },
}

impl Resource {
    /// What stands behind the account in the ARN (spec 5.1).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty() || part.contains(':')) {
            return None;
        }
        let number =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| RefId::from_stored(text.to_owned()));
        match parts.as_slice() {
            ["variantStore", name] => Some(Self::VariantStore((*name).to_owned())),
            ["annotationStore", name] => Some(Self::AnnotationStore((*name).to_owned())),
            ["annotationStore", store, "version", version] => {
                Some(Self::AnnotationVersion { store: (*store).to_owned(), version: (*version).to_owned() })
            }
            ["referenceStore", store] => Some(Self::ReferenceStore(number(store)?)),
            ["referenceStore", store, "reference", id] => {
                Some(Self::Reference { store: number(store)?, id: number(id)? })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VariantStore(name) => write!(f, "variantStore/{name}"),
            Self::AnnotationStore(name) => write!(f, "annotationStore/{name}"),
            Self::AnnotationVersion { store, version } => write!(f, "annotationStore/{store}/version/{version}"),
            Self::ReferenceStore(store) => write!(f, "referenceStore/{store}"),
            Self::Reference { store, id } => write!(f, "referenceStore/{store}/reference/{id}"),
        }
    }
}

impl Scope {
    /// The ARN of a resource of this account and region.
    pub fn arn(&self, resource: &Resource) -> String {
        format!("arn:aws:omics:{}:{}:{resource}", self.region, self.account)
    }

    /// The resource that an ARN of this account and region names; none for any other text.
    pub fn parse_arn(&self, arn: &str) -> Option<Resource> {
        let prefix = format!("arn:aws:omics:{}:{}:", self.region, self.account);
        Resource::parse(arn.strip_prefix(&prefix)?)
    }

    pub fn variant_store_arn(&self, name: &str) -> String {
        self.arn(&Resource::VariantStore(name.to_owned()))
    }

    pub fn annotation_store_arn(&self, name: &str) -> String {
        self.arn(&Resource::AnnotationStore(name.to_owned()))
    }

    pub fn annotation_version_arn(&self, name: &str, version: &str) -> String {
        self.arn(&Resource::AnnotationVersion { store: name.to_owned(), version: version.to_owned() })
    }

    pub fn reference_store_arn(&self, store: &str) -> String {
        self.arn(&Resource::ReferenceStore(RefId::from_stored(store.to_owned())))
    }

    pub fn reference_arn(&self, store: &str, reference: &str) -> String {
        let (store, id) = (RefId::from_stored(store.to_owned()), RefId::from_stored(reference.to_owned()));
        self.arn(&Resource::Reference { store, id })
    }
}

#[cfg(test)]
mod tests {
    use crate::{AccountId, Scope};

    #[test]
    fn an_arn_names_its_resource_and_nothing_else_does() {
        let scope = Scope { region: "us-east-1".to_owned(), account: AccountId::parse("123456789012").unwrap() };
        for text in [
            "variantStore/abc",
            "annotationStore/abc",
            "annotationStore/abc/version/v_2",
            "referenceStore/1234567890",
            "referenceStore/1234567890/reference/2345678901",
        ] {
            let arn = format!("arn:aws:omics:us-east-1:123456789012:{text}");
            assert_eq!(scope.arn(&scope.parse_arn(&arn).unwrap()), arn);
        }
        for other in [
            "",
            "abc",
            "arn:aws:omics:us-east-1:123456789012:",
            "arn:aws:omics:us-east-1:123456789012:abc",
            "arn:aws:omics:us-east-1:123456789012:variantStore/",
            "arn:aws:omics:us-east-1:123456789012:variantStore/a/b",
            "arn:aws:omics:us-east-1:123456789012:variantStore/a:b",
            "arn:aws:omics:us-east-1:123456789012:annotationStore/a/version/",
            "arn:aws:omics:us-east-1:123456789012:referenceStore/1/reference/x",
            "arn:aws:omics:us-east-1:123456789012:referenceStore/x",
            "arn:aws:omics:us-east-1:999999999999:variantStore/abc",
            "arn:aws:omics:eu-west-1:123456789012:variantStore/abc",
            "arn:aws:s3:us-east-1:123456789012:variantStore/abc",
            "arn:aws:omics:us-east-1:123456789012:run/1",
        ] {
            assert_eq!(scope.parse_arn(other), None, "{other}");
        }
    }
}
