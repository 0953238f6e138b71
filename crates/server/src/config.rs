//! The configuration: one struct, read once at start and passed down in parts.
//!
//! In: a TOML file, `VARBERG_*` variables, flags (`config/layers.rs` merges them, later ones win). Out: [`Config`],
//! checked. The field docs below are the manual: `docs/configuration.md` is generated from them by a test.
//! Nothing else in the server reads the environment.

mod events;
mod layers;
mod maintenance;
mod quotas;
mod roles;
mod verdicts;

pub use events::EventsConfig;
pub use layers::Flags;
pub use maintenance::MaintenanceConfig;
pub(crate) use quotas::RateGroup;
pub use quotas::{Preset, QuotaConfig};
pub use roles::RoleConfig;
pub use verdicts::Verdicts;

use crate::auth::secret::Secret;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use varberg_formats::{Limits, Policy};
use varberg_lake::{S3Credentials, S3Options, SourcesConfig, WarehouseConfig, WriterOptions};
use varberg_model::{AccountId, Scope};

const MIB: u64 = 1 << 20;

/// Everything that can be configured. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on. Port 0 takes a free one; the log line at start names it. Addresses beyond loopback need users (`docs/security.md`), and either a certificate or `behind_proxy`.
    pub listen: String,
    /// File with the server's certificate and those that vouch for it, in PEM; read again when it changes. With it the server speaks TLS only.
    pub tls_cert: Option<PathBuf>,
    /// File with the key of the certificate, in PEM.
    pub tls_key: Option<PathBuf>,
    /// Whether a proxy that encrypts stands in front, and nobody else reaches the address: the server may then listen beyond loopback in clear text, and needs users on loopback too. Nothing that a proxy says (`X-Forwarded-*`) is believed.
    pub behind_proxy: bool,
    /// Directory of everything the server writes: `catalog.sqlite`, `secrets.key`, `warehouse/`, `results/`, `spill/`. Created with mode 0700.
    pub data_dir: PathBuf,
    /// Where tables and references lie: `s3://bucket/prefix`, `file:///directory` or a directory. Default: `warehouse` below the data directory.
    pub warehouse: Option<String>,
    /// Buckets that are directories: `s3://NAME/key` then reads the file `key` below the directory. As a variable: `NAME=DIR,NAME=DIR`.
    pub buckets: BTreeMap<String, PathBuf>,
    /// Directories below which `file://` sources may be read; none when empty. As a variable: separated by `:`.
    pub allow_files: Vec<PathBuf>,
    /// Account of callers without credentials, and of new users that are given none: 12 digits.
    pub account: String,
    /// Region of every ARN.
    pub region: String,
    /// Key that the secrets of users are encrypted with: 32 bytes in base64. Default: the file `secrets.key` of the data directory, made when the first user is.
    pub secrets_key: Option<Secret>,
    /// Form of the log on standard error: `human` or `json`.
    pub log_format: LogFormat,
    /// What is logged: a level (`error`, `warn`, `info`, `debug`), or levels by module (`info,varberg_lake=debug`).
    pub log_level: String,
    /// For tests of crash recovery: `<stage>:<file>` holds the import worker at a stage for as long as the file exists.
    pub hold_at: Option<String>,
    pub s3: S3Config,
    pub import: ImportConfig,
    pub query: QueryConfig,
    pub quotas: QuotaConfig,
    pub roles: BTreeMap<String, RoleConfig>,
    pub events: EventsConfig,
    pub maintenance: MaintenanceConfig,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Human,
    Json,
}

/// Object storage, for the warehouse and for sources. Credentials come from the usual `AWS_*` variables and profiles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Config {
    /// URL of an S3-compatible service. Default: Amazon S3 of the region.
    pub endpoint: Option<String>,
    /// Region of the buckets. Default: `AWS_REGION`, then the profile.
    pub region: Option<String>,
    /// Whether buckets are addressed as `endpoint/bucket` instead of `bucket.endpoint`; most S3-compatible services need it.
    pub path_style: bool,
    /// Name of the AWS profile that credentials are taken from.
    pub profile: Option<String>,
}

