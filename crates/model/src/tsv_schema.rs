//! The columns of a TSV annotation store as its owner declared them (spec 3.9, 12.3).

use crate::error::ValidationError;
use std::collections::HashSet;

/// Type of a declared column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// 64-bit signed integer.
    Long,
    /// 32-bit signed integer.
    Int,
    String,
    /// 32-bit float.
    Float,
    /// 64-bit float.
    Double,
    /// `true` or `false`, in any case.
    Boolean,
}

impl ValueType {
    pub const ALL: [Self; 6] = [Self::Long, Self::Int, Self::String, Self::Float, Self::Double, Self::Boolean];

    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Long => "LONG",
            Self::Int => "INT",
            Self::String => "STRING",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Boolean => "BOOLEAN",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let values = Self::ALL.map(Self::as_str);
        Self::ALL.into_iter().find(|v| v.as_str() == text).ok_or_else(|| ValidationError::one_of(field, &values))
    }

    pub fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::Long)
    }
}

/// Most columns of a schema.
pub const MAX_TSV_COLUMNS: usize = 5000;

/// Names that tables have for columns of their own.
const RESERVED: [&str; 8] =
    ["importjobid", "_item", "_record", "_format", "_raw", "_headerset", "_undeclared", "_attributes"];

/// Declared columns in the order of the file's fields: 1 to 5000, with different names `[a-z0-9_]{1,255}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TsvSchema(Vec<(String, ValueType)>);

impl TsvSchema {
    /// `field` is the member that holds the list, as the API spells it.
    pub fn new(field: &str, columns: Vec<(String, ValueType)>) -> Result<Self, ValidationError> {
        if columns.is_empty() || columns.len() > MAX_TSV_COLUMNS {
            return Err(ValidationError::length(field, 1, MAX_TSV_COLUMNS));
        }
        let mut names = HashSet::new();
        for (i, (name, _)) in columns.iter().enumerate() {
            let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            let member = || format!("{field}.{}", i + 1);
            if name.is_empty() || name.len() > 255 || !name.bytes().all(legal) {
                return Err(ValidationError::pattern(&member(), "[a-z0-9_]{1,255}"));
            }
            if RESERVED.contains(&name.as_str()) {
                let reason = format!("Member must not be named {name}: tables have a column of their own of that name");
                return Err(ValidationError::new(member(), reason));
            }
            if !names.insert(name.as_str()) {
                return Err(ValidationError::new(
                    member(),
                    format!("Member must not name column {name} a second time"),
                ));
            }
        }
        Ok(Self(columns))
    }

    pub fn columns(&self) -> &[(String, ValueType)] {
        &self.0
    }

    /// The place of a column, from 0.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(n, _)| n == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], expected: Result<(), &str>) {
        let columns = names.iter().map(|n| ((*n).to_owned(), ValueType::String)).collect();
        let made = TsvSchema::new("schema", columns).map(|_| ()).map_err(|e| format!("{}: {}", e.field, e.reason));
        assert_eq!(made, expected.map_err(str::to_owned));
    }

    #[test]
    fn names_are_legal_and_differ() {
        let pattern = "Member must satisfy regular expression pattern: [a-z0-9_]{1,255}";
        let length = "schema: Member must have length between 1 and 5000, inclusive";
        check(&["chr", "0_x"], Ok(()));
        check(&[], Err(length));
        check(&["a", "B"], Err(&format!("schema.2: {pattern}")));
        check(&[""], Err(&format!("schema.1: {pattern}")));
        check(&[&"x".repeat(255)], Ok(()));
        check(&[&"x".repeat(256)], Err(&format!("schema.1: {pattern}")));
        check(&["a", "b", "a"], Err("schema.3: Member must not name column a a second time"));
        check(
            &["_record"],
            Err("schema.1: Member must not be named _record: tables have a column of their own of that name"),
        );
        let many: Vec<String> = (0..5001).map(|i| format!("c{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        check(&many[..5000], Ok(()));
        check(&many, Err(length));
    }

    #[test]
    fn types_are_spelled_as_in_the_api() {
        for kind in ValueType::ALL {
            assert_eq!(ValueType::parse("schema.1", kind.as_str()), Ok(kind));
        }
        assert!(ValueType::parse("schema.1", "long").is_err());
    }
}
