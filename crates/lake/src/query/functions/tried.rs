//! `TRY(expression)`: null where the expression fails. Casts become TRY_CAST and divisions of whole numbers by zero null; the
//! functions that refuse values are asked again, row by row, where they do.
//! Source: trino.io/docs/current/functions/conditional.html.

use super::members::exactly;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Cast, ScalarFunction, TryCast};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, lit, when,
};
use std::sync::Arc;

/// Functions that refuse some values.
const REFUSE: [&str; 18] = [
    "chr",
    "date_add",
    "date_diff",
    "date_format",
    "date_parse",
    "decode",
    "from_iso8601_date",
    "from_iso8601_timestamp",
    "json_parse",
    "regexp_extract",
    "regexp_extract_all",
    "regexp_replace",
    "regexp_split",
    "sequence",
    "split",
    "split_part",
    "to_date",
    "to_timestamp",
];

pub(super) fn expand(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [of] = exactly(args, "TRY(expression)")?;
    let tried = of.transform_up(|expr| {
        Ok(match expr {
            Expr::Cast(Cast { expr, field }) => Transformed::yes(Expr::TryCast(TryCast { expr, field })),
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Divide | Operator::Modulo), right })
                if right.get_type(schema)?.is_integer() && left.get_type(schema)?.is_integer() =>
            {
                let divides = right.as_ref().clone().not_eq(lit(0_i64));
                let quotient = Expr::BinaryExpr(BinaryExpr { left, op, right });
                Transformed::yes(when(divides, quotient).end()?)
            }
            Expr::ScalarFunction(function) if REFUSE.contains(&function.func.name()) => {
                let tried = Tried { inner: Arc::clone(&function.func) };
                let func = Arc::new(ScalarUDF::from(tried));
                Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args: function.args }))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(tried.data)
}

/// A function that gives null for rows that it refuses.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Tried {
    inner: Arc<ScalarUDF>,
}

impl ScalarUDFImpl for Tried {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = self.inner.return_field_from_args(args)?;
        Ok(Arc::new(field.as_ref().clone().with_nullable(true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Err(_) = self.inner.invoke_with_args(args.clone()) else { return self.inner.invoke_with_args(args) };
        let arrays = args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<Result<Vec<ArrayRef>>>()?;
        let mut answers = Vec::with_capacity(args.number_rows);
        for row in 0..args.number_rows {
            let values = arrays.iter().map(|array| ScalarValue::try_from_array(array, row));
            let args = ScalarFunctionArgs {
                args: values.map(|value| value.map(ColumnarValue::Scalar)).collect::<Result<_>>()?,
                number_rows: 1,
                ..args.clone()
            };
            let kind = args.return_field.data_type().clone();
            let answer = self.inner.invoke_with_args(args).and_then(|answer| answer.into_array(1));
            answers.push(match answer {
                Ok(answer) if answer.len() == 1 => ScalarValue::try_from_array(&answer, 0)?,
                _ => ScalarValue::try_new_null(&kind)?,
            });
        }
        if answers.is_empty() {
            return Ok(ColumnarValue::Array(arrow_array::new_empty_array(args.return_field.data_type())));
        }
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(answers)?))
    }
}
