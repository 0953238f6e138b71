//! The embedded SQL database: what was asked and how it stands.
//!
//! Stores, references, shares, import jobs, leases, table pointers, events, users with their keys, statements
//! that were started, and calls already answered.
//! Values of `varberg-model` go in and come out; every change is one transaction, durable when the call returns. Nothing
//! here knows Arrow, Iceberg's files, HTTP or the wire format, and no text of a bound value reaches SQL.

mod annotation_stores;
mod annotation_versions;
mod destinations;
mod dialect;
mod error;
mod event_deliveries;
mod events;
mod idempotency;
mod import_jobs;
mod item_headers;
mod job_counts;
mod layouts;
mod leases;
mod listing;
mod migrate;
mod outcome;
mod query_executions;
mod quotas;
mod reference_import_listing;
mod reference_imports;
mod reference_stores;
mod reports;
mod rows;
mod shares;
mod stored;
mod stores;
mod table_links;
mod table_pointers;
mod table_tasks;
mod tags;
#[cfg(test)]
mod testing;
mod users;

pub use destinations::{DeletedTable, NewTable, PublishedTable};
pub use error::{Entity, Error, Result};
pub use events::{EventPage, EventsFrom};
pub use idempotency::CallKey;
pub use import_jobs::{JobFilter, JobKind};
pub use item_headers::{ItemHeader, StoreItem};
pub use job_counts::JobCount;
pub use leases::{Beat, Claim, ItemOutcome, ItemResult, JobFiles, Lease};
pub use outcome::{Finish, JobOutcome};
pub use quotas::Quotas;
pub use reference_import_listing::ReferenceImportFilter;
pub use reference_imports::{Epoch, ReferenceJobFiles};
pub use reference_stores::{ReferenceFilter, ReferenceStoreFilter};
pub use shares::{ShareFilter, ShareSide};
pub use stores::StoreFilter;
pub use table_links::{TableLink, WorkGroup};
pub use table_pointers::{CATALOG_NAME, TableSwap};
pub use table_tasks::{TaskClaim, TaskLease, TaskStep};
pub use users::{FormerKeys, KnownUsers, SealedKey, UserKeys};

use dialect::{Pool, Tx};
use std::path::Path;
use std::sync::Arc;

/// A cheap handle on the database; clones share its connections.
///
/// Readers see the last committed state and never wait for a writer. Writers queue for one connection and take the
/// database's write lock at once (`BEGIN IMMEDIATE`), so that a transaction never fails half-way for being late.
#[derive(Debug, Clone)]
pub struct Catalog {
    readers: Pool,
    writer: Pool,
    quotas: Arc<Quotas>,
}

impl Catalog {
    /// Opens the database at `path`, creating it (mode 0600) and bringing its schema up to date.
    ///
    /// Errors: [`Error::NewerSchema`] when a newer program wrote it; [`Error::Open`] when the file cannot be used.
    pub async fn open(path: &Path) -> Result<Self> {
        dialect::create_private_file(path)?;
        let open_error = |source| Error::Open { path: path.to_owned(), source };
        let writer = dialect::writer(path).await.map_err(open_error)?;
        migrate::migrate(&writer).await?;
        let readers = dialect::readers(path).await.map_err(open_error)?;
        Ok(Self { readers, writer, quotas: Arc::default() })
    }

    /// The same catalog, in which accounts may have no more than that.
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { quotas: Arc::new(quotas), ..self }
    }

    /// The id of this catalog, made when it is first asked for: what tells whose a warehouse is.
    pub async fn identity(&self) -> Result<String> {
        let mut tx = self.write().await?;
        let known: Option<String> =
            sqlx::query_scalar("SELECT id FROM catalog_identity").fetch_optional(&mut *tx).await?;
        let id = match known {
            Some(id) => id,
            None => {
                let id = uuid::Uuid::new_v4().to_string();
                sqlx::query("INSERT INTO catalog_identity (id) VALUES ($1)").bind(&id).execute(&mut *tx).await?;
                id
            }
        };
        tx.commit().await?;
        Ok(id)
    }

    /// A database that lives as long as its handles; for tests.
    pub async fn open_in_memory() -> Result<Self> {
        let one = dialect::in_memory().await?;
        migrate::migrate(&one).await?;
        Ok(Self { readers: one.clone(), writer: one, quotas: Arc::default() })
    }

    /// Closes all connections; waits until running calls have ended.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Begins a transaction that holds the write lock. Inside it, use only the transaction.
    async fn write(&self) -> Result<Tx> {
        let pool = self.writer.clone();
        begun(async move { pool.begin_with(dialect::BEGIN_WRITE).await }).await
    }

    /// Begins a transaction that sees one state of the database.
    async fn read(&self) -> Result<Tx> {
        let pool = self.readers.clone();
        begun(async move { pool.begin().await }).await
    }
}

/// Begins in a task of its own, which goes on when the caller is dropped (a client hangs up, a job is told to stop): sqlx
/// 0.8.6 leaves the connection in a transaction for good when `begin` is dropped between the answer of the database and
/// its own. What the task has begun and nobody takes is rolled back.
async fn begun(begin: impl Future<Output = Result<Tx, sqlx::Error>> + Send + 'static) -> Result<Tx> {
    Ok(tokio::spawn(begin).await.unwrap_or(Err(sqlx::Error::WorkerCrashed))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::Poll;
    use std::time::Duration;

    /// Polls a call so many times, whenever what it waits for has come, and drops it then.
    async fn drop_after<T>(polls: u32, call: impl Future<Output = T>) {
        let mut call = pin!(call);
        for _ in 0..polls {
            if poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await.is_ready() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// A client hangs up, or a worker is told to stop: the call ends wherever it stands.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_call_that_is_dropped_anywhere_leaves_the_catalog_usable() {
        let directory = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&directory.path().join("catalog.db")).await.unwrap();
        let id = catalog.identity().await.unwrap();
        for polls in 1..24 {
            drop_after(polls, catalog.identity()).await;
            let again = tokio::time::timeout(Duration::from_secs(5), catalog.identity()).await;
            assert_eq!(again.unwrap().unwrap(), id, "after {polls} polls");
        }
    }
}
