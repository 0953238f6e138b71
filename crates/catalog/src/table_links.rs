//! What clients of Glue, Athena and Lake Formation make beside stores: names for tables (resource links), work groups, grants.

use crate::Catalog;
use crate::dialect::{Row, now_us};
use crate::error::{Entity, Error, Result};
use sqlx::Row as _;
use uuid::Uuid;
use varberg_model::AccountId;

/// Most grants that are kept of an account; older ones are forgotten.
const MOST_GRANTS: i64 = 1000;

/// A name that an account gave to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLink {
    pub database: String,
    pub name: String,
    pub target_namespace: String,
    pub target_name: String,
}

/// A work group beside `primary`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkGroup {
    pub name: String,
    pub description: String,
    pub created_us: i64,
}

impl Catalog {
    /// Errors: [`Error::AlreadyExists`].
    pub async fn create_table_link(&self, account: &AccountId, link: &TableLink) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let done = sqlx::query(
            "INSERT INTO table_links (account, database_name, name, target_namespace, target_name, created_us)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, database_name, name) DO NOTHING",
        )
        .bind(account.as_str())
        .bind(&link.database)
        .bind(&link.name)
        .bind(&link.target_namespace)
        .bind(&link.target_name)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::AlreadyExists(Entity::TableLink(link.name.clone())));
        }
        Ok(tx.commit().await?)
    }

    /// Whether there was one.
    pub async fn delete_table_link(&self, account: &AccountId, database: &str, name: &str) -> Result<bool> {
        let mut tx = self.write().await?;
        let done = sqlx::query("DELETE FROM table_links WHERE account = $1 AND database_name = $2 AND name = $3")
            .bind(account.as_str())
            .bind(database)
            .bind(name)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// By database and name.
    pub async fn table_links(&self, account: &AccountId) -> Result<Vec<TableLink>> {
        let rows = sqlx::query("SELECT * FROM table_links WHERE account = $1 ORDER BY database_name, name")
            .bind(account.as_str())
            .fetch_all(&self.readers)
            .await?;
        let link = |row: &Row| {
            Ok(TableLink {
                database: row.try_get("database_name")?,
                name: row.try_get("name")?,
                target_namespace: row.try_get("target_namespace")?,
                target_name: row.try_get("target_name")?,
            })
        };
        rows.iter().map(link).collect()
    }

    /// Errors: [`Error::AlreadyExists`].
    pub async fn create_work_group(&self, account: &AccountId, name: &str, description: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let done = sqlx::query(
            "INSERT INTO work_groups (account, name, description, created_us) VALUES ($1, $2, $3, $4)
             ON CONFLICT (account, name) DO NOTHING",
        )
        .bind(account.as_str())
        .bind(name)
        .bind(description)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::AlreadyExists(Entity::WorkGroup(name.to_owned())));
        }
        Ok(tx.commit().await?)
    }

    /// By name.
    pub async fn work_groups(&self, account: &AccountId) -> Result<Vec<WorkGroup>> {
        let rows =
            sqlx::query("SELECT name, description, created_us FROM work_groups WHERE account = $1 ORDER BY name")
                .bind(account.as_str())
                .fetch_all(&self.readers)
                .await?;
        let group = |row: &Row| {
            Ok(WorkGroup {
                name: row.try_get("name")?,
                description: row.try_get("description")?,
                created_us: row.try_get("created_us")?,
            })
        };
        rows.iter().map(group).collect()
    }

    /// Takes a grant down, as JSON.
    pub async fn record_grant(&self, account: &AccountId, grant: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        sqlx::query("INSERT INTO recorded_grants (id, account, recorded, created_us) VALUES ($1, $2, $3, $4)")
            .bind(Uuid::new_v4().to_string())
            .bind(account.as_str())
            .bind(grant)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "DELETE FROM recorded_grants WHERE account = $1 AND id NOT IN
             (SELECT id FROM recorded_grants WHERE account = $1 ORDER BY created_us DESC LIMIT $2)",
        )
        .bind(account.as_str())
        .bind(MOST_GRANTS)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The grants that were taken down, oldest first.
    pub async fn recorded_grants(&self, account: &AccountId) -> Result<Vec<String>> {
        let grants =
            sqlx::query_scalar("SELECT recorded FROM recorded_grants WHERE account = $1 ORDER BY created_us, id")
                .bind(account.as_str())
                .fetch_all(&self.readers)
                .await?;
        Ok(grants)
    }
}
