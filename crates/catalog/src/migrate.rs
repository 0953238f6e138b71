//! Brings the schema forward at start: numbered scripts, each applied once, all of them in one transaction.
//!
//! Never backward: a database that a newer program wrote is refused untouched.

use crate::dialect::{BEGIN_WRITE, Pool};
use crate::error::{Error, Result};

/// Scripts in order; the first brings an empty database to version 1. A released script never changes.
const SCRIPTS: [&str; 10] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_item_headers.sql"),
    include_str!("migrations/0003_item_reports.sql"),
    include_str!("migrations/0004_annotation_stores.sql"),
    include_str!("migrations/0005_contig_aliases.sql"),
    include_str!("migrations/0006_shares.sql"),
    include_str!("migrations/0007_users.sql"),
    include_str!("migrations/0008_events.sql"),
    include_str!("migrations/0009_maintenance.sql"),
    include_str!("migrations/0010_doors.sql"),
];

/// Applies what `pool`'s database lacks.
///
/// Errors: [`Error::NewerSchema`], with nothing changed.
pub(crate) async fn migrate(pool: &Pool) -> Result<()> {
    let mut tx = pool.begin_with(BEGIN_WRITE).await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS varberg_schema (version BIGINT NOT NULL PRIMARY KEY)")
        .execute(&mut *tx)
        .await?;
    let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM varberg_schema").fetch_one(&mut *tx).await?;
    let found = newest.unwrap_or(0);
    let known = i64::try_from(SCRIPTS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(Error::NewerSchema { found, known });
    }
    for (script, version) in SCRIPTS.iter().zip(1_i64..).filter(|(_, version)| *version > found) {
        sqlx::raw_sql(script).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO varberg_schema (version) VALUES ($1)").bind(version).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;

    #[tokio::test]
    async fn refuses_a_newer_schema_and_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.sqlite");
        let catalog = Catalog::open(&path).await.unwrap();
        sqlx::query("INSERT INTO varberg_schema VALUES (99)").execute(&catalog.writer).await.unwrap();
        catalog.close().await;
        let error = Catalog::open(&path).await.unwrap_err();
        expect_test::expect![[
            "the catalog has schema version 99, and this program knows versions up to 10; start the newer version of varberg that wrote it"
        ]]
        .assert_eq(&error.to_string());
    }

    #[tokio::test]
    async fn opening_again_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.sqlite");
        Catalog::open(&path).await.unwrap().close().await;
        let catalog = Catalog::open(&path).await.unwrap();
        let versions: Vec<i64> =
            sqlx::query_scalar("SELECT version FROM varberg_schema").fetch_all(&catalog.readers).await.unwrap();
        assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[tokio::test]
    async fn only_the_owner_can_read_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let _catalog = Catalog::open(&dir.path().join("catalog.sqlite")).await.unwrap();
        let mut modes = Vec::new();
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            modes.push(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777);
        }
        assert!(!modes.is_empty() && modes.iter().all(|m| *m == 0o600), "{modes:?}");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.sqlite");
        std::fs::write(&path, "##fileformat=VCFv4.2\n".repeat(100)).unwrap();
        let error = Catalog::open(&path).await.unwrap_err();
        assert!(matches!(error, Error::Open { .. }), "{error:?}");
    }
}
