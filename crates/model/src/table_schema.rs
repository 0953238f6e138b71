//! Columns of every table shape: the single source for Arrow, Iceberg and `docs/schema.md`.
//!
//! Field ids follow Iceberg's rule for fresh tables: the fields of a struct first, in order, then the types nested
//! in each of them, depth first. All columns are nullable, as in HealthOmics (spec 6.2).

mod info;
mod wide;

pub use info::{INFO_PREFIX, INFO_UNFIT, InfoType, info_key};
pub use wide::{FormatColumns, RECORD_COLUMNS, format_key};

use crate::tsv_schema::ValueType;
use crate::tsv_store_options::{END, FormatKey, TsvStoreOptions};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Type of a column or of what is nested in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    Boolean,
    /// 32-bit signed integer.
    Int,
    /// 64-bit signed integer.
    Long,
    /// 32-bit float.
    Float,
    Double,
    String,
    /// Bytes.
    Binary,
    /// A list; its element carries a field id of its own and is called `element`.
    List(Box<Column>),
    /// A map; key (`key`, required) and value (`value`, nullable) carry field ids.
    Map(Box<Column>, Box<Column>),
    Struct(Vec<Column>),
}

/// A column, or a field nested in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub id: i32,
    pub name: String,
    pub kind: ColumnType,
    pub nullable: bool,
    /// One line for the schema documentation; empty for nested fields. Of a column for a FORMAT key: see [`format_key`].
    pub doc: Cow<'static, str>,
    /// Hidden columns exist in data files and in foreign readers, not behind the SQL doors.
    pub hidden: bool,
}

/// The columns of a table, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    pub columns: Vec<Column>,
    /// What rows are sorted by as far as they can be; none where rows have no place on a genome.
    pub place: Option<PlaceColumns>,
}

/// Names of the columns that say where a row lies on a genome: a text and two integers, 0-based and half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceColumns {
    pub contig: String,
    pub start: String,
    pub end: String,
}

impl PlaceColumns {
    fn new(contig: &str, start: &str, end: &str) -> Self {
        Self { contig: contig.to_owned(), start: start.to_owned(), end: end.to_owned() }
    }

    /// Of a TSV store whose type has a place.
    fn of(options: &TsvStoreOptions) -> Option<Self> {
        let name = |key| options.format_to_header().get(&key).filter(|_| options.position(key).is_some());
        let start = name(FormatKey::Pos).or_else(|| name(FormatKey::Start))?;
        let end = name(FormatKey::End).map_or(END, String::as_str);
        Some(Self::new(name(FormatKey::Chr)?, start, end))
    }
}

impl TableSchema {
    /// Columns of the long layout: the 23 of the contract (spec 6.2), then the hidden ones (design 4).
    pub fn variants_long() -> Self {
        use ColumnType::{Boolean, Double, Int, Long, String};
        let mut columns = vec![
            column("importjobid", String, "UUID of the import job that wrote the row"),
            column("contigname", String, "CHROM as written"),
            column("start", Long, "first base, 0-based (POS - 1)"),
            column(
                "end",
                Long,
                "0-based, exclusive: INFO END, else the end of REF or (VCF 4.4 on) of the farthest allele",
            ),
            column("names", list(String), "ID split at ';'; null for '.'"),
            column("referenceallele", String, "REF in upper case"),
            column("alternatealleles", list(String), "ALT in order, bases in upper case; null for '.'"),
            column("qual", Double, "QUAL; null for '.'"),
            column("filters", list(String), "FILTER split at ';' ([PASS] for PASS); null for '.'"),
            column("splitfrommultiallelic", Boolean, "always false: multi-allelic records stay whole"),
            column("attributes", string_map(), "INFO, values as written"),
            column("phased", Boolean, "whether GT contains '|'"),
            column("calls", list(Int), "allele indexes of GT, -1 for a missing allele"),
            column("genotypelikelihoods", list(Double), "FORMAT GL"),
            column("phredlikelihoods", list(Int), "FORMAT PL"),
            column("alleledepths", list(Int), "FORMAT AD"),
            column("conditionalquality", Int, "FORMAT GQ, rounded"),
            column("spl", list(Int), "FORMAT SPL (DRAGEN)"),
            column("depth", Int, "FORMAT DP"),
            column("ps", Int, "FORMAT PS"),
            column("sampleid", String, "name of the sample column; null in sites-only files"),
            column("information", string_map(), "every other FORMAT field, key in lower case"),
            column("annotations", vep_annotations(), "parsed VEP annotations"),
        ];
        let hidden = [
            column("_format", String, "FORMAT as written"),
            column("_raw", string_map(), "source text that the other columns cannot give back"),
        ];
        columns.extend(place_columns());
        columns.extend(hidden.map(|c| Column { hidden: true, ..c }));
        assign_ids(&mut columns, &mut 0);
        Self { columns, place: Some(PlaceColumns::new("contigname", "start", "end")) }
    }

