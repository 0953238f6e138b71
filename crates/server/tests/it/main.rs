//! Tests of the program from outside: each starts a server on a free port with a real catalog and warehouse in a
//! temporary directory. One binary, because each one that links the query engine is large.

#![allow(clippy::unwrap_used, clippy::panic, reason = "everything here is a test; clippy knows only the functions")]

mod configuration;
mod contract;
mod export;
mod guard;
mod messages;
mod reference;
mod reference_import_job;
mod reference_store;
mod server;
mod signature;
mod tidy;
mod variant_import_job;
mod variant_store;

mod api_manual;
mod cli;
mod sql;
