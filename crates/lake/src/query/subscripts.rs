//! `calls[1]`: an element of an array at a place that the statement names. The engine's function copies element by element;
//! this one takes them all at once. A rule of the logical optimizer puts it in its place; columns keep their names.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt32Array, new_null_array};
use arrow_schema::DataType;
use datafusion::arrow::compute::take;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// The engine's function of that meaning.
const ENGINES: &str = "array_element";

/// The rule.
#[derive(Debug)]
pub(super) struct Subscripts;

impl OptimizerRule for Subscripts {
    fn name(&self) -> &'static str {
        "subscripts"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            if matches!(expr, Expr::GroupingSet(_)) {
                return Ok(Transformed::no(expr)); // has no name that could be kept
            }
            let name = names.save(&expr);
            let changed = expr.transform_up(|expr| {
                let Expr::ScalarFunction(ScalarFunction { func, args }) = &expr else {
                    return Ok(Transformed::no(expr));
                };
                let ([list, Expr::Literal(ScalarValue::Int64(Some(place)), _)], ENGINES) = (&args[..], func.name())
                else {
                    return Ok(Transformed::no(expr));
                };
                let is_list = matches!(list.get_type(&schema), Ok(DataType::List(_)));
                let place = Some(*place).filter(|place| *place > 0 && is_list);
                Ok(match place {
                    Some(place) => Transformed::yes(ScalarUDF::from(Element::at(place)).call(vec![list.clone()])),
                    None => Transformed::no(expr),
                })
            })?;
            Ok(changed.update_data(|expr| name.restore(expr)))
        })
    }
}

/// The element of an array at one place, counted from 1; null where there is none.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Element {
    place: i64,
    name: String,
    signature: Signature,
}

impl Element {
    fn at(place: i64) -> Self {
        Self { place, name: format!("element_{place}"), signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Element {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::List(element)] => Ok(element.data_type().clone()),
            _ => Err(internal_datafusion_err!("an element of what is no array")),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let lists = args.args.into_iter().next().ok_or_else(|| internal_datafusion_err!("an argument is missing"))?;
        let is_one = matches!(lists, ColumnarValue::Scalar(_));
        let elements = elements(&lists.into_array(if is_one { 1 } else { args.number_rows })?, self.place)?;
        Ok(match is_one {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&elements, 0)?),
            false => ColumnarValue::Array(elements),
        })
    }
}

fn elements(array: &ArrayRef, place: i64) -> Result<ArrayRef> {
    let lists = array.as_list_opt::<i32>().ok_or_else(|| internal_datafusion_err!("an element of what is no array"))?;
    if lists.values().is_empty() {
        return Ok(new_null_array(lists.values().data_type(), lists.len()));
    }
    // Of arrays that have so many elements: so their places fit.
    let has = |begin: i32, end: i32| i64::from(end - begin) >= place;
    let at = |begin: i32| u32::try_from(i64::from(begin) + place - 1).unwrap_or_default();
    let bounds = lists.value_offsets().windows(2).enumerate();
    let index = |(row, bounds): (usize, &[i32])| {
        let [begin, end] = bounds else { return None };
        (has(*begin, *end) && lists.is_valid(row)).then(|| at(*begin))
    };
    let places: UInt32Array = match lists.null_count() {
        // All arrays have the element: the usual case of genotypes.
        0 if lists.value_offsets().windows(2).all(|b| matches!(b, [begin, end] if has(*begin, *end))) => {
            let begins = lists.value_offsets().iter().take(lists.len());
            UInt32Array::from_iter_values(begins.map(|begin| at(*begin)))
        }
        _ => bounds.map(index).collect(),
    };
    Ok(take(lists.values(), &places, None)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::Int32Type;
    use arrow_array::{Int32Array, ListArray};
    use std::sync::Arc;

    #[test]
    fn what_is_not_there_is_null() {
        let rows = [Some(vec![Some(1), Some(2)]), None, Some(vec![]), Some(vec![Some(3)]), Some(vec![None, Some(4)])];
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows));
        let at = |lists: &ArrayRef, place| elements(lists, place).unwrap().as_primitive::<Int32Type>().clone();
        assert_eq!(at(&lists, 1), Int32Array::from(vec![Some(1), None, None, Some(3), None]));
        assert_eq!(at(&lists, 2), Int32Array::from(vec![Some(2), None, None, None, Some(4)]));
        assert_eq!(at(&lists.slice(3, 2), 1), Int32Array::from(vec![Some(3), None]));
        assert_eq!(at(&lists.slice(1, 1), i64::MAX), Int32Array::from(vec![None]));
    }
}
