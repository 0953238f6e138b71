//! Members of arrays and maps. Source: trino.io/docs/current/functions/array.html and map.html.

use super::kernel::Kernel;
use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array};
use arrow_schema::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::functions::core;
use datafusion::functions::core::expr_fn::nullif;
use datafusion::functions::string::expr_fn::contains as text_contains;
use datafusion::functions_nested::expr_fn::{array_element, array_has};
use datafusion::logical_expr::{ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, lit, when};
use std::sync::Arc;

/// `element_at(array, n)`: from 1, from the end where negative; `element_at(map, key)`. Null where there is none.
pub(super) fn element_at(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [of, at] = two(args, "element_at takes an array and a number from 1, or a map and a key")?;
    match of.get_type(schema)? {
        DataType::Map(..) => Ok(core::get_field().call(vec![of, at])),
        kind if is_list(&kind) => Ok(array_element(of, at)),
        other => wrong("element_at takes an array or a map", &other),
    }
}

/// `contains(array, element)`; null where the element is not found and the array holds a null. The engine's own
/// `contains(text, text)` too.
pub(super) fn contains(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [of, wanted] = two(args, "contains takes an array and an element")?;
    let kind = of.get_type(schema)?;
    if matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        return Ok(text_contains(of, wanted));
    }
    if !is_list(&kind) {
        return wrong("contains takes an array", &kind);
    }
    let found = array_has(of.clone(), wanted);
    when(holds_null().call(vec![of]), nullif(found.clone(), lit(false))).otherwise(found)
}

fn two(args: Vec<Expr>, usage: &str) -> Result<[Expr; 2]> {
    args.try_into().map_err(|_| DataFusionError::Plan(usage.to_owned()))
}

fn wrong<T>(usage: &str, found: &DataType) -> Result<T> {
    Err(DataFusionError::Plan(format!("{usage}, not {}", super::type_name(found))))
}

pub(super) fn is_list(kind: &DataType) -> bool {
    matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

/// `cardinality(array or map)`: how many members; those of inner arrays do not count.
pub(super) fn cardinality() -> ScalarUDF {
    let kernel = Kernel {
        name: "cardinality",
        coerce: |types| match types {
            [kind] if is_list(kind) || matches!(kind, DataType::Map(..)) => Ok(types.to_vec()),
            [DataType::Null] => Ok(vec![DataType::new_list(DataType::Null, true)]),
            [other] => wrong("cardinality takes an array or a map", other),
            _ => Err(DataFusionError::Plan("cardinality takes one array or map".to_owned())),
        },
        answer: |_| Ok(DataType::Int64),
        run: |args| {
            let lengths =
                |array: &ArrayRef| Ok(Arc::new(lengths(array)?.into_iter().collect::<Int64Array>()) as ArrayRef);
            of_first(&args, lengths)
        },
    };
    kernel.function()
}

/// `[1, 2, ...]` as long as the longest of some arrays; null where all are.
pub(in crate::query) fn ordinals() -> ScalarUDF {
    let kernel = Kernel {
        name: "__ordinals",
        coerce: |types| Ok(types.to_vec()),
        answer: |_| Ok(DataType::new_list(DataType::Int64, true)),
        run: |args| {
            let arrays = ColumnarValue::values_to_arrays(&args.args)?;
            let all: Vec<Vec<Option<i64>>> = arrays.iter().map(lengths).collect::<Result<_>>()?;
            let mut numbers = ListBuilder::new(Int64Builder::new());
            for row in 0..arrays.first().map_or(0, |array| array.len()) {
                let longest = all.iter().filter_map(|lengths| lengths.get(row).copied().flatten()).max();
                (1..=longest.unwrap_or(0)).for_each(|number| numbers.values().append_value(number));
                numbers.append(longest.is_some());
            }
            Ok(ColumnarValue::Array(Arc::new(numbers.finish())))
        },
    };
    kernel.function()
}

/// Whether an array holds a null.
fn holds_null() -> ScalarUDF {
    let kernel = Kernel {
        name: "__holds_null",
        coerce: |types| Ok(types.to_vec()),
        answer: |_| Ok(DataType::Boolean),
        run: |args| {
            of_first(&args, |array| {
                let of_row =
                    |row: usize| items(array, row).map(|items| items.is_some_and(|i| i.logical_null_count() > 0));
                let holds = (0..array.len()).map(of_row).collect::<Result<Vec<bool>>>()?;
                Ok(Arc::new(BooleanArray::from(holds)) as ArrayRef)
            })
        },
    };
    kernel.function()
}

/// Applies `work` to the only argument; a constant stays one.
fn of_first(args: &ScalarFunctionArgs, work: impl Fn(&ArrayRef) -> Result<ArrayRef>) -> Result<ColumnarValue> {
    match args.args.first() {
        Some(ColumnarValue::Array(array)) => Ok(ColumnarValue::Array(work(array)?)),
        Some(ColumnarValue::Scalar(value)) => {
            let answer = work(&value.to_array()?)?;
            Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&answer, 0)?))
        }
        None => Err(DataFusionError::Internal("an argument is missing".to_owned())),
    }
}

/// The members of one row of an array of arrays; none where it is null.
fn items(array: &ArrayRef, row: usize) -> Result<Option<ArrayRef>> {
    if array.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
        other => return wrong("an array is wanted", other),
    }))
}

/// How many members each row has; null where the row is.
fn lengths(array: &ArrayRef) -> Result<Vec<Option<i64>>> {
    let length = |of: &dyn Fn(usize) -> i64| {
        (0..array.len()).map(|row| array.is_valid(row).then(|| of(row))).collect::<Vec<Option<i64>>>()
    };
    Ok(match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            length(&|row| i64::from(list.value_length(row)))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            length(&|row| list.value_length(row))
        }
        DataType::FixedSizeList(_, size) => length(&|_| i64::from(*size)),
        DataType::Map(..) => {
            let map = array.as_map();
            length(&|row| i64::from(map.value_length(row)))
        }
        other => return wrong("an array or a map is wanted", other),
    })
}
