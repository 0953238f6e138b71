//! Rows to values of the model, and numbers and times to what columns hold; nowhere else.

use crate::dialect::Row;
use crate::error::{Error, Result};
use crate::stored;
use chrono::{DateTime, Utc};
use sqlx::Row as _;
use std::collections::BTreeMap;
use varberg_model::{
    AccessKey, AccessKeyId, AccountId, AnnotationImport, AnnotationStore, AnnotationVersion, Description,
    ExecutionState, ImportItem, ImportJob, ItemProgress, JobId, JobStatus, Layout, ObjectUri, RefId, Reference,
    ReferenceImportJob, ReferenceImportSource, ReferenceJobStatus, ReferenceName, ReferenceSourceStatus,
    ReferenceStatus, ReferenceStore, ReferenceStoreName, Role, RoleArn, Share, ShareKind, ShareName, ShareStatus,
    StatementKind, StoreFormat, StoreId, StoreName, StoreStatus, TsvStoreOptions, User, UserName, VariantStore,
};

/// A value outside its type's range or set.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is none of the values the column may hold")]
struct Unexpected(String);

/// Microseconds since 1970, as columns hold times; what is finer is cut off.
pub(crate) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// A count as columns hold it. No file has 2^63 bytes, so the cap is never met.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unreadable(column: &'static str, value: &impl ToString) -> Error {
    Error::Stored { column, source: Box::new(Unexpected(value.to_string())) }
}

pub(crate) fn time(row: &Row, column: &'static str) -> Result<DateTime<Utc>> {
    let us: i64 = row.try_get(column)?;
    DateTime::from_timestamp_micros(us).ok_or_else(|| unreadable(column, &us))
}

pub(crate) fn optional_time(row: &Row, column: &'static str) -> Result<Option<DateTime<Utc>>> {
    let us: Option<i64> = row.try_get(column)?;
    us.map(|us| DateTime::from_timestamp_micros(us).ok_or_else(|| unreadable(column, &us))).transpose()
}

pub(crate) fn unsigned(row: &Row, column: &'static str) -> Result<u64> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|_| unreadable(column, &value))
}

/// The column `position`.
pub(crate) fn position(row: &Row) -> Result<u32> {
    let value: i64 = row.try_get("position")?;
    u32::try_from(value).map_err(|_| unreadable("position", &value))
}

/// A column that `parse` gave its text.
fn parsed<T, E>(row: &Row, column: &'static str, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.try_get(column)?;
    parse(&text).map_err(|source| Error::Stored { column, source: Box::new(source) })
}

fn named<T>(row: &Row, column: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    let text: String = row.try_get(column)?;
    parse(&text).ok_or_else(|| unreadable(column, &text))
}

pub(crate) fn account(row: &Row) -> Result<AccountId> {
    parsed(row, "account", AccountId::parse)
}

fn source(row: &Row) -> Result<ObjectUri> {
    parsed(row, "source", |text| ObjectUri::parse("source", text))
}

/// A row of `users`.
pub(crate) fn user(row: &Row) -> Result<User> {
    Ok(User {
        name: UserName::from_stored(row.try_get("name")?),
        account: account(row)?,
        role: parsed(row, "role", |text| Role::parse("role", text))?,
        created: time(row, "created_us")?,
    })
}

/// A row of `access_keys`, without its secret.
pub(crate) fn access_key(row: &Row) -> Result<AccessKey> {
    Ok(AccessKey {
        id: AccessKeyId::from_stored(row.try_get("id")?),
        created: time(row, "created_us")?,
        last_used: optional_time(row, "last_used_us")?,
    })
}

fn tags(row: &Row) -> Result<varberg_model::Tags> {
    stored::tags_from_json(row.try_get("tags")?)
}

fn sse(row: &Row) -> Result<Option<varberg_model::SseConfig>> {
    let text: Option<String> = row.try_get("sse")?;
    text.as_deref().map(stored::sse_from_json).transpose()
}

fn report(row: &Row) -> Result<varberg_model::ItemReport> {
    let text: Option<String> = row.try_get("report")?;
    text.as_deref().map(stored::report_from_json).transpose().map(Option::unwrap_or_default)
}

/// The column `id` of a table of import jobs.
pub(crate) fn job_id(row: &Row) -> Result<JobId> {
    parsed(row, "id", |text| JobId::parse("id", text))
}

