//! The program: HTTP, import jobs, command line. The only crate that knows all others.

mod api;
mod app;
mod auth;
mod body;
mod caller;
pub mod cli;
mod config;
mod cpu;
mod doors;
mod error;
mod events;
pub mod export;
mod grants;
mod header_text;
mod iceberg_rest;
mod import;
mod listen;
mod maintenance;
mod metrics;
mod openapi;
mod outbound;
pub mod query_child;
mod query_pool;
mod request_log;
mod roles;
mod router;
mod serve;
mod shutdown;
mod telemetry;
mod throttle;
mod tls;
mod wire;

pub use app::App;
pub use auth::secret::Secret;
pub use auth::signature;
pub use config::{
    Config, EventsConfig, Flags, ImportConfig, LogFormat, MaintenanceConfig, Preset, QueryConfig, QuotaConfig,
    RoleConfig, S3Config, Verdicts,
};
pub use error::ApiError;
pub use query_pool::{Answer, QueryFailure, QueryPool};
pub use router::{openapi_document, operations_manual, router};
pub use serve::{run, serve};
