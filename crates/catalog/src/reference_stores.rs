//! Reference stores and the references in them: created, shown, listed.
//!
//! References come to be in `reference_imports.rs`.

use crate::Catalog;
use crate::dialect::{Connection, now_us};
use crate::error::{Entity, Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::listing::{page, push_created, push_equal, push_page};
use crate::quotas::Counted;
use crate::rows::{contig_aliases, micros, reference, reference_store};
use crate::{events, stored};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row as _};
use std::collections::BTreeMap;
use varberg_model::{
    AccountId, Change, Page, PageSize, PageToken, RefId, Reference, ReferenceStatus, ReferenceStore, StoreEvent, Tags,
};

/// Which reference stores a listing shows; what is not given does not restrict. Times are exclusive.
#[derive(Debug, Clone, Default)]
pub struct ReferenceStoreFilter {
    pub name: Option<String>,
    pub created_after: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
}

/// Which references a listing shows; what is not given does not restrict. Times are exclusive.
#[derive(Debug, Clone, Default)]
pub struct ReferenceFilter {
    pub name: Option<String>,
    pub md5: Option<String>,
    pub created_after: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
}

impl Catalog {
    /// Creates a reference store. Names need not be unique.
    pub async fn create_reference_store(
        &self,
        store: &ReferenceStore,
        call: Option<&CallKey>,
    ) -> Result<ReferenceStore> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(first) = recall(&mut tx, call, now).await? {
            tx.commit().await?;
            let created = first.created;
            return Ok(ReferenceStore { id: RefId::from_stored(first.id), created, ..store.clone() });
        }
        self.quotas.check(&mut tx, Counted::ReferenceStores(&store.account), 1).await?;
        sqlx::query(
            "INSERT INTO reference_stores (id, account, name, description, sse, tags, created_us)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(store.id.as_str())
        .bind(store.account.as_str())
        .bind(store.name.as_str())
        .bind(&store.description)
        .bind(store.sse.as_ref().map(stored::sse_to_json).transpose()?)
        .bind(stored::tags_to_json(&store.tags)?)
        .bind(micros(store.created))
        .execute(&mut *tx)
        .await?;
        record(&mut tx, store, &[StoreEvent::Created, StoreEvent::Active], now).await?;
        let created = Created { id: store.id.to_string(), created: store.created };
        remember(&mut tx, call, &created, now).await?;
        tx.commit().await?;
        Ok(store.clone())
    }

    /// The reference store of that id.
    pub async fn reference_store(&self, account: &AccountId, id: &RefId) -> Result<Option<ReferenceStore>> {
        let mut connection = self.readers.acquire().await?;
        find_store(&mut connection, account, id).await
    }

    /// A page of the account's reference stores, newest first.
    pub async fn list_reference_stores(
        &self,
        account: &AccountId,
        filter: &ReferenceStoreFilter,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<ReferenceStore>> {
        let mut query = QueryBuilder::new("SELECT * FROM reference_stores WHERE deleted_us IS NULL AND account = ");
        query.push_bind(account.to_string());
        push_equal(&mut query, "name", filter.name.as_deref());
        push_created(&mut query, filter.created_after.map(micros), filter.created_before.map(micros));
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, reference_store)
    }

