//! Variant stores, their import jobs, tags and shares.

use aws_sdk_omics::client::Waiters;
use aws_sdk_omics::types::{
    EncryptionType, JobStatus, ListVariantImportJobsFilter, ReferenceItem, ResourceOwner, ShareStatus, StoreStatus,
    VariantImportItemSource,
};

use crate::references::Reference;
use crate::{AT_ONCE, ROLE, Servers, until};

const STORE: &str = "rust_variants";

pub async fn import(servers: &Servers, reference: &Reference) {
    let client = &servers.main;
    let item = ReferenceItem::ReferenceArn(reference.arn.clone());
    let made =
        client.create_variant_store().name(STORE).reference(item.clone()).tags("team", "blue").send().await.unwrap();
    assert_eq!((made.status(), made.reference()), (&StoreStatus::Creating, Some(&item)));
    client.wait_until_variant_store_created().name(STORE).wait(AT_ONCE).await.unwrap();
    let updated = client.update_variant_store().name(STORE).description("from Rust").send().await.unwrap();
    assert_eq!(updated.description(), "from Rust");
    let store = client.get_variant_store().name(STORE).send().await.unwrap();
    assert_eq!((store.id(), store.status(), store.description()), (made.id(), &StoreStatus::Active, "from Rust"));
    assert_eq!((store.reference(), store.status_message(), store.store_size_bytes()), (Some(&item), "", 0));
    assert_eq!(store.sse_config().map(|sse| sse.r#type()), Some(&EncryptionType::Kms));
    assert_eq!(store.tags()["team"], "blue");
    tags(servers, store.store_arn()).await;
    let stores = client.list_variant_stores().ids(store.id()).into_paginator().page_size(1).items().send();
    let stores = stores.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(stores.iter().map(|store| store.name()).collect::<Vec<_>>(), [STORE]);

    let first = run(servers, "sdk.vcf").await;
    client.wait_until_variant_import_job_created().job_id(&first).wait(AT_ONCE).await.unwrap();
    let job = client.get_variant_import_job().job_id(&first).send().await.unwrap();
    assert_eq!(
        (job.status(), job.destination_name(), job.run_left_normalization()),
        (&JobStatus::Completed, STORE, false)
    );
    assert_eq!(job.annotation_fields().map(|fields| fields["VEP"].as_str()), Some("CSQ"));
    assert!(job.completion_time().is_some_and(|end| end >= job.creation_time()), "{job:?}");
    let second = run(servers, "absent.vcf").await;
    client.wait_until_variant_import_job_created().job_id(&second).wait(AT_ONCE).await.expect_err("it fails");
    let failed = client.get_variant_import_job().job_id(&second).send().await.unwrap();
    let [item] = failed.items() else { panic!("{failed:?}") };
    assert!(
        item.job_status() == &JobStatus::Failed && item.status_message().is_some_and(|text| !text.is_empty()),
        "{item:?}"
    );
    let filter = ListVariantImportJobsFilter::builder().store_name(STORE).build();
    let jobs = client.list_variant_import_jobs().filter(filter).into_paginator().page_size(1).items().send();
    let jobs = jobs.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.id()).collect::<Vec<_>>(), [&second, &first]);
}

/// Imports a file and gives the job once it has ended.
async fn run(servers: &Servers, file: &str) -> String {
    let client = &servers.main;
    let item = VariantImportItemSource::builder().source(servers.source(file)).build().unwrap();
    let start = client.start_variant_import_job().destination_name(STORE).role_arn(ROLE).items(item);
    let job = start.send().await.unwrap().job_id;
    let status = async || client.get_variant_import_job().job_id(&job).send().await.unwrap().status;
    until("the import", async || !matches!(status().await, JobStatus::Submitted | JobStatus::InProgress)).await;
    job
}

async fn tags(servers: &Servers, arn: &str) {
    let client = &servers.main;
    client.tag_resource().resource_arn(arn).tags("ü/:", "a b").send().await.unwrap();
    client.untag_resource().resource_arn(arn).tag_keys("team").tag_keys("absent").send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags().iter().collect::<Vec<_>>(), [(&"ü/:".to_owned(), &"a b".to_owned())]);
    client.tag_resource().resource_arn(arn).tags("team", "blue").send().await.unwrap();
}

pub async fn cancel(servers: &Servers) {
    let item = VariantImportItemSource::builder().source(servers.source("sdk.vcf")).build().unwrap();
    let started = servers.held.start_variant_import_job().destination_name("held_variants").role_arn(ROLE).items(item);
    let job = started.send().await.unwrap().job_id;
    servers.held.cancel_variant_import_job().job_id(&job).send().await.unwrap();
    let cancelled = servers.held.get_variant_import_job().job_id(&job).send().await.unwrap();
    assert_eq!(cancelled.status(), &JobStatus::Cancelled);
    let again = servers
        .held
        .cancel_variant_import_job()
        .job_id(&job)
        .send()
        .await
        .expect_err("it has ended")
        .into_service_error();
    assert!(again.is_validation_exception(), "{again:?}");
}

pub async fn share(servers: &Servers) {
    let (owner, subscriber) = (&servers.main, &servers.subscriber);
    let arn = owner.get_variant_store().name(STORE).send().await.unwrap().store_arn;
    let made = owner
        .create_share()
        .resource_arn(&arn)
        .principal_subscriber("111122223333")
        .share_name("rust-share")
        .send()
        .await
        .unwrap();
    assert_eq!((made.status(), made.share_name()), (Some(&ShareStatus::Pending), Some("rust-share")));
    let id = made.share_id().unwrap();
    let offered = subscriber.list_shares().resource_owner(ResourceOwner::Other).into_paginator().items().send();
    let offered = offered.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert!(
        offered.iter().any(|share| share.share_id() == Some(id) && share.status() == Some(&ShareStatus::Pending)),
        "{offered:?}"
    );
    let accepted = subscriber.accept_share().share_id(id).send().await.unwrap();
    assert_eq!(accepted.status(), Some(&ShareStatus::Activating));
    let share = owner.get_share().share_id(id).send().await.unwrap().share.unwrap();
    assert_eq!((share.status(), share.resource_arn()), (Some(&ShareStatus::Active), Some(arn.as_str())));
    assert!(share.creation_time().is_some() && share.update_time().is_some(), "{share:?}");
    let deleted = subscriber.delete_share().share_id(id).send().await.unwrap();
    assert_eq!(deleted.status(), Some(&ShareStatus::Deleting));
}

pub async fn delete(servers: &Servers) {
    let client = &servers.main;
    let gone = client.delete_variant_store().name(STORE).force(true).send().await.unwrap();
    assert_eq!(gone.status(), &StoreStatus::Deleting);
    let get = || client.get_variant_store().name(STORE).send();
    until("the deletion", async || {
        get().await.is_err_and(|error| error.into_service_error().is_resource_not_found_exception())
    })
    .await;
    client.wait_until_variant_store_deleted().name(STORE).wait(AT_ONCE).await.unwrap();
}
