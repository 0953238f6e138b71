//! Columns of wide tables for INFO keys: numbers and flags with their own type, beside the text of INFO, which holds
//! everything. They serve filters and `"<store>$sites"`; a value that does not fit its column is in the text alone.

use super::{Column, ColumnType, TableSchema, column, list, new_name};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What the names of columns for INFO keys begin with.
pub const INFO_PREFIX: &str = "info_";
/// What the docs of columns for INFO keys begin with; the key follows.
const INFO_DOC: &str = "INFO ";
/// Most columns for INFO keys; the values of further keys stand in the text alone.
const MAX_INFO_COLUMNS: usize = 256;

/// The column that says of a record whether its columns for INFO keys hold less than its text: null if they hold all; false
/// if all that is not there is `.` or nothing; true if a value does not fit its column.
pub const INFO_UNFIT: &str = "_info_unfit";

/// What a column for an INFO key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InfoType {
    Integer,
    Float,
    /// Lists: of every Number but 1.
    Integers,
    Floats,
    Flag,
}

impl InfoType {
    fn column_type(self) -> ColumnType {
        match self {
            Self::Integer => ColumnType::Long,
            Self::Float => ColumnType::Double,
            Self::Integers => list(ColumnType::Long),
            Self::Floats => list(ColumnType::Double),
            Self::Flag => ColumnType::Boolean,
        }
    }

    /// In a message: what its values are.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Float => "a number",
            Self::Integers => "a list of integers",
            Self::Floats => "a list of numbers",
            Self::Flag => "a flag",
        }
    }

    fn of(kind: &ColumnType) -> Option<Self> {
        [Self::Integer, Self::Float, Self::Flag].into_iter().find(|own| own.column_type() == *kind).or(match kind {
            ColumnType::List(element) if element.kind == ColumnType::Long => Some(Self::Integers),
            ColumnType::List(element) if element.kind == ColumnType::Double => Some(Self::Floats),
            _ => None,
        })
    }
}

/// The INFO key that a column is for, and what it holds.
pub fn info_key(column: &Column) -> Option<(&str, InfoType)> {
    let key = column.doc.strip_prefix(INFO_DOC).filter(|_| column.name.starts_with(INFO_PREFIX))?;
    Some((key, InfoType::of(&column.kind)?))
}

impl TableSchema {
    /// The columns that INFO keys still need: names and docs, without field ids. A key whose column has another type has one.
    pub fn missing_info_columns<'a>(&self, keys: impl Iterator<Item = (&'a str, InfoType)>) -> Vec<Column> {
        let present: BTreeSet<&str> = self.columns.iter().filter_map(|c| Some(info_key(c)?.0)).collect();
        let mut names: BTreeSet<String> = self.columns.iter().map(|c| c.name.to_lowercase()).collect();
        let mut seen = BTreeSet::new();
        let room = MAX_INFO_COLUMNS.saturating_sub(present.len());
        let missing = keys.filter(|(key, _)| !present.contains(key) && seen.insert(*key)).take(room);
        let new = |(key, kind): (&str, InfoType)| {
            let name = new_name(&format!("{INFO_PREFIX}{}", key.to_lowercase()), &mut names);
            Column { doc: Cow::Owned(format!("{INFO_DOC}{key}")), ..column(&name, kind.column_type(), "") }
        };
        missing.map(new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_get_a_column_of_their_type_once() {
        let mut table = TableSchema::variants_wide();
        let keys =
            [("AF", InfoType::Floats), ("DP", InfoType::Integer), ("af", InfoType::Flag), ("DP", InfoType::Float)];
        let added = table.missing_info_columns(keys.into_iter());
        let shown: Vec<_> = added.iter().map(|c| (c.name.as_str(), info_key(c))).collect();
        let expected = [
            ("info_af", Some(("AF", InfoType::Floats))),
            ("info_dp", Some(("DP", InfoType::Integer))),
            ("info_af_2", Some(("af", InfoType::Flag))),
        ];
        assert_eq!(shown, expected);
        table.columns.extend(added);
        assert!(table.missing_info_columns([("DP", InfoType::Flag)].into_iter()).is_empty());
        assert!(table.column("info").is_some_and(|c| info_key(c).is_none()));
    }

    #[test]
    fn the_number_of_columns_is_bounded() {
        let keys: Vec<String> = (0..1000).map(|n| format!("K{n}")).collect();
        let table = TableSchema::variants_wide();
        let added = table.missing_info_columns(keys.iter().map(|key| (key.as_str(), InfoType::Flag)));
        assert_eq!(added.len(), MAX_INFO_COLUMNS);
    }
}
