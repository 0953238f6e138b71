//! The client as a user makes it, and what it calls errors.

use aws_sdk_omics::Client;
use aws_sdk_omics::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_omics::config::{BehaviorVersion, Config, ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use aws_sdk_omics::error::{BoxError, ProvideErrorMetadata};
use aws_sdk_omics::operation::RequestId;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;

/// Leaves the address as it is given: without this the SDK calls `analytics-HOST`.
#[derive(Debug)]
struct NoHostPrefix;

impl Intercept for NoHostPrefix {
    fn name(&self) -> &'static str {
        "NoHostPrefix"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().unset::<EndpointPrefix>();
        Ok(())
    }
}

pub fn of(endpoint: &str, access_key: &str, secret: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(access_key, secret, None, None, "journey"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .interceptor(NoHostPrefix)
        .build();
    Client::from_conf(config)
}

pub async fn errors(client: &Client) {
    let missing =
        client.get_variant_store().name("no_such_store").send().await.expect_err("no such store").into_service_error();
    assert!(missing.is_resource_not_found_exception(), "{missing:?}");
    assert!(missing.message().is_some_and(|text| text.contains("no_such_store")), "{missing:?}");
    assert!(missing.meta().request_id().is_some(), "{missing:?}");

    let invalid =
        client.list_variant_stores().max_results(101).send().await.expect_err("too many").into_service_error();
    assert!(invalid.is_validation_exception(), "{invalid:?}");

    let taken = client.create_annotation_store().name("rust_genes").store_format("GFF".into()).send().await;
    assert!(taken.expect_err("a taken name").into_service_error().is_conflict_exception());

    let other = client.list_workflows().send().await.expect_err("workflows are not here").into_service_error();
    assert_eq!(other.code(), Some("NotSupportedOperationException"), "{other:?}");
}
