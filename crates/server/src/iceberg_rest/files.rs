//! Keys for the files of a table, for clients that ask for them: the S3 door as the place of the files, and a key for that table
//! and an hour.

use crate::app::App;
use crate::auth::secret::Secret;
use crate::auth::{origin, temporary};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::wire;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

/// By which clients say what they want (Iceberg REST catalog specification, `loadTable`).
const DELEGATION: &str = "x-iceberg-access-delegation";
const VENDED: &str = "vended-credentials";
/// What clients sign with while nobody has credentials.
const ANY: &str = "any";
/// Seconds after which a client that has the metadata gets another key with it.
const RENEWAL_S: i64 = 900;

/// What keys are made of.
pub(super) struct Files {
    endpoint: String,
    region: String,
    /// The key of the caller with its secret; none while nobody has credentials.
    key: Option<(String, Secret)>,
    now: DateTime<Utc>,
}

impl Files {
    /// None if the client does not want keys, or the files lie in S3, for which there are none here.
    pub(super) async fn wanted(
        app: &App,
        caller: &Caller,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, ApiError> {
        let asked = headers.get_all(DELEGATION).iter().filter_map(|value| value.to_str().ok());
        let is_asked = asked.flat_map(|value| value.split(',')).any(|way| way.trim() == VENDED);
        if !is_asked || !app.lake.is_directory() {
            return Ok(None);
        }
        let roster = app.users.roster().await.map_err(|error| ApiError::Internal(format!("{error:#}")))?;
        let own = |id: &String| Some((id.clone(), roster.secret(id)?));
        let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        let scheme = match (app.config.tls_cert.is_some(), forwarded) {
            (true, _) | (_, Some("https")) => "https",
            _ => "http",
        };
        Ok(Some(Self {
            endpoint: format!("{scheme}://{}", origin::host(uri, headers)),
            region: app.scope.region.clone(),
            key: caller.access_key.as_ref().and_then(own),
            now: wire::now(),
        }))
    }

    /// Of answers with keys: another one when the keys get old.
    pub(super) fn tag(&self) -> String {
        let whose = self.key.as_ref().map_or(ANY, |(id, _)| id);
        format!(" {} {whose} {}", self.endpoint, self.now.timestamp() / RENEWAL_S)
    }

    /// The settings by which clients read files below `directory`.
    pub(super) fn config(&self, directory: &str) -> Value {
        let end = self.now + temporary::LIFE;
        let (id, secret) = match &self.key {
            Some((own, secret)) => {
                let id = temporary::id(own, directory, end);
                let secret = temporary::secret(&id, secret);
                (id, secret)
            }
            None => (ANY.to_owned(), Secret::new(ANY.to_owned())),
        };
        json!({
            "s3.endpoint": self.endpoint,
            "s3.access-key-id": id,
            "s3.secret-access-key": secret.expose(),
            "s3.path-style-access": "true",
            "s3.session-token-expires-at-ms": end.timestamp_millis().to_string(),
            "s3.region": self.region,
            "client.region": self.region,
        })
    }
}
