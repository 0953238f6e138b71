//! What the role of an import job may read. In: the role's ARN, who passes it, addresses. Out: the sources of the job, or a
//! refusal. Where roles are configured, the server's own credentials never read a source (confused deputy).

use crate::caller::Caller;
use crate::config::{Config, RoleConfig};
use crate::error::ApiError;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use tokio::runtime::Handle;
use varberg_lake::{Sources, SourcesConfig};
use varberg_model::{AccountId, ObjectUri, RoleArn};

/// The name that stands for all roles that are not named.
const ANY: &str = "*";

/// Roles and what they may read.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    by_arn: BTreeMap<String, Role>,
    /// Of jobs whose role says nothing: no roles are configured.
    own: Sources,
}

#[derive(Debug, Clone)]
struct Role {
    prefixes: Vec<String>,
    sources: Sources,
}

/// Why a job may not read a source. The texts are for the user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoleError {
    #[error(
        "role {role} cannot be used by account {account}: it is not configured on this server ([roles] of its \
         configuration) or belongs to another account"
    )]
    Unusable { role: String, account: String },
    #[error("role {role} may not read {uri}")]
    Outside { role: String, uri: String },
}

impl Roles {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let open = |sources: SourcesConfig| {
            Sources::new(sources, Handle::current()).context("cannot set up the places that sources come from")
        };
        let role = |(name, role): (&String, &RoleConfig)| {
            let s3 = role.s3().with_context(|| format!("roles.\"{name}\""))?;
            let sources = open(SourcesConfig { s3, ..config.sources() })?;
            Ok((name.clone(), Role { prefixes: role.sources.clone(), sources }))
        };
        Ok(Self { by_arn: config.roles.iter().map(role).collect::<Result<_>>()?, own: open(config.sources())? })
    }

    /// Checks a request to import. No file is opened.
    pub(crate) fn check<'a>(
        &self,
        caller: &Caller,
        role: &RoleArn,
        uris: impl IntoIterator<Item = &'a ObjectUri>,
    ) -> Result<(), ApiError> {
        for uri in uris {
            self.sources(!caller.verified, caller.account(), role, uri)?.check(uri)?;
        }
        Ok(())
    }

    /// What a job of the account with that role reads the address from. `is_open`: nobody has credentials, so that any role will
    /// do where none are configured.
    pub(crate) fn sources(
        &self,
        is_open: bool,
        account: &AccountId,
        role: &RoleArn,
        uri: &ObjectUri,
    ) -> Result<&Sources, RoleError> {
        if is_open && self.by_arn.is_empty() {
            return Ok(&self.own);
        }
        let of_account = role.as_str().split(':').nth(4) == Some(account.as_str());
        let known = self.by_arn.get(role.as_str()).or_else(|| self.by_arn.get(ANY)).filter(|_| of_account);
        let known = known.ok_or_else(|| unusable(role, account))?;
        let text = uri.to_string();
        if !known.prefixes.iter().any(|prefix| text.starts_with(prefix.as_str())) {
            return Err(RoleError::Outside { role: role.as_str().to_owned(), uri: text });
        }
        Ok(&known.sources)
    }
}

fn unusable(role: &RoleArn, account: &AccountId) -> RoleError {
    RoleError::Unusable { role: role.as_str().to_owned(), account: account.to_string() }
}

impl From<RoleError> for ApiError {
    fn from(error: RoleError) -> Self {
        Self::AccessDenied(error.to_string())
    }
}
