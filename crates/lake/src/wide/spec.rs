//! What is made of the records of a wide table: which columns, for which samples of which records.

use super::lookups::{Lookups, with_fields};
use super::selection::{ATTRIBUTES, GENOTYPE, SAMPLE};
use arrow_schema::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::projection::ProjectionExpr;
use std::collections::BTreeSet;
use std::sync::Arc;
use varberg_model::{FormatColumns, TableSchema, format_key};
use varberg_rows::{HeaderSets, RecordShape, wide_columns};

/// Bytes of vectors that a batch of records may have, about.
const BATCH_BYTES: usize = 32 << 20;
/// Position of `attributes` in the long table.
pub(super) const ATTRIBUTES_COLUMN: usize = 10;
/// Records of a batch.
const BATCH_RECORDS: std::ops::RangeInclusive<usize> = 16..=8192;

/// Name of the column that says how many rows of the contract a row stands for (bigint); no statement sees it.
pub(crate) const ROWS_COLUMN: &str = "__rows";

/// What a row of the output stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// One row of the contract.
    Row,
    /// The rows of one record, or, with the genotype among the columns, those with one genotype.
    Record { with_genotype: bool },
    /// The rows of one sample of any records, or, with the genotype among the columns, those with one genotype.
    Sample { with_genotype: bool },
}

impl Grain {
    /// `counted`: whether a row may stand for several; `columns`: those of the output.
    fn of(counted: bool, columns: &SchemaRef) -> Self {
        let has = |name: &str| columns.index_of(name).is_ok();
        let with_genotype = GENOTYPE.iter().any(|name| has(name));
        match (counted, has(SAMPLE)) {
            (false, _) => Self::Row,
            (true, true) => Self::Sample { with_genotype },
            (true, false) => Self::Record { with_genotype },
        }
    }
}

/// A predicate over the attributes and the site of a record.
#[derive(Debug, Clone)]
pub(super) struct AttributesFilter {
    pub(super) predicate: Arc<dyn PhysicalExpr>,
    /// What it is over: the contract, and behind it the keys looked up.
    pub(super) schema: SchemaRef,
    /// None if it needs maps.
    pub(super) lookups: Option<Lookups>,
}

/// What is made of the records of a wide table.
#[derive(Debug, Clone)]
pub(super) struct ExplodeSpec {
    pub(super) table: TableSchema,
    pub(super) headersets: Arc<HeaderSets>,
    /// Positions in the long table of the columns made, ascending.
    pub(super) columns: Vec<usize>,
    /// For each column of the output, its place among `columns`; behind them the number of rows, then `lookups`.
    pub(super) places: Vec<usize>,
    pub(super) grain: Grain,
    /// INFO keys whose values are columns of the output.
    pub(super) lookups: Lookups,
    pub(super) output: SchemaRef,
    /// All columns that statements see; predicates are over them.
    pub(super) contract: SchemaRef,
    /// A predicate over the records read.
    pub(super) records: Option<Arc<dyn PhysicalExpr>>,
    /// A predicate over the attributes and the site of a record.
    pub(super) attributes: Option<AttributesFilter>,
    pub(super) samples: Option<Arc<dyn PhysicalExpr>>,
    pub(super) genotypes: Option<Arc<dyn PhysicalExpr>>,
    /// Predicates on the sample's name over the output, which may become narrower while the statement runs.
    pub(super) dynamic: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) fetch: Option<usize>,
}

impl ExplodeSpec {
    /// `projection`: positions in `contract`, which has the number of rows as its last column if rows are counted; `samples`
    /// and `genotypes`: predicates over `contract`.
    pub(super) fn new(
        table: &TableSchema,
        headersets: Arc<HeaderSets>,
        contract: &SchemaRef,
        projection: &[usize],
        samples: Option<Arc<dyn PhysicalExpr>>,
        genotypes: Option<Arc<dyn PhysicalExpr>>,
        fetch: Option<usize>,
    ) -> Result<Self> {
        let long = varberg_rows::arrow_schema(&TableSchema::variants_long());
        let position = |at: &usize| match contract.field(*at).name().as_str() {
            ROWS_COLUMN => Ok(None),
            name => long.index_of(name).map(Some),
        };
        let wanted: Vec<Option<usize>> = projection.iter().map(position).collect::<Result<_, _>>()?;
        let columns: Vec<usize> = wanted.iter().copied().flatten().collect::<BTreeSet<_>>().into_iter().collect();
        let place = |at: &Option<usize>| columns.iter().position(|own| Some(*own) == *at).unwrap_or(columns.len());
        let output = Arc::new(contract.project(projection)?);
        Ok(Self {
            table: table.clone(),
            headersets,
            places: wanted.iter().map(place).collect(),
            columns,
            grain: Grain::of(contract.index_of(ROWS_COLUMN).is_ok(), &output),
            lookups: Lookups::default(),
            output,
            contract: Arc::clone(contract),
            records: None,
            attributes: None,
            samples,
            genotypes,
            dynamic: Vec::new(),
            fetch,
        })
    }

