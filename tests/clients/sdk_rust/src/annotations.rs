//! Annotation stores, their versions and import jobs.

use aws_sdk_omics::client::Waiters;
use aws_sdk_omics::types::{
    AnnotationImportItemSource, AnnotationType, FormatOptions, FormatToHeaderKey, JobStatus,
    ListAnnotationImportJobsFilter, ReadOptions, ReferenceItem, SchemaValueType, StoreFormat, StoreOptions,
    StoreStatus, TsvOptions, TsvStoreOptions, VersionStatus,
};

use crate::references::Reference;
use crate::{AT_ONCE, ROLE, Servers, until};

const GENES: &str = "rust_genes";
const TABLE: &str = "rust_table";

pub async fn versions(servers: &Servers, reference: &Reference) {
    let client = &servers.main;
    let item = ReferenceItem::ReferenceArn(reference.arn.clone());
    let create = client
        .create_annotation_store()
        .name(GENES)
        .store_format(StoreFormat::Gff)
        .reference(item)
        .version_name("first");
    let made = create.send().await.unwrap();
    assert_eq!((made.version_name(), made.store_format()), ("first", Some(&StoreFormat::Gff)));
    client.wait_until_annotation_store_created().name(GENES).wait(AT_ONCE).await.unwrap();
    client.update_annotation_store().name(GENES).description("genes").send().await.unwrap();

    let second = client
        .create_annotation_store_version()
        .name(GENES)
        .version_name("second")
        .tags("stage", "lab")
        .send()
        .await
        .unwrap();
    assert_eq!((second.store_id(), second.status()), (made.id(), &VersionStatus::Creating));
    client
        .wait_until_annotation_store_version_created()
        .name(GENES)
        .version_name("second")
        .wait(AT_ONCE)
        .await
        .unwrap();
    client
        .update_annotation_store_version()
        .name(GENES)
        .version_name("second")
        .description("newer")
        .send()
        .await
        .unwrap();
    let version = client.get_annotation_store_version().name(GENES).version_name("second").send().await.unwrap();
    assert_eq!(
        (version.description(), version.status(), version.version_size_bytes()),
        ("newer", &VersionStatus::Active, 0)
    );
    assert_eq!(version.tags()["stage"], "lab");
    let listed = client.list_annotation_store_versions().name(GENES).into_paginator().page_size(1).items().send();
    let listed = listed.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(listed.iter().map(|version| version.version_name()).collect::<Vec<_>>(), ["second", "first"]);
    let store = client.get_annotation_store().name(GENES).send().await.unwrap();
    assert_eq!((store.num_versions(), store.description(), store.status()), (2, "genes", &StoreStatus::Active));

    let delete = client.delete_annotation_store_versions().name(GENES).versions("second").versions("third");
    let errors = delete.send().await.unwrap();
    assert_eq!(errors.errors().iter().map(|error| error.version_name()).collect::<Vec<_>>(), ["third"]);
    let get = || client.get_annotation_store_version().name(GENES).version_name("second").send();
    until("the deletion", async || {
        get().await.is_err_and(|error| error.into_service_error().is_resource_not_found_exception())
    })
    .await;
    client
        .wait_until_annotation_store_version_deleted()
        .name(GENES)
        .version_name("second")
        .wait(AT_ONCE)
        .await
        .unwrap();
}

/// A table of delimited text, made without a reference.
async fn table(servers: &Servers) {
    let column = |name: &str, kind: SchemaValueType| [(name.to_owned(), kind)].into();
    let mut options = TsvStoreOptions::builder().annotation_type(AnnotationType::ChrPos);
    options = options.format_to_header(FormatToHeaderKey::Chr, "chr").format_to_header(FormatToHeaderKey::Pos, "pos");
    options = options.schema(column("chr", SchemaValueType::String)).schema(column("pos", SchemaValueType::Long));
    let wanted = StoreOptions::TsvStoreOptions(options.build());
    let create =
        servers.main.create_annotation_store().name(TABLE).store_format(StoreFormat::Tsv).store_options(wanted.clone());
    assert_eq!(create.send().await.unwrap().store_options(), Some(&wanted));
    let shown = servers.main.get_annotation_store().name(TABLE).send().await.unwrap();
    assert_eq!(shown.store_options(), Some(&wanted));
    let listed = servers
        .main
        .list_annotation_stores()
        .ids(TABLE)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    assert_eq!(listed.unwrap().iter().map(|store| store.name()).collect::<Vec<_>>(), [TABLE]);
}

