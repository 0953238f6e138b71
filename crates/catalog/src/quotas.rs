//! How much an account may have (spec 5.5). Counted in the transaction that adds to it, so that two that come at once do not
//! pass together.

use crate::dialect::Connection;
use crate::error::{Error, Result};
use varberg_model::{AccountId, RefId, StoreId};

/// Most things of each kind; none: any number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quotas {
    pub variant_stores: Option<u32>,
    pub annotation_stores: Option<u32>,
    /// Of one annotation store.
    pub versions: Option<u32>,
    /// Variant and annotation import jobs that wait or run.
    pub import_jobs: Option<u32>,
    /// Of one store.
    pub shares: Option<u32>,
    pub reference_stores: Option<u32>,
    /// Of one reference store.
    pub references: Option<u32>,
}

/// What a quota counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counted<'a> {
    VariantStores(&'a AccountId),
    AnnotationStores(&'a AccountId),
    Versions(&'a StoreId),
    ImportJobs(&'a AccountId),
    Shares(&'a StoreId),
    ReferenceStores(&'a AccountId),
    /// Also those that imports under way will bring.
    References(&'a RefId),
}

impl Quotas {
    /// Whether `more` things of that kind still fit.
    ///
    /// Errors: [`Error::TooMany`].
    pub(crate) async fn check(&self, connection: &mut Connection, counted: Counted<'_>, more: usize) -> Result<()> {
        let Some(most) = self.most(counted) else { return Ok(()) };
        let (what, sql, of) = counted.query();
        let present: i64 = sqlx::query_scalar(sql).bind(of).fetch_one(connection).await?;
        let sum = u64::try_from(present).unwrap_or(0).saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        if sum > u64::from(most) { Err(Error::TooMany { what, most }) } else { Ok(()) }
    }

    fn most(&self, counted: Counted<'_>) -> Option<u32> {
        match counted {
            Counted::VariantStores(_) => self.variant_stores,
            Counted::AnnotationStores(_) => self.annotation_stores,
            Counted::Versions(_) => self.versions,
            Counted::ImportJobs(_) => self.import_jobs,
            Counted::Shares(_) => self.shares,
            Counted::ReferenceStores(_) => self.reference_stores,
            Counted::References(_) => self.references,
        }
    }
}

impl<'a> Counted<'a> {
    /// Its name, the statement that counts it, and what is bound.
    fn query(self) -> (&'static str, &'static str, &'a str) {
        match self {
            Self::VariantStores(account) => {
                ("variant stores", "SELECT COUNT(*) FROM variant_stores WHERE account = $1", account.as_str())
            }
            Self::AnnotationStores(account) => {
                ("annotation stores", "SELECT COUNT(*) FROM annotation_stores WHERE account = $1", account.as_str())
            }
            Self::Versions(store) => {
                let sql = "SELECT COUNT(*) FROM annotation_versions WHERE store_id = $1";
                ("versions of an annotation store", sql, store.as_str())
            }
            Self::ImportJobs(account) => {
                let sql =
                    "SELECT COUNT(*) FROM import_jobs WHERE account = $1 AND status IN ('SUBMITTED', 'IN_PROGRESS')";
                ("import jobs that wait or run", sql, account.as_str())
            }
            Self::Shares(store) => {
                ("shares of a store", "SELECT COUNT(*) FROM shares WHERE resource_id = $1", store.as_str())
            }
            Self::ReferenceStores(account) => {
                let sql = "SELECT COUNT(*) FROM reference_stores WHERE account = $1 AND deleted_us IS NULL";
                ("reference stores", sql, account.as_str())
            }
            Self::References(store) => {
                let sql = "SELECT (SELECT COUNT(*) FROM reference_genomes WHERE store_id = $1 AND status <> 'DELETED')
                    + (SELECT COUNT(*) FROM reference_import_sources s JOIN reference_import_jobs j ON j.id = s.job_id
                       WHERE j.store_id = $1 AND s.status IN ('NOT_STARTED', 'IN_PROGRESS'))";
                ("references of a reference store", sql, store.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;
    use crate::testing::{account, job, store, table};

    #[tokio::test]
    async fn what_exceeds_a_quota_is_refused_and_what_is_repeated_is_not() {
        let quotas = Quotas { variant_stores: Some(1), import_jobs: Some(1), ..Quotas::default() };
        let catalog = Catalog::open_in_memory().await.unwrap().with_quotas(quotas);
        let (first, second) = (store("first", 0), store("second", 1));
        let call = crate::testing::call("1");
        catalog.create_store(&first, &table(&first), Some(&call)).await.unwrap();
        catalog.create_store(&second, &table(&second), Some(&call)).await.unwrap();
        let refused = catalog.create_store(&second, &table(&second), None).await.unwrap_err();
        assert_eq!(refused.to_string(), "the quota of 1 variant stores is reached");
        catalog.enqueue(&job(&first, 1), None).await.unwrap();
        let refused = catalog.enqueue(&job(&first, 1), None).await.unwrap_err();
        assert!(matches!(refused, Error::TooMany { most: 1, .. }), "{refused:?}");
        let claim = catalog.claim("w", 60).await.unwrap().unwrap();
        catalog.request_cancel(&account(), claim.job.id).await.unwrap();
        assert!(catalog.enqueue(&job(&first, 1), None).await.is_err(), "a job that runs still counts");
    }
}
