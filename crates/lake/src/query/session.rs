//! The engine of one query: a fresh session with the granted tables, one object store, bounded memory and disk, and no
//! function that makes memory out of a number.

use super::{GrantedTable, QueryError, QueryLimits, counted, describe, dialect, functions, interval_join, subscripts};
use crate::Lake;
use crate::scan::WAREHOUSE_URL;
use arrow_schema::SchemaRef;
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::common::{DataFusionError, Result as EngineResult};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, SessionStateDefaults};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{StreamExt, stream};
use object_store::ObjectStore;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// Athena's name for the catalog that tables are in.
const CATALOG: &str = "awsdatacatalog";
const DEFAULT_SCHEMA: &str = "default";
/// Consumers of memory that an error names.
const NAMED_CONSUMERS: usize = 3;

/// A session without tables, in which tables are looked for in `schema` (empty: `default`).
pub(super) fn new(lake: &Lake, limits: &QueryLimits, schema: &str) -> Result<SessionContext, QueryError> {
    let internal = |error: DataFusionError| QueryError::Internal(error.strip_backtrace());
    let pool = FairSpillPool::new(limits.memory_bytes);
    let named = NonZeroUsize::new(NAMED_CONSUMERS).unwrap_or(NonZeroUsize::MIN);
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![limits.spill_dir.clone()]))
        .with_max_temp_directory_size(limits.spill_bytes);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, named)))
        .with_disk_manager_builder(disk)
        .with_object_store_registry(Arc::new(OnlyWarehouse(Arc::clone(&lake.inner.store))))
        .build_arc()
        .map_err(internal)?;
    let state = builder(limits.target_partitions, schema).with_runtime_env(runtime).build();
    Ok(SessionContext::new_with_state(state))
}

/// A session that reads nothing, to do once what the first session does.
pub(super) fn without_tables() -> Result<SessionContext, QueryError> {
    let context = SessionContext::new_with_state(builder(1, DEFAULT_SCHEMA).build());
    Schemas::new(&context)?;
    Ok(context)
}

fn builder(partitions: usize, schema: &str) -> SessionStateBuilder {
    functions::add_to(SessionStateBuilder::new())
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_relation_planners(vec![Arc::new(dialect::UnnestPlanner)])
        .with_type_planner(Arc::new(dialect::TypeNames))
        .with_config(config(partitions, schema))
        .with_optimizer_rule(Arc::new(counted::CountRows))
        .with_optimizer_rule(Arc::new(subscripts::Subscripts))
        .with_physical_optimizer_rules(interval_join::optimizer_rules())
}

/// The same session, but members of maps and rows are read where the statement asks for them.
pub(super) fn without_leaf_pushdown(context: &SessionContext) -> SessionContext {
    let mut config = context.copied_config();
    config.options_mut().optimizer.enable_leaf_expression_pushdown = false;
    SessionContext::new_with_state(SessionStateBuilder::new_from_existing(context.state()).with_config(config).build())
}

fn config(partitions: usize, schema: &str) -> SessionConfig {
    let schema = if schema.is_empty() { DEFAULT_SCHEMA } else { schema };
    let mut config = SessionConfig::new()
        .with_target_partitions(partitions.max(1))
        .with_default_catalog_and_schema(CATALOG, schema)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false); // there is one of ours, without settings
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.sql_parser.map_string_types_to_utf8view = false; // text columns are Utf8; casts should be too
    config
}

/// The schemas of the session.
pub(super) struct Schemas {
    catalog: Arc<MemoryCatalogProvider>,
}

impl Schemas {
    pub(super) fn new(context: &SessionContext) -> Result<Self, QueryError> {
        let catalog = Arc::new(MemoryCatalogProvider::new());
        context.register_catalog(CATALOG, catalog.clone());
        let schemas = Self { catalog };
        schemas.schema(DEFAULT_SCHEMA)?;
        Ok(schemas)
    }

    /// Shows what belongs to a table, under that name, in each of its schemas.
    pub(super) fn add(
        &self,
        table: &GrantedTable,
        name: &str,
        provider: &Arc<dyn TableProvider>,
    ) -> Result<(), QueryError> {
        for schema in &table.schemas {
            self.schema(schema)?.register_table(name.to_owned(), Arc::clone(provider)).map_err(internal)?;
        }
        Ok(())
    }

    /// Shows what there is, in `information_schema`.
    pub(super) fn describe(&self, tables: &[(&GrantedTable, SchemaRef)]) -> Result<(), QueryError> {
        let schema = self.schema(describe::SCHEMA)?;
        for (name, table) in describe::tables(CATALOG, tables).map_err(internal)? {
            schema.register_table(name.to_owned(), table).map_err(internal)?;
        }
        Ok(())
    }

    fn schema(&self, name: &str) -> Result<Arc<dyn SchemaProvider>, QueryError> {
        if let Some(schema) = self.catalog.schema(name) {
            return Ok(schema);
        }
        let schema: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
        self.catalog.register_schema(name, Arc::clone(&schema)).map_err(internal)?;
        Ok(schema)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn internal(error: DataFusionError) -> QueryError {
    QueryError::Internal(error.strip_backtrace())
}

/// Ends `stream` with an error at `deadline`.
pub(super) fn until(
    deadline: Instant,
    limit: Duration,
    stream: SendableRecordBatchStream,
) -> SendableRecordBatchStream {
    let schema = stream.schema();
    let timed = stream::unfold(Some(stream), move |stream| async move {
        let mut stream = stream?;
        match tokio::time::timeout_at(deadline, stream.next()).await {
            Ok(item) => item.map(|item| (item, Some(stream))),
            Err(_) => Some((Err(DataFusionError::External(Box::new(QueryError::out_of_time(limit.as_secs())))), None)),
        }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, timed))
}

/// A registry with the warehouse and nothing else, whatever is asked or offered.
#[derive(Debug)]
pub(crate) struct OnlyWarehouse(pub(crate) Arc<dyn ObjectStore>);

impl ObjectStoreRegistry for OnlyWarehouse {
    fn register_store(&self, _url: &Url, _store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> EngineResult<Arc<dyn ObjectStore>> {
        if url.as_str().trim_end_matches('/') == WAREHOUSE_URL {
            Ok(Arc::clone(&self.0))
        } else {
            Err(DataFusionError::Plan("files and URLs cannot be queried".to_owned()))
        }
    }
}
