//! The batch shape that readers hand on: one row per record, site columns final, sample values as one packed vector
//! per FORMAT key. In: what a file's header declares. Out: an Arrow schema and column positions. Holds no data.

use crate::schema;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use std::sync::Arc;
use varberg_model::{Column, TableSchema};

/// Positions of the columns of a record batch.
///
/// The entries of [`RecordShape::formats`] follow from [`FIRST_FORMAT`](record_columns::FIRST_FORMAT) on, in order;
/// the column after the last of them holds the values of undeclared FORMAT keys.
pub mod record_columns {
    pub const CONTIG: usize = 0;
    /// 0-based.
    pub const START: usize = 1;
    /// 0-based, exclusive.
    pub const END: usize = 2;
    pub const NAMES: usize = 3;
    pub const REFERENCE: usize = 4;
    pub const ALTERNATES: usize = 5;
    pub const QUAL: usize = 6;
    pub const FILTERS: usize = 7;
    pub const ATTRIBUTES: usize = 8;
    /// Position of the record within its part, from 0; never null.
    pub const RECORD: usize = 9;
    /// FORMAT as written.
    pub const FORMAT: usize = 10;
    /// Site-level source text (`POS`, `REF`, `ALT`, `QUAL`, `FILTER`, `INFO`) that the columns cannot give back.
    pub const RAW: usize = 11;
    /// Parsed annotations, of the type of the long table; null where they were not asked for.
    pub const ANNOTATIONS: usize = 12;
    /// INFO as written, null for `.`; null too where the reader was asked for attributes only.
    pub const INFO: usize = 13;
    pub const FIRST_FORMAT: usize = 14;
}

const SITE_COLUMNS: [&str; 9] =
    ["contigname", "start", "end", "names", "referenceallele", "alternatealleles", "qual", "filters", "attributes"];

/// How many values a FORMAT field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    Count(u32),
    /// One for each alternate allele.
    A,
    /// One for each allele, the reference included.
    R,
    /// One for each possible genotype.
    G,
    /// `.`
    Unknown,
    /// `LA`, `LR`, `LG`, `P`, `M` and whatever comes later.
    Other,
}

impl Number {
    /// Whether values are shown as scalars rather than as lists (spec 8.3).
    pub fn is_scalar(self) -> bool {
        matches!(self, Self::Count(0 | 1))
    }
}

/// Declared type of a FORMAT field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    Integer,
    Float,
    Flag,
    Character,
    String,
}

/// A FORMAT field of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatColumn {
    pub id: String,
    pub number: Number,
    pub kind: ValueKind,
    /// Whether the header declares it. A reader lists fields that it does not (GT) only to have them read like declared
    /// ones.
    pub declared: bool,
}

/// What the record batches of one file look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordShape {
    /// Sample names in the order of the header; empty for a sites-only file.
    pub samples: Arc<[String]>,
    /// Declared FORMAT fields in header order, after the standard-field repair of spec 7.2; last, GT where a header with
    /// samples does not declare it.
    pub formats: Vec<FormatColumn>,
}

impl RecordShape {
    /// Schema of the record batches; site columns have the ids and nullability of the long table.
    pub fn arrow_schema(&self) -> SchemaRef {
        let table = TableSchema::variants_long();
        let shared = |name: &str| table.column(name).map(schema::arrow_field);
        let mut fields: Vec<Field> = SITE_COLUMNS.iter().filter_map(|name| shared(name)).collect();
        let hidden: Option<&Column> = table.column("_record");
        fields.extend(hidden.map(|c| schema::arrow_field(c).with_nullable(false)));
        fields.extend(["_format", "_raw", "annotations"].iter().filter_map(|name| shared(name)));
        fields.push(Field::new("info", DataType::Utf8, true));
        fields.extend((0..self.formats.len()).map(|i| Field::new(format!("format_{i}"), DataType::Binary, true)));
        fields.push(Field::new("format_undeclared", DataType::Binary, true));
        Arc::new(Schema::new(Fields::from(fields)))
    }

    /// Position of the column that holds the values of undeclared FORMAT keys.
    pub fn undeclared_column(&self) -> usize {
        record_columns::FIRST_FORMAT + self.formats.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_where_the_constants_say() {
        let field =
            FormatColumn { id: "GT".to_owned(), number: Number::Count(1), kind: ValueKind::String, declared: true };
        let shape = RecordShape { samples: Arc::from(Vec::new()), formats: vec![field] };
        let schema = shape.arrow_schema();
        let name = |i: usize| schema.field(i).name().as_str();
        assert_eq!(name(record_columns::CONTIG), "contigname");
        assert_eq!(name(record_columns::ATTRIBUTES), "attributes");
        assert_eq!(name(record_columns::RECORD), "_record");
        assert_eq!(name(record_columns::RAW), "_raw");
        assert_eq!(name(record_columns::ANNOTATIONS), "annotations");
        assert_eq!(name(record_columns::FIRST_FORMAT), "format_0");
        assert_eq!(name(shape.undeclared_column()), "format_undeclared");
        assert_eq!(name(record_columns::INFO), "info");
        assert_eq!(schema.fields().len(), 16);
    }
}
