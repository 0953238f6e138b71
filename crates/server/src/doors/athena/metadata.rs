//! Data catalogs (there is one), databases, tables and their columns.

use super::execution::CATALOG;
use crate::app::App;
use crate::caller::Caller;
use crate::doors::tables::{self, TableColumn};
use crate::error::ApiError;
use crate::wire::Fields;
use serde_json::{Value, json};

/// Refuses other catalogs; case plays no part.
pub(super) fn check_catalog(name: &str) -> Result<(), ApiError> {
    if name.eq_ignore_ascii_case(CATALOG) {
        return Ok(());
    }
    Err(ApiError::NotFound(format!("Data catalog {name} was not found: there is {CATALOG}")))
}

fn the_catalog(fields: &Fields<'_>) -> Result<(), ApiError> {
    fields.text("CatalogName")?.map_or(Ok(()), check_catalog)
}

/// `GetDataCatalog`.
pub(super) fn catalog(fields: &Fields<'_>) -> Result<Value, ApiError> {
    check_catalog(fields.required_text("Name")?)?;
    Ok(json!({ "DataCatalog": { "Name": CATALOG, "Type": "GLUE", "Description": "", "Parameters": {} } }))
}

/// `ListDataCatalogs`.
pub(super) fn catalogs() -> Value {
    json!({ "DataCatalogsSummary": [{ "CatalogName": CATALOG, "Type": "GLUE" }] })
}

/// `GetDatabase`.
pub(super) async fn database(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    the_catalog(fields)?;
    let name = fields.required_text("DatabaseName")?;
    tables::of_database(app, caller, name).await?;
    Ok(json!({ "Database": { "Name": name.to_lowercase(), "Description": "", "Parameters": {} } }))
}

/// `ListDatabases`.
pub(super) async fn databases(app: &App, caller: &Caller) -> Result<Value, ApiError> {
    let databases: Vec<Value> =
        tables::databases(app, caller).await?.into_iter().map(|name| json!({ "Name": name })).collect();
    Ok(json!({ "DatabaseList": databases }))
}

/// `GetTableMetadata`.
pub(super) async fn table(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    the_catalog(fields)?;
    let (database, name) = (fields.required_text("DatabaseName")?, fields.required_text("TableName")?);
    tables::find(app, caller, database, name).await?;
    let found = tables::columns(app, caller, database, Some(name)).await?;
    let table = found.into_iter().next().map(|(name, columns)| shown(&name, &columns));
    Ok(json!({ "TableMetadata": table.unwrap_or_else(|| shown(name, &[])) }))
}

/// `ListTableMetadata`. `Expression` is a regular expression of names, `*` all.
pub(super) async fn tables(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    the_catalog(fields)?;
    let database = fields.required_text("DatabaseName")?;
    tables::of_database(app, caller, database).await?;
    let expression = fields.text("Expression")?.filter(|text| !text.is_empty() && *text != "*");
    let expression = expression.map(|text| regex::Regex::new(&format!("(?i)^(?:{text})$"))).transpose();
    let expression = expression.map_err(|_| ApiError::Invalid("Expression is no regular expression".to_owned()))?;
    let found = tables::columns(app, caller, database, None).await?;
    let wanted = |name: &str| expression.as_ref().is_none_or(|expression| expression.is_match(name));
    let list: Vec<Value> =
        found.iter().filter(|(name, _)| wanted(name)).map(|(name, columns)| shown(name, columns)).collect();
    Ok(json!({ "TableMetadataList": list }))
}

fn shown(name: &str, columns: &[TableColumn]) -> Value {
    let columns: Vec<Value> =
        columns.iter().map(|column| json!({ "Name": column.name, "Type": column.kind })).collect();
    json!({
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Columns": columns,
        "PartitionKeys": [],
        "Parameters": { "table_type": "ICEBERG", "EXTERNAL": "TRUE" },
    })
}
