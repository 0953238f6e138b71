//! Which joins are joins on overlapping intervals: a filter that bounds a value of one side from both directions by
//! values of the other.
//!
//! Read from the physical plan, where every spelling has become a conjunction of comparisons: swapped operands, BETWEEN, a
//! position within an interval, bounds that are calculated.

use arrow_schema::{DataType, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinSide, Result};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, cast};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExprRef, conjunction, split_conjunction};
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinFilter};
use datafusion::physical_plan::joins::{HashJoinExec, JoinOnRef};
use std::sync::Arc;

/// The condition of a join, taken apart. Expressions of a side are over its columns; bounds are `i64`.
#[derive(Debug, Clone)]
pub(super) struct Overlap {
    /// The start of the build side's interval lies before the probe's end.
    pub(super) start: Bound,
    /// The end of the build side's interval lies after the probe's start.
    pub(super) end: Bound,
    /// What else must hold.
    pub(super) rest: Option<JoinFilter>,
}

/// One comparison of the build side with the probe side.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) build: PhysicalExprRef,
    pub(super) probe: PhysicalExprRef,
    /// Whether equal values do not pass.
    pub(super) strict: bool,
}

impl Overlap {
    /// The overlap that `join` asks for; `None` for other joins, and those that only a hash join can do (NOT IN, keys that
    /// are lists or floating-point numbers).
    pub(super) fn of_join(join: &HashJoinExec) -> Result<Option<Self>> {
        let (left, right) = (join.left().schema(), join.right().schema());
        if join.null_aware || !join.on().iter().all(|on| has_plain_type(on, &left, &right)) {
            return Ok(None);
        }
        match join.filter() {
            Some(filter) => Self::of_filter(filter, &left, &right),
            None => Ok(None),
        }
    }

    /// The overlap that `filter` asks for; the left side is the build side.
    pub(super) fn of_filter(filter: &JoinFilter, left: &Schema, right: &Schema) -> Result<Option<Self>> {
        if is_volatile(filter.expression()) {
            return Ok(None);
        }
        let (mut start, mut end, mut rest) = (None, None, Vec::new());
        for condition in split_conjunction(filter.expression()) {
            match comparison(condition, filter, left, right)? {
                Some((Direction::Below, bound)) if start.is_none() => start = Some(bound),
                Some((Direction::Above, bound)) if end.is_none() => end = Some(bound),
                _ => rest.push(Arc::clone(condition)),
            }
        }
        let (Some(start), Some(end)) = (start, end) else { return Ok(None) };
        let rest = if rest.is_empty() { None } else { Some(narrowed(&conjunction(rest), filter)?) };
        Ok(Some(Self { start, end, rest }))
    }

    pub(super) fn on_condition(&self) -> String {
        let sign = |bound: &Bound, sign: &str| format!("{sign}{}", if bound.strict { "" } else { "=" });
        let (start, end) = (&self.start, &self.end);
        format!("{} {} {}, {} {} {}", start.build, sign(start, "<"), start.probe, end.build, sign(end, ">"), end.probe)
    }
}

/// Keys whose equality is that of their bytes.
fn has_plain_type(on: &(PhysicalExprRef, PhysicalExprRef), left: &Schema, right: &Schema) -> bool {
    let (Ok(left), Ok(right)) = (on.0.data_type(left), on.1.data_type(right)) else { return false };
    let text = matches!(left, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    left == right && (text || left.is_integer() || matches!(left, DataType::Boolean | DataType::Date32))
}

/// Where the build side lies.
enum Direction {
    Below,
    Above,
}

/// A comparison of a whole number of the left side with one of the right.
fn comparison(
    condition: &PhysicalExprRef,
    filter: &JoinFilter,
    left: &Schema,
    right: &Schema,
) -> Result<Option<(Direction, Bound)>> {
    let Some(binary) = condition.downcast_ref::<BinaryExpr>() else { return Ok(None) };
    let (less, strict) = match binary.op() {
        Operator::Lt => (true, true),
        Operator::LtEq => (true, false),
        Operator::Gt => (false, true),
        Operator::GtEq => (false, false),
        _ => return Ok(None),
    };
    let first = operand(binary.left(), filter, left, right)?;
    let second = operand(binary.right(), filter, left, right)?;
    let (build, probe, below) = match (first, second) {
        (Some((JoinSide::Left, build)), Some((JoinSide::Right, probe))) => (build, probe, less),
        (Some((JoinSide::Right, probe)), Some((JoinSide::Left, build))) => (build, probe, !less),
        _ => return Ok(None),
    };
    let direction = if below { Direction::Below } else { Direction::Above };
    Ok(Some((direction, Bound { build, probe, strict })))
}

/// An expression over the columns of one side, as an `i64` over that side's schema.
fn operand(
    expr: &PhysicalExprRef,
    filter: &JoinFilter,
    left: &Schema,
    right: &Schema,
) -> Result<Option<(JoinSide, PhysicalExprRef)>> {
    let indices = filter.column_indices();
    let columns = collect_columns(expr);
    let mut sides = columns.iter().filter_map(|column| indices.get(column.index())).map(|index| index.side);
    let Some(side) = sides.next() else { return Ok(None) };
    if sides.any(|other| other != side) {
        return Ok(None);
    }
    let schema = match side {
        JoinSide::Left => left,
        JoinSide::Right => right,
        JoinSide::None => return Ok(None),
    };
    let moved = moved(expr, |column| indices.get(column).map(|index| index.index))?;
    let fits = match moved.data_type(schema)? {
        DataType::UInt64 => false, // does not fit i64
        kind => kind.is_integer(),
    };
    if !fits {
        return Ok(None);
    }
    Ok(Some((side, cast(moved, schema, DataType::Int64)?)))
}

/// `expr` with other column numbers.
fn moved(expr: &PhysicalExprRef, to: impl Fn(usize) -> Option<usize>) -> Result<PhysicalExprRef> {
    let moved = Arc::clone(expr).transform(|expr| {
        let Some(column) = expr.downcast_ref::<Column>() else { return Ok(Transformed::no(expr)) };
        match to(column.index()) {
            Some(index) => Ok(Transformed::yes(Arc::new(Column::new(column.name(), index)) as PhysicalExprRef)),
            None => Ok(Transformed::no(expr)),
        }
    })?;
    Ok(moved.data)
}

/// A filter for `expr` alone, with no column that it does not read.
fn narrowed(expr: &PhysicalExprRef, filter: &JoinFilter) -> Result<JoinFilter> {
    let mut used: Vec<usize> = collect_columns(expr).iter().map(Column::index).collect();
    used.sort_unstable();
    let expr = moved(expr, |column| used.binary_search(&column).ok())?;
    let indices: Vec<ColumnIndex> =
        used.iter().filter_map(|column| filter.column_indices().get(*column).cloned()).collect();
    let schema = filter.schema().project(&used)?;
    Ok(JoinFilter::new(expr, indices, Arc::new(schema)))
}

/// The keys of one side.
pub(super) fn keys(on: JoinOnRef<'_>, side: JoinSide) -> Vec<PhysicalExprRef> {
    on.iter().map(|(left, right)| Arc::clone(if side == JoinSide::Left { left } else { right })).collect()
}