/// The column `status` of jobs and items.
pub(crate) fn job_status(row: &Row) -> Result<JobStatus> {
    parsed(row, "status", |text| JobStatus::parse("status", text))
}

/// The column `state` of query executions.
pub(crate) fn query_state(row: &Row) -> Result<ExecutionState> {
    named(row, "state", ExecutionState::parse)
}

/// The column `kind` of query executions.
pub(crate) fn statement_kind(row: &Row) -> Result<StatementKind> {
    named(row, "kind", StatementKind::parse)
}

/// The column `layout`.
pub(crate) fn layout(row: &Row) -> Result<Layout> {
    named(row, "layout", Layout::parse)
}

/// The column `status` of stores and versions.
pub(crate) fn store_status(row: &Row) -> Result<StoreStatus> {
    parsed(row, "status", |text| StoreStatus::parse("status", text))
}

/// The column `status` of reference import jobs.
pub(crate) fn reference_job_status(row: &Row) -> Result<ReferenceJobStatus> {
    parsed(row, "status", |text| ReferenceJobStatus::parse("status", text))
}

/// The column `status` of sources of reference import jobs.
pub(crate) fn source_status(row: &Row) -> Result<ReferenceSourceStatus> {
    named(row, "status", ReferenceSourceStatus::parse)
}

/// A row of `variant_stores`.
pub(crate) fn variant_store(row: &Row) -> Result<VariantStore> {
    Ok(VariantStore {
        id: StoreId::from_stored(row.try_get("id")?),
        account: account(row)?,
        name: StoreName::from_stored(row.try_get("name")?),
        reference_arn: row.try_get("reference_arn")?,
        description: Description::from_stored(row.try_get("description")?),
        sse: sse(row)?,
        tags: tags(row)?,
        layout: layout(row)?,
        status: store_status(row)?,
        status_message: row.try_get("status_message")?,
        created: time(row, "created_us")?,
        updated: time(row, "updated_us")?,
    })
}

/// A row of `annotation_stores`, with `versions`.
pub(crate) fn annotation_store(row: &Row) -> Result<AnnotationStore> {
    Ok(AnnotationStore {
        id: StoreId::from_stored(row.try_get("id")?),
        account: account(row)?,
        name: StoreName::from_stored(row.try_get("name")?),
        reference_arn: row.try_get("reference_arn")?,
        description: Description::from_stored(row.try_get("description")?),
        sse: sse(row)?,
        tags: tags(row)?,
        format: parsed(row, "format", |text| StoreFormat::parse("format", text))?,
        options: tsv_options(row)?,
        status: store_status(row)?,
        status_message: row.try_get("status_message")?,
        versions: unsigned(row, "versions")?,
        created: time(row, "created_us")?,
        updated: time(row, "updated_us")?,
    })
}

/// A row of `annotation_versions`, with `store_name`.
pub(crate) fn annotation_version(row: &Row) -> Result<AnnotationVersion> {
    Ok(AnnotationVersion {
        id: StoreId::from_stored(row.try_get("id")?),
        store: StoreId::from_stored(row.try_get("store_id")?),
        store_name: StoreName::from_stored(row.try_get("store_name")?),
        name: StoreName::from_stored(row.try_get("name")?),
        description: Description::from_stored(row.try_get("description")?),
        tags: tags(row)?,
        options: tsv_options(row)?,
        status: store_status(row)?,
        status_message: row.try_get("status_message")?,
        created: time(row, "created_us")?,
        updated: time(row, "updated_us")?,
    })
}

fn tsv_options(row: &Row) -> Result<Option<TsvStoreOptions>> {
    let text: Option<String> = row.try_get("tsv_options")?;
    text.as_deref().map(stored::tsv_options_from_json).transpose()
}

fn annotation_import(row: &Row) -> Result<Option<AnnotationImport>> {
    let version: Option<String> = row.try_get("version_name")?;
    let Some(version) = version else { return Ok(None) };
    let format = stored::format_options_from_json(row.try_get("format_options")?)?;
    Ok(Some(AnnotationImport { version_name: StoreName::from_stored(version), format }))
}

/// A row of `import_jobs`, without its items.
pub(crate) fn import_job(row: &Row) -> Result<ImportJob> {
    Ok(ImportJob {
        id: job_id(row)?,
        account: account(row)?,
        destination_id: StoreId::from_stored(row.try_get("destination_id")?),
        destination_name: StoreName::from_stored(row.try_get("destination_name")?),
        annotation: annotation_import(row)?,
        role: RoleArn::from_stored(row.try_get("role")?),
        left_normalize: row.try_get("left_normalize")?,
        annotation_fields: stored::annotation_fields_from_json(row.try_get("annotation_fields")?)?,
        status: job_status(row)?,
        message: row.try_get("message")?,
        created: time(row, "created_us")?,
        updated: time(row, "updated_us")?,
        completed: optional_time(row, "completed_us")?,
        items: Vec::new(),
    })
}

