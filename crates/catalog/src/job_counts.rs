//! How many jobs there are in each state, of all accounts: for whoever watches the server.

use crate::Catalog;
use crate::error::Result;
use sqlx::Row as _;

/// Jobs of one kind that are in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCount {
    /// `variant`, `annotation` or `reference`.
    pub kind: String,
    pub status: String,
    pub jobs: i64,
}

impl Catalog {
    /// The counts that are not zero.
    pub async fn job_counts(&self) -> Result<Vec<JobCount>> {
        let rows = sqlx::query(
            "SELECT CASE WHEN version_name IS NULL THEN 'variant' ELSE 'annotation' END AS kind, status, COUNT(*) AS jobs
             FROM import_jobs GROUP BY 1, 2
             UNION ALL SELECT 'reference', status, COUNT(*) FROM reference_import_jobs GROUP BY 1, 2
             ORDER BY 1, 2",
        )
        .fetch_all(&self.readers)
        .await?;
        let count = |row: &crate::dialect::Row| {
            Ok(JobCount { kind: row.try_get("kind")?, status: row.try_get("status")?, jobs: row.try_get("jobs")? })
        };
        rows.iter().map(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{annotation_job, annotation_store, create_annotation_store, job, with_claim};

    #[tokio::test]
    async fn counts_each_kind_in_each_state() {
        let (catalog, store, _) = with_claim().await;
        catalog.enqueue(&job(&store, 1), None).await.unwrap();
        catalog.enqueue(&job(&store, 2), None).await.unwrap();
        let (genes, version) = annotation_store("genes", 0);
        create_annotation_store(&catalog, &genes, &version).await.unwrap();
        catalog.enqueue(&annotation_job(&version, 3), None).await.unwrap();
        let counts = catalog.job_counts().await.unwrap();
        let counts: Vec<_> = counts.iter().map(|c| (c.kind.as_str(), c.status.as_str(), c.jobs)).collect();
        let expected = [("annotation", "SUBMITTED", 1), ("variant", "IN_PROGRESS", 1), ("variant", "SUBMITTED", 2)];
        assert_eq!(counts, expected);
    }
}
