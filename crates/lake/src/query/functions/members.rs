//! Members of arrays and maps. Source: trino.io/docs/current/functions/array.html and map.html.

use super::kernel::Kernel;
use super::{argument, list_of};
use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array};
use arrow_schema::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::functions::core;
use datafusion::functions::core::expr_fn::nullif;
use datafusion::functions::string::expr_fn::contains as text_contains;
use datafusion::functions_nested::expr_fn::{array_element, array_has};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF, lit, when};
use std::sync::Arc;

/// `element_at(array, n)`: from 1, from the end where negative; `element_at(map, key)`. Null where there is none.
pub(super) fn element_at(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [of, at] = exactly(args, "element_at(array, number from 1) or element_at(map, key)")?;
    match of.get_type(schema)? {
        DataType::Map(..) => Ok(core::get_field().call(vec![of, at])),
        kind if is_list(&kind) => Ok(array_element(of, at)),
        other => wrong("element_at takes an array or a map", &other),
    }
}

/// `contains(array, element)`; null where the element is not found and the array holds a null. The engine's own
/// `contains(text, text)` too.
pub(super) fn contains(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [of, wanted] = exactly(args, "contains(array, element)")?;
    let kind = of.get_type(schema)?;
    if is_text(&kind) {
        return Ok(text_contains(of, wanted));
    }
    if !is_list(&kind) {
        return wrong("contains takes an array", &kind);
    }
    let found = array_has(of.clone(), wanted);
    when(holds_null(of), nullif(found.clone(), lit(false))).otherwise(found)
}

/// As many arguments as a function takes.
pub(super) fn exactly<const N: usize>(args: Vec<Expr>, usage: &str) -> Result<[Expr; N]> {
    args.try_into().map_err(|_| DataFusionError::Plan(format!("write {usage}")))
}

pub(super) fn wrong<T>(usage: &str, found: &DataType) -> Result<T> {
    Err(DataFusionError::Plan(format!("{usage}, not {}", super::type_name(found))))
}

pub(super) fn is_list(kind: &DataType) -> bool {
    matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

pub(super) fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// `cardinality(array or map)`: how many members; those of inner arrays do not count.
pub(super) fn cardinality() -> ScalarUDF {
    let kernel = Kernel {
        name: "cardinality",
        coerce: |types| match types {
            [kind] if is_list(kind) || matches!(kind, DataType::Map(..)) => Ok(types.to_vec()),
            [DataType::Null] => Ok(vec![list_of(DataType::Null)]),
            [other] => wrong("cardinality takes an array or a map", other),
            _ => Err(DataFusionError::Plan("write cardinality(array or map)".to_owned())),
        },
        answer: |_| Ok(DataType::Int64),
        run: |args| Ok(Arc::new(lengths(argument(args, 0)?)?.into_iter().collect::<Int64Array>())),
    };
    kernel.function()
}

/// `[1, 2, ...]` as long as the longest of some arrays; null where all are.
pub(in crate::query) fn ordinals() -> ScalarUDF {
    let kernel = Kernel {
        name: "__ordinals",
        coerce: |types| Ok(types.to_vec()),
        answer: |_| Ok(list_of(DataType::Int64)),
        run: |args| {
            let all: Vec<Vec<Option<i64>>> = args.iter().map(lengths).collect::<Result<_>>()?;
            let mut numbers = ListBuilder::new(Int64Builder::new());
            for row in 0..argument(args, 0)?.len() {
                let longest = all.iter().filter_map(|lengths| lengths.get(row).copied().flatten()).max();
                (1..=longest.unwrap_or(0)).for_each(|number| numbers.values().append_value(number));
                numbers.append(longest.is_some());
            }
            Ok(Arc::new(numbers.finish()))
        },
    };
    kernel.function()
}

/// Whether an array holds a null.
pub(super) fn holds_null(array: Expr) -> Expr {
    let kernel = Kernel {
        name: "__holds_null",
        coerce: |types| Ok(types.to_vec()),
        answer: |_| Ok(DataType::Boolean),
        run: |args| {
            let array = argument(args, 0)?;
            let holds = |row: usize| items(array, row).map(|items| items.is_some_and(|i| i.logical_null_count() > 0));
            let holds = (0..array.len()).map(holds).collect::<Result<Vec<bool>>>()?;
            Ok(Arc::new(BooleanArray::from(holds)))
        },
    };
    kernel.function().call(vec![array])
}

/// The members of one row of an array of arrays; none where it is null.
pub(super) fn items(array: &ArrayRef, row: usize) -> Result<Option<ArrayRef>> {
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
pub(super) fn lengths(array: &ArrayRef) -> Result<Vec<Option<i64>>> {
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