/// A row of `import_items`.
pub(crate) fn import_item(row: &Row) -> Result<ImportItem> {
    Ok(ImportItem {
        position: position(row)?,
        source: source(row)?,
        status: job_status(row)?,
        message: row.try_get("message")?,
        progress: ItemProgress {
            bytes_read: unsigned(row, "bytes_read")?,
            bytes_total: unsigned(row, "bytes_total")?,
            records: unsigned(row, "records")?,
        },
        report: report(row)?,
    })
}

/// A row of `reference_stores`.
pub(crate) fn reference_store(row: &Row) -> Result<ReferenceStore> {
    Ok(ReferenceStore {
        id: RefId::from_stored(row.try_get("id")?),
        account: account(row)?,
        name: ReferenceStoreName::from_stored(row.try_get("name")?),
        description: row.try_get("description")?,
        sse: sse(row)?,
        tags: tags(row)?,
        created: time(row, "created_us")?,
    })
}

/// A row of `reference_genomes`.
pub(crate) fn reference(row: &Row) -> Result<Reference> {
    Ok(Reference {
        id: RefId::from_stored(row.try_get("id")?),
        store: RefId::from_stored(row.try_get("store_id")?),
        name: ReferenceName::from_stored(row.try_get("name")?),
        description: row.try_get("description")?,
        tags: tags(row)?,
        status: named(row, "status", ReferenceStatus::parse)?,
        md5: row.try_get("md5")?,
        source_path: row.try_get("source_path")?,
        source_bytes: unsigned(row, "source_bytes")?,
        index_path: row.try_get("index_path")?,
        index_bytes: unsigned(row, "index_bytes")?,
        contig_aliases: contig_aliases(row)?,
        job: RefId::from_stored(row.try_get("job_id")?),
        created: time(row, "created_us")?,
        updated: time(row, "updated_us")?,
    })
}

/// A row of `shares`.
pub(crate) fn share(row: &Row) -> Result<Share> {
    Ok(Share {
        id: row.try_get("id")?,
        owner: parsed(row, "owner", AccountId::parse)?,
        resource_arn: row.try_get("resource_arn")?,
        resource_id: StoreId::from_stored(row.try_get("resource_id")?),
        kind: parsed(row, "kind", |text| ShareKind::parse("kind", text))?,
        subscriber: parsed(row, "subscriber", AccountId::parse)?,
        name: ShareName::from_stored(row.try_get("name")?),
        status: parsed(row, "status", |text| ShareStatus::parse("status", text))?,
        created: time(row, "created_us")?,
        updated: time(row, "updated_us")?,
    })
}

pub(crate) fn contig_aliases(row: &Row) -> Result<BTreeMap<String, String>> {
    let text: Option<String> = row.try_get("contig_aliases")?;
    text.map_or(Ok(BTreeMap::new()), |text| stored::contig_aliases_from_json(&text))
}

/// A row of `reference_import_jobs`, without its sources.
pub(crate) fn reference_import_job(row: &Row) -> Result<ReferenceImportJob> {
    Ok(ReferenceImportJob {
        id: RefId::from_stored(row.try_get("id")?),
        store: RefId::from_stored(row.try_get("store_id")?),
        account: account(row)?,
        role: RoleArn::from_stored(row.try_get("role")?),
        status: reference_job_status(row)?,
        message: row.try_get("message")?,
        created: time(row, "created_us")?,
        completed: optional_time(row, "completed_us")?,
        sources: Vec::new(),
    })
}

/// A row of `reference_import_sources`.
pub(crate) fn reference_import_source(row: &Row) -> Result<ReferenceImportSource> {
    let reference: Option<String> = row.try_get("reference_id")?;
    Ok(ReferenceImportSource {
        position: position(row)?,
        source: source(row)?,
        name: ReferenceName::from_stored(row.try_get("name")?),
        description: row.try_get("description")?,
        tags: tags(row)?,
        status: source_status(row)?,
        message: row.try_get("message")?,
        reference: reference.map(RefId::from_stored),
    })
}
