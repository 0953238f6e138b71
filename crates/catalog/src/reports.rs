//! What was found in a file while it was read, kept with its item for good.

use crate::error::{Entity, Error, Result};
use crate::leases::{Lease, held};
use crate::{Catalog, stored};
use varberg_model::ItemReport;

impl Catalog {
    /// Keeps the report of an item in place of an earlier one; it shows at once. To be called before the item's result
    /// is recorded, so that no item has a result without its report.
    ///
    /// Errors: [`Error::LeaseLost`]; [`Error::NotFound`] when the job has no such item.
    pub async fn record_report(&self, lease: &Lease, position: u32, report: &ItemReport) -> Result<()> {
        let mut tx = self.write().await?;
        held(&mut tx, lease).await?;
        let done = sqlx::query("UPDATE import_items SET report = $1 WHERE job_id = $2 AND position = $3")
            .bind(stored::report_to_json(report)?)
            .bind(lease.job.to_string())
            .bind(i64::from(position))
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Err(Error::NotFound(Entity::ImportItem(position)));
        }
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests;
