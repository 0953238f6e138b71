//! Columns of the wide layout: one row for each record, the values of all samples for a FORMAT key in one vector.
//!
//! The fixed columns have fixed field ids: those they share with the long layout have the same, the others follow from
//! [`FIRST_WIDE_ID`] on. Columns for FORMAT keys come with the files that declare them, and get the table's next ids.

use super::{Column, ColumnType, INFO_UNFIT, PlaceColumns, TableSchema, column, list};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Far beyond the ids of the long layout.
const FIRST_WIDE_ID: i32 = 1001;
/// What the names of columns for FORMAT keys begin with.
const FORMAT_PREFIX: &str = "format_";
/// What the docs of columns for FORMAT keys begin with; the key follows.
const FORMAT_DOC: &str = "FORMAT ";
/// Most columns for FORMAT keys; the values of further keys stand in `_undeclared`.
const MAX_FORMAT_COLUMNS: usize = 256;

/// Columns of a record that both layouts have: the same in all rows of a record in the long one.
pub const RECORD_COLUMNS: [&str; 13] = [
    "importjobid",
    "contigname",
    "start",
    "end",
    "names",
    "referenceallele",
    "alternatealleles",
    "qual",
    "filters",
    "annotations",
    "_item",
    "_record",
    "_format",
];

impl TableSchema {
    /// The fixed columns of the wide layout.
    pub fn variants_wide() -> Self {
        use ColumnType::{Binary, Boolean, Int, Long, String};
        let long = Self::variants_long();
        let shared = RECORD_COLUMNS.iter().chain(&["_raw"]).filter_map(|name| long.column(name).cloned());
        let attributes = long.column("attributes").cloned().map(|column| Column {
            name: "_attributes".to_owned(),
            doc: Cow::Borrowed("INFO as a map, where it does not follow from the text alone"),
            ..column
        });
        let mut own = vec![
            column("info", String, "INFO as written; null for '.'"),
            column("alleles_called", Int, "number of alleles that GT calls, over all samples"),
            column("allele_counts", list(Int), "how often GT calls each allele, REF first"),
            column("heterozygous_calls", Int, "samples whose GT calls two different alleles"),
            column("missing_calls", Int, "samples whose GT calls no allele"),
            column("_headerset", Long, "which samples and FORMAT keys: see the table of samples"),
            column("_undeclared", Binary, "values of FORMAT keys that have no column"),
            column(
                INFO_UNFIT,
                Boolean,
                "whether the info_ columns lack values of INFO: null if none, false if only '.'",
            ),
        ];
        let mut last = FIRST_WIDE_ID - 1;
        super::assign_ids(&mut own, &mut last);
        let columns =
            shared.chain(attributes).chain(own).map(|c| Column { hidden: c.name.starts_with('_'), ..c }).collect();
        Self { columns, place: Some(PlaceColumns::new("contigname", "start", "end")) }
    }

    /// The greatest field id of the fixed columns, nested ones too.
    pub fn last_wide_id() -> i32 {
        FIRST_WIDE_ID + 99
    }

    /// Columns of the table that goes with a wide one and says what its vectors are over: one row for each sample of a
    /// headerset, one for a headerset without samples.
    pub fn samples() -> Self {
        use ColumnType::{Int, Long, String};
        let mut columns = vec![
            column("headerset", Long, "an ordered list of samples with FORMAT declarations"),
            column("position", Int, "place of the sample in the list, from 0; null in a list without samples"),
            column("sampleid", String, "name of the sample column"),
            column("formats", String, "FORMAT declarations: ID, Number and Type of each"),
        ];
        super::assign_ids(&mut columns, &mut 0);
        Self { columns, place: None }
    }

    /// Whether this is the schema of a table in the wide layout.
    pub fn is_wide(&self) -> bool {
        self.column("_headerset").is_some_and(|column| column.id >= FIRST_WIDE_ID)
    }

    /// The columns that FORMAT keys still need: names and docs, without field ids.
    pub fn missing_format_columns<'a>(&self, keys: impl Iterator<Item = &'a str>) -> Vec<Column> {
        let present = FormatColumns::of(self);
        let mut names: BTreeSet<String> = self.columns.iter().map(|c| c.name.to_lowercase()).collect();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let room = MAX_FORMAT_COLUMNS.saturating_sub(present.0.len());
        let missing = keys.filter(|key| present.name(key).is_none() && seen.insert(key)).take(room);
        missing.map(|key| format_column(key, &mut names)).collect()
    }
}

/// The column for a FORMAT key; `names` are taken already.
fn format_column(key: &str, names: &mut BTreeSet<String>) -> Column {
    let name = super::new_name(&format!("{FORMAT_PREFIX}{}", key.to_lowercase()), names);
    let doc = Cow::Owned(format!("{FORMAT_DOC}{key}"));
    Column { doc, ..column(&name, ColumnType::Binary, "") }
}

/// The FORMAT key whose vectors a column holds.
pub fn format_key(column: &Column) -> Option<&str> {
    column.doc.strip_prefix(FORMAT_DOC).filter(|_| column.name.starts_with(FORMAT_PREFIX))
}

/// Which column holds the vectors of a FORMAT key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormatColumns(BTreeMap<String, String>);

impl FormatColumns {
    /// Those of a table.
    pub fn of(schema: &TableSchema) -> Self {
        let keys = schema.columns.iter().filter_map(|c| Some((format_key(c)?.to_owned(), c.name.clone())));
        Self(keys.collect())
    }

    /// The name of the column for a key.
    pub fn name(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested_ids(column: &Column) -> Vec<i32> {
        let below: Vec<&Column> = match &column.kind {
            ColumnType::List(element) => vec![element],
            ColumnType::Map(key, value) => vec![key, value],
            ColumnType::Struct(fields) => fields.iter().collect(),
            _ => Vec::new(),
        };
        below.into_iter().flat_map(nested_ids).chain([column.id]).collect()
    }

    #[test]
    fn fixed_columns_keep_the_ids_of_the_long_layout() {
        let (long, wide) = (TableSchema::variants_long(), TableSchema::variants_wide());
        for name in RECORD_COLUMNS {
            assert_eq!(long.column(name), wide.column(name), "{name}");
        }
        let ids: BTreeSet<i32> = wide.columns.iter().map(|c| c.id).collect();
        assert_eq!(ids.len(), wide.columns.len());
        let highest = wide.columns.iter().flat_map(nested_ids).max();
        assert!(highest.is_some_and(|id| id <= TableSchema::last_wide_id()));
        assert!(wide.is_wide() && !long.is_wide());
    }

    #[test]
    fn keys_get_columns_once_and_those_that_differ_in_case_get_different_ones() {
        let mut table = TableSchema::variants_wide();
        let added = table.missing_format_columns(["GT", "AF", "af", "GT"].into_iter());
        let names: Vec<&str> = added.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["format_gt", "format_af", "format_af_2"]);
        table.columns.extend(added);
        let columns = FormatColumns::of(&table);
        assert_eq!((columns.name("af"), columns.name("AF")), (Some("format_af_2"), Some("format_af")));
        let later: Vec<String> =
            table.missing_format_columns(["aF", "GT"].into_iter()).into_iter().map(|c| c.name).collect();
        assert_eq!(later, ["format_af_3"]);
    }

    #[test]
    fn the_number_of_columns_is_bounded() {
        let keys: Vec<String> = (0..1000).map(|n| format!("K{n}")).collect();
        let table = TableSchema::variants_wide();
        assert_eq!(table.missing_format_columns(keys.iter().map(String::as_str)).len(), MAX_FORMAT_COLUMNS);
    }
}
