//! Logs on standard error: human by default, JSON on request. Never genotypes, sample names, secrets.

mod json;

use crate::config::{Config, LogFormat};
use anyhow::{Context, Result};
use json::FlatJson;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;

/// Starts logging as `config` says. A process that already logs keeps its way.
pub(crate) fn start(config: &Config) -> Result<()> {
    let filter = EnvFilter::try_new(&config.log_level)
        .with_context(|| format!("log_level is \"{}\"; write a level such as info", config.log_level))?;
    // It tells headers, session tokens among them.
    let filter = filter.add_directive("aws_sigv4=off".parse().context("a directive of ours is not valid")?);
    // It tells addresses, and calls a refusal an error; the request's own line tells how it ended.
    let filter = filter.add_directive("s3s=off".parse().context("a directive of ours is not valid")?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = match config.log_format {
        LogFormat::Human => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.fmt_fields(JsonFields::new()).event_format(FlatJson).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was already set up");
    }
    Ok(())
}
