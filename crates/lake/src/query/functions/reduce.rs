//! `reduce(array, state, (state, element) -> state, state -> answer)`. Source: trino.io/docs/current/functions/array.html.
//!
//! All rows take their n-th element at once: as many steps as the longest array has elements.

use super::members::{is_list, items, wrong};
use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_schema::{DataType, Field, FieldRef};
use datafusion::arrow::compute::cast;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF,
    HigherOrderUDFImpl, LambdaParametersProgress, ValueOrLambda, Volatility,
};
use std::sync::Arc;

const USAGE: &str = "write reduce(array, first state, (state, element) -> next state, state -> answer)";

pub(super) fn function() -> HigherOrderUDF {
    let lambda = || ValueOrLambda::Lambda(());
    let signature = vec![ValueOrLambda::Value(()), ValueOrLambda::Value(()), lambda(), lambda()];
    HigherOrderUDF::new_from_impl(Reduce { signature: HigherOrderSignature::exact(signature, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Reduce {
    signature: HigherOrderSignature,
}

fn usage<T>() -> Result<T> {
    Err(DataFusionError::Plan(USAGE.to_owned()))
}

fn item(kind: &DataType) -> Result<FieldRef> {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => Ok(Arc::clone(item)),
        other => wrong("reduce takes an array", other),
    }
}

fn state(kind: &DataType) -> FieldRef {
    Arc::new(Field::new("state", kind.clone(), true))
}

impl HigherOrderUDFImpl for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [array, _] if is_list(array) => Ok(types.to_vec()),
            [other, _] => wrong("reduce takes an array", other),
            _ => usage(),
        }
    }

    /// The state is of the type that the first step makes of it.
    fn lambda_parameters(
        &self,
        _: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let [ValueOrLambda::Value(array), ValueOrLambda::Value(first), ValueOrLambda::Lambda(next), _] = fields else {
            return usage();
        };
        let item = item(array.data_type())?;
        Ok(match next {
            None => LambdaParametersProgress::Partial(vec![Some(vec![state(first.data_type()), item]), None]),
            Some(next) => {
                let state = state(next.data_type());
                LambdaParametersProgress::Complete(vec![vec![Arc::clone(&state), item], vec![state]])
            }
        })
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs<'_>) -> Result<FieldRef> {
        let [_, _, _, ValueOrLambda::Lambda(answer)] = args.arg_fields else { return usage() };
        Ok(Arc::new(Field::new("reduce", answer.data_type().clone(), true)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [
            ValueOrLambda::Value(arrays),
            ValueOrLambda::Value(first),
            ValueOrLambda::Lambda(next),
            ValueOrLambda::Lambda(answer),
        ] = args.args.as_slice()
        else {
            return usage();
        };
        let Some(ValueOrLambda::Lambda(kind)) = args.arg_fields.get(2) else { return usage() };
        let arrays = arrays.to_array(args.number_rows)?;
        let mut states = cast(&first.to_array(args.number_rows)?, kind.data_type())?;
        let elements = (0..arrays.len()).map(|row| items(&arrays, row)).collect::<Result<Vec<Option<ArrayRef>>>>()?;
        let longest = elements.iter().flatten().map(|elements| elements.len()).max().unwrap_or(0);
        for step in 0..longest {
            let has = |row: &usize| elements.get(*row).is_some_and(|e| e.as_ref().is_some_and(|e| e.len() > step));
            let rows: Vec<usize> = (0..elements.len()).filter(has).collect();
            let of_step: Vec<ArrayRef> =
                rows.iter().filter_map(|row| Some(elements.get(*row)?.as_ref()?.slice(step, 1))).collect();
            let of_step: Vec<&dyn Array> = of_step.iter().map(AsRef::as_ref).collect();
            let of_step = arrow_select::concat::concat(&of_step)?;
            let indices: UInt32Array = rows.iter().map(|row| u32::try_from(*row).ok()).collect();
            let before = arrow_select::take::take(&states, &indices, None)?;
            let after = next.evaluate(&[&|| Ok(Arc::clone(&before)), &|| Ok(Arc::clone(&of_step))], |captured| {
                captured.iter().map(|array| Ok(arrow_select::take::take(array, &indices, None)?)).collect()
            })?;
            let after = cast(&after.into_array(rows.len())?, kind.data_type())?;
            states = replaced(&states, &rows, &after)?;
        }
        let answers = answer.evaluate(&[&|| Ok(Arc::clone(&states))], |captured| Ok(captured.to_vec()))?;
        let answers = answers.into_array(args.number_rows)?;
        let known = arrays.logical_nulls();
        Ok(ColumnarValue::Array(match known {
            Some(known) => with_nulls(&answers, &known)?,
            None => answers,
        }))
    }
}

/// `all` with the values `new` at `rows`.
fn replaced(all: &ArrayRef, rows: &[usize], new: &ArrayRef) -> Result<ArrayRef> {
    let mut places: Vec<(usize, usize)> = (0..all.len()).map(|row| (0, row)).collect();
    for (at, row) in rows.iter().enumerate() {
        if let Some(place) = places.get_mut(*row) {
            *place = (1, at);
        }
    }
    Ok(arrow_select::interleave::interleave(&[all.as_ref(), new.as_ref()], &places)?)
}

/// `values`, null where `known` is.
fn with_nulls(values: &ArrayRef, known: &arrow_buffer::NullBuffer) -> Result<ArrayRef> {
    let indices: UInt32Array =
        known.iter().enumerate().map(|(row, known)| if known { u32::try_from(row).ok() } else { None }).collect();
    Ok(arrow_select::take::take(values, &indices, None)?)
}
