//! Values for the tests of this crate: a store, a job, a reference store, each legal and small.

use crate::{CallKey, Catalog, Claim, NewTable, TableSwap};
use chrono::{DateTime, Utc};
use varberg_model::*;

pub(crate) fn account() -> AccountId {
    AccountId::parse("000000000000").unwrap()
}

/// `seconds` after some fixed moment.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 123_456_000).unwrap()
}

pub(crate) fn call(invocation: &str) -> CallKey {
    CallKey {
        principal: "local".into(),
        operation: "Test",
        invocation_id: invocation.into(),
        body_sha256: "00".repeat(32),
    }
}

pub(crate) fn store(name: &str, seconds: i64) -> VariantStore {
    VariantStore {
        id: StoreId::random(),
        account: account(),
        name: StoreName::parse("name", name).unwrap(),
        reference_arn: "arn:aws:omics:us-east-1:000000000000:referenceStore/1234567890/reference/1234567890".into(),
        description: Description::parse(Some("a store")).unwrap(),
        sse: Some(SseConfig { key_arn: None }),
        tags: Tags::from_stored([("k".to_owned(), "v".to_owned())].into()),
        layout: Layout::Long,
        status: StoreStatus::Active,
        status_message: String::new(),
        created: at(seconds),
        updated: at(seconds),
    }
}

pub(crate) fn table(store: &VariantStore) -> NewTable {
    NewTable { namespace: store.namespace(), name: store.name.to_string(), metadata_location: "m0".into() }
}

/// A job of two items.
pub(crate) fn job(store: &VariantStore, seconds: i64) -> ImportJob {
    let item = |position: u32| ImportItem {
        position,
        source: ObjectUri::parse("source", &format!("s3://bucket/{position}.vcf")).unwrap(),
        status: JobStatus::Submitted,
        message: String::new(),
        progress: ItemProgress::default(),
        report: ItemReport::default(),
    };
    ImportJob {
        id: JobId::random(),
        account: account(),
        store_id: store.id.clone(),
        store_name: store.name.clone(),
        role: RoleArn::from_stored("arn:aws:iam::000000000000:role/import".into()),
        left_normalize: true,
        annotation_fields: AnnotationFields::from_stored([("VEP".to_owned(), "CSQ".to_owned())].into()),
        status: JobStatus::Submitted,
        message: String::new(),
        created: at(seconds),
        updated: at(seconds),
        completed: None,
        items: vec![item(0), item(1)],
    }
}

pub(crate) fn swap(store: &VariantStore, old: &str, new: &str) -> TableSwap {
    TableSwap { namespace: store.namespace(), name: store.name.to_string(), old: old.into(), new: new.into() }
}

/// A catalog with one store and one job of it.
pub(crate) async fn with_job() -> (Catalog, VariantStore, ImportJob) {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let store = store("store", 0);
    catalog.create_store(&store, &table(&store), None).await.unwrap();
    let job = job(&store, 0);
    catalog.enqueue(&job, None).await.unwrap();
    (catalog, store, job)
}

/// The same, the job claimed for a minute.
pub(crate) async fn with_claim() -> (Catalog, VariantStore, Claim) {
    let (catalog, store, _) = with_job().await;
    let claim = catalog.claim("worker", 60).await.unwrap().unwrap();
    (catalog, store, claim)
}

/// States of the job and its items.
pub(crate) async fn states(catalog: &Catalog, id: JobId) -> Vec<JobStatus> {
    let job = catalog.job(&account(), id).await.unwrap().unwrap();
    assert_eq!(job.completed.is_some(), job.status.is_terminal());
    std::iter::once(job.status).chain(job.items.iter().map(|i| i.status)).collect()
}
