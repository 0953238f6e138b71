//! The table of a new store, or of a new version of one: made before the catalog knows of it, taken away when it never will.

use crate::app::App;
use crate::error::ApiError;
use varberg_catalog::NewTable;
use varberg_model::{Destination, StoreId, StoreStatus};

/// Writes the first metadata of a table.
pub(super) async fn create(app: &App, destination: &Destination) -> Result<NewTable, ApiError> {
    let path = destination.table_path();
    let metadata_location = app.lake.create_table(&path, &destination.content.schema()).await?;
    let Destination { namespace, table: name, directory, .. } = destination.clone();
    Ok(NewTable { namespace, name, directory, metadata_location })
}

/// What the catalog answered to a creation. The table is removed again if `owns` says that it is not the answer's: the
/// name was taken meanwhile, or the call repeats one that has an answer already.
pub(super) async fn kept<T>(
    app: &App,
    destination: &Destination,
    created: Result<T, varberg_catalog::Error>,
    owns: impl Fn(&T) -> bool,
) -> Result<T, ApiError> {
    let lost = match &created {
        Ok(created) => !owns(created),
        Err(error) => matches!(error, varberg_catalog::Error::AlreadyExists(_)),
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
