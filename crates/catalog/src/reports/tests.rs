//! Tests of `reports.rs` through the catalog's own calls.

use crate::testing::{account, with_claim};
use crate::{Error, Finish, JobOutcome};
use varberg_model::*;

fn report(rejected: u64) -> ItemReport {
    let warning = ItemWarning {
        cause: "Position".to_owned(),
        code: "E15".to_owned(),
        message: "POS is not a whole number".to_owned(),
        verdict: "reject record".to_owned(),
        count: rejected,
        first_line: 7,
    };
    ItemReport { rejected, warnings: vec![warning] }
}

#[tokio::test]
async fn a_report_stays_when_the_job_has_ended() {
    let (catalog, _, claim) = with_claim().await;
    let reports = async || {
        let job = catalog.job(&account(), claim.job.id).await.unwrap().unwrap();
        job.items.into_iter().map(|item| item.report).collect::<Vec<_>>()
    };
    assert_eq!(reports().await, [ItemReport::default(), ItemReport::default()]);
    catalog.record_report(&claim.lease, 1, &report(2)).await.unwrap();
    catalog.record_report(&claim.lease, 1, &report(3)).await.unwrap();
    assert_eq!(reports().await, [ItemReport::default(), report(3)]);
    let items = vec![(0, JobStatus::Failed, String::new()), (1, JobStatus::Completed, String::new())];
    let outcome = JobOutcome { status: JobStatus::CompletedWithFailures, message: String::new(), items };
    assert_eq!(catalog.finish(&claim.lease, &[], &outcome).await.unwrap(), Finish::Committed);
    assert_eq!(reports().await, [ItemReport::default(), report(3)]);
}

#[tokio::test]
async fn only_the_holder_of_the_lease_reports_and_only_on_items() {
    let (catalog, _, claim) = with_claim().await;
    let absent = catalog.record_report(&claim.lease, 9, &report(1)).await;
    assert!(matches!(absent, Err(Error::NotFound(_))), "{absent:?}");
    catalog.release(&claim.lease).await.unwrap();
    catalog.claim("other", 60).await.unwrap().unwrap();
    let lost = catalog.record_report(&claim.lease, 0, &report(1)).await;
    assert!(matches!(lost, Err(Error::LeaseLost)), "{lost:?}");
}
