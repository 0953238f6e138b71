//! Answers as files of a table: CREATE TABLE ... AS and UNLOAD.

use super::output;
use crate::api::{Form, Writer};
use crate::app::App;
use crate::error::ApiError;
use parquet::basic::{Compression, ZstdLevel};
use std::collections::BTreeMap;
use varberg_lake::query::StatementWork;
use varberg_model::{AccountId, JobId};

/// Where the file of an answer goes, and as what.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// Path in the place of results, without a slash at its end.
    pub(super) directory: String,
    format: Format,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Parquet(Compression),
    Json,
}

impl Files {
    /// What the properties of a statement say; none if it has no files.
    ///
    /// Errors: a place that is not the account's, and whatever is not offered, by name.
    pub(super) fn of(
        app: &App,
        account: &AccountId,
        id: JobId,
        work: &StatementWork,
    ) -> Result<Option<Self>, ApiError> {
        let (location, properties, known) = match work {
            StatementWork::CreateTable { properties, .. } => (
                properties.get("external_location"),
                properties,
                &["external_location", "parquet_compression", "write_compression"][..],
            ),
            StatementWork::Unload { location, properties, .. } => (Some(location), properties, &["compression"][..]),
            _ => return Ok(None),
        };
        if let Some(name) = properties.keys().find(|name| *name != "format" && !known.contains(&name.as_str())) {
            return Err(ApiError::Invalid(format!(
                "the property {name} is not offered; of properties there are format, {}",
                known.join(", ")
            )));
        }
        let directory = match location {
            Some(location) => output::directory(app, account, location)?,
            None => format!("{account}/tables/{id}"),
        };
        Ok(Some(Self { directory, format: format(properties)? }))
    }

    /// The path of the file of an execution.
    pub(super) fn path(&self, id: JobId) -> String {
        let suffix = match self.format {
            Format::Parquet(_) => "parquet",
            Format::Json => "json",
        };
        format!("{}/{id}.{suffix}", self.directory)
    }

    pub(super) fn writer(
        &self,
        schema: &arrow_schema::SchemaRef,
    ) -> Result<Writer, Box<dyn std::error::Error + Send + Sync>> {
        match self.format {
            Format::Parquet(compression) => Writer::parquet(schema, compression),
            Format::Json => Writer::new(Form::Ndjson, schema),
        }
    }
}

fn format(properties: &BTreeMap<String, String>) -> Result<Format, ApiError> {
    let get = |name: &str| properties.get(name).map(|value| value.to_ascii_uppercase());
    let compression = get("write_compression").or_else(|| get("parquet_compression")).or_else(|| get("compression"));
    let wrong = |what: &str, value: &str, known: &str| {
        Err(ApiError::Invalid(format!("{what} {value} is not offered; write {known}")))
    };
    match get("format").as_deref().unwrap_or("PARQUET") {
        "PARQUET" => Ok(Format::Parquet(match compression.as_deref() {
            None | Some("ZSTD") => Compression::ZSTD(ZstdLevel::default()),
            Some("SNAPPY") => Compression::SNAPPY,
            Some("GZIP") => Compression::GZIP(parquet::basic::GzipLevel::default()),
            Some("NONE" | "UNCOMPRESSED") => Compression::UNCOMPRESSED,
            Some(other) => return wrong("the compression", other, "ZSTD, SNAPPY, GZIP or NONE"),
        })),
        "JSON" => match compression.as_deref() {
            None | Some("NONE") => Ok(Format::Json),
            Some(other) => wrong("the compression of JSON", other, "NONE"),
        },
        other => wrong("the format", other, "PARQUET or JSON"),
    }
}