    /// The spec, with a predicate over the records read.
    pub(super) fn with_records(self, records: Option<Arc<dyn PhysicalExpr>>) -> Self {
        Self { records, ..self }
    }

    /// The spec, with a predicate over the attributes and the site of a record.
    pub(super) fn with_attributes(self, attributes: Option<AttributesFilter>) -> Self {
        Self { attributes, ..self }
    }

    /// The spec for a projection over its output that asks single keys of `attributes`, and that projection; none if it
    /// is no such projection.
    pub(super) fn looking_up(&self, projection: &[ProjectionExpr]) -> Result<Option<(Self, Vec<ProjectionExpr>)>> {
        // Those are over columns of the output by position.
        if !self.dynamic.is_empty() {
            return Ok(None);
        }
        let Some((projection, lookups)) = Lookups::in_projection(projection, &self.output)? else { return Ok(None) };
        let at = self.output.index_of(ATTRIBUTES)?;
        let without = self.columns.iter().filter(|column| **column != ATTRIBUTES_COLUMN);
        let columns: Vec<usize> = without.copied().collect();
        // Places of the columns that are left, the number of rows behind them, then the keys.
        let place = |own: usize| match self.columns.get(own) {
            Some(column) => columns.iter().position(|left| left == column),
            None => Some(columns.len()),
        };
        let kept = self.places.iter().filter_map(|own| place(*own));
        let places = kept.chain((1..=lookups.len()).map(|key| columns.len() + key)).collect();
        let left: Vec<usize> = (0..self.output.fields().len()).filter(|own| *own != at).collect();
        let output = with_fields(&Arc::new(self.output.project(&left)?), lookups.fields());
        Ok(Some((Self { columns, places, lookups, output, ..self.clone() }, projection)))
    }

    /// The columns of the table that are read, besides those that records are filtered by.
    pub(super) fn stored_columns(&self) -> BTreeSet<String> {
        let mut names = wide_columns(&self.table, &self.columns);
        if self.attributes.is_some() || !self.lookups.is_empty() {
            names.extend(wide_columns(&self.table, &[ATTRIBUTES_COLUMN]));
        }
        if self.genotypes.is_some() {
            names.extend(self.genotype_column());
        }
        names
    }

    pub(super) fn genotype_column(&self) -> Option<String> {
        FormatColumns::of(&self.table).name("GT").map(str::to_owned)
    }

    /// Whether every record gives at least one row.
    pub(super) fn makes_all_rows(&self) -> bool {
        self.records.is_none()
            && self.attributes.is_none()
            && self.samples.is_none()
            && self.genotypes.is_none()
            && self.dynamic.is_empty()
    }

    /// How many records may be read at once: fewer where there are many samples.
    pub(super) fn records_of_a_batch(&self) -> usize {
        let samples = self.headersets.iter().map(|(_, shape)| shape.samples.len()).max().unwrap_or(0);
        let names = self.stored_columns();
        let vectors = self.table.columns.iter().filter(|c| format_key(c).is_some());
        let read = vectors.filter(|column| names.contains(&column.name));
        // Packed genotypes take a byte for two to four samples, other values some bytes each.
        let bytes = read.map(|column| if format_key(column) == Some("GT") { samples / 2 } else { 6 * samples });
        (BATCH_BYTES / bytes.sum::<usize>().max(1)).clamp(*BATCH_RECORDS.start(), *BATCH_RECORDS.end())
    }

    pub(super) fn shape(&self, headerset: i64) -> Result<&Arc<RecordShape>> {
        let missing = || DataFusionError::Internal(format!("headerset {headerset} is not in the table of samples"));
        self.headersets.get(headerset).ok_or_else(missing)
    }
}
