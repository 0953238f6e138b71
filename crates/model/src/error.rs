//! The one error of this crate: a value that is not legal, and why.

/// A value from outside that breaks a rule.
///
/// `field` is the member as the API spells it (`destinationName`, `items.3.source`); `reason` completes the
/// sentence "Value at '<field>' failed to satisfy constraint: ...".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("1 validation error detected: Value at '{field}' failed to satisfy constraint: {reason}")]
pub struct ValidationError {
    pub field: String,
    pub reason: String,
}

impl ValidationError {
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// The member is absent.
    pub fn required(field: &str) -> Self {
        Self::new(field, "Member must not be null")
    }

    /// The text does not match the pattern of the model.
    pub fn pattern(field: &str, pattern: &str) -> Self {
        Self::new(field, format!("Member must satisfy regular expression pattern: {pattern}"))
    }

    /// The text is shorter or longer than the model allows (lengths in Unicode scalar values).
    pub fn length(field: &str, min: usize, max: usize) -> Self {
        Self::new(field, format!("Member must have length between {min} and {max}, inclusive"))
    }

    /// The text is none of the enumeration's values.
    pub fn one_of(field: &str, values: &[&str]) -> Self {
        Self::new(field, format!("Member must satisfy enum value set: [{}]", values.join(", ")))
    }
}

/// Checks a length in Unicode scalar values.
pub(crate) fn check_length(field: &str, text: &str, min: usize, max: usize) -> Result<(), ValidationError> {
    let length = text.chars().count();
    if length < min || length > max {
        return Err(ValidationError::length(field, min, max));
    }
    Ok(())
}

/// Checks the model's "any letter, mark, separator, symbol, number, punctuation" pattern: no control characters.
pub(crate) fn check_printable(field: &str, text: &str) -> Result<(), ValidationError> {
    if text.chars().any(char::is_control) {
        return Err(ValidationError::pattern(field, r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"));
    }
    Ok(())
}
