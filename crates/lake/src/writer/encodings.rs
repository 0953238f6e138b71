//! How each column is stored in Parquet. In: the table's columns. Out: writer properties. Measured on a single-sample
//! VCF of five million records (`bench/single_sample.py`): what is not named here is a dictionary, which was smallest.

use super::WriterOptions;
use crate::Result;
use arrow_schema::{DataType, Field, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath};
use std::sync::Arc;

/// Rows of a row group at most: bounds what a reader must skip or read at once.
const MAX_ROW_GROUP_ROWS: usize = 1 << 20;
/// Values between two looks at the size of a page; each look asks for the properties of the column, which takes time.
const VALUES_AT_ONCE: usize = 4096;
/// About how many bytes of vectors come between two looks.
const VECTOR_BYTES_AT_ONCE: usize = 1 << 18;
/// Numbers that grow in every table, besides the coordinates of its place: stored as differences.
const GROWING: [&str; 3] = ["start", "end", "_record"];
/// Texts that seldom come twice and begin alike (rs numbers): stored without what they share with the one before.
const IDENTIFIERS: &str = "names";
/// Top-level columns whose least and greatest value help no query.
const UNORDERED: [&str; 2] = ["referenceallele", "_format"];

/// INFO, which is the largest part of most files.
const INFO: &str = "attributes";
/// Rows of a record among which a whole record's text, written out, is smaller than the indexes of a dictionary: the
/// compression sees it come again. With more rows there is too much text to write out.
const FEW: std::ops::RangeInclusive<usize> = 2..=16;

/// Bytes of a dictionary of nested texts; a larger one belongs to values that seldom come twice, such as END in a gVCF.
const MAX_DICTIONARY: usize = 512 << 10;

/// Properties of a data file with the columns of `schema`, of which `coordinates` grow.
pub(super) fn properties(
    schema: &SchemaRef,
    coordinates: &[&str],
    options: &WriterOptions,
) -> Result<WriterProperties> {
    let properties = WriterProperties::builder()
        .set_created_by(format!("varberg {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_write_batch_size(values_at_once(options.vector_samples))
        .set_max_row_group_row_count(Some(MAX_ROW_GROUP_ROWS))
        .set_statistics_truncate_length(Some(64))
        .set_column_index_truncate_length(Some(64));
    let columns = ArrowSchemaConverter::new().convert(schema)?;
    let growing: Vec<&str> = GROWING.iter().chain(coordinates).copied().collect();
    let properties =
        columns.columns().iter().fold(properties, |properties, column| encode(properties, column, &growing));
    let properties = vectors(properties, schema);
    Ok(if FEW.contains(&options.rows_of_a_record) { write_out(properties, columns.columns())? } else { properties }
        .build())
}

/// Values between two looks at the size of a page: few of those that hold many samples.
fn values_at_once(vector_samples: usize) -> usize {
    (VECTOR_BYTES_AT_ONCE / vector_samples.max(1)).clamp(1, VALUES_AT_ONCE)
}

/// The properties with those of vectors and of INFO texts, which seldom come twice and have no useful order.
fn vectors(properties: WriterPropertiesBuilder, schema: &SchemaRef) -> WriterPropertiesBuilder {
    let is_wide = schema.field_with_name("_headerset").is_ok();
    let is_vector = |field: &&Arc<Field>| *field.data_type() == DataType::Binary || (is_wide && field.name() == "info");
    schema.fields().iter().filter(is_vector).fold(properties, |properties, field| {
        let path = ColumnPath::from(field.name().as_str());
        let properties = properties.set_column_dictionary_enabled(path.clone(), false);
        let properties = properties.set_column_encoding(path.clone(), Encoding::PLAIN);
        properties.set_column_statistics_enabled(path, EnabledStatistics::None)
    })
}

/// The properties with those of the site's values, written out.
fn write_out(mut properties: WriterPropertiesBuilder, columns: &[ColumnDescPtr]) -> Result<WriterPropertiesBuilder> {
    let level = Compression::ZSTD(ZstdLevel::try_new(6)?);
    for path in columns.iter().map(|column| column.path()) {
        match path.parts() {
            [top, .., last] if top == INFO && last == "value" => {
                properties = properties
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path.clone(), Encoding::PLAIN)
                    .set_column_compression(path.clone(), level);
            }
            [top] if top == "qual" => properties = properties.set_column_dictionary_enabled(path.clone(), false),
            _ => {}
        }
    }
    Ok(properties)
}

/// The properties with those of one leaf column.
fn encode(properties: WriterPropertiesBuilder, column: &ColumnDescriptor, growing: &[&str]) -> WriterPropertiesBuilder {
    let path = column.path().clone();
    let top = path.parts().first().map_or("", String::as_str);
    let is_nested = path.parts().len() > 1;
    // Least and greatest values cost as much as half the encoding; nobody asks for those inside of lists and maps.
    // Parquet's least and greatest floats know nothing of NaN, which comparisons take for the greatest: rows would be skipped.
    let is_float = matches!(column.physical_type(), Type::FLOAT | Type::DOUBLE);
    let properties = if is_nested || is_float || UNORDERED.contains(&top) {
        properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::None)
    } else {
        properties
    };
    let is = |names: &[&str], kinds: &[Type]| names.contains(&top) && kinds.contains(&column.physical_type());
    if !is_nested && is(growing, &[Type::INT32, Type::INT64]) {
        let properties = properties.set_column_dictionary_enabled(path.clone(), false);
        properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
    } else if is(&[IDENTIFIERS], &[Type::BYTE_ARRAY]) {
        let properties = properties.set_column_dictionary_enabled(path.clone(), false);
        properties.set_column_encoding(path, Encoding::DELTA_BYTE_ARRAY)
    } else if is_nested && column.physical_type() == Type::BYTE_ARRAY {
        properties.set_column_dictionary_page_size_limit(path, MAX_DICTIONARY)
    } else {
        properties
    }
}
