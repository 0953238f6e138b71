//! Numbers, conditions and types. Source: trino.io/docs/current/functions/math.html and conditional.html.

use super::members::exactly;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::functions::core::expr_fn as core;
use datafusion::functions::math::expr_fn as math;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, binary_expr, lit, when};

/// `greatest(...)`: null where one argument is.
pub(super) fn greatest(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    unless_null(args, core::greatest)
}

/// `least(...)`: null where one argument is.
pub(super) fn least(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    unless_null(args, core::least)
}

fn unless_null(args: Vec<Expr>, of: fn(Vec<Expr>) -> Expr) -> Result<Expr> {
    let known = args.iter().cloned().map(Expr::is_not_null).reduce(Expr::and);
    let known = known.ok_or_else(|| DataFusionError::Plan("write greatest or least with values".to_owned()))?;
    when(known, of(args)).end()
}

pub(super) fn modulo(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [of, by] = exactly(args, "mod(number, divisor)")?;
    Ok(binary_expr(of, Operator::Modulo, by))
}

pub(super) fn is_finite(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [of] = exactly(args, "is_finite(number)")?;
    Ok(math::abs(of).lt(lit(f64::INFINITY)))
}

pub(super) fn is_infinite(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    let [of] = exactly(args, "is_infinite(number)")?;
    Ok(math::abs(of).eq(lit(f64::INFINITY)))
}

pub(super) fn nan(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    exactly::<0>(args, "nan()").map(|_| lit(f64::NAN))
}

pub(super) fn infinity(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    exactly::<0>(args, "infinity()").map(|_| lit(f64::INFINITY))
}

pub(super) fn euler(args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    exactly::<0>(args, "e()").map(|_| lit(std::f64::consts::E))
}

/// `typeof(value)`: the type, as Trino writes it.
pub(super) fn type_of(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [of] = exactly(args, "typeof(value)")?;
    Ok(lit(super::type_name(&of.get_type(schema)?)))
}
