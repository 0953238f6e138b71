//! The tables and columns that there are, as of when they were last asked for.

use anyhow::{Context as _, Result};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// Every column of every table.
pub(super) const COLUMNS: &str = "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns \
     WHERE table_schema <> 'information_schema' ORDER BY table_schema, table_name, ordinal_position";

/// What `\d` shows: a table once, under the shortest way to name it.
pub(super) const TABLES: &str = "SELECT table_name AS \"table\", \
     array_join(array_sort(array_agg(CASE WHEN table_schema <> 'default' THEN table_schema END)), ', ') AS \"database\" \
     FROM information_schema.tables WHERE table_schema <> 'information_schema' GROUP BY table_name ORDER BY table_name";

/// Name and type of the columns of a table.
type Columns = Vec<(String, String)>;

/// Tables by schema and name.
#[derive(Debug, Default)]
pub(super) struct Names(RwLock<BTreeMap<(String, String), Columns>>);

impl Names {
    /// Takes the answer to [`COLUMNS`]; how many tables can be named without their schema.
    pub(super) fn learn(&self, batches: &[RecordBatch]) -> Result<usize> {
        let mut tables: BTreeMap<(String, String), Columns> = BTreeMap::new();
        for batch in batches {
            let texts = batch.columns().iter().map(|column| column.as_string_opt::<i32>());
            let texts: Vec<_> =
                texts.collect::<Option<_>>().context("the columns of tables are not described by texts")?;
            let [schemas, names, columns, kinds] = &*texts else { continue };
            for row in 0..batch.num_rows() {
                let table = (schemas.value(row).to_owned(), names.value(row).to_owned());
                let column = (columns.value(row).to_owned(), kinds.value(row).to_owned());
                tables.entry(table).or_default().push(column);
            }
        }
        let count = tables.keys().filter(|(schema, _)| schema == "default").count();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = tables;
        Ok(count)
    }

    /// Names of tables, those of the default schema alone and the others behind their schema.
    pub(super) fn tables(&self) -> Vec<String> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let name = |(schema, name): &(String, String)| match &**schema {
            "default" => name.clone(),
            schema => format!("{schema}.{name}"),
        };
        tables.keys().map(name).collect()
    }

    /// The columns of `table`, which may have its schema in front; none if it does not exist.
    pub(super) fn columns_with_types(&self, table: &str) -> Columns {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let table = table.replace('"', "");
        let (schema, name) = table.rsplit_once('.').unwrap_or(("default", &table));
        let is = |(s, n): &(String, String)| s.eq_ignore_ascii_case(schema) && n.eq_ignore_ascii_case(name);
        tables.iter().find(|(key, _)| is(key)).map(|(_, columns)| columns.clone()).unwrap_or_default()
    }
}
