//! Annotation stores: created with their first version, shown, listed, described anew, deleted.
//!
//! Tables belong to versions (`annotation_versions.rs`); a store goes with its last one (`destinations.rs`).

use crate::annotation_versions;
use crate::destinations::{self, NewTable, Rows};
use crate::dialect::{Connection, now_us};
use crate::error::{Entity, Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::listing::{page, push_page};
use crate::quotas::Counted;
use crate::rows::{annotation_store, micros};
use crate::stores::StoreFilter;
use crate::{Catalog, events, reference_stores, stored};
use sqlx::QueryBuilder;
use varberg_model::{
    AccountId, AnnotationStore, AnnotationVersion, Change, Description, Page, PageSize, PageToken, StoreEvent, StoreId,
    StoreStatus,
};

/// A store with the number of its versions.
const SELECT: &str = "SELECT s.*, (SELECT COUNT(*) FROM annotation_versions v
    WHERE v.store_id = s.id AND v.status <> 'DELETING') AS versions FROM annotation_stores s WHERE s.account = ";

impl Catalog {
    /// Creates a store, its first version and that one's table pointer in one transaction.
    ///
    /// Errors: [`Error::AlreadyExists`] when the account has a table of that name, also one being deleted;
    /// [`Error::NotFound`] when its reference has just been deleted.
    pub async fn create_annotation_store(
        &self,
        store: &AnnotationStore,
        version: &AnnotationVersion,
        table: &NewTable,
        call: Option<&CallKey>,
    ) -> Result<AnnotationStore> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(first) = recall(&mut tx, call, now).await? {
            tx.commit().await?;
            let created = first.created;
            let id = StoreId::from_stored(first.id);
            return Ok(AnnotationStore { id, created, updated: created, ..store.clone() });
        }
        self.quotas.check(&mut tx, Counted::AnnotationStores(&store.account), 1).await?;
        if let Some(arn) = &store.reference_arn {
            reference_stores::check_not_deleted(&mut tx, arn).await?;
        }
        destinations::take_name(&mut tx, &store.account, table, &version.id).await?;
        insert(&mut tx, store).await?;
        annotation_versions::insert(&mut tx, version, table).await?;
        record(&mut tx, store, &[StoreEvent::Creating, StoreEvent::Created], now).await?;
        let created = Created { id: store.id.to_string(), created: store.created };
        remember(&mut tx, call, &created, now).await?;
        tx.commit().await?;
        Ok(store.clone())
    }

    /// The store of that name, in whatever state.
    pub async fn annotation_store(&self, account: &AccountId, name: &str) -> Result<Option<AnnotationStore>> {
        let mut connection = self.readers.acquire().await?;
        find(&mut connection, account, name).await
    }

    /// A page of the account's stores, newest first.
    pub async fn list_annotation_stores(
        &self,
        account: &AccountId,
        filter: &StoreFilter,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<AnnotationStore>> {
        let mut query = QueryBuilder::new(SELECT);
        query.push_bind(account.to_string());
        filter.push(&mut query);
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, annotation_store)
    }

    /// Gives a store another description, if one is given.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::NotActive`].
    pub async fn update_annotation_store(
        &self,
        account: &AccountId,
        name: &str,
        description: Option<&Description>,
    ) -> Result<AnnotationStore> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let store = existing(&mut tx, account, name).await?;
        let what = (&store.id, Entity::AnnotationStore(name.to_owned()));
        if destinations::describe(&mut tx, Rows::AnnotationStores, what, store.status, description, now).await? {
            record(&mut tx, &store, &[StoreEvent::Updating, StoreEvent::Updated], now).await?;
        }
        let store = existing(&mut tx, account, name).await?;
        tx.commit().await?;
        Ok(store)
    }

    /// Begins to delete a store with its only version: from now on nothing can be committed to it. Doing it again is fine.
    ///
    /// - `force`: imports that wait become CANCELLED, those that run are asked to stop.
    /// - Errors: [`Error::NotFound`]; [`Error::Conflict`] when it has several versions (spec 5.3), or imports that wait or
    ///   run and `force` is not set.
    pub async fn begin_delete_annotation_store(
        &self,
        account: &AccountId,
        name: &str,
        force: bool,
    ) -> Result<AnnotationStore> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let store = existing(&mut tx, account, name).await?;
        if store.status == StoreStatus::Deleting {
            return Ok(store);
        }
        if store.versions > 1 {
            return Err(Error::Conflict(format!(
                "annotation store {name} has {} versions; delete all but one first",
                store.versions
            )));
        }
        for version in annotation_versions::of_store(&mut tx, &store.id).await? {
            annotation_versions::begin_delete(&mut tx, &version, force, now).await?;
        }
        let what = Entity::AnnotationStore(name.to_owned());
        destinations::set_deleting(&mut tx, Rows::AnnotationStores, (&store.id, &what), store.status, now).await?;
        record(&mut tx, &store, &[StoreEvent::Deleting], now).await?;
        let store = existing(&mut tx, account, name).await?;
        tx.commit().await?;
        Ok(store)
    }
}

/// The store of that name.
pub(crate) async fn find(
    connection: &mut Connection,
    account: &AccountId,
    name: &str,
) -> Result<Option<AnnotationStore>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(account.to_string()).push(" AND name = ").push_bind(name.to_owned());
    query.build().fetch_optional(connection).await?.as_ref().map(annotation_store).transpose()
}

/// The same, or the error that says it does not exist.
pub(crate) async fn existing(connection: &mut Connection, account: &AccountId, name: &str) -> Result<AnnotationStore> {
    let missing = || Error::NotFound(Entity::AnnotationStore(name.to_owned()));
    find(connection, account, name).await?.ok_or_else(missing)
}

/// Forgets a store that is being deleted, once its last version is gone.
pub(crate) async fn drop_deleted(connection: &mut Connection, id: &StoreId, now: i64) -> Result<()> {
    let row = sqlx::query(
        "DELETE FROM annotation_stores WHERE id = $1 AND status = 'DELETING'
         AND NOT EXISTS (SELECT 1 FROM annotation_versions v WHERE v.store_id = annotation_stores.id)
         RETURNING *, 0 AS versions",
    )
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(()) };
    record(connection, &annotation_store(&row)?, &[StoreEvent::Deleted], now).await
}

async fn record(connection: &mut Connection, store: &AnnotationStore, states: &[StoreEvent], now: i64) -> Result<()> {
    let changes = states.iter().map(|state| Change::annotation_store(store, *state)).collect();
    events::record_all(connection, changes, now).await
}

async fn insert(connection: &mut Connection, store: &AnnotationStore) -> Result<()> {
    sqlx::query(
        "INSERT INTO annotation_stores (id, account, name, reference_arn, description, sse, tags, format, tsv_options,
                                        status, status_message, table_namespace, created_us, updated_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(store.id.as_str())
    .bind(store.account.as_str())
    .bind(store.name.as_str())
    .bind(&store.reference_arn)
    .bind(store.description.as_str())
    .bind(store.sse.as_ref().map(stored::sse_to_json).transpose()?)
    .bind(stored::tags_to_json(&store.tags)?)
    .bind(store.format.as_str())
    .bind(store.options.as_ref().map(stored::tsv_options_to_json).transpose()?)
    .bind(store.status.as_str())
    .bind(&store.status_message)
    .bind(store.namespace())
    .bind(micros(store.created))
    .bind(micros(store.updated))
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
