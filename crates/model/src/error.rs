//! The one error of this crate: a value that is not legal, and why.

use regex::Regex;
use std::sync::LazyLock;

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

/// Checks the service model's pattern of free text: letters, marks, separators, symbols, numbers and punctuation; nothing that
/// controls, formats or is not assigned.
pub fn check_printable(field: &str, text: &str) -> Result<(), ValidationError> {
    static LEGAL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*$").ok());
    if !LEGAL.as_ref().is_some_and(|legal| legal.is_match(text)) {
        return Err(ValidationError::pattern(field, r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"));
    }
    Ok(())
}

/// Whether a text has a character that the dot of the service model's patterns does not match.
pub(crate) fn has_line_end(text: &str) -> bool {
    text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_has_only_what_can_be_seen() {
        for legal in ["", "GRCh38", "a b_c-d.é 日本 ½ €", "\u{2028}"] {
            assert!(check_printable("name", legal).is_ok(), "{legal:?}");
        }
        for refused in ["a\u{0}", "a\n", "\u{200d}", "\u{ad}", "\u{feff}", "\u{e000}", "\u{378}"] {
            assert!(check_printable("name", refused).is_err(), "{refused:?}");
        }
    }
}
