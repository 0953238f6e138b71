//! Lists, maps and structs for forms that know less than Arrow: as JSON text where only flat values are known, and with
//! texts for keys of maps where JSON is written.

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_json::writer::{EncoderOptions, make_encoder};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Schema};
use std::sync::Arc;

/// The same rows with every nested column as Utf8 that holds JSON; null stays null. Flat columns are shared.
pub(super) fn to_text(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let batch = &with_text_keys(batch)?;
    let schema = batch.schema();
    if !schema.fields().iter().any(|field| is_nested(field)) {
        return Ok(batch.clone());
    }
    let mut fields: Vec<FieldRef> = Vec::with_capacity(batch.num_columns());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        if is_nested(field) {
            fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
            columns.push(json_text(field, column)?);
        } else {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// The same rows with maps whose keys are texts, as JSON wants them. Columns without other maps are shared.
pub(super) fn with_text_keys(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let fields: Fields = schema.fields().iter().map(text_keys).collect();
    if fields == *schema.fields() {
        return Ok(batch.clone());
    }
    let columns = batch.columns().iter().zip(&fields).map(|(column, field)| match column.data_type() {
        same if same == field.data_type() => Ok(Arc::clone(column)),
        _ => arrow_cast::cast(column, field.data_type()),
    });
    RecordBatch::try_new(Arc::new(Schema::new(fields.clone())), columns.collect::<Result<_, _>>()?)
}

/// The field, with texts for the keys of all maps in it.
fn text_keys(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::List(element) => DataType::List(text_keys(element)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(text_keys).collect()),
        DataType::Map(entries, ordered) => DataType::Map(text_keyed(entries), *ordered),
        _ => return Arc::clone(field),
    };
    if kind == *field.data_type() { Arc::clone(field) } else { Arc::new(field.as_ref().clone().with_data_type(kind)) }
}

/// The entries of a map, with texts for keys.
fn text_keyed(entries: &FieldRef) -> FieldRef {
    let DataType::Struct(fields) = entries.data_type() else { return Arc::clone(entries) };
    let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let member = |(at, field): (usize, &FieldRef)| match field.data_type() {
        kind if at == 0 && !is_text(kind) => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        _ => text_keys(field),
    };
    let fields: Fields = fields.iter().enumerate().map(member).collect();
    Arc::new(entries.as_ref().clone().with_data_type(DataType::Struct(fields)))
}

fn is_nested(field: &Field) -> bool {
    field.data_type().is_nested()
}

fn json_text(field: &FieldRef, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let mut encoder = make_encoder(field, column, &options)?;
    let mut builder = StringBuilder::with_capacity(column.len(), column.len().saturating_mul(16));
    let mut text = Vec::new();
    for row in 0..column.len() {
        if column.is_null(row) {
            builder.append_null();
            continue;
        }
        text.clear();
        encoder.encode(row, &mut text);
        let text = std::str::from_utf8(&text).map_err(|e| ArrowError::JsonError(e.to_string()))?;
        builder.append_value(text);
    }
    Ok(Arc::new(builder.finish()))
}