    /// Columns of a TSV annotation store (spec 6.4): `importjobid`, the declared columns, `end` where its type adds one (a
    /// declared `end` becomes it, in its place), `information`, unless that is declared, and the hidden ones.
    pub fn annotations_tsv(options: &TsvStoreOptions) -> Self {
        let adds_end = options.annotation_type().adds_end();
        let end = || column(END, ColumnType::Int, "0-based, exclusive: POS, or the end of REF");
        let mut columns = vec![column("importjobid", ColumnType::String, "UUID of the import job that wrote the row")];
        columns.extend(options.schema().columns().iter().enumerate().map(|(i, (name, kind))| {
            if adds_end && name == END { end() } else { column(name, column_type(*kind), declared_doc(options, i)) }
        }));
        if adds_end && options.schema().position(END).is_none() {
            columns.push(end());
        }
        if options.schema().position("information").is_none() {
            columns.push(column("information", string_map(), "always null; HealthOmics has it"));
        }
        columns.extend(place_columns());
        assign_ids(&mut columns, &mut 0);
        Self { columns, place: PlaceColumns::of(options) }
    }

    /// Columns of an annotation store of features, read from GFF3: the 21 of the contract (spec 6.3), then the hidden ones.
    pub fn annotations_gff() -> Self {
        use ColumnType::{Boolean, Double, Int, Long, String};
        let mut columns = vec![
            column("importjobid", String, "UUID of the import job that wrote the row"),
            column("seqid", String, "column 1: the contig"),
            column("source", String, "column 2: where the feature comes from"),
            column("type", String, "column 3: what the feature is"),
            column("start", Long, "first base, 0-based (column 4 minus 1)"),
            column("end", Long, "0-based, exclusive (column 5)"),
            column("score", Double, "column 6"),
            column("strand", String, "column 7"),
            column("phase", Int, "column 8"),
            column("id", String, "attribute ID"),
            column("name", String, "attribute Name"),
            column("alias", String, "attribute Alias, several joined with ','"),
            column("parent", list(String), "attribute Parent, split at ','"),
            column("target", String, "attribute Target"),
            column("gap", String, "attribute Gap"),
            column("derivesfrom", String, "attribute Derives_from"),
            column("note", list(String), "attribute Note, split at ','"),
            column("dbxref", list(String), "attribute Dbxref, split at ','"),
            column("ontologyterm", list(String), "attribute Ontology_term, split at ','"),
            column("is_circular", Boolean, "attribute Is_circular"),
            column("information", string_map(), "every other attribute, key in lower case"),
        ];
        let hidden = [
            column("_item", Int, "position of the source file in its import job, from 0"),
            column(
                "_record",
                Long,
                "place of the line in its source file: part of the file times 2^40, plus its ordinal in the part",
            ),
        ];
        columns.extend(hidden.into_iter().map(|c| Column { hidden: true, ..c }));
        assign_ids(&mut columns, &mut 0);
        Self { columns, place: Some(PlaceColumns::new("seqid", "start", "end")) }
    }

