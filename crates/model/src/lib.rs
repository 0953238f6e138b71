//! The vocabulary of Varberg: what exists, which states it may be in, and what a legal value looks like.
//!
//! Nothing here does I/O, reads a clock or knows JSON, SQL, HTTP or Arrow. Terms:
//!
//! - *store*: a named table of variants, bound to one reference.
//! - *import job*: one request to import files into a store; *item*: one file of it.
//! - *part*: a byte range of an item that one thread reads (see `varberg-formats`).
//! - *data file*, *snapshot*: as in Iceberg.
//! - *contig*, *allele*, *record*, *sample*: as in the VCF specification.

mod arn;
mod coordinates;
mod error;
mod import_job;
mod object_uri;
mod page;
mod read_options;
mod reference_store;
mod store;
mod table_schema;
mod tag;
mod tsv_schema;
mod tsv_store_options;

pub use arn::{AccountId, RoleArn, Scope};
pub use coordinates::{Interval, Position};
pub use error::ValidationError;
pub use import_job::{
    AnnotationFields, ImportItem, ImportJob, ItemProgress, ItemReport, ItemWarning, JobId, JobStatus, MAX_ITEMS,
    roll_up,
};
pub use object_uri::ObjectUri;
pub use page::{Page, PageSize, PageToken};
pub use read_options::{Dialect, Encoding, LineSeparator, ReadOptions};
pub use reference_store::{
    RefId, Reference, ReferenceImportJob, ReferenceImportSource, ReferenceJobStatus, ReferenceName,
    ReferenceSourceStatus, ReferenceStatus, ReferenceStore, ReferenceStoreName,
};
pub use store::{Description, Layout, SseConfig, StoreId, StoreName, StoreStatus, VariantStore};
pub use table_schema::{Column, ColumnType, TableSchema};
pub use tag::Tags;
pub use tsv_schema::{MAX_TSV_COLUMNS, TsvSchema, ValueType};
pub use tsv_store_options::{AnnotationType, FormatKey, TsvStoreOptions};
