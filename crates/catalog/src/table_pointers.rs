//! Where each table's current metadata lies, in the tables of PyIceberg's SQL catalog.
//!
//! A pointer moves only from the value its mover has read, inside the transaction that ends the job (`outcome.rs`).

use crate::Catalog;
use crate::destinations::NewTable;
use crate::dialect::Connection;
use crate::error::Result;

/// `catalog_name` of all our rows: what a PyIceberg user calls the catalog.
pub const CATALOG_NAME: &str = "varberg";

/// One pointer's move: `new` takes the place of `old`, both metadata locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSwap {
    pub namespace: String,
    pub name: String,
    pub old: String,
    pub new: String,
}

impl Catalog {
    /// The metadata location of a table.
    pub async fn pointer(&self, namespace: &str, name: &str) -> Result<Option<String>> {
        let location: Option<Option<String>> = sqlx::query_scalar(
            "SELECT metadata_location FROM iceberg_tables
             WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3",
        )
        .bind(CATALOG_NAME)
        .bind(namespace)
        .bind(name)
        .fetch_optional(&self.readers)
        .await?;
        Ok(location.flatten())
    }

    /// Gives up a folder of the warehouse without a table for ever, so that its files may be deleted; `false` when it has a
    /// table.
    ///
    /// A table whose creation is still under way there cannot be created any more: its client tries again.
    pub async fn bury_directory(&self, directory: &str) -> Result<bool> {
        let mut tx = self.write().await?;
        let table: Option<i64> = sqlx::query_scalar("SELECT 1 FROM destinations WHERE directory = $1 LIMIT 1")
            .bind(directory)
            .fetch_optional(&mut *tx)
            .await?;
        if table.is_some() {
            return Ok(false);
        }
        sqlx::query("INSERT INTO buried_directories (directory) VALUES ($1) ON CONFLICT (directory) DO NOTHING")
            .bind(directory)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Adds a table, and its namespace if it is the first there, written as PyIceberg writes them.
///
/// Errors: [`Error::Buried`] when the janitor has given the table's folder up meanwhile.
pub(crate) async fn insert(connection: &mut Connection, table: &NewTable) -> Result<()> {
    let buried: Option<i64> = sqlx::query_scalar("SELECT 1 FROM buried_directories WHERE directory = $1")
        .bind(&table.directory)
        .fetch_optional(&mut *connection)
        .await?;
    if buried.is_some() {
        return Err(crate::Error::Buried);
    }
    sqlx::query(
        "INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value)
         VALUES ($1, $2, 'exists', 'true') ON CONFLICT DO NOTHING",
    )
    .bind(CATALOG_NAME)
    .bind(&table.namespace)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, iceberg_type)
         VALUES ($1, $2, $3, $4, 'TABLE')",
    )
    .bind(CATALOG_NAME)
    .bind(&table.namespace)
    .bind(&table.name)
    .bind(&table.metadata_location)
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves a pointer; `false` when it is no longer `swap.old`.
pub(crate) async fn swap(connection: &mut Connection, swap: &TableSwap) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE iceberg_tables SET metadata_location = $1, previous_metadata_location = $2
         WHERE catalog_name = $3 AND table_namespace = $4 AND table_name = $5 AND metadata_location = $2",
    )
    .bind(&swap.new)
    .bind(&swap.old)
    .bind(CATALOG_NAME)
    .bind(&swap.namespace)
    .bind(&swap.name)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a table, and its namespace with the last one there. Files are the janitor's.
pub(crate) async fn remove(connection: &mut Connection, namespace: &str, name: &str) -> Result<()> {
    sqlx::query("DELETE FROM iceberg_tables WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3")
        .bind(CATALOG_NAME)
        .bind(namespace)
        .bind(name)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "DELETE FROM iceberg_namespace_properties WHERE catalog_name = $1 AND namespace = $2
         AND NOT EXISTS (SELECT 1 FROM iceberg_tables WHERE catalog_name = $1 AND table_namespace = $2)",
    )
    .bind(CATALOG_NAME)
    .bind(namespace)
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    /// The text is what pyiceberg 0.12.0 leaves in `sqlite_master`, indentation aside.
    #[tokio::test]
    async fn the_tables_are_those_of_pyiceberg() {
        let catalog = Catalog::open_in_memory().await.unwrap();
        let ddl: Vec<String> = sqlx::query_scalar(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name LIKE 'iceberg%' ORDER BY name DESC",
        )
        .fetch_all(&catalog.readers)
        .await
        .unwrap();
        let ddl = ddl.join("\n");
        expect![[r#"
            CREATE TABLE iceberg_tables (
                catalog_name VARCHAR(255) NOT NULL,
                table_namespace VARCHAR(255) NOT NULL,
                table_name VARCHAR(255) NOT NULL,
                metadata_location VARCHAR(1000),
                previous_metadata_location VARCHAR(1000),
                iceberg_type VARCHAR(5),
                PRIMARY KEY (catalog_name, table_namespace, table_name)
            )
            CREATE TABLE iceberg_namespace_properties (
                catalog_name VARCHAR(255) NOT NULL,
                namespace VARCHAR(255) NOT NULL,
                property_key VARCHAR(255) NOT NULL,
                property_value VARCHAR(1000) NOT NULL,
                PRIMARY KEY (catalog_name, namespace, property_key)
            )"#]]
        .assert_eq(&ddl);
    }

    #[tokio::test]
    async fn a_buried_folder_takes_no_table_and_a_used_one_is_not_buried() {
        use crate::testing::{store, table};
        let catalog = Catalog::open_in_memory().await.unwrap();
        let (used, late) = (store("used", 1), store("late", 2));
        catalog.create_store(&used, &table(&used), None).await.unwrap();
        assert!(!catalog.bury_directory(&used.namespace()).await.unwrap());
        assert!(catalog.bury_directory(&late.namespace()).await.unwrap());
        assert!(catalog.bury_directory(&late.namespace()).await.unwrap(), "again is fine");
        let refused = catalog.create_store(&late, &table(&late), None).await;
        assert!(matches!(refused, Err(crate::Error::Buried)), "{refused:?}");
    }
}
