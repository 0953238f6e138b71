//! Arrays. Source: trino.io/docs/current/functions/array.html.

use super::kernel::{Kernel, arguments, refused};
use super::members::{exactly, holds_null};
use super::{list_of, number};
use arrow_array::Array;
use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_schema::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_nested::expr_fn as nested;
use datafusion::logical_expr::{Expr, ScalarUDF, cast, lit, not, when};
use std::sync::Arc;

/// The longest that `sequence` makes; Trino's.
const LONGEST: i64 = 10_000;

/// `slice(array, start, length)`: from the end where `start` is negative.
pub(super) fn slice(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [of, start, length] = exactly(args, "slice(array, start, length)")?;
    let start = cast(start, DataType::Int64);
    let end = start.clone() + cast(length, DataType::Int64) - lit(1_i64);
    let part = |end: Expr| nested::array_slice(of.clone(), start.clone(), end, None);
    when(start.clone().gt(lit(0_i64)).or(end.clone().lt(lit(0_i64))), part(end)).otherwise(part(lit(-1_i64)))
}

/// `array_position(array, element)`: 0 where it is not there.
pub(super) fn position(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [of, element] = exactly(args, "array_position(array, element)")?;
    let known = of.clone().is_not_null().and(element.clone().is_not_null());
    let found = cast(nested::array_position(of, element, lit(1_i64)), DataType::Int64);
    when(known, coalesce(vec![found, lit(0_i64)])).end()
}

/// `array_remove(array, element)`: all that are equal.
pub(super) fn remove(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [of, element] = exactly(args, "array_remove(array, element)")?;
    Ok(nested::array_remove_all(of, element))
}

/// `array_max(array)`: null where one member is.
pub(super) fn max(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [of] = exactly(args, "array_max(array)")?;
    when(not(holds_null(of.clone())), nested::array_max(of)).end()
}

/// `array_min(array)`: null where one member is.
pub(super) fn min(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [of] = exactly(args, "array_min(array)")?;
    when(not(holds_null(of.clone())), nested::array_min(of)).end()
}

/// `array_sort(array)`: nulls last. The engine's order and place of nulls may follow.
pub(super) fn sort(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let mut args = args.into_iter();
    let Some(of) = args.next() else { return Err(DataFusionError::Plan("write array_sort(array)".to_owned())) };
    let order = args.next().unwrap_or_else(|| lit("ASC"));
    let nulls = args.next().unwrap_or_else(|| lit("NULLS LAST"));
    Ok(nested::array_sort(of, order, nulls))
}

/// `arrays_overlap(a, b)`: null where no member is in both and one holds a null.
pub(super) fn overlap(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [left, right] = exactly(args, "arrays_overlap(array, array)")?;
    let found = nested::array_has_any(left.clone(), right.clone());
    let unknown = not(found.clone()).and(holds_null(left).or(holds_null(right)));
    when(unknown, lit(ScalarValue::Boolean(None))).otherwise(found)
}

/// `sequence(start, stop[, step])` of whole numbers.
pub(super) fn sequence() -> ScalarUDF {
    let kernel = Kernel {
        name: "sequence",
        coerce: |found| {
            let kinds = [DataType::Int64, DataType::Int64, DataType::Int64];
            arguments(found, 2, &kinds, "sequence(start, stop[, step]) with whole numbers")
        },
        answer: |_| Ok(list_of(DataType::Int64)),
        run: |args| {
            let (starts, stops) = (number(args, 0)?, number(args, 1)?);
            let steps = args.get(2).map(|_| number(args, 2)).transpose()?;
            let mut numbers = ListBuilder::new(Int64Builder::new());
            for (row, (start, stop)) in starts.iter().zip(stops).enumerate() {
                let step = steps.map_or(Some(None), |steps| steps.is_valid(row).then(|| Some(steps.value(row))));
                let (Some(start), Some(stop), Some(step)) = (start, stop, step) else {
                    numbers.append_null();
                    continue;
                };
                let step = step.unwrap_or(if start > stop { -1 } else { 1 });
                if step == 0 || (stop > start && step < 0) || (stop < start && step > 0) {
                    return refused("sequence needs a step towards its stop");
                }
                let count = (i128::from(stop) - i128::from(start)) / i128::from(step) + 1;
                if count > i128::from(LONGEST) {
                    return refused("sequence makes at most 10,000 numbers");
                }
                let mut next = Some(start);
                for _ in 0..count {
                    numbers.values().append_option(next);
                    next = next.and_then(|number| number.checked_add(step));
                }
                numbers.append(true);
            }
            Ok(Arc::new(numbers.finish()))
        },
    };
    kernel.function()
}