    /// The reference of that id in that store.
    pub async fn reference(&self, account: &AccountId, store: &RefId, id: &RefId) -> Result<Option<Reference>> {
        let row = sqlx::query(
            "SELECT g.* FROM reference_genomes g JOIN reference_stores s ON s.id = g.store_id
             WHERE s.account = $1 AND g.store_id = $2 AND g.id = $3 AND g.status <> 'DELETED'",
        )
        .bind(account.as_str())
        .bind(store.as_str())
        .bind(id.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(reference).transpose()
    }

    /// A page of a store's references, newest first; empty when the account has no such store.
    pub async fn list_references(
        &self,
        account: &AccountId,
        store: &RefId,
        filter: &ReferenceFilter,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<Reference>> {
        let mut query = QueryBuilder::new("SELECT * FROM reference_genomes WHERE status <> 'DELETED' AND store_id = ");
        query.push_bind(store.to_string());
        query.push(" AND store_id IN (SELECT id FROM reference_stores WHERE account = ");
        query.push_bind(account.to_string()).push(")");
        push_equal(&mut query, "name", filter.name.as_deref());
        push_equal(&mut query, "md5", filter.md5.as_deref());
        push_created(&mut query, filter.created_after.map(micros), filter.created_before.map(micros));
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, reference)
    }

    /// Deletes a reference, whose files then belong to nobody. Its mark stays, so that no store comes to be bound to it.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::Conflict`] while a store is bound to it (spec 5.3).
    pub async fn delete_reference(&self, account: &AccountId, store: &RefId, id: &RefId) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let users: Vec<String> = sqlx::query_scalar(
            "SELECT 'variant store ' || name FROM variant_stores WHERE account = $1 AND reference_arn LIKE $2
             UNION ALL SELECT 'annotation store ' || name FROM annotation_stores
             WHERE account = $1 AND reference_arn LIKE $2 ORDER BY 1 LIMIT 4",
        )
        .bind(account.as_str())
        // Under whatever region the server had when the store was made.
        .bind(format!("%:referenceStore/{store}/reference/{id}"))
        .fetch_all(&mut *tx)
        .await?;
        if !users.is_empty() {
            let stores = users.join(", ");
            return Err(Error::Conflict(format!("reference {id} is used by {stores}; delete the stores first")));
        }
        let missing = || Error::NotFound(Entity::Reference(id.to_string()));
        let home = find_store(&mut tx, account, store).await?.ok_or_else(missing)?;
        let row = sqlx::query(
            "UPDATE reference_genomes SET status = 'DELETED', updated_us = $1, description = NULL, tags = $2
             WHERE id = $3 AND store_id = $4 AND status <> 'DELETED' RETURNING *",
        )
        .bind(now)
        .bind(stored::tags_to_json(&Tags::default())?)
        .bind(id.as_str())
        .bind(store.as_str())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(missing)?;
        let change = Change::reference(&reference(&row)?, &home, ReferenceStatus::Deleted);
        events::record(&mut tx, account, &change, now).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes an empty reference store, with its tags.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::Conflict`] while it has references or imports that have not ended (spec 5.3).
    pub async fn delete_reference_store(&self, account: &AccountId, id: &RefId) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let missing = || Error::NotFound(Entity::ReferenceStore(id.to_string()));
        let store = find_store(&mut tx, account, id).await?.ok_or_else(missing)?;
        let references = "SELECT COUNT(*) FROM reference_genomes WHERE store_id = $1 AND status <> 'DELETED'";
        let jobs = "SELECT COUNT(*) FROM reference_import_jobs WHERE store_id = $1
                    AND status IN ('SUBMITTED', 'IN_PROGRESS')";
        for (count, what) in [(references, "references"), (jobs, "import jobs that have not ended")] {
            let count: i64 = sqlx::query_scalar(count).bind(id.as_str()).fetch_one(&mut *tx).await?;
            if count > 0 {
                return Err(Error::Conflict(format!("reference store {id} has {count} {what}; it must be empty")));
            }
        }
        sqlx::query("UPDATE reference_stores SET deleted_us = $1, description = NULL, tags = $2 WHERE id = $3")
            .bind(now)
            .bind(stored::tags_to_json(&Tags::default())?)
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        record(&mut tx, &store, &[StoreEvent::Deleted], now).await?;
        Ok(tx.commit().await?)
    }

    /// Of each ACTIVE reference of the account: other names of its contigs, each with the name of the contig. References
    /// that give the same ones, or none, are counted once.
    pub async fn contig_aliases(&self, account: &AccountId) -> Result<Vec<BTreeMap<String, String>>> {
        let rows = sqlx::query(
            "SELECT DISTINCT g.contig_aliases FROM reference_genomes g JOIN reference_stores s ON s.id = g.store_id
             WHERE s.account = $1 AND g.status = 'ACTIVE' AND g.contig_aliases IS NOT NULL",
        )
        .bind(account.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(contig_aliases).collect()
    }

    /// Every path below the warehouse that a reference of any account needs: sources and indexes.
    pub async fn all_reference_paths(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT source_path, index_path FROM reference_genomes WHERE status <> 'DELETED' ORDER BY created_us, id",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut paths = Vec::with_capacity(rows.len() * 2);
        for row in &rows {
            paths.push(row.try_get("source_path")?);
            paths.push(row.try_get("index_path")?);
        }
        Ok(paths)
    }
}

async fn record(connection: &mut Connection, store: &ReferenceStore, states: &[StoreEvent], now: i64) -> Result<()> {
    let changes = states.iter().map(|state| Change::reference_store(store, *state)).collect();
    events::record_all(connection, changes, now).await
}

/// A store must not be bound to a reference that has been deleted since it was looked at.
///
/// Errors: [`Error::NotFound`].
pub(crate) async fn check_not_deleted(connection: &mut Connection, arn: &str) -> Result<()> {
    let id = arn.rsplit('/').next().unwrap_or_default();
    let deleted: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM reference_genomes WHERE id = $1 AND status <> 'ACTIVE'")
            .bind(id)
            .fetch_optional(connection)
            .await?;
    if deleted.is_none() { Ok(()) } else { Err(Error::NotFound(Entity::Reference(arn.to_owned()))) }
}

/// The reference store of that id.
pub(crate) async fn find_store(
    connection: &mut Connection,
    account: &AccountId,
    id: &RefId,
) -> Result<Option<ReferenceStore>> {
    let row = sqlx::query("SELECT * FROM reference_stores WHERE deleted_us IS NULL AND account = $1 AND id = $2")
        .bind(account.as_str())
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(reference_store).transpose()
}

#[cfg(test)]
mod tests;
