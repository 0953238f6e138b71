//! Our table schemas in Iceberg's terms, and back; the sort order every table declares. Field ids are the same in both.

use crate::{Error, Result};
use iceberg::spec::{
    ListType, MapType, NestedField, NestedFieldRef, NullOrder, PrimitiveType, Schema, SortDirection, SortField,
    SortOrder, StructType, TableMetadata, Transform, Type,
};
use std::sync::Arc;
use varberg_model::{Column, ColumnType, TableSchema};

/// Id of the sort order in table metadata; files verified as sorted carry it.
pub(crate) const SORT_ORDER_ID: i32 = 1;

/// Columns that tables have for themselves; no user's column is called like one.
const HIDDEN: [&str; 8] =
    ["_item", "_record", "_format", "_raw", "_headerset", "_undeclared", "_attributes", varberg_model::INFO_UNFIT];

/// The Iceberg schema of a table, hidden columns included.
pub(crate) fn iceberg_schema(schema: &TableSchema) -> Result<Schema> {
    let fields = schema.columns.iter().map(iceberg_field);
    Schema::builder().with_fields(fields).build().map_err(Error::metadata("building a schema"))
}

/// The table schema that an Iceberg schema stands for, without its place columns, which the sort order names.
pub(crate) fn table_schema(schema: &Schema) -> Result<TableSchema> {
    let columns = schema.as_struct().fields().iter().map(|field| {
        let column = model_column(field)?;
        Ok(Column { hidden: HIDDEN.contains(&column.name.as_str()), ..column })
    });
    Ok(TableSchema { columns: columns.collect::<Result<_>>()?, place: None })
}

/// Ascending by contig name (in the order of its bytes), then start; unsorted where rows have no place.
pub(crate) fn sort_order(schema: &TableSchema) -> SortOrder {
    let field = |name: &str| {
        let column = schema.column(name)?;
        Some(SortField {
            source_id: column.id,
            transform: Transform::Identity,
            direction: SortDirection::Ascending,
            null_order: NullOrder::First,
        })
    };
    let place = schema.place.as_ref();
    let fields = place.and_then(|place| [&place.contig, &place.start].into_iter().map(|name| field(name)).collect());
    match fields {
        Some(fields) => SortOrder { order_id: i64::from(SORT_ORDER_ID), fields },
        None => SortOrder::unsorted_order(),
    }
}

/// The names of the columns that a table is sorted by, as far as its files are; empty if it is not.
pub(crate) fn sort_columns(metadata: &TableMetadata) -> Vec<String> {
    let fields = metadata.default_sort_order().fields.iter();
    let name = |field: &SortField| metadata.current_schema().name_by_field_id(field.source_id).map(str::to_owned);
    fields.filter_map(name).collect()
}

fn iceberg_field(column: &Column) -> NestedFieldRef {
    let field = NestedField::new(column.id, &column.name, iceberg_type(&column.kind), !column.nullable);
    Arc::new(if column.doc.is_empty() { field } else { field.with_doc(column.doc.as_ref()) })
}

fn iceberg_type(kind: &ColumnType) -> Type {
    match kind {
        ColumnType::Boolean => Type::Primitive(PrimitiveType::Boolean),
        ColumnType::Int => Type::Primitive(PrimitiveType::Int),
        ColumnType::Long => Type::Primitive(PrimitiveType::Long),
        ColumnType::Float => Type::Primitive(PrimitiveType::Float),
        ColumnType::Double => Type::Primitive(PrimitiveType::Double),
        ColumnType::String => Type::Primitive(PrimitiveType::String),
        ColumnType::Binary => Type::Primitive(PrimitiveType::Binary),
        ColumnType::List(element) => Type::List(ListType::new(iceberg_field(element))),
        ColumnType::Map(key, value) => Type::Map(MapType::new(iceberg_field(key), iceberg_field(value))),
        ColumnType::Struct(fields) => Type::Struct(StructType::new(fields.iter().map(iceberg_field).collect())),
    }
}

fn model_column(field: &NestedField) -> Result<Column> {
    Ok(Column {
        id: field.id,
        name: field.name.clone(),
        kind: model_type(&field.field_type, &field.name)?,
        nullable: !field.required,
        doc: field.doc.clone().unwrap_or_default().into(),
        hidden: false,
    })
}

fn model_type(kind: &Type, name: &str) -> Result<ColumnType> {
    Ok(match kind {
        Type::Primitive(PrimitiveType::Boolean) => ColumnType::Boolean,
        Type::Primitive(PrimitiveType::Int) => ColumnType::Int,
        Type::Primitive(PrimitiveType::Long) => ColumnType::Long,
        Type::Primitive(PrimitiveType::Float) => ColumnType::Float,
        Type::Primitive(PrimitiveType::Double) => ColumnType::Double,
        Type::Primitive(PrimitiveType::String) => ColumnType::String,
        Type::Primitive(PrimitiveType::Binary) => ColumnType::Binary,
        Type::Primitive(_) => {
            let reason = format!("column '{name}' has a type that we do not write");
            return Err(Error::Foreign { location: String::new(), reason });
        }
        Type::List(list) => ColumnType::List(Box::new(model_column(&list.element_field)?)),
        Type::Map(map) => {
            ColumnType::Map(Box::new(model_column(&map.key_field)?), Box::new(model_column(&map.value_field)?))
        }
        Type::Struct(fields) => {
            ColumnType::Struct(fields.fields().iter().map(|f| model_column(f)).collect::<Result<_>>()?)
        }
    })
}
