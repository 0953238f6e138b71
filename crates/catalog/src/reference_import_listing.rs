//! Listing of reference import jobs.

use crate::Catalog;
use crate::error::Result;
use crate::listing::{page, push_created, push_equal, push_page};
use crate::rows::{micros, reference_import_job};
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use varberg_model::{AccountId, Page, PageSize, PageToken, RefId, ReferenceImportJob, ReferenceJobStatus};

/// Which reference import jobs a listing shows; what is not given does not restrict. Times are exclusive.
#[derive(Debug, Clone, Default)]
pub struct ReferenceImportFilter {
    pub status: Option<ReferenceJobStatus>,
    pub created_after: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
}

impl Catalog {
    /// A page of a store's import jobs, newest first, without their sources.
    pub async fn list_reference_import_jobs(
        &self,
        account: &AccountId,
        store: &RefId,
        filter: &ReferenceImportFilter,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<ReferenceImportJob>> {
        let mut query = QueryBuilder::new("SELECT * FROM reference_import_jobs WHERE account = ");
        query.push_bind(account.to_string());
        push_equal(&mut query, "store_id", Some(store.as_str()));
        push_equal(&mut query, "status", filter.status.map(ReferenceJobStatus::as_str));
        push_created(&mut query, filter.created_after.map(micros), filter.created_before.map(micros));
        push_page(&mut query, size, after);
        page(&query.build().fetch_all(&self.readers).await?, size, reference_import_job)
    }
}
