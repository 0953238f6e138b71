//! What there is: `information_schema` over the granted tables, and the statements that ask it (SHOW, DESCRIBE).
//!
//! Types are written as Trino and Athena write them. The engine's own `information_schema` is off: it also shows settings.

use super::{GrantedTable, QueryError};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::datasource::MemTable;
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::{
    ObjectName, ShowStatementFilter, ShowStatementFilterPosition, ShowStatementOptions, Statement,
};
use std::sync::Arc;

/// The schema of these tables.
pub(super) const SCHEMA: &str = "information_schema";

/// The tables `tables`, `columns` and `schemata` about `tables`, each with its visible columns.
pub(super) fn tables(
    catalog: &str,
    tables: &[(&GrantedTable, SchemaRef)],
) -> Result<Vec<(&'static str, Arc<dyn TableProvider>)>> {
    let shown = || tables.iter().flat_map(|(table, columns)| table.schemas.iter().map(move |s| (s, table, columns)));
    let of_tables = || shown().map(|(schema, table, _)| (schema.as_str(), table.name.as_str()));
    let table_count = of_tables().count();
    let list = batch(&[
        ("table_catalog", constant(catalog, table_count)),
        ("table_schema", texts(of_tables().map(|(schema, _)| schema))),
        ("table_name", texts(of_tables().map(|(_, name)| name))),
        ("table_type", constant("BASE TABLE", table_count)),
    ])?;
    let columns: Vec<_> = shown()
        .flat_map(|(schema, table, columns)| (1_i64..).zip(columns.fields()).map(move |f| (schema, table, f)))
        .collect();
    let columns = batch(&[
        ("table_catalog", constant(catalog, columns.len())),
        ("table_schema", texts(columns.iter().map(|(schema, ..)| schema.as_str()))),
        ("table_name", texts(columns.iter().map(|(_, table, _)| table.name.as_str()))),
        ("column_name", texts(columns.iter().map(|(_, _, (_, field))| field.name().as_str()))),
        ("ordinal_position", Arc::new(Int64Array::from_iter_values(columns.iter().map(|(_, _, (n, _))| *n)))),
        ("is_nullable", texts(columns.iter().map(|(_, _, (_, f))| if f.is_nullable() { "YES" } else { "NO" }))),
        ("data_type", texts(columns.iter().map(|(_, _, (_, field))| type_name(field.data_type())))),
    ])?;
    let mut schemas: Vec<&str> = shown().map(|(schema, ..)| schema.as_str()).chain(["default", SCHEMA]).collect();
    schemas.sort_unstable();
    schemas.dedup();
    let schemata =
        batch(&[("catalog_name", constant(catalog, schemas.len())), ("schema_name", texts(schemas.iter().copied()))])?;
    Ok(vec![("tables", table(list)?), ("columns", table(columns)?), ("schemata", table(schemata)?)])
}

fn constant(text: &str, rows: usize) -> ArrayRef {
    texts(std::iter::repeat_n(text, rows))
}

fn texts<T: AsRef<str>>(texts: impl Iterator<Item = T>) -> ArrayRef {
    let texts: Vec<T> = texts.collect(); // the array's maker wants to know their number
    Arc::new(StringArray::from_iter_values(texts))
}

fn batch(columns: &[(&str, ArrayRef)]) -> Result<RecordBatch> {
    let columns = columns.iter().map(|(name, values)| (*name, Arc::clone(values), false));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

fn table(batch: RecordBatch) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

/// A type as Trino writes it.
pub(super) fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "varchar".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "varbinary".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::List(item) | DataType::LargeList(item) => format!("array({})", type_name(item.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                let pair: Vec<String> = pair.iter().map(|field| type_name(field.data_type())).collect();
                format!("map({})", pair.join(", "))
            }
            other => type_name(other),
        },
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type())));
            format!("row({})", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string().to_lowercase(),
    }
}

