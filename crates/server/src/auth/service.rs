//! Which of AWS's services a request is for. One port serves them all, and hosts play no part.
//!
//! A signature says it: its credential scope names the service. Without one the protocol does: `X-Amz-Target`, a form with an
//! `Action`, or the path. What names no other service is HealthOmics's, and ours.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

/// A service that has a door here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Omics,
    Athena,
    Glue,
    LakeFormation,
    Ram,
    Sts,
    S3,
    /// Not AWS's: the Iceberg REST catalog.
    Iceberg,
}

impl Service {
    const ALL: [Self; 7] = [Self::Omics, Self::Athena, Self::Glue, Self::LakeFormation, Self::Ram, Self::Sts, Self::S3];

    /// As signatures name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Omics => "omics",
            Self::Athena => "athena",
            Self::Glue => "glue",
            Self::LakeFormation => "lakeformation",
            Self::Ram => "ram",
            Self::Sts => "sts",
            Self::S3 => "s3",
            Self::Iceberg => "iceberg",
        }
    }

    /// The service that a request is for.
    pub(crate) fn of(parts: &Parts) -> Self {
        match claimed(parts) {
            Some(name) => Self::ALL.into_iter().find(|service| service.name() == name).unwrap_or(Self::Omics),
            None => of_protocol(parts),
        }
    }
}

/// The service in the credential scope of a signature, in the header or in a presigned address.
fn claimed(parts: &Parts) -> Option<String> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = header.and_then(|text| text.split_once("Credential=")).map(|(_, rest)| rest.to_owned());
    let credential = in_header.or_else(|| {
        let value = parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        Some(percent_decode_str(value).decode_utf8().ok()?.into_owned())
    })?;
    let scope = credential.split(',').next().unwrap_or_default();
    scope.split('/').nth(3).map(str::to_owned)
}

fn of_protocol(parts: &Parts) -> Service {
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match (parts.uri.path(), target.split('.').next()) {
        ("/", Some("AmazonAthena")) => Service::Athena,
        ("/", Some("AWSGlue")) => Service::Glue,
        ("/", _) if parts.method == Method::POST && is_form(&parts.headers) => Service::Sts,
        ("/listresources" | "/getresourceshares", _) => Service::Ram,
        ("/GrantPermissions" | "/BatchGrantPermissions" | "/RevokePermissions" | "/ListPermissions", _) => {
            Service::LakeFormation
        }
        (path, _) if path.starts_with("/iceberg/") => Service::Iceberg,
        _ => Service::Omics,
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.starts_with("application/x-www-form-urlencoded")
}