/// Import jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportConfig {
    /// Threads that parse and write. 0: one for each core.
    pub threads: u32,
    /// Seconds after which the job of a server that gives no sign of life is taken over by another.
    pub lease_s: u32,
    /// Import jobs that run at the same time; the others wait.
    pub max_jobs: u32,
    /// Times a job may be taken up again before it is failed: one that brings the server down, or whose reference cannot
    /// be read.
    pub max_attempts: u32,
    /// Seconds between two complete rounds of the janitor, who removes files that nothing names any more.
    pub janitor_interval_s: u32,
    /// Longest line of a source, decompressed.
    pub max_line_bytes: u64,
    /// Longest header of a source, decompressed.
    pub max_header_bytes: u64,
    /// Most bytes of one source, decompressed.
    pub max_total_bytes: u64,
    /// Bytes of a source (as stored) that one thread takes at a time.
    pub part_bytes: u64,
    /// Memory that all threads together may hold in batches and unfinished data files.
    pub memory_bytes: u64,
    /// Whether files that HealthOmics refuses are refused, with its codes. `docs/messages.md` lists what follows from each fault by default and where this is true.
    pub strict: bool,
    /// What follows from single faults, by the names of `docs/messages.md`: `accept`, `warn`, `reject record` or `reject file`. As a variable: `NAME=VERDICT,NAME=VERDICT`.
    pub verdicts: Verdicts,
    /// Most records of a file that `reject record` may leave out, as a share of all; a file with more fails. 0: none, 1: any number.
    pub max_rejected_share: f64,
}

/// SQL statements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryConfig {
    /// Seconds after which a statement is stopped.
    pub time_s: u32,
    /// Memory of one statement; beyond it sorts and joins spill to disk, then the statement fails.
    pub memory_bytes: u64,
    /// Statements that run at the same time; others wait.
    pub concurrency: u32,
    /// Where answers lie that clients of Athena's API read as files: `s3://bucket/prefix`, or a directory. Default: `results` below the data directory; beside a warehouse in S3, its address with `-results`.
    pub results: Option<String>,
    /// Most bytes of one answer that is kept as a file.
    pub result_bytes: u64,
    /// Days after which such a file is removed. 0: never.
    pub result_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8400".to_owned(),
            tls_cert: None,
            tls_key: None,
            behind_proxy: false,
            data_dir: PathBuf::from("varberg-data"),
            warehouse: None,
            buckets: BTreeMap::new(),
            allow_files: Vec::new(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            secrets_key: None,
            log_format: LogFormat::Human,
            log_level: "info".to_owned(),
            hold_at: None,
            s3: S3Config::default(),
            import: ImportConfig::default(),
            query: QueryConfig::default(),
            quotas: QuotaConfig::default(),
            roles: BTreeMap::new(),
            events: EventsConfig::default(),
            maintenance: MaintenanceConfig::default(),
        }
    }
}

impl Default for ImportConfig {
    fn default() -> Self {
        Self {
            threads: 0,
            lease_s: 30,
            max_jobs: 2,
            max_attempts: 10,
            janitor_interval_s: 3600,
            max_line_bytes: 128 * MIB,
            max_header_bytes: 64 * MIB,
            max_total_bytes: 4 * MIB * MIB,
            part_bytes: 16 * MIB,
            memory_bytes: 768 * MIB,
            strict: false,
            verdicts: Verdicts::default(),
            max_rejected_share: 0.01,
        }
    }
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self {
            time_s: 300,
            memory_bytes: 1024 * MIB,
            concurrency: 2,
            results: None,
            result_bytes: 16 << 30,
            result_days: 45,
        }
    }
}

impl Config {
    /// Reads file, variables of the process and flags, in this order, and checks the result.
    pub fn load(flags: &Flags) -> Result<Self> {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self::merge(flags, &std::env::vars_os().filter_map(text).collect())
    }

    /// As [`Config::load`], with these variables; those that the manual does not name are not looked at.
    pub fn merge(flags: &Flags, variables: &BTreeMap<String, String>) -> Result<Self> {
        let mut config = layers::merge(flags, variables)?;
        config.check()?;
        config.data_dir = absolute(&config.data_dir)?;
        let files = config.tls_cert.iter_mut().chain(&mut config.tls_key);
        for path in files.chain(config.buckets.values_mut()).chain(&mut config.allow_files) {
            *path = absolute(path)?;
        }
        Ok(config)
    }

