//! The operations of the API, one file for each resource: wire forms and handlers together.
//!
//! In: a [`Call`]. Out: a [`Reply`] or an [`ApiError`](crate::error::ApiError). Must not touch the table engine, SQL
//! text or the internals of `import`.

pub(crate) mod annotation_import_job;
pub(crate) mod annotation_store;
pub(crate) mod annotation_version;
pub(crate) mod call;
pub(crate) mod event;
pub(crate) mod export;
mod format_options;
pub(crate) mod health;
pub(crate) mod import_job;
mod listing;
pub(crate) mod metrics;
pub(crate) mod operation;
pub(crate) mod reference;
pub(crate) mod reference_file;
pub(crate) mod reference_import_job;
mod reference_item;
pub(crate) mod reference_store;
pub(crate) mod refusal;
pub(crate) mod share;
pub(crate) mod sql;
mod table;
pub(crate) mod tag;
pub(crate) mod task;
mod tsv_options;
pub(crate) mod variant_import_job;
pub(crate) mod variant_store;

pub(crate) use call::{Answer, Call, Reply};
pub(crate) use operation::Operation;
pub(crate) use sql::{Form, Writer};
