//! Merges the layers of the configuration: defaults, file, variables, flags; later ones win.
//!
//! In: [`Flags`] and the variables of the process. Out: a [`Config`] whose values are of the right type.
//! Reads one file and nothing else.

use super::{Config, LogFormat};
use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Flags of `varberg serve`. Each overrides the variable and the key of the same name; `--bucket` and
/// `--allow-files` add to them.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "VARBERG_CONFIG")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8400]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Certificate of the server, in PEM; it then speaks TLS only
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Key of the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Listen beyond loopback in clear text: a proxy in front encrypts, and nobody else reaches the address
    #[arg(long)]
    pub behind_proxy: bool,
    /// Directory of everything the server writes [default: ./varberg-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where tables lie: s3://bucket/prefix or a directory [default: warehouse below the data directory]
    #[arg(long, value_name = "URI")]
    pub warehouse: Option<String>,
    /// Makes s3://NAME/... a directory; may be repeated
    #[arg(long = "bucket", value_name = "NAME=DIR")]
    pub buckets: Vec<String>,
    /// Directory below which file:// sources may be read; may be repeated
    #[arg(long, value_name = "DIR")]
    pub allow_files: Vec<PathBuf>,
    /// Form of the log: human or json [default: human]
    #[arg(long, value_name = "FORM")]
    pub log_format: Option<String>,
}

/// How the text of a variable becomes a value.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    /// `NAME=TEXT,NAME=TEXT`
    Pairs,
    /// Paths separated by `:`
    Paths,
}

/// Every key; its variable is `VARBERG_` and the key in upper case, dots as underscores.
const KEYS: &[(&str, Kind)] = &[
    ("listen", Kind::Text),
    ("tls_cert", Kind::Text),
    ("tls_key", Kind::Text),
    ("behind_proxy", Kind::Boolean),
    ("data_dir", Kind::Text),
    ("warehouse", Kind::Text),
    ("buckets", Kind::Pairs),
    ("allow_files", Kind::Paths),
    ("account", Kind::Text),
    ("region", Kind::Text),
    ("secrets_key", Kind::Text),
    ("log_format", Kind::Text),
    ("log_level", Kind::Text),
    ("hold_at", Kind::Text),
    ("s3.endpoint", Kind::Text),
    ("s3.region", Kind::Text),
    ("s3.path_style", Kind::Boolean),
    ("s3.profile", Kind::Text),
    ("import.threads", Kind::Integer),
    ("import.lease_s", Kind::Integer),
    ("import.max_jobs", Kind::Integer),
    ("import.max_attempts", Kind::Integer),
    ("import.janitor_interval_s", Kind::Integer),
    ("import.max_line_bytes", Kind::Integer),
    ("import.max_header_bytes", Kind::Integer),
    ("import.max_total_bytes", Kind::Integer),
    ("import.part_bytes", Kind::Integer),
    ("import.memory_bytes", Kind::Integer),
    ("import.strict", Kind::Boolean),
    ("import.verdicts", Kind::Pairs),
    ("import.max_rejected_share", Kind::Number),
    ("query.time_s", Kind::Integer),
    ("query.memory_bytes", Kind::Integer),
    ("query.concurrency", Kind::Integer),
    ("query.results", Kind::Text),
    ("query.result_bytes", Kind::Integer),
    ("query.result_days", Kind::Integer),
    ("quotas.preset", Kind::Text),
    ("quotas.variant_stores", Kind::Integer),
    ("quotas.annotation_stores", Kind::Integer),
    ("quotas.versions", Kind::Integer),
    ("quotas.import_jobs", Kind::Integer),
    ("quotas.source_bytes", Kind::Integer),
    ("quotas.shares", Kind::Integer),
    ("quotas.reference_stores", Kind::Integer),
    ("quotas.references", Kind::Integer),
    ("quotas.rate_analytics", Kind::Integer),
    ("quotas.rate_shares", Kind::Integer),
    ("quotas.rate_tags", Kind::Integer),
    ("quotas.rate_references", Kind::Integer),
    ("quotas.rate_reference_changes", Kind::Integer),
    ("quotas.rate_downloads", Kind::Integer),
    ("events.webhook", Kind::Text),
    ("events.secret", Kind::Text),
    ("events.detail_type_prefix", Kind::Text),
    ("events.keep_days", Kind::Integer),
    ("events.retry_s", Kind::Integer),
    ("events.timeout_s", Kind::Integer),
    ("maintenance.automatic", Kind::Boolean),
    ("maintenance.small_files", Kind::Integer),
    ("maintenance.small_bytes", Kind::Integer),
    ("maintenance.interval_s", Kind::Integer),
    ("maintenance.memory_bytes", Kind::Integer),
    ("maintenance.grace_s", Kind::Integer),
];

