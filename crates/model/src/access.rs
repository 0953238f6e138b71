//! What a user may do: the built-in roles.

use crate::ValidationError;

/// What an operation does to the resources of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Shows; changes nothing.
    Read,
    /// Adds and describes: creates, imports, cancels, updates, tags.
    Write,
    /// Takes away, or lets others in: deletes, shares.
    Manage,
}

/// What a user is in his account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Reader,
    Writer,
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Reader, Self::Writer, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Admin => "admin",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let names = Self::ALL.map(Self::as_str);
        Self::ALL.into_iter().find(|r| r.as_str() == text).ok_or_else(|| ValidationError::one_of(field, &names))
    }

    pub fn may(self, access: Access) -> bool {
        match self {
            Self::Reader => access == Access::Read,
            Self::Writer => access != Access::Manage,
            Self::Admin => true,
        }
    }
}