pub async fn jobs(servers: &Servers) {
    let client = &servers.main;
    let genes = run(servers, GENES, "sdk.gff3", None).await;
    client.wait_until_annotation_import_job_created().job_id(&genes).wait(AT_ONCE).await.unwrap();
    let job = client.get_annotation_import_job().job_id(&genes).send().await.unwrap();
    assert_eq!((job.status(), job.version_name()), (&JobStatus::Completed, "first"));
    assert!(job.format_options().is_some_and(FormatOptions::is_vcf_options), "{job:?}");

    table(servers).await;
    let read = ReadOptions::builder().header(false).sep("\t").build();
    let options = FormatOptions::TsvOptions(TsvOptions::builder().read_options(read).build());
    let failing = run(servers, TABLE, "sdk.gff3", Some(options.clone())).await;
    client
        .wait_until_annotation_import_job_created()
        .job_id(&failing)
        .wait(AT_ONCE)
        .await
        .expect_err("genes are no such table");
    let job = client.get_annotation_import_job().job_id(&failing).send().await.unwrap();
    assert_eq!((job.status(), job.format_options()), (&JobStatus::Failed, Some(&options)));
    assert!(!job.status_message().is_empty(), "{job:?}");
    let filter = ListAnnotationImportJobsFilter::builder().store_name(GENES).build();
    let jobs = client
        .list_annotation_import_jobs()
        .filter(filter)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    assert_eq!(jobs.unwrap().iter().map(|job| job.id()).collect::<Vec<_>>(), [&genes]);
}

/// Imports a file and gives the job once it has ended.
async fn run(servers: &Servers, store: &str, file: &str, options: Option<FormatOptions>) -> String {
    let client = &servers.main;
    let item = AnnotationImportItemSource::builder().source(servers.source(file)).build().unwrap();
    let start = client.start_annotation_import_job().destination_name(store).role_arn(ROLE).items(item);
    let job = start.set_format_options(options).send().await.unwrap().job_id;
    let status = async || client.get_annotation_import_job().job_id(&job).send().await.unwrap().status;
    until("the import", async || !matches!(status().await, JobStatus::Submitted | JobStatus::InProgress)).await;
    job
}

pub async fn cancel(servers: &Servers) {
    let item = AnnotationImportItemSource::builder().source(servers.source("sdk.vcf")).build().unwrap();
    let started = servers
        .held
        .start_annotation_import_job()
        .destination_name("held_annotations")
        .role_arn(ROLE)
        .items(item)
        .send()
        .await
        .unwrap();
    servers.held.cancel_annotation_import_job().job_id(started.job_id()).send().await.unwrap();
    let cancelled = servers.held.get_annotation_import_job().job_id(started.job_id()).send().await.unwrap();
    assert_eq!(cancelled.status(), &JobStatus::Cancelled);
}

pub async fn delete(servers: &Servers) {
    for store in [GENES, TABLE] {
        let gone = servers.main.delete_annotation_store().name(store).send().await.unwrap();
        assert_eq!(gone.status(), &StoreStatus::Deleting);
        let get = || servers.main.get_annotation_store().name(store).send();
        until("the deletion", async || {
            get().await.is_err_and(|error| error.into_service_error().is_resource_not_found_exception())
        })
        .await;
        servers.main.wait_until_annotation_store_deleted().name(store).wait(AT_ONCE).await.unwrap();
    }
}
