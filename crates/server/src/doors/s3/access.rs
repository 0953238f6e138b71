//! Who may ask the S3 door for what.

use super::{RESULTS, WAREHOUSE};
use crate::app::App;
use crate::auth::temporary::{self, Claim};
use crate::caller::Caller;
use crate::wire;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Result, s3_error};

/// Operations that read.
const READING: [&str; 7] =
    ["GetObject", "HeadObject", "ListObjects", "ListObjectsV2", "HeadBucket", "GetBucketLocation", "ListBuckets"];
/// Operations that delete answers.
const DELETING: [&str; 2] = ["DeleteObject", "DeleteObjects"];

/// What a caller may reach.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    /// The directory of his answers, with a slash at its end.
    results: Option<String>,
    /// Directories of the tables that he sees, each with a slash at its end.
    tables: Vec<String>,
}

impl Reach {
    async fn of(app: &App, caller: &Caller) -> S3Result<Self> {
        let tables = app.catalog.tables_of(caller.account()).await.map_err(|_| s3_error!(InternalError))?;
        let tables = tables.into_iter().map(|table| format!("{}/", table.directory)).collect();
        Ok(Self { results: Some(format!("{}/", caller.account())), tables })
    }

    /// To what a temporary key is for.
    fn narrow(&mut self, claim: &Claim<'_>) {
        self.results = None;
        self.tables.retain(|directory| claim.is_for(directory));
    }

    /// Whether he may see that object.
    pub(super) fn holds(&self, bucket: &str, key: &str) -> bool {
        match bucket {
            RESULTS => self.results.as_ref().is_some_and(|own| key.starts_with(own.as_str())),
            WAREHOUSE => self.tables.iter().any(|directory| key.starts_with(directory.as_str())),
            _ => false,
        }
    }
}

/// Secrets by access key.
pub(super) struct Keys(pub(super) App);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let roster = self.0.users.roster().await.map_err(|_| s3_error!(InternalError))?;
        let unknown = || s3_error!(InvalidAccessKeyId);
        let secret = match Claim::parse(access_key) {
            Some(claim) if claim.has_ended(wire::now()) => {
                return Err(s3_error!(ExpiredToken, "the key has ended; load the table again for another"));
            }
            Some(claim) => temporary::secret(access_key, &roster.secret(claim.access_key).ok_or_else(unknown)?),
            None => roster.secret(access_key).ok_or_else(unknown)?,
        };
        Ok(SecretKey::from(secret.expose()))
    }
}

/// The rules.
pub(super) struct Rules(pub(super) App);

#[async_trait::async_trait]
impl S3Access for Rules {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let operation = context.s3_op().name().to_owned();
        let deletes = DELETING.contains(&operation.as_str());
        if !deletes && !READING.contains(&operation.as_str()) {
            return Err(s3_error!(
                AccessDenied,
                "this server takes no files by S3, and changes none: {operation} is not offered"
            ));
        }
        let caller = self.caller(context).await?;
        let (bucket, key) = match context.s3_path() {
            S3Path::Root => (RESULTS.to_owned(), None),
            S3Path::Bucket { bucket } => (bucket.to_string(), None),
            S3Path::Object { bucket, key } => (bucket.to_string(), Some(key.to_string())),
        };
        if !matches!(bucket.as_str(), RESULTS | WAREHOUSE) {
            return Err(s3_error!(NoSuchBucket, "the buckets of this server are {RESULTS} and {WAREHOUSE}"));
        }
        if deletes && bucket != RESULTS {
            return Err(s3_error!(AccessDenied, "only answers to statements, in {RESULTS}, can be deleted"));
        }
        let mut reach = Reach::of(&self.0, &caller).await?;
        if let Some(claim) = context.credentials().and_then(|own| Claim::parse(&own.access_key)) {
            reach.narrow(&claim);
        }
        if key.is_some_and(|key| !reach.holds(&bucket, &key)) {
            return Err(s3_error!(AccessDenied, "this account has nothing there"));
        }
        context.extensions_mut().insert(reach);
        Ok(())
    }
}

impl Rules {
    /// Who signed, or, while nobody has credentials, anybody of this machine.
    async fn caller(&self, context: &mut S3AccessContext<'_>) -> S3Result<Caller> {
        if let Some(caller) = context.extensions_mut().get::<Caller>() {
            return Ok(caller.clone());
        }
        let key = context.credentials().map(|credentials| credentials.access_key.clone());
        let roster = self.0.users.roster().await.map_err(|_| s3_error!(InternalError))?;
        let of = |key: &str| roster.caller(Claim::parse(key).map_or(key, |claim| claim.access_key));
        key.and_then(|key| of(&key)).ok_or_else(|| s3_error!(AccessDenied, "sign the request"))
    }
}
