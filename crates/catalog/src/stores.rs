//! Variant stores: created with their table, listed, deleted (`destinations.rs` says how deletion goes on).

use crate::destinations::{self, NewTable, Rows};
use crate::dialect::{Connection, Db, now_us};
use crate::error::{Entity, Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::listing::{page, push_equal, push_in, push_page};
use crate::quotas::Counted;
use crate::rows::{micros, variant_store};
use crate::{Catalog, events, reference_stores, stored};
use sqlx::QueryBuilder;
use varberg_model::{
    AccountId, Change, Description, Page, PageSize, PageToken, StoreEvent, StoreId, StoreStatus, VariantStore,
};

/// Which stores a listing shows; what is not given does not restrict.
#[derive(Debug, Clone, Default)]
pub struct StoreFilter {
    pub status: Option<StoreStatus>,
    /// Ids or names; empty for all.
    pub ids: Vec<String>,
}

impl StoreFilter {
    /// Adds the conditions to a query of a table of stores.
    pub(crate) fn push(&self, query: &mut QueryBuilder<'_, Db>) {
        push_equal(query, "status", self.status.map(StoreStatus::as_str));
        if !self.ids.is_empty() {
            query.push(" AND (");
            push_in(query, "id", &self.ids);
            query.push(" OR ");
            push_in(query, "name", &self.ids);
            query.push(")");
        }
    }
}

impl Catalog {
    /// Creates a store and its table pointer in one transaction.
    ///
    /// Errors: [`Error::AlreadyExists`] when the account has a table of that name, also one being deleted;
    /// [`Error::NotFound`] when its reference has just been deleted.
    pub async fn create_store(
        &self,
        store: &VariantStore,
        table: &NewTable,
        call: Option<&CallKey>,
    ) -> Result<VariantStore> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(first) = recall(&mut tx, call, now).await? {
            tx.commit().await?;
            let created = first.created;
            return Ok(VariantStore { id: StoreId::from_stored(first.id), created, updated: created, ..store.clone() });
        }
        self.quotas.check(&mut tx, Counted::VariantStores(&store.account), 1).await?;
        reference_stores::check_not_deleted(&mut tx, &store.reference_arn).await?;
        destinations::take_name(&mut tx, &store.account, table, &store.id).await?;
        insert(&mut tx, store, table).await?;
        record(&mut tx, store, &[StoreEvent::Creating, StoreEvent::Created], now).await?;
        let created = Created { id: store.id.to_string(), created: store.created };
        remember(&mut tx, call, &created, now).await?;
        tx.commit().await?;
        Ok(store.clone())
    }

    /// The store of that name, in whatever state.
    pub async fn store(&self, account: &AccountId, name: &str) -> Result<Option<VariantStore>> {
        let mut connection = self.readers.acquire().await?;
        find(&mut connection, account, name).await
    }

    /// A page of the account's stores, newest first.
    pub async fn list_stores(
        &self,
        account: &AccountId,
        filter: &StoreFilter,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<VariantStore>> {
        let mut query = QueryBuilder::new("SELECT * FROM variant_stores WHERE account = ");
        query.push_bind(account.to_string());
        filter.push(&mut query);
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, variant_store)
    }

    /// Gives a store another description, if one is given.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::NotActive`].
    pub async fn update_store(
        &self,
        account: &AccountId,
        name: &str,
        description: Option<&Description>,
    ) -> Result<VariantStore> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let missing = || Error::NotFound(Entity::VariantStore(name.to_owned()));
        let store = find(&mut tx, account, name).await?.ok_or_else(missing)?;
        let what = (&store.id, Entity::VariantStore(name.to_owned()));
        if destinations::describe(&mut tx, Rows::VariantStores, what, store.status, description, now).await? {
            record(&mut tx, &store, &[StoreEvent::Updating, StoreEvent::Updated], now).await?;
        }
        let store = find(&mut tx, account, name).await?.ok_or_else(missing)?;
        tx.commit().await?;
        Ok(store)
    }

    /// Begins to delete a store: from now on nothing can be committed to it. Doing it again is fine.
    ///
    /// - `force`: imports that wait become CANCELLED, those that run are asked to stop.
    /// - Errors: [`Error::NotFound`]; [`Error::Conflict`] when imports wait or run and `force` is not set (spec 5.3).
    pub async fn begin_delete_store(&self, account: &AccountId, name: &str, force: bool) -> Result<VariantStore> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let store = find(&mut tx, account, name)
            .await?
            .ok_or_else(|| Error::NotFound(Entity::VariantStore(name.to_owned())))?;
        if store.status == StoreStatus::Deleting {
            return Ok(store);
        }
        let what = Entity::VariantStore(name.to_owned());
        destinations::end_imports(&mut tx, &store.id, &what, force, now).await?;
        destinations::set_deleting(&mut tx, Rows::VariantStores, (&store.id, &what), store.status, now).await?;
        record(&mut tx, &store, &[StoreEvent::Deleting], now).await?;
        let store = find(&mut tx, account, name).await?.unwrap_or(store);
        tx.commit().await?;
        Ok(store)
    }
}

/// The store of that name.
pub(crate) async fn find(connection: &mut Connection, account: &AccountId, name: &str) -> Result<Option<VariantStore>> {
    let row = sqlx::query("SELECT * FROM variant_stores WHERE account = $1 AND name = $2")
        .bind(account.as_str())
        .bind(name)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(variant_store).transpose()
}

/// Forgets a store that is being deleted, if the id is that of one.
pub(crate) async fn drop_deleted(connection: &mut Connection, id: &StoreId, now: i64) -> Result<()> {
    let row = sqlx::query("DELETE FROM variant_stores WHERE id = $1 RETURNING *")
        .bind(id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(()) };
    record(connection, &variant_store(&row)?, &[StoreEvent::Deleted], now).await
}

async fn record(connection: &mut Connection, store: &VariantStore, states: &[StoreEvent], now: i64) -> Result<()> {
    let changes = states.iter().map(|state| Change::variant_store(store, *state)).collect();
    events::record_all(connection, changes, now).await
}

/// Whether there is a store of that id, of either kind, that is not being deleted.
pub(crate) async fn exists(connection: &mut Connection, id: &StoreId) -> Result<bool> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM (SELECT id, status FROM variant_stores UNION ALL SELECT id, status FROM annotation_stores) AS stores
         WHERE id = $1 AND status <> 'DELETING'",
    )
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

async fn insert(connection: &mut Connection, store: &VariantStore, table: &NewTable) -> Result<()> {
    sqlx::query(
        "INSERT INTO variant_stores (id, account, name, reference_arn, description, sse, tags, layout, status,
                                     status_message, table_namespace, table_name, created_us, updated_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(store.id.as_str())
    .bind(store.account.as_str())
    .bind(store.name.as_str())
    .bind(&store.reference_arn)
    .bind(store.description.as_str())
    .bind(store.sse.as_ref().map(stored::sse_to_json).transpose()?)
    .bind(stored::tags_to_json(&store.tags)?)
    .bind(store.layout.as_str())
    .bind(store.status.as_str())
    .bind(&store.status_message)
    .bind(&table.namespace)
    .bind(&table.name)
    .bind(micros(store.created))
    .bind(micros(store.updated))
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
