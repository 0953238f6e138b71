//! Tables as catalogs of AWS describe them: databases, tables, columns with the types of Hive.
//!
//! What there is follows from the grants; columns are asked of `information_schema`, so that they are those of every SQL door.

use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::grants;
use crate::query_pool::{Batches, QueryFailure};
use arrow_array::cast::AsArray as _;
use std::collections::BTreeSet;
use varberg_lake::GrantedTable;

/// A column.
#[derive(Debug, Clone)]
pub(super) struct TableColumn {
    pub(super) name: String,
    /// As Hive writes it: `array<int>`, `map<string,string>`.
    pub(super) kind: String,
}

/// The databases that the caller sees.
pub(super) async fn databases(app: &App, caller: &Caller) -> Result<Vec<String>, ApiError> {
    let tables = grants::tables(&app.catalog, caller.account()).await?;
    let named = tables.into_iter().flat_map(|table| table.schemas);
    let all: BTreeSet<String> = named.chain([grants::DEFAULT_SCHEMA.to_owned()]).collect();
    Ok(all.into_iter().collect())
}

/// The tables of a database.
///
/// Errors: [`ApiError::NotFound`] for databases that there are not.
pub(super) async fn of_database(app: &App, caller: &Caller, database: &str) -> Result<Vec<GrantedTable>, ApiError> {
    let database = database.to_lowercase();
    let tables = grants::tables(&app.catalog, caller.account()).await?;
    let own: Vec<GrantedTable> = tables.into_iter().filter(|table| table.schemas.contains(&database)).collect();
    if own.is_empty() && database != grants::DEFAULT_SCHEMA {
        return Err(ApiError::NotFound(format!("Database {database} not found.")));
    }
    Ok(own)
}

/// One table of a database.
///
/// Errors: [`ApiError::NotFound`].
pub(super) async fn find(app: &App, caller: &Caller, database: &str, name: &str) -> Result<GrantedTable, ApiError> {
    let name = name.to_lowercase();
    let found = of_database(app, caller, database).await?.into_iter().find(|table| table.name == name);
    found.ok_or_else(|| ApiError::NotFound(format!("Table {name} not found.")))
}

/// The columns of tables of a database, by table.
pub(super) async fn columns(
    app: &App,
    caller: &Caller,
    database: &str,
    table: Option<&str>,
) -> Result<Vec<(String, Vec<TableColumn>)>, ApiError> {
    let quoted = |text: &str| format!("'{}'", text.to_lowercase().replace('\'', "''"));
    let only = table.map(|table| format!(" AND table_name = {}", quoted(table))).unwrap_or_default();
    let sql = format!(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = {}{only} \
         ORDER BY table_name, ordinal_position",
        quoted(database)
    );
    let place = app.queries.place().await.map_err(failed)?;
    let request = grants::request(&app.catalog, &app.config, caller.account(), &sql).await?;
    let mut batches = Batches::new(app.queries.ask(place, &request).await.map_err(failed)?);
    let mut found: Vec<(String, Vec<TableColumn>)> = Vec::new();
    while let Some(batch) = batches.next().await.map_err(failed)? {
        let [tables, names, kinds] = batch.columns() else { break };
        let (tables, names, kinds) = (tables.as_string::<i32>(), names.as_string::<i32>(), kinds.as_string::<i32>());
        for row in 0..batch.num_rows() {
            if found.last().is_none_or(|(table, _)| table != tables.value(row)) {
                found.push((tables.value(row).to_owned(), Vec::new()));
            }
            let column = TableColumn { name: names.value(row).to_owned(), kind: of_hive(kinds.value(row)) };
            if let Some((_, columns)) = found.last_mut() {
                columns.push(column);
            }
        }
    }
    Ok(found)
}

fn failed(failure: QueryFailure) -> ApiError {
    match failure {
        busy @ QueryFailure::Busy(_) => ApiError::Throttled(busy.to_string()),
        other => ApiError::Internal(format!("cannot read the columns of tables: {other}")),
    }
}

/// A type of Trino as Hive writes it.
fn of_hive(kind: &str) -> String {
    let inner = |name: &str| kind.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(item) = inner("array") {
        return format!("array<{}>", of_hive(item));
    }
    if let Some(pair) = inner("map") {
        let pair: Vec<String> = split(pair).into_iter().map(of_hive).collect();
        return format!("map<{}>", pair.join(","));
    }
    if let Some(members) = inner("row") {
        let member = |text: &str| {
            let (name, kind) = text.split_once(' ').unwrap_or((text, "varchar"));
            format!("{name}:{}", of_hive(kind))
        };
        let members: Vec<String> = split(members).into_iter().map(member).collect();
        return format!("struct<{}>", members.join(","));
    }
    match kind {
        "varchar" => "string",
        "integer" => "int",
        "real" => "float",
        "varbinary" => "binary",
        "timestamp with time zone" => "timestamp",
        other => other,
    }
    .to_owned()
}

/// The parts between the commas that are in no brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text.get(begin..at).unwrap_or_default().trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..).unwrap_or_default().trim());
    parts
}
