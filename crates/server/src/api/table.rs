//! The tables of stores and versions: made before the catalog knows of them, taken away when it never will, measured, and
//! waited for while they go.

use crate::app::App;
use crate::error::ApiError;
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::time::Instant;
use varberg_catalog::NewTable;
use varberg_model::{Destination, StoreId, StoreStatus};

/// How long a deletion waits for what it deletes to be gone, so that the first poll of a waiter already sees it gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// How often it looks.
const GONE_POLL: Duration = Duration::from_millis(25);

/// Writes the first metadata of a table.
pub(super) async fn create(app: &App, destination: &Destination) -> Result<NewTable, ApiError> {
    let path = destination.table_path();
    let metadata_location = app.lake.create_table(&path, &destination.content.schema()).await?;
    let Destination { namespace, table: name, directory, .. } = destination.clone();
    Ok(NewTable { namespace, name, directory, metadata_location })
}

/// What the catalog answered to a creation. The table is removed again if the creation was refused, or `owns` says that it is
/// not the answer's: the call repeats one that has an answer already.
pub(super) async fn kept<T>(
    app: &App,
    destination: &Destination,
    created: Result<T, varberg_catalog::Error>,
    owns: impl Fn(&T) -> bool,
) -> Result<T, ApiError> {
    let lost = match &created {
        Ok(created) => !owns(created),
        Err(error) => !error.may_have_committed(),
    };
    if lost {
        discard(app, &destination.table_path()).await;
    }
    Ok(created?)
}

/// Bytes of a table's data files; none while it cannot be read.
pub(super) async fn bytes(
    app: &App,
    id: &StoreId,
    status: StoreStatus,
    namespace: &str,
    name: &str,
) -> Result<u64, ApiError> {
    match status {
        StoreStatus::Active | StoreStatus::Updating => match app.catalog.pointer(namespace, name).await? {
            Some(metadata_location) => Ok(app.table_bytes(id, &metadata_location).await),
            None => Ok(0),
        },
        StoreStatus::Creating | StoreStatus::Deleting | StoreStatus::Failed => Ok(0),
    }
}

/// Waits for a while until `is_gone` says so.
pub(super) async fn wait_until<'a>(
    is_gone: impl Fn() -> BoxFuture<'a, Result<bool, varberg_catalog::Error>>,
) -> Result<(), ApiError> {
    let deadline = Instant::now() + GONE_WITHIN;
    while Instant::now() < deadline && !is_gone().await? {
        tokio::time::sleep(GONE_POLL).await;
    }
    Ok(())
}

/// Removes the files of a table that no store came to own. What cannot be removed is left to the janitor.
async fn discard(app: &App, path: &str) {
    let discard = async {
        for file in app.lake.list(path).await? {
            app.lake.delete(&file.path).await?;
        }
        Ok::<(), varberg_lake::Error>(())
    };
    if let Err(error) = discard.await {
        tracing::warn!(error = %error, "cannot remove an unused table");
    }
}
