//! Glue: the few calls that notebooks make. Tables and databases are shown; a resource link is another name for a table, in the
//! database `default`.

use super::request::DoorRequest;
use super::tables::{self, TableColumn};
use crate::api::Operation;
use crate::api::operation::{get, write};
use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::grants::DEFAULT_SCHEMA;
use crate::wire::Fields;
use serde_json::{Value, json};
use varberg_catalog::TableLink;
use varberg_lake::GrantedTable;
use varberg_model::ValidationError;

pub(super) const OPERATIONS: [Operation; 6] = [
    get("GetDatabase", "/"),
    get("GetDatabases", "/"),
    get("GetTable", "/"),
    get("GetTables", "/"),
    write("CreateTable", "/"),
    // Clients clear away tables that they made with a statement, and so do readers.
    get("DeleteTable", "/"),
];

pub(super) async fn answer(app: &App, request: &DoorRequest) -> Result<Value, ApiError> {
    let (caller, fields) = (&request.caller, request.fields()?);
    match request.operation.name {
        "GetDatabase" => database(app, caller, &fields).await,
        "GetDatabases" => databases(app, caller).await,
        "GetTable" => table(app, caller, &fields).await,
        "GetTables" => all_tables(app, caller, &fields).await,
        "CreateTable" => create(app, caller, &fields).await,
        _ => delete(app, caller, &fields).await,
    }
}

async fn database(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let name = fields.required_text("Name")?;
    tables::of_database(app, caller, name).await?;
    Ok(json!({ "Database": shown_database(caller, &name.to_lowercase()) }))
}

async fn databases(app: &App, caller: &Caller) -> Result<Value, ApiError> {
    let names = tables::databases(app, caller).await?;
    let list: Vec<Value> = names.iter().map(|name| shown_database(caller, name)).collect();
    Ok(json!({ "DatabaseList": list }))
}

fn shown_database(caller: &Caller, name: &str) -> Value {
    json!({ "Name": name, "Description": "", "Parameters": {}, "CatalogId": caller.account().as_str() })
}

async fn table(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let (database, name) = (fields.required_text("DatabaseName")?, fields.required_text("Name")?);
    let found = tables::find(app, caller, database, name).await?;
    let columns = tables::columns(app, caller, database, Some(name)).await?;
    let columns = columns.into_iter().next().map(|(_, columns)| columns).unwrap_or_default();
    Ok(json!({ "Table": shown(caller, database, &found, &columns) }))
}

async fn all_tables(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let database = fields.required_text("DatabaseName")?;
    let found = tables::of_database(app, caller, database).await?;
    let columns = tables::columns(app, caller, database, None).await?;
    let of = |name: &str| columns.iter().find(|(table, _)| table == name).map_or(&[][..], |(_, columns)| columns);
    let list: Vec<Value> = found.iter().map(|table| shown(caller, database, table, of(&table.name))).collect();
    Ok(json!({ "TableList": list }))
}

fn shown(caller: &Caller, database: &str, table: &GrantedTable, columns: &[TableColumn]) -> Value {
    let columns: Vec<Value> =
        columns.iter().map(|column| json!({ "Name": column.name, "Type": column.kind })).collect();
    json!({
        "Name": table.name,
        "DatabaseName": database.to_lowercase(),
        "CatalogId": caller.account().as_str(),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": { "table_type": "ICEBERG", "EXTERNAL": "TRUE" },
        "PartitionKeys": [],
        "StorageDescriptor": { "Columns": columns, "Compressed": false, "SerdeInfo": {}, "Parameters": {} },
    })
}

/// A resource link: `TargetTable` names the database (of the store) and the table.
async fn create(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let database = fields.required_text("DatabaseName")?.to_lowercase();
    let input = fields.object("TableInput")?.ok_or_else(|| ValidationError::required("TableInput"))?;
    let name = input.required_text("Name")?.to_lowercase();
    let Some(target) = input.object("TargetTable")? else {
        let text = "tables are made by CreateVariantStore and CreateAnnotationStore; CreateTable makes resource links, with TableInput.TargetTable";
        return Err(ApiError::Invalid(text.to_owned()));
    };
    let namespace = target.required_text("DatabaseName")?.to_lowercase();
    let table = target.required_text("Name")?.to_lowercase();
    if database != DEFAULT_SCHEMA {
        return Err(ApiError::NotFound(format!(
            "Database {database} takes no tables: resource links are made in the database default"
        )));
    }
    let legal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 255 || !name.chars().all(legal) {
        return Err(ValidationError::new("TableInput.Name", "Member must be 1 to 255 letters, digits, _ - or .").into());
    }
    let known = tables::find(app, caller, &namespace, &table).await?;
    // Stores are in `default` by their own names already: the usual link says nothing new, and is no conflict.
    let same = known.name == name && known.schemas.contains(&database);
    if !same {
        if tables::find(app, caller, &database, &name).await.is_ok() {
            return Err(ApiError::Conflict(format!("Table {name} already exists.")));
        }
        let link = TableLink { database, name, target_namespace: namespace, target_name: table };
        app.catalog.create_table_link(caller.account(), &link).await?;
    }
    Ok(json!({}))
}

/// Takes a resource link away. Stores are not deleted so.
async fn delete(app: &App, caller: &Caller, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let database = fields.required_text("DatabaseName")?.to_lowercase();
    let name = fields.required_text("Name")?.to_lowercase();
    let links = app.catalog.table_links(caller.account()).await?;
    if links.iter().any(|link| link.database == database && link.name == name) {
        caller.check(&write("DeleteTable", "/"))?;
        app.catalog.delete_table_link(caller.account(), &database, &name).await?;
        return Ok(json!({}));
    }
    match tables::find(app, caller, &database, &name).await {
        Ok(_) => Err(ApiError::Invalid(format!(
            "{name} is a store; delete it by DeleteVariantStore or DeleteAnnotationStore"
        ))),
        // What CREATE TABLE ... AS names is a name for files, not a table that is kept.
        Err(error) => Err(error),
    }
}
