//! Aggregates of rows that stand for several. In: an aggregate over single rows. Out: aggregates over numbered rows, and what
//! makes the answer of them. Only where the answer is the same: sums of floating-point numbers only if all of them are whole,
//! and so exact up to 2^53; beyond, they depend on the order of rows anyway.

use arrow_schema::DataType;
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Case, Cast, Expr, ExprFunctionExt, ExprSchemable, cast, lit};

/// Aggregates that equal rows do not change.
const OF_ANY_NUMBER: [&str; 4] = ["min", "max", "bool_and", "bool_or"];

/// What the names of aggregates over numbered rows begin with.
pub(super) const NAME: &str = "__aggregate_";

/// What an aggregate becomes.
pub(super) struct Rewritten {
    /// Over the results of `needs`.
    pub(super) answer: Expr,
    /// Aggregates over numbered rows, with names.
    pub(super) needs: Vec<Expr>,
}

/// `number`: the column with the numbers of rows; `first`: how many aggregates there are already, for names.
pub(super) fn rewritten(expr: &Expr, number: &Column, types: &DFSchema, first: usize) -> Result<Option<Rewritten>> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = expr.clone().unalias() else { return Ok(None) };
    if params.args.iter().chain(params.filter.as_deref()).any(Expr::is_volatile) {
        return Ok(None);
    }
    let name = |at: usize| format!("{NAME}{}", first + at);
    let keeps = params.distinct && matches!(func.name(), "count" | "sum" | "avg");
    if keeps || OF_ANY_NUMBER.contains(&func.name()) {
        let own = expr.clone().unalias().alias(name(0));
        return Ok(Some(Rewritten { answer: Expr::Column(Column::from_name(name(0))), needs: vec![own] }));
    }
    let filter = params.filter.as_deref();
    if params.distinct || !params.order_by.is_empty() || params.null_treatment.is_some() {
        return Ok(None);
    }
    let rows = |of: &[&Expr]| sum_where(Expr::Column(number.clone()), filter, of);
    let total = |at: usize| Expr::Column(Column::from_name(name(at)));
    Ok(match (func.name(), &params.args[..]) {
        ("count", args) => {
            let of: Vec<&Expr> = args.iter().filter(|arg| !is_value(arg)).collect();
            let count = coalesce(vec![total(0), lit(0_i64)]);
            Some(Rewritten { answer: count, needs: vec![rows(&of)?.alias(name(0))] })
        }
        ("sum", [of]) => {
            let Some(product) = product(of, number, types)? else { return Ok(None) };
            Some(Rewritten { answer: total(0), needs: vec![sum_where(product, filter, &[])?.alias(name(0))] })
        }
        ("avg", [of]) if of.get_type(types)? == DataType::Float64 => {
            let Some(product) = product(of, number, types)? else { return Ok(None) };
            let needs = vec![sum_where(product, filter, &[])?.alias(name(0)), rows(&[of])?.alias(name(1))];
            Some(Rewritten { answer: total(0) / cast(total(1), DataType::Float64), needs })
        }
        _ => None,
    })
}

/// Whether an aggregate is the number of all rows.
pub(super) fn counts_all_rows(expr: &Expr) -> bool {
    match expr.clone().unalias() {
        Expr::AggregateFunction(AggregateFunction { func, params }) => {
            func.name() == "count" && params.filter.is_none() && !params.distinct && params.args.iter().all(is_value)
        }
        _ => false,
    }
}

/// The sum of `of` over the rows that pass `filter` and in which none of `values` is null.
fn sum_where(of: Expr, filter: Option<&Expr>, values: &[&Expr]) -> Result<Expr> {
    let conditions = filter.cloned().into_iter().chain(values.iter().map(|value| (*value).clone().is_not_null()));
    match conditions.reduce(Expr::and) {
        Some(condition) => sum(of).filter(condition).build(),
        None => Ok(sum(of)),
    }
}

/// A summand times its number of rows, if that is exact.
fn product(of: &Expr, number: &Column, types: &DFSchema) -> Result<Option<Expr>> {
    let number = Expr::Column(number.clone());
    Ok(match of.get_type(types)? {
        DataType::Int64 => Some(of.clone() * number),
        DataType::Float64 if is_whole(of, types)? => Some(of.clone() * cast(number, DataType::Float64)),
        _ => None,
    })
}

/// Whether all values of an expression are whole numbers, as far as can be told; null is one.
fn is_whole(of: &Expr, types: &DFSchema) -> Result<bool> {
    Ok(match of {
        Expr::Literal(ScalarValue::Float64(value), _) => value.is_none_or(|value| value.fract() == 0.0),
        Expr::Cast(Cast { expr, .. }) => expr.get_type(types)?.is_integer(),
        Expr::Case(Case { when_then_expr, else_expr, .. }) => {
            let values = when_then_expr.iter().map(|(_, then)| then).chain(else_expr);
            values
                .map(|value| is_whole(value, types))
                .try_fold(true, |all, one| Ok::<_, DataFusionError>(all && one?))?
        }
        _ => false,
    })
}

/// Whether it is a value that is there in every row.
fn is_value(arg: &Expr) -> bool {
    matches!(arg, Expr::Literal(value, _) if !value.is_null())
}
