//! What a statement may see and use: the tables of its account, and the limits of the configuration.
//!
//! Every ACTIVE store of the account is `"default"."NAME"` and `"variant_ACCOUNT_STOREID"."NAME"` or
//! `"annotation_ACCOUNT_STOREID"."NAME"`, later versions of annotation stores are `NAME_VERSION`.

use crate::config::Config;
use crate::error::ApiError;
use std::collections::HashMap;
use varberg_catalog::{Catalog, PublishedTable, TableLink};
use varberg_lake::{GrantedTable, QueryLimits, QueryRequest};
use varberg_model::AccountId;

/// Most bytes that the sorts and joins of one statement write to disk.
const SPILL_BYTES: u64 = 64 << 30;

/// The schema in which every store is found by its name alone.
pub(crate) const DEFAULT_SCHEMA: &str = "default";

/// The statement with the tables it may see and the limits it must keep.
pub(crate) async fn request(
    catalog: &Catalog,
    config: &Config,
    account: &AccountId,
    sql: &str,
) -> Result<QueryRequest, ApiError> {
    let tables = tables(catalog, account).await?;
    let asks_for_contig = sql.to_ascii_lowercase().replace("contigname", "").contains("contig");
    let contig_aliases = if asks_for_contig { catalog.contig_aliases(account).await? } else { Vec::new() };
    let warehouse = config.warehouse().map_err(|e| ApiError::Internal(e.to_string()))?;
    let limits = QueryLimits {
        memory_bytes: usize::try_from(config.query.memory_bytes).unwrap_or(usize::MAX),
        time_s: u64::from(config.query.time_s),
        spill_dir: config.spill_dir(),
        spill_bytes: SPILL_BYTES,
        target_partitions: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    Ok(QueryRequest { sql: sql.to_owned(), tables, limits, warehouse, contig_aliases, schema: String::new() })
}

/// The tables of an account, those that others share with it, and both under the names that the account gave them.
pub(crate) async fn tables(catalog: &Catalog, account: &AccountId) -> Result<Vec<GrantedTable>, ApiError> {
    let mut tables = granted(catalog.tables_of(account).await?, account);
    for TableLink { database, name, target_namespace, target_name } in catalog.table_links(account).await? {
        let is = |table: &GrantedTable, schema: &String, name: &String| {
            table.name == *name && table.schemas.contains(schema)
        };
        // What a store is named by now is the store.
        if tables.iter().any(|table| is(table, &database, &name)) {
            continue;
        }
        if let Some(target) = tables.iter().find(|table| is(table, &target_namespace, &target_name)).cloned() {
            tables.push(GrantedTable { schemas: vec![database], name, ..target });
        }
    }
    Ok(tables)
}

/// Tables under their schemas. Those of other accounts are in the default schema only where no other table has their name.
fn granted(published: Vec<PublishedTable>, account: &AccountId) -> Vec<GrantedTable> {
    let mut names: HashMap<String, usize> = HashMap::new();
    for table in &published {
        *names.entry(table.name.clone()).or_default() += 1;
    }
    let granted = |table: PublishedTable| {
        let by_name = table.owner == *account || names.get(&table.name) == Some(&1);
        let default = by_name.then(|| DEFAULT_SCHEMA.to_owned());
        GrantedTable {
            schemas: default.into_iter().chain([table.namespace]).collect(),
            name: table.name,
            metadata_location: table.metadata_location,
            samples_location: table.samples_location,
            hidden_columns: false,
        }
    };
    published.into_iter().map(granted).collect()
}
