//! The samples that filters ask for. In: predicates over the name of a sample, or over its genotype. Out: positions of
//! samples. Predicates are evaluated as the engine evaluates them: on the names of a headerset once, and on the distinct
//! genotypes of records instead of on those of all samples.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow_schema::SchemaRef;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use std::sync::Arc;
use varberg_model::{INFO_PREFIX, RECORD_COLUMNS};
use varberg_rows::RecordShape;

/// What a filter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Columns that are the same in all rows of a record, and are stored as the contract has them.
    Site,
    /// INFO, perhaps with columns of the site: the same in all rows of a record, and made of what is stored.
    Attributes,
    Sample,
    Genotype,
}

pub(super) const ATTRIBUTES: &str = "attributes";
pub(crate) const SAMPLE: &str = "sampleid";
pub(crate) const GENOTYPE: [&str; 2] = ["calls", "phased"];

/// The kind of a filter, if all its columns are of one and the same record gives the same answer each time.
pub(super) fn kind_of(filter: &Expr) -> Option<Kind> {
    let refers = |expr: &Expr| {
        let is_other = matches!(
            expr,
            Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::OuterReferenceColumn(..)
        );
        Ok(is_other)
    };
    if filter.is_volatile() || filter.exists(refers).unwrap_or(true) {
        return None;
    }
    kind_of_columns(filter.column_refs().iter().map(|column| column.name.as_str()))
}

/// The kind of a filter with these columns.
pub(super) fn kind_of_columns<'a>(columns: impl IntoIterator<Item = &'a str>) -> Option<Kind> {
    let columns: Vec<&str> = columns.into_iter().collect();
    let all = |own: fn(&str) -> bool| columns.iter().all(|name| own(name)) && !columns.is_empty();
    // No column of the contract begins like those of INFO keys, which the table has.
    let is_stored = |name: &str| RECORD_COLUMNS.contains(&name) || name.starts_with(INFO_PREFIX);
    if columns.iter().all(|name| is_stored(name)) && !columns.is_empty() {
        Some(Kind::Site)
    } else if all(|name| name == ATTRIBUTES || RECORD_COLUMNS.contains(&name)) {
        Some(Kind::Attributes)
    } else if all(|name| name == SAMPLE) {
        Some(Kind::Sample)
    } else if all(|name| GENOTYPE.contains(&name)) {
        Some(Kind::Genotype)
    } else {
        None
    }
}

/// The samples of a headerset that pass a predicate over `schema`, the contract; none where all of them do. A headerset
/// without samples has one row without a name.
pub(super) fn samples(predicate: &Arc<dyn PhysicalExpr>, schema: &SchemaRef, shape: &RecordShape) -> Result<Passed> {
    let names: ArrayRef = match shape.samples.is_empty() {
        true => Arc::new(StringArray::new_null(1)),
        false => Arc::new(StringArray::from_iter_values(shape.samples.iter())),
    };
    let keep = evaluate(predicate, schema, &[(SAMPLE, names)])?;
    let passed = keep.iter().filter(|keep| **keep).count();
    Ok(if passed == keep.len() {
        Passed::All
    } else if passed == 0 {
        Passed::None
    } else {
        Passed::These((0_u32..).zip(keep).filter_map(|(at, keep)| keep.then_some(at)).collect())
    })
}

/// Which samples pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Passed {
    All,
    None,
    /// Ascending.
    These(Arc<[u32]>),
}

/// Evaluates a predicate over some columns of the contract; null is no.
pub(super) fn evaluate(
    predicate: &Arc<dyn PhysicalExpr>,
    schema: &SchemaRef,
    columns: &[(&str, ArrayRef)],
) -> Result<Vec<bool>> {
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    let own = |name: &str| columns.iter().find(|(own, _)| *own == name).map(|(_, column)| Arc::clone(column));
    let all = schema.fields().iter().map(|f| own(f.name()).unwrap_or_else(|| new_null_array(f.data_type(), rows)));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), all.collect(), &options)?;
    let keep = predicate.evaluate(&batch)?.into_array(rows)?;
    let wrong = || DataFusionError::Internal("a filter is not boolean".to_owned());
    let keep = keep.as_boolean_opt().ok_or_else(wrong)?;
    Ok(keep.iter().map(|keep| keep == Some(true)).collect())
}
