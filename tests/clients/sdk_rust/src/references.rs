//! Reference stores and references: all eleven operations.

use aws_sdk_omics::client::Waiters;
use aws_sdk_omics::types::{
    ReferenceCreationType, ReferenceFile, ReferenceFilter, ReferenceImportJobItemStatus, ReferenceImportJobStatus,
    ReferenceStatus, ReferenceStoreFilter, StartReferenceImportJobSourceItem,
};

use crate::{AT_ONCE, ROLE, Servers, until};

pub struct Reference {
    store: String,
    id: String,
    pub arn: String,
}

pub async fn import(servers: &Servers) -> Reference {
    let client = &servers.main;
    let made = client
        .create_reference_store()
        .name("rust references")
        .description("for the SDK")
        .tags("team", "blue")
        .send()
        .await
        .unwrap();
    assert!(made.id().len() == 10 && made.arn().ends_with(made.id()), "{made:?}");
    let again = client.get_reference_store().id(made.id()).send().await.unwrap();
    assert_eq!((again.name(), again.creation_time()), (Some("rust references"), made.creation_time()));
    let filter = ReferenceStoreFilter::builder().name("rust references").created_before(far()).build();
    let listed = client
        .list_reference_stores()
        .filter(filter)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap();
    assert_eq!(listed.iter().map(|store| store.id()).collect::<Vec<_>>(), [made.id()]);

    let source = StartReferenceImportJobSourceItem::builder()
        .source_file(servers.source("sdk.fa"))
        .name("small")
        .build()
        .unwrap();
    let job = client
        .start_reference_import_job()
        .reference_store_id(made.id())
        .role_arn(ROLE)
        .sources(source)
        .send()
        .await
        .unwrap();
    assert_eq!(job.status(), &ReferenceImportJobStatus::Submitted);
    let get = || client.get_reference_import_job().id(job.id()).reference_store_id(made.id()).send();
    until("the reference import", async || get().await.unwrap().status() == &ReferenceImportJobStatus::Completed).await;
    client
        .wait_until_reference_import_job_completed()
        .id(job.id())
        .reference_store_id(made.id())
        .wait(AT_ONCE)
        .await
        .unwrap();
    let done = get().await.unwrap();
    assert!(done.completion_time().is_some_and(|end| *end >= *done.creation_time()), "{done:?}");
    let [source] = done.sources() else { panic!("{done:?}") };
    assert_eq!(source.status(), &ReferenceImportJobItemStatus::Finished);
    let jobs = client.list_reference_import_jobs().reference_store_id(made.id()).into_paginator().items().send();
    assert_eq!(jobs.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 1);
    reference(servers, made.id(), job.id()).await
}

async fn reference(servers: &Servers, store: &str, job: &str) -> Reference {
    let client = &servers.main;
    let filter = ReferenceFilter::builder().name("small").build();
    let listed = client.list_references().reference_store_id(store).filter(filter).into_paginator().items().send();
    let listed = listed.collect::<Result<Vec<_>, _>>().await.unwrap();
    let [one] = &listed[..] else { panic!("{listed:?}") };
    let told = client.get_reference_metadata().reference_store_id(store).id(one.id()).send().await.unwrap();
    assert_eq!((told.status(), told.md5(), told.arn()), (Some(&ReferenceStatus::Active), one.md5(), one.arn()));
    assert_eq!((told.creation_type(), told.creation_job_id()), (Some(&ReferenceCreationType::Import), Some(job)));
    let length = told.files().and_then(|files| files.source()).and_then(|source| source.content_length()).unwrap();

    let get = || client.get_reference().reference_store_id(store).id(one.id()).part_number(1);
    let bytes = get().send().await.unwrap().payload.collect().await.unwrap().into_bytes();
    assert!(bytes.starts_with(b">chr1") && bytes.len() == usize::try_from(length).unwrap());
    let four = get().range("bytes=1-4").send().await.unwrap().payload.collect().await.unwrap().into_bytes();
    assert_eq!(&four[..], b"chr1");
    let index = get().file(ReferenceFile::Index).send().await.unwrap().payload.collect().await.unwrap().into_bytes();
    assert!(index.starts_with(b"chr1\t"));
    let beyond = get().range("bytes=99999999-").send().await.expect_err("beyond the end").into_service_error();
    assert!(beyond.is_range_not_satisfiable_exception(), "{beyond:?}");
    Reference { store: store.into(), id: one.id().into(), arn: one.arn().into() }
}

pub async fn delete(servers: &Servers, reference: &Reference) {
    let client = &servers.main;
    let full = client
        .delete_reference_store()
        .id(&reference.store)
        .send()
        .await
        .expect_err("it is not empty")
        .into_service_error();
    assert!(full.is_conflict_exception(), "{full:?}");
    client.delete_reference().reference_store_id(&reference.store).id(&reference.id).send().await.unwrap();
    client.delete_reference_store().id(&reference.store).send().await.unwrap();
}

fn far() -> aws_sdk_omics::primitives::DateTime {
    aws_sdk_omics::primitives::DateTime::from_secs(4_102_444_800) // 2100
}
