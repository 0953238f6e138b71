//! The vocabulary of Varberg: what exists, which states it may be in, and what a legal value looks like.
//!
//! Nothing here does I/O, reads a clock or knows JSON, SQL, HTTP or Arrow. Terms:
//!
//! - *variant store*: a named table of variants, bound to one reference.
//! - *annotation store*: tables of annotations, one for each of its *versions*.
//! - *destination*: the table that an import job adds rows to.
//! - *import job*: one request to import files into a store; *item*: one file of it.
//! - *task*: work on a table that no import does: compaction, expiry of snapshots, a job undone.
//! - *event*: what is told when a resource has changed its state.
//! - *query execution*: a statement that was started, and is asked about later.
//! - *part*: a byte range of an item that one thread reads (see `varberg-formats`).
//! - *data file*, *snapshot*: as in Iceberg.
//! - *user*: somebody who may call, in one account, by access keys.
//! - *contig*, *allele*, *record*, *sample*: as in the VCF specification.

mod access;
mod annotation_store;
mod arn;
mod coordinates;
mod destination;
mod error;
mod event;
mod format_options;
mod import_job;
mod maintenance;
mod object_uri;
mod page;
mod query_execution;
mod read_options;
mod reference_store;
mod resource;
mod share;
mod store;
mod table_schema;
mod tag;
mod tsv_schema;
mod tsv_store_options;
mod user;

pub use access::{Access, Role};
pub use annotation_store::{AnnotationStore, AnnotationVersion, StoreFormat};
pub use arn::{AccountId, RoleArn, Scope};
pub use coordinates::{Interval, Position};
pub use destination::{Content, Destination, samples_table};
pub use error::{ValidationError, check_printable};
pub use event::{Change, Event, EventSubject, StoreEvent};
pub use format_options::{FormatOptions, VcfOptions};
pub use import_job::{
    AnnotationFields, AnnotationImport, ImportItem, ImportJob, ItemProgress, ItemReport, ItemWarning, JobId, JobStatus,
    MAX_ITEMS, roll_up,
};
pub use maintenance::{Task, TaskReport, Undone, Work};
pub use object_uri::ObjectUri;
pub use page::{Page, PageSize, PageToken};
pub use query_execution::{ExecutionOutcome, ExecutionState, ExecutionStatistics, QueryExecution, StatementKind};
pub use read_options::{Dialect, Encoding, LineSeparator, ReadOptions};
pub use reference_store::{
    RefId, Reference, ReferenceImportJob, ReferenceImportSource, ReferenceJobStatus, ReferenceName,
    ReferenceSourceStatus, ReferenceStatus, ReferenceStore, ReferenceStoreName,
};
pub use resource::Resource;
pub use share::{Share, ShareKind, ShareName, ShareStatus};
pub use store::{Description, LAYOUT_TAG, Layout, SseConfig, StoreId, StoreName, StoreStatus, VariantStore};
pub use table_schema::{
    Column, ColumnType, FormatColumns, INFO_PREFIX, INFO_UNFIT, InfoType, PlaceColumns, RECORD_COLUMNS, TableSchema,
    format_key, info_key,
};
pub use tag::Tags;
pub use tsv_schema::{MAX_TSV_COLUMNS, TsvSchema, ValueType};
pub use tsv_store_options::{AnnotationType, FormatKey, TsvStoreOptions};
pub use user::{AccessKey, AccessKeyId, MAX_ACCESS_KEYS, User, UserName};
