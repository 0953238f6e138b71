//! How the tables of variant stores lie on disk: decided once, by the first import, and made so before rows are written.

use crate::destinations::NewTable;
use crate::dialect::Connection;
use crate::error::Result;
use crate::leases::Lease;
use crate::outcome::refusal;
use crate::table_pointers::{self, TableSwap};
use crate::{Catalog, Finish, rows};
use varberg_model::{Layout, StoreId};

impl Catalog {
    /// The layout of a variant store; where none is decided, `wanted` is from now on. None: the store is gone.
    pub async fn decide_layout(&self, store: &StoreId, wanted: Layout) -> Result<Option<Layout>> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE variant_stores SET layout = $1 WHERE id = $2 AND layout = 'auto'")
            .bind(wanted.as_str())
            .bind(store.as_str())
            .execute(&mut *tx)
            .await?;
        let row = sqlx::query("SELECT layout FROM variant_stores WHERE id = $1")
            .bind(store.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let layout = row.as_ref().map(rows::layout).transpose()?;
        tx.commit().await?;
        Ok(layout)
    }

    /// Makes a table ready for the rows of a job that goes on: moves its pointer, and adds the table of samples that goes
    /// with it unless there is one. All or nothing; [`Finish::Committed`] says that it is done.
    pub async fn prepare_table(
        &self,
        lease: &Lease,
        swap: Option<&TableSwap>,
        samples: Option<&NewTable>,
    ) -> Result<Finish> {
        let mut tx = self.write().await?;
        if let Some(refusal) = refusal(&mut tx, lease).await? {
            return Ok(refusal);
        }
        if let Some(swap) = swap
            && !table_pointers::swap(&mut tx, swap).await?
        {
            tx.rollback().await?;
            return Ok(Finish::PointerMoved);
        }
        if let Some(samples) = samples
            && !exists(&mut tx, samples).await?
        {
            table_pointers::insert(&mut tx, samples).await?;
        }
        tx.commit().await?;
        Ok(Finish::Committed)
    }
}

async fn exists(connection: &mut Connection, table: &NewTable) -> Result<bool> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM iceberg_tables WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3",
    )
    .bind(table_pointers::CATALOG_NAME)
    .bind(&table.namespace)
    .bind(&table.name)
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{store, table};

    #[tokio::test]
    async fn the_first_to_decide_decides() {
        let catalog = Catalog::open_in_memory().await.unwrap();
        let open = varberg_model::VariantStore { layout: Layout::Auto, ..store("open", 1) };
        let fixed = store("fixed", 2);
        for store in [&open, &fixed] {
            catalog.create_store(store, &table(store), None).await.unwrap();
        }
        assert_eq!(catalog.decide_layout(&open.id, Layout::Wide).await.unwrap(), Some(Layout::Wide));
        assert_eq!(catalog.decide_layout(&open.id, Layout::Long).await.unwrap(), Some(Layout::Wide));
        assert_eq!(catalog.decide_layout(&fixed.id, Layout::Wide).await.unwrap(), Some(Layout::Long));
        assert_eq!(catalog.decide_layout(&StoreId::random(), Layout::Wide).await.unwrap(), None);
    }
}
