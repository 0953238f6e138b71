//! Variant stores: created with their table, listed, deleted in two steps.
//!
//! Deletion: `begin_delete_store` blocks commits, `deletable_stores` waits for leases to end, `drop_store` forgets the
//! row and the table. Files are the janitor's.

use crate::dialect::{Connection, now_us};
use crate::error::{Entity, Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::listing::{page, push_equal, push_in, push_page};
use crate::rows::{micros, variant_store};
use crate::{Catalog, import_jobs, item_headers, leases, stored, table_pointers};
use chrono::DateTime;
use sqlx::{QueryBuilder, Row as _};
use varberg_model::{AccountId, Page, PageSize, PageToken, StoreId, StoreStatus, VariantStore};

/// The table a new store begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTable {
    pub namespace: String,
    pub name: String,
    pub metadata_location: String,
}

/// Which stores a listing shows; what is not given does not restrict.
#[derive(Debug, Clone, Default)]
pub struct StoreFilter {
    pub status: Option<StoreStatus>,
    /// Ids or names; empty for all.
    pub ids: Vec<String>,
}

/// A store whose table can be read, and where its current metadata lies.
#[derive(Debug, Clone)]
pub struct StoreTable {
    pub store: VariantStore,
    pub metadata_location: String,
}

impl Catalog {
    /// Creates a store and its table pointer in one transaction.
    ///
    /// Errors: [`Error::AlreadyExists`] when the account has a store of that name, also one being deleted.
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
            let created = DateTime::from_timestamp_micros(first.created_us).unwrap_or(store.created);
            return Ok(VariantStore { id: StoreId::from_stored(first.id), created, updated: created, ..store.clone() });
        }
        if find(&mut tx, &store.account, store.name.as_str()).await?.is_some() {
            return Err(Error::AlreadyExists(Entity::VariantStore(store.name.to_string())));
        }
        insert(&mut tx, store, table).await?;
        table_pointers::insert(&mut tx, table).await?;
        let created = Created { id: store.id.to_string(), created_us: micros(store.created) };
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
        push_equal(&mut query, "status", filter.status.map(StoreStatus::as_str));
        if !filter.ids.is_empty() {
            query.push(" AND (");
            push_in(&mut query, "id", &filter.ids);
            query.push(" OR ");
            push_in(&mut query, "name", &filter.ids);
            query.push(")");
        }
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, variant_store)
    }

    /// All tables of the account that queries may see: those of stores ACTIVE or UPDATING, by name.
    pub async fn all_tables(&self, account: &AccountId) -> Result<Vec<StoreTable>> {
        let rows = sqlx::query(
            "SELECT s.*, t.metadata_location FROM variant_stores s
             JOIN iceberg_tables t ON t.table_namespace = s.table_namespace AND t.table_name = s.table_name
             WHERE s.account = $1 AND s.status IN ('ACTIVE', 'UPDATING') AND t.catalog_name = $2 ORDER BY s.name",
        )
        .bind(account.as_str())
        .bind(table_pointers::CATALOG_NAME)
        .fetch_all(&self.readers)
        .await?;
        let table =
            |row| Ok(StoreTable { store: variant_store(row)?, metadata_location: row.try_get("metadata_location")? });
        rows.iter().map(table).collect()
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
        let open = import_jobs::open_jobs(&mut tx, &store.id).await?;
        if !open.is_empty() && !force {
            return Err(Error::Conflict(format!(
                "variant store {name} has {} import jobs that wait or run; let them end, cancel them, or delete with force",
                open.len()
            )));
        }
        for (job, status) in open {
            import_jobs::cancel(&mut tx, job, status, now).await?;
        }
        if !store.status.can_become(StoreStatus::Deleting) {
            return Err(Error::Conflict(format!("variant store {name} is {}", store.status.as_str())));
        }
        sqlx::query("UPDATE variant_stores SET status = $1, updated_us = $2 WHERE id = $3")
            .bind(StoreStatus::Deleting.as_str())
            .bind(now)
            .bind(store.id.as_str())
            .execute(&mut *tx)
            .await?;
        let store = find(&mut tx, account, name).await?.unwrap_or(store);
        tx.commit().await?;
        Ok(store)
    }

    /// The stores being deleted that no worker can write to any more, of all accounts.
    ///
    /// Jobs of such stores whose lease has ended are cancelled first, their epoch raised, so that a worker that slept
    /// finds its lease lost.
    pub async fn deletable_stores(&self) -> Result<Vec<VariantStore>> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let rows = sqlx::query("SELECT * FROM variant_stores WHERE status = $1 ORDER BY created_us, id")
            .bind(StoreStatus::Deleting.as_str())
            .fetch_all(&mut *tx)
            .await?;
        let mut deletable = Vec::new();
        for row in &rows {
            let store = variant_store(row)?;
            leases::cancel_unleased(&mut tx, &store.id, now).await?;
            if import_jobs::open_jobs(&mut tx, &store.id).await?.is_empty() {
                deletable.push(store);
            }
        }
        tx.commit().await?;
        Ok(deletable)
    }

    /// Forgets a store that is being deleted, with its tags, its table pointer and the headers of its files; its jobs stay. Its name is free
    /// again. A store already gone is fine.
    ///
    /// Errors: [`Error::Conflict`] when the store is not DELETING or a job of it has not ended.
    pub async fn drop_store(&self, id: &StoreId) -> Result<()> {
        let mut tx = self.write().await?;
        let row = sqlx::query("SELECT * FROM variant_stores WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(()) };
        let store = variant_store(&row)?;
        if store.status != StoreStatus::Deleting || !import_jobs::open_jobs(&mut tx, id).await?.is_empty() {
            return Err(Error::Conflict(format!("variant store {} is still in use", store.name)));
        }
        item_headers::drop_of_store(&mut tx, id).await?;
        table_pointers::remove_namespace(&mut tx, row.try_get("table_namespace")?).await?;
        sqlx::query("DELETE FROM variant_stores WHERE id = $1").bind(id.as_str()).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
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

/// The state of the store of that id.
pub(crate) async fn status(connection: &mut Connection, id: &StoreId) -> Result<Option<StoreStatus>> {
    let row = sqlx::query("SELECT status FROM variant_stores WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(crate::rows::store_status).transpose()
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