    /// The columns a user sees.
    pub fn visible(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| !c.hidden)
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The schema, with more columns at its end; they, and what is nested in them, get the ids that follow `last`.
    pub fn with_columns(mut self, mut added: Vec<Column>, mut last: i32) -> Self {
        assign_ids(&mut added, &mut last);
        self.columns.extend(added);
        self
    }
}

/// `struct<vep: array<struct<…>>>` with the 23 standard fields in VEP's order, then `extras` (spec 6.2).
fn vep_annotations() -> ColumnType {
    use ColumnType::{String, Struct};
    let pair = |a: &str, b: &str| Struct(vec![field(a, String), field(b, String)]);
    let entry = vec![
        field("allele", String),
        field("consequence", list(String)),
        field("impact", String),
        field("symbol", String),
        field("gene", String),
        field("feature_type", String),
        field("feature", String),
        field("biotype", String),
        field("exon", pair("rank", "total")),
        field("intron", pair("rank", "total")),
        field("hgvsc", String),
        field("hgvsp", String),
        field("cdna_position", String),
        field("cds_position", String),
        field("protein_position", String),
        field("amino_acids", pair("reference", "variant")),
        field("codons", pair("reference", "variant")),
        field("existing_variation", list(String)),
        field("distance", String),
        field("strand", String),
        field("flags", list(String)),
        field("symbol_source", String),
        field("hgnc_id", String),
        field("extras", string_map()),
    ];
    Struct(vec![field("vep", list(Struct(entry)))])
}

fn column(name: &str, kind: ColumnType, doc: &'static str) -> Column {
    Column { id: 0, name: name.to_owned(), kind, nullable: true, doc: Cow::Borrowed(doc), hidden: false }
}

/// The hidden columns that say where a row came from.
fn place_columns() -> [Column; 2] {
    let columns = [
        column("_item", ColumnType::Int, "position of the source file in its import job, from 0"),
        column(
            "_record",
            ColumnType::Long,
            "place of the record in its source file: part of the file times 2^40, plus its ordinal in the part",
        ),
    ];
    columns.map(|c| Column { hidden: true, ..c })
}

fn column_type(kind: ValueType) -> ColumnType {
    match kind {
        ValueType::Long => ColumnType::Long,
        ValueType::Int => ColumnType::Int,
        ValueType::String => ColumnType::String,
        ValueType::Float => ColumnType::Float,
        ValueType::Double => ColumnType::Double,
        ValueType::Boolean => ColumnType::Boolean,
    }
}

/// What a declared column holds.
fn declared_doc(options: &TsvStoreOptions, position: usize) -> &'static str {
    let is_one_based = options.annotation_type().one_based().and_then(|key| options.position(key)) == Some(position);
    if is_one_based { "first base, 0-based: the file's value minus 1" } else { "as in the file" }
}

fn field(name: &str, kind: ColumnType) -> Column {
    column(name, kind, "")
}

fn list(element: ColumnType) -> ColumnType {
    ColumnType::List(Box::new(field("element", element)))
}

fn string_map() -> ColumnType {
    let key = Column { nullable: false, ..field("key", ColumnType::String) };
    ColumnType::Map(Box::new(key), Box::new(field("value", ColumnType::String)))
}

/// `name`, or with the first number from 2 on behind it that is not taken; it is from now on. Case does not tell names apart.
fn new_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{name}_{n}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| taken.insert(name.clone())).unwrap_or_default()
}

fn assign_ids(fields: &mut [Column], last: &mut i32) {
    let mut take = |field: &mut Column| {
        *last += 1;
        field.id = *last;
    };
    fields.iter_mut().for_each(&mut take);
    for field in fields {
        match &mut field.kind {
            ColumnType::List(element) => assign_ids(std::slice::from_mut(element.as_mut()), last),
            ColumnType::Map(key, value) => assign_map_ids(key, value, last),
            ColumnType::Struct(fields) => assign_ids(fields, last),
            ColumnType::Boolean
            | ColumnType::Int
            | ColumnType::Long
            | ColumnType::Float
            | ColumnType::Double
            | ColumnType::String
            | ColumnType::Binary => {}
        }
    }
}

