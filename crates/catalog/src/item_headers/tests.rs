use super::*;
use crate::testing::{account, swap, with_claim};
use crate::{ItemOutcome, ItemResult, JobOutcome};
use varberg_model::JobStatus;

fn header(text: &str) -> ItemHeader {
    ItemHeader { digest: text.to_owned(), text: text.as_bytes().to_vec(), samples: 2, part_records: vec![3, 0, 4] }
}

async fn texts(catalog: &Catalog) -> Vec<String> {
    sqlx::query_scalar("SELECT digest FROM header_texts ORDER BY digest").fetch_all(&catalog.readers).await.unwrap()
}

fn size() -> PageSize {
    PageSize::parse(Some(1)).unwrap()
}

#[tokio::test]
async fn headers_of_published_items_stay_until_their_store_goes() {
    let (catalog, store, claim) = with_claim().await;
    let lease = claim.lease;
    for (position, text) in [(0, "old"), (0, "a"), (1, "b")] {
        catalog.keep_header(&lease, position, &header(text)).await.unwrap();
    }
    assert_eq!(catalog.header(&account(), lease.job, 0).await.unwrap(), None, "not published yet");
    let good = ItemResult { position: 0, outcome: ItemOutcome::Imported { payload: String::new() } };
    catalog.record_item(&lease, &good).await.unwrap();
    let outcome = JobOutcome {
        status: JobStatus::CompletedWithFailures,
        message: String::new(),
        items: vec![(0, JobStatus::Completed, String::new()), (1, JobStatus::Failed, String::new())],
    };
    catalog.finish(&lease, &[swap(&store, "m0", "m1")], &outcome).await.unwrap();
    assert_eq!(catalog.header(&account(), lease.job, 0).await.unwrap(), Some(header("a")));
    assert_eq!(catalog.header(&account(), lease.job, 1).await.unwrap(), None);
    let other = AccountId::parse("111111111111").unwrap();
    assert_eq!(catalog.header(&other, lease.job, 0).await.unwrap(), None);
    assert_eq!(texts(&catalog).await, ["a"]);
    catalog.begin_delete_store(&account(), store.name.as_str(), false).await.unwrap();
    catalog.drop_destination(&store.id).await.unwrap();
    assert_eq!(texts(&catalog).await, [""; 0]);
}

#[tokio::test]
async fn a_cancelled_job_leaves_no_header() {
    let (catalog, _, claim) = with_claim().await;
    catalog.keep_header(&claim.lease, 0, &header("a")).await.unwrap();
    catalog.request_cancel(&account(), claim.lease.job).await.unwrap();
    catalog.cancelled(&claim.lease).await.unwrap();
    assert_eq!(texts(&catalog).await, [""; 0]);
    let late = catalog.keep_header(&claim.lease, 0, &header("a")).await;
    assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
}

#[tokio::test]
async fn the_files_of_a_store_are_listed_page_by_page() {
    let (catalog, store, claim) = with_claim().await;
    catalog.keep_header(&claim.lease, 1, &header("a")).await.unwrap();
    let outcome = JobOutcome {
        status: JobStatus::Completed,
        message: String::new(),
        items: vec![(0, JobStatus::Completed, String::new()), (1, JobStatus::Completed, String::new())],
    };
    catalog.finish(&claim.lease, &[], &outcome).await.unwrap();
    let first = catalog.store_items(&store.id, None, size(), None).await.unwrap();
    assert_eq!((first.entries[0].item.position, &first.entries[0].header), (0, &None));
    let second = catalog.store_items(&store.id, Some(claim.lease.job), size(), first.next.as_ref()).await.unwrap();
    let item = &second.entries[0];
    assert_eq!((item.item.position, item.job, second.next), (1, claim.lease.job, None));
    assert_eq!(item.header, Some(ItemHeader { text: Vec::new(), ..header("a") }));
    let none = catalog.store_items(&store.id, Some(JobId::random()), size(), None).await.unwrap();
    assert!(none.entries.is_empty());
}