/// The query that a SHOW or DESCRIBE stands for; `None` for other statements.
///
/// Errors: [`QueryError::Invalid`] for tables that there are not, and for clauses of SHOW that are not taken.
pub(super) fn rewritten(
    statement: &EngineStatement,
    tables: &[GrantedTable],
    functions: &[String],
) -> Result<Option<String>, QueryError> {
    let EngineStatement::Statement(statement) = statement else { return Ok(None) };
    match statement.as_ref() {
        Statement::ExplainTable { describe_alias: _, hive_format, has_table_keyword: _, table_name } => {
            if hive_format.is_some() {
                return Err(QueryError::Invalid("write DESCRIBE and the table's name".to_owned()));
            }
            columns_of(table_name, tables).map(Some)
        }
        Statement::ShowColumns { extended: _, full: _, show_options } => match parent(show_options)? {
            Some(name) => columns_of(name, tables).map(Some),
            None => Err(QueryError::Invalid("write SHOW COLUMNS FROM and the table's name".to_owned())),
        },
        Statement::ShowTables { terse: _, history: _, extended: _, full: _, external: _, show_options } => {
            let schema = parent(show_options)?.map(names).and_then(|mut names| names.pop());
            let schema = schema.map_or("true".to_owned(), |schema| format!("table_schema = {}", quoted(&schema)));
            let like = like(show_options, "table_name")?;
            Ok(Some(format!(
                "SELECT * FROM {SCHEMA}.tables WHERE {schema} AND {like} ORDER BY table_schema, table_name"
            )))
        }
        Statement::ShowSchemas { terse: _, history: _, show_options }
        | Statement::ShowDatabases { terse: _, history: _, show_options } => {
            let _ = parent(show_options)?;
            let like = like(show_options, "schema_name")?;
            Ok(Some(format!("SELECT schema_name FROM {SCHEMA}.schemata WHERE {like} ORDER BY schema_name")))
        }
        Statement::ShowFunctions { filter } => {
            let like = filter.as_ref().map_or_else(|| Ok("true".to_owned()), |filter| matches(filter, "function"))?;
            let rows: Vec<String> = functions.iter().map(|name| format!("({})", quoted(name))).collect();
            Ok(Some(format!(
                "SELECT function FROM (VALUES {}) AS f(function) WHERE {like} ORDER BY function",
                rows.join(", ")
            )))
        }
        _ => Ok(None),
    }
}

fn parent(options: &ShowStatementOptions) -> Result<Option<&ObjectName>, QueryError> {
    let ShowStatementOptions { show_in, starts_with, limit, limit_from, filter_position } = options;
    let _ = filter_position; // `like`
    if starts_with.is_some() || limit.is_some() || limit_from.is_some() {
        let text = format!("SHOW takes no filter here; select from {SCHEMA}.tables, .columns or .schemata");
        return Err(QueryError::Invalid(text));
    }
    Ok(show_in.as_ref().and_then(|place| place.parent_name.as_ref()))
}

/// The condition of LIKE, or of a pattern alone, on a column.
fn like(options: &ShowStatementOptions, column: &str) -> Result<String, QueryError> {
    match &options.filter_position {
        None => Ok("true".to_owned()),
        Some(ShowStatementFilterPosition::Infix(filter) | ShowStatementFilterPosition::Suffix(filter)) => {
            matches(filter, column)
        }
    }
}

/// Athena's patterns: `%` of LIKE, or Hive's `*` and `|`.
fn matches(filter: &ShowStatementFilter, column: &str) -> Result<String, QueryError> {
    let (ShowStatementFilter::Like(pattern) | ShowStatementFilter::NoKeyword(pattern)) = filter else {
        return Err(QueryError::Invalid("write SHOW ... LIKE 'pattern'".to_owned()));
    };
    let one = |pattern: &str| format!("{column} LIKE {}", quoted(&pattern.replace('*', "%")));
    Ok(format!("({})", pattern.split('|').map(one).collect::<Vec<_>>().join(" OR ")))
}

fn columns_of(table: &ObjectName, tables: &[GrantedTable]) -> Result<String, QueryError> {
    let mut names = names(table);
    let name = names.pop().unwrap_or_default();
    let schema = names.pop().unwrap_or_else(|| "default".to_owned());
    if !tables.iter().any(|table| table.name == name && table.schemas.contains(&schema)) {
        return Err(super::no_table(&format!("table '{schema}.{name}' not found"), tables));
    }
    Ok(format!(
        "SELECT column_name, data_type, is_nullable FROM {SCHEMA}.columns WHERE table_schema = {} AND table_name = {} \
         ORDER BY ordinal_position",
        quoted(&schema),
        quoted(&name)
    ))
}

/// The parts of a name; those without quotes in lower case.
fn names(name: &ObjectName) -> Vec<String> {
    let parts = name.0.iter().filter_map(|part| part.as_ident());
    parts.map(|part| if part.quote_style.is_some() { part.value.clone() } else { part.value.to_lowercase() }).collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