fn assign_map_ids(key: &mut Column, value: &mut Column, last: &mut i32) {
    key.id = *last + 1;
    value.id = *last + 2;
    *last += 2;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AnnotationType, FormatKey, TsvSchema};

    fn ids(column: &Column, out: &mut Vec<i32>) {
        out.push(column.id);
        match &column.kind {
            ColumnType::List(element) => ids(element, out),
            ColumnType::Map(key, value) => [key, value].into_iter().for_each(|c| ids(c, out)),
            ColumnType::Struct(fields) => fields.iter().for_each(|c| ids(c, out)),
            _ => {}
        }
    }

    #[test]
    fn field_ids_are_unique_and_dense() {
        for (schema, columns) in [(TableSchema::variants_long(), 27), (TableSchema::annotations_gff(), 23)] {
            let mut all = Vec::new();
            schema.columns.iter().for_each(|c| ids(c, &mut all));
            let set: BTreeSet<i32> = all.iter().copied().collect();
            assert_eq!(set.len(), all.len());
            assert_eq!(set.last().copied(), i32::try_from(all.len()).ok());
            assert_eq!(schema.columns.iter().map(|c| c.id).collect::<Vec<_>>(), (1..=columns).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_user_sees_the_23_columns_of_the_contract() {
        assert_eq!(TableSchema::variants_long().visible().count(), 23);
    }

    #[test]
    fn a_user_sees_the_21_columns_of_features() {
        let schema = TableSchema::annotations_gff();
        let names: Vec<&str> = schema.visible().map(|c| c.name.as_str()).collect();
        let contract = "importjobid seqid source type start end score strand phase id name alias parent target gap \
                        derivesfrom note dbxref ontologyterm is_circular information";
        assert_eq!(names.join(" "), contract);
    }

    fn tsv(kind: AnnotationType, columns: &[(&str, ValueType)]) -> String {
        let names = [(FormatKey::Chr, "c"), (FormatKey::Pos, "p"), (FormatKey::Ref, "r"), (FormatKey::Alt, "a")];
        let names = names.into_iter().filter(|(key, _)| kind.keys().contains(key));
        let schema = TsvSchema::new("schema", columns.iter().map(|(n, k)| ((*n).to_owned(), *k)).collect()).unwrap();
        let names = names.map(|(key, name)| (key, name.to_owned())).collect();
        let schema = TableSchema::annotations_tsv(&TsvStoreOptions::new("o", kind, names, schema).unwrap());
        assert_eq!(
            schema.columns.iter().map(|c| c.id).collect::<Vec<_>>(),
            (1..).take(schema.columns.len()).collect::<Vec<_>>()
        );
        let shown = |c: &Column| format!("{}{} {:?}", if c.hidden { "-" } else { "" }, c.name, c.kind);
        let map =
            |c: &Column| if matches!(c.kind, ColumnType::Map(..)) { "information map".to_owned() } else { shown(c) };
        schema.columns.iter().map(map).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_tsv_table_has_the_declared_columns_and_what_its_type_adds() {
        use ValueType::{Boolean, Double, Float, Int, Long, String as Text};
        assert_eq!(
            tsv(AnnotationType::Generic, &[("x", Text), ("f", Float), ("d", Double), ("b", Boolean), ("i", Int)]),
            "importjobid String, x String, f Float, d Double, b Boolean, i Int, information map, -_item Int, -_record Long"
        );
        assert_eq!(
            tsv(AnnotationType::ChrPos, &[("p", Long), ("c", Text)]),
            "importjobid String, p Long, c String, end Int, information map, -_item Int, -_record Long"
        );
        assert_eq!(
            tsv(AnnotationType::ChrPosRefAlt, &[("end", Text), ("p", Long), ("c", Text), ("r", Text), ("a", Text)]),
            "importjobid String, end Int, p Long, c String, r String, a String, information map, -_item Int, -_record Long"
        );
        assert_eq!(
            tsv(AnnotationType::Generic, &[("end", Text), ("information", Text)]),
            "importjobid String, end String, information String, -_item Int, -_record Long"
        );
    }
}