impl Config {
    /// Every key of the configuration with the variable that sets it.
    pub fn variables() -> impl Iterator<Item = (&'static str, String)> {
        KEYS.iter().map(|(key, _)| (*key, variable(key)))
    }
}

pub(super) fn merge(flags: &Flags, variables: &BTreeMap<String, String>) -> Result<Config> {
    let mut table = match &flags.config {
        Some(path) => read_file(path)?,
        None => Table::new(),
    };
    for (key, kind) in KEYS {
        let name = variable(key);
        if let Some(text) = variables.get(&name) {
            let value = parse(*kind, text).with_context(|| format!("{name} is \"{text}\""))?;
            set(&mut table, key, value)?;
        }
    }
    apply_flags(&mut table, flags)?;
    Config::deserialize(Value::Table(table)).context("the configuration is not valid")
}

fn variable(key: &str) -> String {
    format!("VARBERG_{}", key.replace('.', "_").to_uppercase())
}

/// Reads the file as a table; it is checked as a whole configuration first, so that an error names its line.
fn read_file(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let refused = |error: toml::de::Error| {
        if !text.contains("secret") {
            return anyhow!("{}: {error}", path.display());
        }
        // The library quotes the line at fault, which may be that of the secret.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        anyhow!("{}, line {}: {}", path.display(), before.matches('\n').count() + 1, error.message())
    };
    toml::from_str::<Config>(&text).map_err(refused)?;
    toml::from_str(&text).map_err(refused)
}

fn apply_flags(table: &mut Table, flags: &Flags) -> Result<()> {
    if let Some(listen) = &flags.listen {
        set(table, "listen", Value::String(listen.clone()))?;
    }
    for (key, path) in [("tls_cert", &flags.tls_cert), ("tls_key", &flags.tls_key)] {
        if let Some(path) = path {
            set(table, key, Value::String(utf8(path)?))?;
        }
    }
    if flags.behind_proxy {
        set(table, "behind_proxy", Value::Boolean(true))?;
    }
    if let Some(directory) = &flags.data_dir {
        set(table, "data_dir", Value::String(utf8(directory)?))?;
    }
    if let Some(uri) = &flags.warehouse {
        set(table, "warehouse", Value::String(uri.clone()))?;
    }
    if let Some(form) = &flags.log_format {
        set(table, "log_format", Value::String(form.clone()))?;
    }
    if !flags.buckets.is_empty() {
        let mut buckets = match table.remove("buckets") {
            Some(Value::Table(buckets)) => buckets,
            _ => Table::new(),
        };
        for text in &flags.buckets {
            let (name, directory) = pair(text).with_context(|| format!("--bucket {text}"))?;
            buckets.insert(name, directory);
        }
        set(table, "buckets", Value::Table(buckets))?;
    }
    if !flags.allow_files.is_empty() {
        let mut directories = match table.remove("allow_files") {
            Some(Value::Array(directories)) => directories,
            _ => Vec::new(),
        };
        for directory in &flags.allow_files {
            directories.push(Value::String(utf8(directory)?));
        }
        set(table, "allow_files", Value::Array(directories))?;
    }
    Ok(())
}

fn set(table: &mut Table, key: &str, value: Value) -> Result<()> {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, key)) => match table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(section) => {
                section.insert(key.to_owned(), value);
            }
            _ => bail!("{section} must be a table"),
        },
    }
    Ok(())
}

fn parse(kind: Kind, text: &str) -> Result<Value> {
    Ok(match kind {
        Kind::Text => Value::String(text.to_owned()),
        Kind::Integer => Value::Integer(text.trim().parse().context("it must be a whole number")?),
        Kind::Number => Value::Float(text.trim().parse().context("it must be a number")?),
        Kind::Boolean => Value::Boolean(text.trim().parse().context("it must be true or false")?),
        Kind::Pairs => Value::Table(text.split(',').filter(|s| !s.is_empty()).map(pair).collect::<Result<Table>>()?),
        Kind::Paths => {
            Value::Array(text.split(':').filter(|s| !s.is_empty()).map(|s| Value::String(s.to_owned())).collect())
        }
    })
}

fn pair(text: &str) -> Result<(String, Value)> {
    let (name, directory) = text
        .split_once('=')
        .filter(|(name, directory)| !name.is_empty() && !directory.is_empty())
        .context("it must be written NAME=VALUE")?;
    Ok((name.to_owned(), Value::String(directory.to_owned())))
}

fn utf8(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()))
}

impl std::fmt::Display for LogFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}
