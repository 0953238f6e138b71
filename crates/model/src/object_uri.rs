//! The address of an input file: `s3://bucket/key` or `file:///absolute/path`.

use crate::ValidationError;
use std::fmt;

/// A parsed object address. S3 keys and file paths are kept as written, never normalized or decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectUri {
    /// `s3://bucket/key`
    S3 { bucket: String, key: String },
    /// `file:///absolute/path`
    File { path: String },
}

/// The model's pattern for sources (spec 3, `S3Uri`).
const PATTERN: &str = "s3://([a-z0-9][a-z0-9-.]{1,61}[a-z0-9])/(.{1,1024})";

impl ObjectUri {
    /// Parses a source. `file://` is ours; everything else must match the model's pattern.
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let bad = || ValidationError::pattern(field, PATTERN);
        if text.chars().any(|c| c == '\0' || c == '\n' || c == '\r') {
            return Err(bad());
        }
        if let Some(path) = text.strip_prefix("file://") {
            if !path.starts_with('/') || path.len() < 2 || path.len() > 4096 {
                return Err(ValidationError::new(field, "a file source is written file:///absolute/path"));
            }
            return Ok(Self::File { path: path.to_owned() });
        }
        let (bucket, key) = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(bad)?;
        if !is_bucket(bucket) || key.is_empty() || key.chars().count() > 1024 {
            return Err(bad());
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The last component of the path, for messages.
    pub fn file_name(&self) -> &str {
        let path = match self {
            Self::S3 { key, .. } => key,
            Self::File { path } => path,
        };
        path.rsplit('/').next().unwrap_or(path)
    }
}

fn is_bucket(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().copied().all(inner)
        && bytes.first().copied().is_some_and(edge)
        && bytes.last().copied().is_some_and(edge)
}

impl fmt::Display for ObjectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::File { path } => write!(f, "file://{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints_back() {
        for text in ["s3://my-bucket/dir/a b.vcf.gz", "s3://abc/k", "file:///data/a.vcf"] {
            assert_eq!(ObjectUri::parse("items.1.source", text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_an_address() {
        for text in [
            "",
            "s3://ab/k",
            "s3://Bucket/k",
            "s3://bucket/",
            "s3://bucket",
            "https://x/y",
            "file://relative",
            "file:///",
            "s3://bucket/a\nb",
        ] {
            assert!(ObjectUri::parse("items.1.source", text).is_err(), "{text}");
        }
    }
}
