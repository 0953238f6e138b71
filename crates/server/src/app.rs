//! What the running program holds: configuration, catalog, lake, roles, and the bells that wake its workers.
//!
//! Cloned into every handler and worker; a clone is cheap and shares everything. Holds no request and no job.

use crate::auth::exposure;
use crate::auth::users::Users;
use crate::config::Config;
use crate::cpu::Cpu;
use crate::doors::athena::Running;
use crate::import::Hold;
use crate::metrics::Metrics;
use crate::query_pool::QueryPool;
use crate::roles::Roles;
use crate::throttle::Throttle;
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use varberg_catalog::Catalog;
use varberg_lake::Lake;
use varberg_model::{AccountId, Reference, Resource, Scope, StoreId};

/// Handles on everything that outlives a request.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    /// The account of callers without credentials, and the region.
    pub scope: Arc<Scope>,
    pub catalog: Catalog,
    /// Who may call.
    pub(crate) users: Users,
    /// Whether other machines reach the server, so that nobody may call without credentials.
    pub is_exposed: bool,
    pub lake: Lake,
    /// Where the answers of statements lie that clients read as files.
    pub(crate) results: Lake,
    /// Statements that were started and are asked about later.
    pub(crate) running: Running,
    /// Where sources come from, by the role of the job.
    pub(crate) roles: Arc<Roles>,
    /// Threads for parsing and writing.
    pub cpu: Cpu,
    /// Parts of import jobs whose data files are being written or are on their way to the store: twice as many as threads,
    /// because each holds memory.
    pub parts: Arc<Semaphore>,
    /// Where crash tests hold an import; nowhere otherwise.
    pub hold: Hold,
    /// Answers statements, each in a process of its own.
    pub queries: QueryPool,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Rung when a job was enqueued or its cancellation asked for.
    pub work: Arc<Notify>,
    /// Rung when a task was enqueued.
    pub tasks_waiting: Arc<Notify>,
    /// Rung when something may be removed.
    pub leftovers: Arc<Notify>,
    /// Cancelled when the server is told to stop: no new work is taken.
    pub stop: CancellationToken,
    /// Tasks that must end before the process does.
    pub tasks: TaskTracker,
    /// Calls of each account.
    pub(crate) throttle: Arc<Throttle>,
    sizes: Arc<Mutex<HashMap<StoreId, Measured>>>,
}

/// Size of a table as of one metadata file.
#[derive(Clone)]
struct Measured {
    metadata_location: String,
    bytes: u64,
}

impl App {
    /// Creates the data directory where it is missing and opens catalog and warehouse.
    pub async fn open(config: Config) -> Result<Self> {
        let scope = config.scope()?;
        // Before anything is written: a mistyped directory leaves no trace.
        let roles = Roles::new(&config)?;
        for directory in [config.data_dir.clone(), config.spill_dir()] {
            create_private(&directory)?;
        }
        let warehouse = config.warehouse()?;
        if let Some(directory) = warehouse.uri.strip_prefix("file://") {
            create_private(Path::new(directory))?;
        }
        let path = config.catalog_path();
        let catalog = Catalog::open(&path).await.with_context(|| format!("cannot open {}", path.display()))?;
        let catalog = catalog.with_quotas(config.quotas.counted());
        let uri = warehouse.uri.clone();
        let lake = Lake::open(warehouse).await.with_context(|| format!("cannot open the warehouse {uri}"))?;
        let identity = catalog.identity().await?;
        let owner = lake.owner(&identity).await.with_context(|| format!("cannot write to the warehouse {uri}"))?;
        anyhow::ensure!(
            owner == identity,
            "the warehouse {uri} belongs to another catalog than {}; start with the data directory that it was made \
             with, or with another warehouse",
            path.display()
        );
        let place = config.results()?;
        if let Some(directory) = place.uri.strip_prefix("file://") {
            create_private(Path::new(directory))?;
        }
        let uri = place.uri.clone();
        let results = Lake::open(place).await.with_context(|| format!("cannot open the place of results {uri}"))?;
        let program = std::env::current_exe().context("cannot find the program's own file")?;
        let spill = config.spill_dir();
        let queries = QueryPool::new(program, usize::try_from(config.query.concurrency)?, &spill)
            .with_context(|| format!("cannot write to {}", spill.display()))?;
        let cpu = Cpu::new(config.import.thread_count());
        let config = Arc::new(config);
        let users = Users::open(config.clone(), scope.region.clone(), catalog.clone()).await?;
        Ok(Self {
            parts: Arc::new(Semaphore::new(2 * cpu.threads())),
            cpu,
            hold: Hold::parse(config.hold_at.as_deref()),
            is_exposed: exposure::is_exposed(&config)?,
            config,
            scope: Arc::new(scope),
            catalog,
            users,
            lake,
            results,
            running: Running::default(),
            roles: Arc::new(roles),
            metrics: Metrics::new(queries.counts()).context("cannot set up the metrics")?,
            queries,
            work: Arc::new(Notify::new()),
            tasks_waiting: Arc::new(Notify::new()),
            leftovers: Arc::new(Notify::new()),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            throttle: Arc::default(),
            sizes: Arc::default(),
        })
    }

    /// The reference that an ARN of that account and this region names, if this server holds it.
    pub(crate) async fn reference(
        &self,
        account: &AccountId,
        arn: &str,
    ) -> Result<Option<Reference>, varberg_catalog::Error> {
        let scope = Scope { account: account.clone(), region: self.scope.region.clone() };
        let Some(Resource::Reference { store, id }) = scope.parse_arn(arn) else { return Ok(None) };
        self.catalog.reference(account, &store, &id).await
    }

    /// Whether nobody has credentials and only programs of this machine call.
    pub(crate) async fn is_open(&self) -> Result<bool> {
        Ok(!self.is_exposed && self.users.roster().await?.is_empty())
    }

    /// Tells the import worker that there is something to do (it also looks by itself, only later).
    pub fn wake(&self) {
        self.work.notify_one();
    }

    /// Tells the janitor that something may be removed.
    pub fn wake_janitor(&self) {
        self.leftovers.notify_one();
    }

    /// Bytes of a table's data files. Measured once for each metadata file; when the table cannot be read, as of
    /// the last time it could, and the log says so.
    pub(crate) async fn table_bytes(&self, store: &StoreId, metadata_location: &str) -> u64 {
        let known = self.sizes.lock().unwrap_or_else(PoisonError::into_inner).get(store).cloned();
        if let Some(known) = known.as_ref().filter(|known| known.metadata_location == metadata_location) {
            return known.bytes;
        }
        match self.lake.describe(metadata_location).await {
            Ok(table) => {
                let measured = Measured { metadata_location: metadata_location.to_owned(), bytes: table.bytes };
                self.sizes.lock().unwrap_or_else(PoisonError::into_inner).insert(store.clone(), measured);
                table.bytes
            }
            Err(error) => {
                tracing::warn!(store.id = %store, error = %error, "cannot measure a table");
                known.map_or(0, |known| known.bytes)
            }
        }
    }
}

fn create_private(directory: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| format!("cannot create {}", directory.display()))
}
