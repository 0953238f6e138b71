//! What the build side, once it is known, tells the scan of the probe side: contigs and ranges beyond which nothing can meet,
//! so that files, row groups and pages are skipped.
//!
//! Told only where it may save more than it costs: a few regions on a few contigs, not all genes of a genome.

use super::build::BuildSide;
use super::overlap::Overlap;
use super::spec::JoinSpec;
use arrow_schema::DataType;
use datafusion::common::{NullEquality, Result, ScalarValue};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExprRef;
use datafusion::physical_expr::expressions::{BinaryExpr, CastExpr, DynamicFilterPhysicalExpr, lit};
use datafusion::physical_plan::joins::{HashJoinExec, HashJoinExecBuilder};
use std::sync::Arc;

/// With more keys than this, most of the probe side is met anyhow.
const MAX_KEYS: usize = 8;
/// And with more intervals.
const MAX_INTERVALS: usize = 10_000;

/// `join`, for the moment at which it offers a filter to the scan of its right side: with the bounds among its keys, so
/// that the filter may speak of them.
pub(super) fn offering(join: &HashJoinExec, overlap: &Overlap) -> Result<HashJoinExec> {
    let mut on = join.on().to_vec();
    on.extend(bounds(overlap).map(|bound| (lit(ScalarValue::Int64(None)), bound)));
    HashJoinExecBuilder::from(join).with_on(on).build()
}

/// Sets `filter` to what `build` lets pass.
pub(super) fn set(filter: &DynamicFilterPhysicalExpr, spec: &JoinSpec, build: &BuildSide) -> Result<()> {
    let narrow = !spec.needs_probe_rows() && spec.nulls == NullEquality::NullEqualsNothing;
    let few = build.keys.len() <= MAX_KEYS && build.index.len() <= MAX_INTERVALS;
    filter.update(if narrow && few { passing(spec, build)? } else { lit(true) })
}

/// Whether a row of the probe side may meet an interval: its keys are some interval's, and it lies between the first start
/// and the last end of those.
fn passing(spec: &JoinSpec, build: &BuildSide) -> Result<PhysicalExprRef> {
    let [start, end] = bounds(&spec.overlap);
    let mut any: Option<PhysicalExprRef> = None;
    for (group, values) in build.keys.values()? {
        let Some((first, last)) = build.index.extent(group) else { continue };
        let after = binary(&start, Operator::GtEq, lit(first));
        let before = binary(&end, Operator::LtEq, lit(last));
        let keys = spec.probe_keys.iter().zip(values).map(|(key, value)| binary(key, Operator::Eq, lit(value)));
        let all = keys.chain([after, before]).reduce(|left, right| binary(&left, Operator::And, right));
        any = match (any, all) {
            (Some(any), Some(all)) => Some(binary(&any, Operator::Or, all)),
            (any, all) => any.or(all),
        };
    }
    Ok(any.unwrap_or_else(|| lit(false)))
}

/// The bounds of the probe side. As casts, even to the type that they have, so that no rule takes them for plain columns
/// that equal something.
fn bounds(overlap: &Overlap) -> [PhysicalExprRef; 2] {
    [&overlap.start, &overlap.end]
        .map(|bound| -> PhysicalExprRef { Arc::new(CastExpr::new(Arc::clone(&bound.probe), DataType::Int64, None)) })
}

fn binary(left: &PhysicalExprRef, operator: Operator, right: PhysicalExprRef) -> PhysicalExprRef {
    Arc::new(BinaryExpr::new(Arc::clone(left), operator, right))
}