    /// Checks what the types alone do not.
    fn check(&self) -> Result<()> {
        self.scope()?;
        self.roles.iter().try_for_each(|(name, role)| role.check(name))?;
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            bail!("tls_cert and tls_key (--tls-cert and --tls-key) must be given together");
        }
        self.events.check()?;
        self.maintenance.check()?;
        if self.import.lease_s == 0 || self.import.max_jobs == 0 || self.import.max_attempts == 0 {
            bail!("import.lease_s, import.max_jobs and import.max_attempts must be at least 1");
        }
        if self.import.part_bytes < MIB {
            bail!("import.part_bytes must be at least {MIB}");
        }
        if !(0.0..=1.0).contains(&self.import.max_rejected_share) {
            bail!("import.max_rejected_share must be from 0 to 1");
        }
        if self.query.concurrency == 0 || self.query.time_s == 0 {
            bail!("query.concurrency and query.time_s must be at least 1");
        }
        Ok(())
    }

    /// Account and region as ARNs carry them.
    pub fn scope(&self) -> Result<Scope> {
        let account = AccountId::parse(&self.account)
            .ok()
            .with_context(|| format!("account is \"{}\" and must be 12 digits", self.account))?;
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.region.is_empty() || !self.region.bytes().all(legal) {
            bail!("region is \"{}\" and must be written like us-east-1", self.region);
        }
        Ok(Scope { region: self.region.clone(), account })
    }

    /// The warehouse with its default filled in; a plain directory becomes a `file://` URI.
    pub fn warehouse(&self) -> Result<WarehouseConfig> {
        let uri = match self.warehouse.as_deref() {
            None => file_uri(&self.data_dir.join("warehouse"))?,
            Some(uri) if uri.starts_with("s3://") || uri.starts_with("file:///") => uri.to_owned(),
            Some(text) if text.contains("://") => {
                bail!("warehouse is \"{text}\"; write s3://bucket/prefix or a directory")
            }
            Some(directory) => file_uri(Path::new(directory))?,
        };
        Ok(WarehouseConfig { uri, s3: self.s3.options() })
    }

    /// Where answers lie as files.
    pub fn results(&self) -> Result<WarehouseConfig> {
        let warehouse = self.warehouse()?;
        let uri = match self.query.results.as_deref() {
            Some(uri) if uri.starts_with("s3://") || uri.starts_with("file:///") => uri.to_owned(),
            Some(text) if text.contains("://") => {
                bail!("query.results is \"{text}\"; write s3://bucket/prefix or a directory")
            }
            Some(directory) => file_uri(Path::new(directory))?,
            None if warehouse.uri.starts_with("s3://") => format!("{}-results", warehouse.uri.trim_end_matches('/')),
            None => file_uri(&self.data_dir.join("results"))?,
        };
        Ok(WarehouseConfig { uri, ..warehouse })
    }

    /// Where sources may come from.
    pub fn sources(&self) -> SourcesConfig {
        SourcesConfig { buckets: self.buckets.clone(), allow_files: self.allow_files.clone(), s3: self.s3.options() }
    }

    pub fn catalog_path(&self) -> PathBuf {
        self.data_dir.join("catalog.sqlite")
    }

    pub fn spill_dir(&self) -> PathBuf {
        self.data_dir.join("spill")
    }
}

impl S3Config {
    fn options(&self) -> S3Options {
        S3Options {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            path_style: self.path_style,
            profile: self.profile.clone(),
            credentials: S3Credentials::Environment,
        }
    }
}

impl ImportConfig {
    /// Threads to start: as configured, or one for each core.
    pub fn thread_count(&self) -> usize {
        match usize::try_from(self.threads) {
            Ok(threads) if threads > 0 => threads,
            _ => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }

    /// What follows from each fault of a source.
    pub fn policy(&self) -> Policy {
        let preset = if self.strict { Policy::strict() } else { Policy::lenient() };
        self.verdicts.iter().fold(preset, |policy, (cause, verdict)| policy.with(cause, verdict))
    }

    /// What is read of one source at most.
    pub fn limits(&self) -> Limits {
        let bounded = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Limits {
            max_line_bytes: bounded(self.max_line_bytes),
            max_header_bytes: bounded(self.max_header_bytes),
            max_total_bytes: self.max_total_bytes,
        }
    }

    /// Bounds of a data file writer: each thread has one, and about a sixth of its share goes into the open row group
    /// (the rest into rows being sorted, encoded pages and the upload).
    pub fn writer(&self) -> WriterOptions {
        let share = usize::try_from(self.memory_bytes).unwrap_or(usize::MAX) / self.thread_count();
        WriterOptions { row_group_bytes: (share / 6).max(4 << 20), ..WriterOptions::default() }
    }
}

fn file_uri(directory: &Path) -> Result<String> {
    let absolute = absolute(directory)?;
    let text = absolute.to_str().with_context(|| format!("{} is not UTF-8", absolute.display()))?;
    Ok(format!("file://{}", text.trim_end_matches('/')))
}

/// Relative directories are those of where the server was started.
fn absolute(directory: &Path) -> Result<PathBuf> {
    std::path::absolute(directory).with_context(|| format!("cannot locate {}", directory.display()))
}
