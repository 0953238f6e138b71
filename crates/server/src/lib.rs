//! The program: HTTP, import jobs, command line. The only crate that knows all others.

mod api;
mod app;
mod auth;
mod config;
mod error;
mod router;
mod serve;
mod shutdown;
mod telemetry;
mod wire;

pub use app::App;
pub use config::{Config, Flags, ImportConfig, LogFormat, QueryConfig, S3Config};
pub use error::ApiError;
pub use router::router;
pub use serve::{run, serve};
