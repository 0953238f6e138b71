//! Shares: offered by the owner of a store, accepted by the other account, ended by either. They go with their store
//! (`destinations.rs`). What an account sees of shares: `Catalog::tables_of`.

use crate::dialect::{Connection, Db, Row, now_us};
use crate::error::{Entity, Error, Result};
use crate::idempotency::{CallKey, Created, recall, remember};
use crate::listing::{page, push_in, push_page};
use crate::quotas::Counted;
use crate::rows::{micros, share};
use crate::{Catalog, events, stores};
use sqlx::QueryBuilder;
use varberg_model::{AccountId, Page, PageSize, PageToken, Share, ShareKind, ShareStatus, StoreId};

/// The states that a share passes through at its end.
const ENDING: [ShareStatus; 2] = [ShareStatus::Deleting, ShareStatus::Deleted];

/// On which side of its shares an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareSide {
    Owner,
    Subscriber,
}

/// Which shares a listing shows; what is empty does not restrict.
#[derive(Debug, Clone)]
pub struct ShareFilter {
    pub side: ShareSide,
    pub resource_arns: Vec<String>,
    pub status: Vec<ShareStatus>,
    pub kinds: Vec<ShareKind>,
}

impl Catalog {
    /// Offers a store to another account.
    ///
    /// Errors: [`Error::NotFound`] when the store is gone; [`Error::AlreadyExists`] when it is shared with that account
    /// already; [`Error::TooMany`].
    pub async fn create_share(&self, share: &Share, call: Option<&CallKey>) -> Result<Share> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if let Some(first) = recall(&mut tx, call, now).await? {
            tx.commit().await?;
            return Ok(Share { id: first.id, created: first.created, updated: first.created, ..share.clone() });
        }
        if !stores::exists(&mut tx, &share.resource_id).await? {
            return Err(Error::NotFound(Entity::Resource(share.resource_arn.clone())));
        }
        let others = of_store(&mut tx, &share.resource_id).await?;
        if others.iter().any(|other| other.subscriber == share.subscriber) {
            return Err(Error::AlreadyExists(Entity::ShareWith(share.subscriber.to_string())));
        }
        self.quotas.check(&mut tx, Counted::Shares(&share.resource_id), 1).await?;
        insert(&mut tx, share).await?;
        events::record_share(&mut tx, share, &[ShareStatus::Pending], now).await?;
        let created = Created { id: share.id.clone(), created: share.created };
        remember(&mut tx, call, &created, now).await?;
        tx.commit().await?;
        Ok(share.clone())
    }

    /// A share that the account gave or was offered.
    pub async fn share(&self, account: &AccountId, id: &str) -> Result<Option<Share>> {
        let mut connection = self.readers.acquire().await?;
        find(&mut connection, account, id).await
    }

    /// A page of the account's shares, newest first.
    pub async fn list_shares(
        &self,
        account: &AccountId,
        filter: &ShareFilter,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<Share>> {
        let mut query = QueryBuilder::new("SELECT * FROM shares WHERE ");
        query.push(match filter.side {
            ShareSide::Owner => "owner = ",
            ShareSide::Subscriber => "subscriber = ",
        });
        query.push_bind(account.to_string());
        push_any(&mut query, "resource_arn", &filter.resource_arns);
        push_any(&mut query, "status", &filter.status.iter().map(|s| s.as_str().to_owned()).collect::<Vec<_>>());
        push_any(&mut query, "kind", &filter.kinds.iter().map(|k| k.as_str().to_owned()).collect::<Vec<_>>());
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, share)
    }

    /// Accepts a share as its subscriber. From now on he sees the tables.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::NotTheSubscriber`] for the owner; [`Error::Conflict`] when it is not PENDING.
    pub async fn accept_share(&self, account: &AccountId, id: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let share = find(&mut tx, account, id).await?.ok_or_else(|| missing(id))?;
        if share.subscriber != *account {
            return Err(Error::NotTheSubscriber);
        }
        if share.status != ShareStatus::Pending {
            return Err(Error::Conflict(format!("share {id} is {} and must be PENDING", share.status.as_str())));
        }
        sqlx::query("UPDATE shares SET status = $1, updated_us = $2 WHERE id = $3")
            .bind(ShareStatus::Active.as_str())
            .bind(now)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        events::record_share(&mut tx, &share, &[ShareStatus::Activating, ShareStatus::Active], now).await?;
        Ok(tx.commit().await?)
    }

    /// Ends a share, from either side.
    ///
    /// Errors: [`Error::NotFound`].
    pub async fn delete_share(&self, account: &AccountId, id: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let share = find(&mut tx, account, id).await?.ok_or_else(|| missing(id))?;
        sqlx::query("DELETE FROM shares WHERE id = $1").bind(id).execute(&mut *tx).await?;
        events::record_share(&mut tx, &share, &ENDING, now).await?;
        Ok(tx.commit().await?)
    }
}

/// Forgets the shares of a store that is being deleted.
pub(crate) async fn drop_of_store(connection: &mut Connection, store: &StoreId, now: i64) -> Result<()> {
    for share in of_store(connection, store).await? {
        events::record_share(connection, &share, &ENDING, now).await?;
    }
    sqlx::query("DELETE FROM shares WHERE resource_id = $1").bind(store.as_str()).execute(connection).await?;
    Ok(())
}

fn missing(id: &str) -> Error {
    Error::NotFound(Entity::Share(id.to_owned()))
}

/// Adds ` AND column IN (values)` when there are values.
fn push_any(query: &mut QueryBuilder<'_, Db>, column: &'static str, values: &[String]) {
    if !values.is_empty() {
        query.push(" AND ");
        push_in(query, column, values);
    }
}

async fn find(connection: &mut Connection, account: &AccountId, id: &str) -> Result<Option<Share>> {
    let row = sqlx::query("SELECT * FROM shares WHERE id = $1 AND (owner = $2 OR subscriber = $2)")
        .bind(id)
        .bind(account.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(share).transpose()
}

async fn of_store(connection: &mut Connection, store: &StoreId) -> Result<Vec<Share>> {
    let query = sqlx::query("SELECT * FROM shares WHERE resource_id = $1").bind(store.as_str());
    let rows: Vec<Row> = query.fetch_all(connection).await?;
    rows.iter().map(share).collect()
}

async fn insert(connection: &mut Connection, share: &Share) -> Result<()> {
    sqlx::query(
        "INSERT INTO shares (id, owner, resource_arn, resource_id, kind, subscriber, name, status, created_us, updated_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&share.id)
    .bind(share.owner.as_str())
    .bind(&share.resource_arn)
    .bind(share.resource_id.as_str())
    .bind(share.kind.as_str())
    .bind(share.subscriber.as_str())
    .bind(share.name.as_str())
    .bind(share.status.as_str())
    .bind(micros(share.created))
    .bind(micros(share.updated))
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
