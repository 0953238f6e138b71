//! `tsvStoreOptions` of annotation stores and `tsvVersionOptions` of their versions (spec 3.9, 12.3): the same members.

use crate::wire::Fields;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use varberg_model::{
    AnnotationType, FormatKey, MAX_TSV_COLUMNS, TsvSchema, TsvStoreOptions, ValidationError, ValueType,
};

/// The options in a request. What is left out is as in `inherited`; without that, the type is GENERIC and the schema must be
/// there.
pub(super) fn parse(
    fields: &Fields<'_>,
    inherited: Option<&TsvStoreOptions>,
) -> Result<TsvStoreOptions, ValidationError> {
    let kind = match (fields.text("annotationType")?, inherited) {
        (Some(text), _) => AnnotationType::parse(&fields.path("annotationType"), text)?,
        (None, Some(options)) => options.annotation_type(),
        (None, None) => AnnotationType::Generic,
    };
    let names = match (fields.text_map("formatToHeader")?, inherited) {
        (Some(names), _) => parse_names(fields, names)?,
        (None, Some(options)) => {
            let names = options.format_to_header().iter().filter(|(key, _)| kind.keys().contains(key));
            names.map(|(key, name)| (*key, name.clone())).collect()
        }
        (None, None) => BTreeMap::new(),
    };
    let schema = match (fields.has("schema"), inherited) {
        (false, Some(options)) => options.schema().clone(),
        _ => parse_schema(fields)?,
    };
    TsvStoreOptions::new(fields.here(), kind, names, schema)
}

fn parse_names(
    fields: &Fields<'_>,
    names: BTreeMap<String, String>,
) -> Result<BTreeMap<FormatKey, String>, ValidationError> {
    let path = fields.path("formatToHeader");
    names.into_iter().map(|(key, name)| Ok((FormatKey::parse(&path, &key)?, name))).collect()
}

fn parse_schema(fields: &Fields<'_>) -> Result<TsvSchema, ValidationError> {
    let columns = fields.objects("schema", 1, MAX_TSV_COLUMNS)?;
    let column = |column: &Fields<'_>| {
        let (name, kind) = column.single_text()?;
        Ok((name.to_owned(), ValueType::parse(&column.path(name), kind)?))
    };
    TsvSchema::new(&fields.path("schema"), columns.iter().map(column).collect::<Result<_, ValidationError>>()?)
}

/// The options in an answer.
pub(super) fn show(options: &TsvStoreOptions) -> Value {
    let names = options.format_to_header().iter();
    let names: Map<String, Value> = names.map(|(key, name)| (key.as_str().to_owned(), name.as_str().into())).collect();
    let column = |(name, kind): &(String, ValueType)| {
        Value::Object(Map::from_iter([(name.clone(), Value::from(kind.as_str()))]))
    };
    let schema: Vec<Value> = options.schema().columns().iter().map(column).collect();
    json!({ "annotationType": options.annotation_type().as_str(), "formatToHeader": names, "schema": schema })
}
