//! Versions of annotation stores: created with their table, shown, listed, described anew, deleted.

use crate::annotation_stores::existing as existing_store;
use crate::destinations::{self, NewTable, Rows};
use crate::dialect::{Connection, now_us};
use crate::error::{Entity, Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::listing::{page, push_equal, push_page};
use crate::quotas::Counted;
use crate::rows::{annotation_version, micros};
use crate::{Catalog, stored};
use sqlx::QueryBuilder;
use varberg_model::{
    AccountId, AnnotationStore, AnnotationVersion, Description, Page, PageSize, PageToken, StoreId, StoreName,
    StoreStatus,
};

const SELECT: &str = "SELECT v.*, s.name AS store_name FROM annotation_versions v
    JOIN annotation_stores s ON s.id = v.store_id WHERE v.store_id = ";

impl Catalog {
    /// Creates a version of a store and its table pointer in one transaction.
    ///
    /// Errors: [`Error::NotFound`] and [`Error::NotActive`] of the store; [`Error::AlreadyExists`] when the store has a
    /// version of that name, or the account a table of that name, also one being deleted.
    pub async fn create_annotation_version(
        &self,
        store: &AnnotationStore,
        version: &AnnotationVersion,
        table: &NewTable,
        call: Option<&CallKey>,
    ) -> Result<AnnotationVersion> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(first) = recall(&mut tx, call, now).await? {
            tx.commit().await?;
            let created = first.created;
            let id = StoreId::from_stored(first.id);
            return Ok(AnnotationVersion { id, created, updated: created, ..version.clone() });
        }
        let name = store.name.as_str();
        let current = existing_store(&mut tx, &store.account, name).await?;
        if current.id != store.id {
            return Err(Error::NotFound(Entity::AnnotationStore(name.to_owned())));
        }
        if current.status != StoreStatus::Active {
            return Err(Error::NotActive(Entity::AnnotationStore(name.to_owned()), current.status));
        }
        if find(&mut tx, &store.id, version.name.as_str()).await?.is_some() {
            return Err(Error::AlreadyExists(entity(name, version.name.as_str())));
        }
        self.quotas.check(&mut tx, Counted::Versions(&store.id), 1).await?;
        destinations::take_name(&mut tx, &store.account, table, &version.id).await?;
        insert(&mut tx, version, table).await?;
        let created = Created { id: version.id.to_string(), created: version.created };
        remember(&mut tx, call, &created, now).await?;
        tx.commit().await?;
        Ok(version.clone())
    }

    /// The version of that name, in whatever state.
    pub async fn annotation_version(&self, store: &StoreId, name: &str) -> Result<Option<AnnotationVersion>> {
        let mut connection = self.readers.acquire().await?;
        find(&mut connection, store, name).await
    }

    /// The version that a store began with; none if it has been deleted.
    pub async fn first_annotation_version(&self, store: &StoreId) -> Result<Option<AnnotationVersion>> {
        let mut connection = self.readers.acquire().await?;
        let versions = of_store(&mut connection, store).await?;
        Ok(versions.into_iter().find(AnnotationVersion::is_first))
    }

    /// A page of a store's versions, newest first.
    pub async fn list_annotation_versions(
        &self,
        store: &StoreId,
        status: Option<StoreStatus>,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<AnnotationVersion>> {
        // As one table, so that the columns of the page are those of the version.
        let mut query = QueryBuilder::new("SELECT * FROM (");
        query.push(SELECT).push_bind(store.as_str().to_owned()).push(") AS versions WHERE 1 = 1");
        push_equal(&mut query, "status", status.map(StoreStatus::as_str));
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, annotation_version)
    }

    /// Gives a version another description, if one is given.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::NotActive`].
    pub async fn update_annotation_version(
        &self,
        store: &AnnotationStore,
        name: &str,
        description: Option<&Description>,
    ) -> Result<AnnotationVersion> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let version = existing(&mut tx, store, name).await?;
        let what = (&version.id, entity(store.name.as_str(), name));
        destinations::describe(&mut tx, Rows::AnnotationVersions, what, version.status, description, now).await?;
        let version = existing(&mut tx, store, name).await?;
        tx.commit().await?;
        Ok(version)
    }

    /// Begins to delete a version. Doing it again is fine.
    ///
    /// - `force`: imports that wait become CANCELLED, those that run are asked to stop.
    /// - Errors: [`Error::NotFound`]; [`Error::Conflict`] for the only version of a store, and when imports wait or run and
    ///   `force` is not set.
    pub async fn begin_delete_annotation_version(
        &self,
        account: &AccountId,
        store: &StoreName,
        name: &str,
        force: bool,
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let store = existing_store(&mut tx, account, store.as_str()).await?;
        let version = existing(&mut tx, &store, name).await?;
        if version.status == StoreStatus::Deleting {
            return Ok(());
        }
        if store.versions <= 1 {
            return Err(Error::Conflict(format!(
                "version {name} is the only one of annotation store {}; delete the store instead",
                store.name
            )));
        }
        begin_delete(&mut tx, &version, force, now).await?;
        Ok(tx.commit().await?)
    }
}

fn entity(store: &str, version: &str) -> Entity {
    Entity::AnnotationVersion { store: store.to_owned(), version: version.to_owned() }
}

/// The version of that name.
async fn find(connection: &mut Connection, store: &StoreId, name: &str) -> Result<Option<AnnotationVersion>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(store.as_str().to_owned()).push(" AND v.name = ").push_bind(name.to_owned());
    query.build().fetch_optional(connection).await?.as_ref().map(annotation_version).transpose()
}

async fn existing(connection: &mut Connection, store: &AnnotationStore, name: &str) -> Result<AnnotationVersion> {
    let missing = || Error::NotFound(entity(store.name.as_str(), name));
    find(connection, &store.id, name).await?.ok_or_else(missing)
}

/// All versions of a store.
pub(crate) async fn of_store(connection: &mut Connection, store: &StoreId) -> Result<Vec<AnnotationVersion>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(store.as_str().to_owned());
    query.build().fetch_all(connection).await?.iter().map(annotation_version).collect()
}

/// Blocks commits to the version; its imports end as `force` says.
pub(crate) async fn begin_delete(
    connection: &mut Connection,
    version: &AnnotationVersion,
    force: bool,
    now: i64,
) -> Result<()> {
    if version.status == StoreStatus::Deleting {
        return Ok(());
    }
    let what = entity(version.store_name.as_str(), version.name.as_str());
    destinations::end_imports(connection, &version.id, &what, force, now).await?;
    destinations::set_deleting(connection, Rows::AnnotationVersions, (&version.id, &what), version.status, now).await
}

pub(crate) async fn insert(connection: &mut Connection, version: &AnnotationVersion, table: &NewTable) -> Result<()> {
    sqlx::query(
        "INSERT INTO annotation_versions (id, store_id, name, description, tags, tsv_options, status, status_message,
                                          table_name, directory, created_us, updated_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(version.id.as_str())
    .bind(version.store.as_str())
    .bind(version.name.as_str())
    .bind(version.description.as_str())
    .bind(stored::tags_to_json(&version.tags)?)
    .bind(version.options.as_ref().map(stored::tsv_options_to_json).transpose()?)
    .bind(version.status.as_str())
    .bind(&version.status_message)
    .bind(&table.name)
    .bind(&table.directory)
    .bind(micros(version.created))
    .bind(micros(version.updated))
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
