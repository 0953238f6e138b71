//! Who calls, and what he may do.

use crate::api::Operation;
use crate::error::ApiError;
use std::sync::Arc;
use varberg_model::{AccountId, Role, Scope};

/// The caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// His account, and the region of the server: where his resources live.
    pub(crate) scope: Arc<Scope>,
    /// Who he is; the same for all his requests, and nobody else's.
    pub(crate) principal: String,
    pub(crate) role: Role,
    /// The key by which he said who he is; none where nobody has credentials.
    pub(crate) access_key: Option<String>,
    /// Whether credentials said who he is.
    pub(crate) verified: bool,
}

impl Caller {
    /// The account whose resources he sees.
    pub(crate) fn account(&self) -> &AccountId {
        &self.scope.account
    }

    /// Decides whether he may call an operation. The one place where that is decided.
    pub(crate) fn check(&self, operation: &Operation) -> Result<(), ApiError> {
        if self.role.may(operation.access) {
            return Ok(());
        }
        let (name, role) = (operation.name, self.role.as_str());
        Err(ApiError::AccessDenied(format!("{} is a {role} and may not call {name}", self.principal)))
    }
}
