//! Table schemas in Arrow. Every field, nested ones too, carries its Iceberg field id as metadata, because the Parquet
//! writer copies it into the file and readers find columns by it.

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use std::collections::HashMap;
use std::sync::Arc;
use varberg_model::{Column, ColumnType, TableSchema};

/// Metadata key under which Parquet keeps a field's id.
pub const FIELD_ID: &str = "PARQUET:field_id";

/// `_record` of a part's first record is the part's ordinal times this: parts do not know how many records came before,
/// and this keeps file order.
pub const RECORDS_PER_PART: i64 = 1 << 40;

/// The Arrow schema of a table, hidden columns included.
///
/// List children are called `element`, map entries `key_value` with `key` and `value`, as Iceberg and Parquet spell them.
pub fn arrow_schema(schema: &TableSchema) -> SchemaRef {
    Arc::new(Schema::new(schema.columns.iter().map(arrow_field).collect::<Fields>()))
}

/// The Arrow type of a column.
pub fn arrow_type(kind: &ColumnType) -> DataType {
    match kind {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::Long => DataType::Int64,
        ColumnType::Float => DataType::Float32,
        ColumnType::Double => DataType::Float64,
        ColumnType::String => DataType::Utf8,
        ColumnType::Binary => DataType::Binary,
        ColumnType::List(element) => DataType::List(Arc::new(arrow_field(element))),
        ColumnType::Map(key, value) => {
            let entries = DataType::Struct(Fields::from(vec![arrow_field(key), arrow_field(value)]));
            DataType::Map(Arc::new(Field::new("key_value", entries, false)), false)
        }
        ColumnType::Struct(fields) => DataType::Struct(fields.iter().map(arrow_field).collect()),
    }
}

pub(crate) fn arrow_field(column: &Column) -> Field {
    let id = HashMap::from([(FIELD_ID.to_owned(), column.id.to_string())]);
    Field::new(&column.name, arrow_type(&column.kind), column.nullable).with_metadata(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_ids(field: &Field) {
        match field.data_type() {
            DataType::List(element) => check_ids(element),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) => fields.iter().for_each(|f| check_ids(f)),
                other => panic!("map entries are {other}"),
            },
            DataType::Struct(fields) => fields.iter().for_each(|f| check_ids(f)),
            _ => {}
        }
        assert!(field.metadata().contains_key(FIELD_ID), "{} has no field id", field.name());
    }

    #[test]
    fn every_field_carries_its_id() {
        let schema = arrow_schema(&TableSchema::variants_long());
        schema.fields().iter().for_each(|f| check_ids(f));
        assert_eq!(schema.field_with_name("importjobid").unwrap().metadata()[FIELD_ID], "1");
    }
}
