//! The columns that a table needs before rows of some files can be written. In: metadata, wanted columns. Out: new
//! metadata, written beside the old; whoever asked moves the pointer. Columns are added, never taken away.

use crate::commit::next_metadata;
use crate::iceberg_schema::{iceberg_schema, table_schema};
use crate::{Error, Lake, Result};
use iceberg::spec::TableMetadata;
use varberg_model::{Column, InfoType, TableSchema};

/// What a table was made ready for.
#[derive(Debug, Clone, PartialEq)]
pub struct Evolved {
    pub schema: TableSchema,
    /// Metadata that takes the place of the old one; none where the table had all columns.
    pub metadata_location: Option<String>,
}

impl Lake {
    /// Makes the table at `metadata_location` wide, if it is not, and gives it columns for FORMAT and INFO keys.
    ///
    /// A table becomes wide while it has no rows; `tag` (`<job>-<epoch>`) is part of the name of the file written here.
    /// Errors: [`Error::Foreign`] for a table that has rows in another layout.
    pub async fn evolve_wide(
        &self,
        metadata_location: &str,
        formats: &[String],
        infos: &[(String, InfoType)],
        tag: &str,
    ) -> Result<Evolved> {
        let metadata = self.read_metadata(metadata_location).await?;
        let current = table_schema(metadata.current_schema())?;
        if !current.is_wide() && metadata.current_snapshot().is_some() {
            let reason = "its rows are those of the long layout".to_owned();
            return Err(Error::Foreign { location: metadata_location.to_owned(), reason });
        }
        let base = if current.is_wide() { current.clone() } else { TableSchema::variants_wide() };
        // GT first: whatever room there is, genotypes have a column.
        let keys = std::iter::once("GT").chain(formats.iter().map(String::as_str));
        let infos = infos.iter().map(|(key, kind)| (key.as_str(), *kind));
        let missing = base.missing_format_columns(keys).into_iter().chain(base.missing_info_columns(infos)).collect();
        let wanted = with_columns(base, missing, metadata.last_column_id());
        if wanted.columns == current.columns {
            return Ok(Evolved { schema: placed(current), metadata_location: None });
        }
        let next = with_schema(&metadata, metadata_location, &wanted)?;
        let location = next_metadata(self, metadata_location, &next, tag).await?;
        Ok(Evolved { schema: placed(wanted), metadata_location: Some(location) })
    }
}

/// Schemas read back from metadata do not name their place columns.
fn placed(schema: TableSchema) -> TableSchema {
    TableSchema { place: TableSchema::variants_wide().place, ..schema }
}

fn with_columns(base: TableSchema, missing: Vec<Column>, last_column_id: i32) -> TableSchema {
    let greatest = base.columns.iter().map(|column| column.id).max().unwrap_or(0);
    // Elements of fixed columns have ids beyond those of the columns themselves.
    let last = greatest.max(last_column_id).max(TableSchema::last_wide_id());
    base.with_columns(missing, last)
}

fn with_schema(metadata: &TableMetadata, old: &str, wanted: &TableSchema) -> Result<TableMetadata> {
    let builder = metadata.clone().into_builder(Some(old.to_owned()));
    let built = builder.add_current_schema(iceberg_schema(wanted)?).and_then(|builder| builder.build());
    Ok(built.map_err(Error::metadata("adding columns"))?.metadata)
}
