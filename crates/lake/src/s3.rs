//! One S3 bucket as an object store, with the credentials that its options name.

use crate::{S3Credentials, S3Options};
use async_trait::async_trait;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_credential_types::provider::ProvideCredentials;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use object_store::{ClientOptions, CredentialProvider, ObjectStore, RetryConfig};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// How long a request may be repeated before it fails.
const RETRY: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(5);
/// Credentials are renewed this long before they end.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Opens a bucket. Nothing is asked of S3. The error text says what is missing.
pub(crate) async fn open(options: &S3Options, bucket: &str) -> Result<Arc<dyn ObjectStore>, String> {
    let environment = match options.credentials {
        S3Credentials::Environment => AmazonS3Builder::from_env(),
        S3Credentials::Profile | S3Credentials::Keys { .. } | S3Credentials::None => AmazonS3Builder::new(),
    };
    let mut builder = environment.with_bucket_name(bucket).with_retry(RetryConfig {
        max_retries: 5,
        retry_timeout: RETRY,
        ..RetryConfig::default()
    });
    let mut client = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(RETRY);
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    let endpoint = options.endpoint.clone().or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
    match &endpoint {
        Some(endpoint) => {
            client = client.with_allow_http(endpoint.starts_with("http://"));
            builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
        }
        None => builder = builder.with_virtual_hosted_style_request(!options.path_style && !bucket.contains('.')),
    }
    builder = match &options.credentials {
        S3Credentials::Environment => from_environment(builder, options).await?,
        S3Credentials::Profile => match profile(options.profile.as_deref()).await? {
            Some(provider) => builder.with_credentials(Arc::new(provider)),
            None => return Err("the default AWS profile gives no credentials".to_owned()),
        },
        S3Credentials::Keys { access_key_id, secret_access_key } => {
            builder.with_access_key_id(access_key_id).with_secret_access_key(secret_access_key)
        }
        S3Credentials::None => builder.with_skip_signature(true),
    };
    let store = builder.with_client_options(client).build().map_err(|e| e.to_string())?;
    Ok(Arc::new(store))
}

/// Variables, then the profile, then what the machine has.
async fn from_environment(builder: AmazonS3Builder, options: &S3Options) -> Result<AmazonS3Builder, String> {
    let in_environment = builder.get_config_value(&AmazonS3ConfigKey::AccessKeyId).is_some();
    if (!in_environment || options.profile.is_some())
        && let Some(provider) = profile(options.profile.as_deref()).await?
    {
        return Ok(builder.with_credentials(Arc::new(provider)));
    }
    Ok(builder)
}

/// Credentials of a profile. A named profile must work; the default one may be absent.
async fn profile(name: Option<&str>) -> Result<Option<ProfileCredentials>, String> {
    let mut builder = ProfileFileCredentialsProvider::builder();
    if let Some(name) = name {
        builder = builder.profile_name(name);
    }
    let provider = ProfileCredentials { provider: builder.build(), current: Mutex::new(None) };
    match provider.get_credential().await {
        Ok(_) => Ok(Some(provider)),
        Err(error) => name.map_or(Ok(None), |name| Err(format!("AWS profile '{name}' gives no credentials: {error}"))),
    }
}

#[derive(Debug)]
struct ProfileCredentials {
    provider: ProfileFileCredentialsProvider,
    current: Mutex<Option<(Arc<AwsCredential>, Option<SystemTime>)>>,
}

#[async_trait]
impl CredentialProvider for ProfileCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut current = self.current.lock().await; // one renewal at a time
        if let Some((credential, end)) = &*current
            && end.is_none_or(|end| SystemTime::now() + RENEW_BEFORE < end)
        {
            return Ok(Arc::clone(credential));
        }
        let fresh = self
            .provider
            .provide_credentials()
            .await
            .map_err(|source| object_store::Error::Generic { store: "S3", source: Box::new(source) })?;
        let credential = Arc::new(AwsCredential {
            key_id: fresh.access_key_id().to_owned(),
            secret_key: fresh.secret_access_key().to_owned(),
            token: fresh.session_token().map(str::to_owned),
        });
        *current = Some((Arc::clone(&credential), fresh.expiry()));
        Ok(credential)
    }
}
