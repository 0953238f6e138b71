//! Tables on object storage: Iceberg in, SQL out; and the input files that imports read.
//!
//! - [`Lake`]: a handle on the warehouse: tables, files, writers.
//! - [`append()`]: data files to one snapshot, published through a [`PointerStore`]; [`rewrite()`]: files replaced by others; [`expire()`]: old snapshots dropped.
//! - [`query`]: SQL over granted tables, under limits.
//! - [`Sources`]: input files, pinned, read as `std::io::Read`.
//!
//! Knows nothing of jobs, SQL catalogs, file formats or HTTP.

mod append;
mod combine;
mod commit;
mod compaction;
mod error;
mod evolve;
mod expire;
mod headersets;
mod iceberg_schema;
mod iceberg_storage;
mod live_files;
mod object;
mod pointers;
pub mod query;
mod relocate;
mod rewrite;
mod rewritten_rows;
mod s3;
mod scan;
mod stored_files;
mod table;
mod upload;
mod warehouse;
mod wide;
mod writer;

pub use append::{Append, AppendContent, JOB_ID, append};
pub use compaction::{CompactionOptions, GroupedBy, MERGED};
pub use error::{Error, Result};
pub use evolve::Evolved;
pub use expire::{Expiry, expire};
pub use live_files::FileInfo;
pub use object::{Pinned, SourceError, Sources, SourcesConfig};
pub use pointers::{MemoryPointers, PointerStore, SwapResult, TableSwap};
pub use query::{GrantedTable, QueryError, QueryLimits, QueryRequest};
pub use rewrite::{Rewrite, rewrite};
pub use rewritten_rows::{RewriteLimits, RewrittenRows, RowsToRewrite};
pub use stored_files::StoredFile;
pub use table::{SnapshotInfo, TableInfo};
pub use upload::{Finishing, Upload};
pub use warehouse::{Lake, S3Credentials, S3Options, WarehouseConfig};
pub use writer::{Bound, ColumnMetrics, DataFile, DataFileWriter, WriteTarget, WriterOptions, Written};
