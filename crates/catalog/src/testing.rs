//! Values for the tests of this crate: a store, a job, a reference store, each legal and small.

use crate::{CallKey, Catalog, Claim, NewTable, TableSwap};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
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
    let directory = store.namespace();
    NewTable { namespace: store.namespace(), name: store.name.to_string(), directory, metadata_location: "m0".into() }
}

/// A store of GFF files, and its version `v1`.
pub(crate) fn annotation_store(name: &str, seconds: i64) -> (AnnotationStore, AnnotationVersion) {
    let variants = store(name, seconds);
    let store = AnnotationStore {
        id: variants.id,
        account: variants.account,
        name: variants.name,
        reference_arn: None,
        description: variants.description,
        sse: variants.sse,
        tags: variants.tags,
        format: StoreFormat::Gff,
        options: None,
        status: StoreStatus::Active,
        status_message: String::new(),
        versions: 1,
        created: at(seconds),
        updated: at(seconds),
    };
    let first = AnnotationVersion { id: store.id.clone(), ..annotation_version(&store, "v1", seconds) };
    (store, first)
}

pub(crate) fn annotation_version(store: &AnnotationStore, name: &str, seconds: i64) -> AnnotationVersion {
    AnnotationVersion {
        id: StoreId::random(),
        store: store.id.clone(),
        store_name: store.name.clone(),
        name: StoreName::from_stored(name.to_owned()),
        description: Description::default(),
        tags: Tags::default(),
        options: store.options.clone(),
        status: StoreStatus::Active,
        status_message: String::new(),
        created: at(seconds),
        updated: at(seconds),
    }
}

pub(crate) fn version_table(store: &AnnotationStore, version: &AnnotationVersion) -> NewTable {
    let Destination { namespace, table: name, directory, .. } = store.destination(version);
    NewTable { namespace, name, directory, metadata_location: "m0".into() }
}

pub(crate) async fn create_annotation_store(
    catalog: &Catalog,
    store: &AnnotationStore,
    version: &AnnotationVersion,
) -> crate::Result<AnnotationStore> {
    catalog.create_annotation_store(store, version, &version_table(store, version), None).await
}

fn item(position: u32) -> ImportItem {
    ImportItem {
        position,
        source: ObjectUri::parse("source", &format!("s3://bucket/{position}.vcf")).unwrap(),
        status: JobStatus::Submitted,
        message: String::new(),
        progress: ItemProgress::default(),
        report: ItemReport::default(),
    }
}

/// A job of one item.
pub(crate) fn annotation_job(version: &AnnotationVersion, seconds: i64) -> ImportJob {
    let format = FormatOptions::Vcf(VcfOptions::default());
    ImportJob {
        destination_id: version.id.clone(),
        destination_name: version.store_name.clone(),
        annotation: Some(AnnotationImport { version_name: version.name.clone(), format }),
        items: vec![item(0)],
        ..job(&store("unused", 0), seconds)
    }
}

/// A job of two items.
pub(crate) fn job(store: &VariantStore, seconds: i64) -> ImportJob {
    ImportJob {
        id: JobId::random(),
        account: account(),
        destination_id: store.id.clone(),
        destination_name: store.name.clone(),
        annotation: None,
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

pub(crate) fn reference_store(name: &str, seconds: i64) -> ReferenceStore {
    ReferenceStore {
        id: RefId::random(),
        account: account(),
        name: ReferenceStoreName::parse("name", name).unwrap(),
        description: Some("genomes".into()),
        sse: None,
        tags: Tags::default(),
        created: at(seconds),
    }
}

/// A job of two sources.
pub(crate) fn reference_import(store: &ReferenceStore, seconds: i64) -> ReferenceImportJob {
    let source = |position: u32| ReferenceImportSource {
        position,
        source: ObjectUri::parse("source", &format!("file:///data/{position}.fa")).unwrap(),
        name: ReferenceName::parse("name", "GRCh38").unwrap(),
        description: None,
        tags: Tags::from_stored([("k".to_owned(), "v".to_owned())].into()),
        status: ReferenceSourceStatus::NotStarted,
        message: String::new(),
        reference: None,
    };
    ReferenceImportJob {
        id: RefId::random(),
        store: store.id.clone(),
        account: account(),
        role: RoleArn::from_stored("arn:aws:iam::000000000000:role/import".into()),
        status: ReferenceJobStatus::Submitted,
        message: String::new(),
        created: at(seconds),
        completed: None,
        sources: vec![source(0), source(1)],
    }
}

pub(crate) fn genome(job: &ReferenceImportJob, name: &str, seconds: i64) -> Reference {
    Reference {
        id: RefId::random(),
        store: job.store.clone(),
        name: ReferenceName::parse("name", name).unwrap(),
        description: None,
        tags: Tags::default(),
        status: ReferenceStatus::Active,
        md5: "7ff134953dcca8c8997453bbb80b6b5e".into(),
        source_path: format!("references/{name}/source"),
        source_bytes: 3_249_912_778,
        index_path: format!("references/{name}/index"),
        index_bytes: 160_928,
        contig_aliases: BTreeMap::new(),
        job: job.id.clone(),
        created: at(seconds),
        updated: at(seconds),
    }
}

/// An offer of a store.
pub(crate) fn share(store: &VariantStore, with: &str) -> Share {
    Share {
        id: format!("share-with-{with}"),
        owner: account(),
        resource_arn: format!("arn:aws:omics:us-east-1:000000000000:variantStore/{}", store.name),
        resource_id: store.id.clone(),
        kind: ShareKind::VariantStore,
        subscriber: AccountId::parse(with).unwrap(),
        name: ShareName::parse("shareName", "with_friends").unwrap(),
        status: ShareStatus::Pending,
        created: at(0),
        updated: at(0),
    }
}
