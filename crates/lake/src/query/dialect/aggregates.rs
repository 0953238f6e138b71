//! Aggregate functions of Athena written with those of the engine. Source: trino.io/docs/current/functions/aggregate.html.

use super::calls::{arguments_of, call, is_named, refused};
use datafusion::common::Result;
use datafusion::sql::sqlparser::ast::{
    Array, BinaryOperator, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Ident, ObjectName, OrderByExpr, OrderByOptions,
};

/// What an aggregate stands for; None for other functions.
pub(super) fn rewritten(function: &Function) -> Result<Option<Expr>> {
    let is = |name: &str| is_named(&function.name, name);
    Ok(Some(if is("count_if") {
        count_if(function)?
    } else if is("max_by") {
        by(function, "max_by", false)?
    } else if is("min_by") {
        by(function, "min_by", true)?
    } else if is("map_agg") {
        let [key, value] = arguments(function, "map_agg(key, value)")?;
        let pair = call("struct", vec![key, value]);
        call("map_from_entries", vec![renamed(function, "array_agg", vec![pair])])
    } else if is("histogram") {
        let [of] = arguments(function, "histogram(value)")?;
        let present = Expr::IsNotNull(Box::new(of.clone()));
        call("__counts", vec![filtered(renamed(function, "array_agg", vec![of]), present)])
    } else if is("set_agg") {
        let [of] = arguments(function, "set_agg(value)")?;
        let Expr::Function(mut all) = renamed(function, "array_agg", vec![of]) else { return Ok(None) };
        if let FunctionArguments::List(list) = &mut all.args {
            list.duplicate_treatment = Some(DuplicateTreatment::Distinct);
        }
        Expr::Function(all)
    } else if is("approx_percentile") {
        percentile(function)?
    } else if is("listagg") {
        listagg(function)?
    } else {
        return Ok(None);
    }))
}

fn arguments<const N: usize>(function: &Function, usage: &str) -> Result<[Expr; N]> {
    match arguments_of(function).map(TryInto::try_into) {
        Some(Ok(arguments)) => Ok(arguments),
        _ => refused(function, usage),
    }
}

/// The same call of another function: FILTER and OVER stay.
fn renamed(function: &Function, name: &str, args: Vec<Expr>) -> Expr {
    let mut new = function.clone();
    new.name = ObjectName::from(vec![Ident::new(name)]);
    if let FunctionArguments::List(list) = &mut new.args {
        list.args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    }
    Expr::Function(new)
}

/// A call over those rows only that meet a condition too.
fn filtered(call: Expr, condition: Expr) -> Expr {
    let Expr::Function(mut function) = call else { return call };
    function.filter = Some(Box::new(match function.filter.take() {
        Some(filter) => Expr::BinaryOp {
            left: Box::new(Expr::Nested(filter)),
            op: BinaryOperator::And,
            right: Box::new(Expr::Nested(Box::new(condition))),
        },
        None => condition,
    }));
    Expr::Function(function)
}

fn count_if(function: &Function) -> Result<Expr> {
    let [condition] = arguments(function, "count_if(condition)")?;
    let Expr::Function(mut count) = renamed(function, "count", Vec::new()) else {
        return refused(function, "count_if(condition)");
    };
    if let FunctionArguments::List(list) = &mut count.args {
        list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Wildcard)];
    }
    Ok(filtered(Expr::Function(count), condition))
}

/// `max_by(value, of)`: the value of the row where `of` is the largest.
fn by(function: &Function, name: &str, ascending: bool) -> Result<Expr> {
    let usage = format!("{name}(value, of), without OVER");
    let [value, of] = arguments(function, &usage)?;
    if function.over.is_some() {
        return refused(function, &usage);
    }
    let present = Expr::IsNotNull(Box::new(of.clone()));
    let Expr::Function(mut first) = renamed(function, "first_value", vec![value]) else {
        return refused(function, &usage);
    };
    if let FunctionArguments::List(list) = &mut first.args {
        let options = OrderByOptions { asc: Some(ascending), nulls_first: Some(false) };
        list.clauses.push(FunctionArgumentClause::OrderBy(vec![OrderByExpr { expr: of, options, with_fill: None }]));
    }
    Ok(filtered(Expr::Function(first), present))
}

/// `approx_percentile(value[, weight], share)`; an array of shares gives an array.
fn percentile(function: &Function) -> Result<Expr> {
    const USAGE: &str = "approx_percentile(value, share from 0 to 1)";
    let Some(mut args) = arguments_of(function).filter(|args| matches!(args.len(), 2 | 3)) else {
        return refused(function, USAGE);
    };
    let Some(share) = args.pop() else { return refused(function, USAGE) };
    let name = if args.len() == 2 { "approx_percentile_cont_with_weight" } else { "approx_percentile_cont" };
    let of = |share: Expr| renamed(function, name, args.iter().cloned().chain([share]).collect());
    Ok(match share {
        Expr::Array(shares) => Expr::Array(Array { elem: shares.elem.into_iter().map(of).collect(), named: true }),
        share => of(share),
    })
}

/// `listagg(text, separator) WITHIN GROUP (ORDER BY ...)`.
fn listagg(function: &Function) -> Result<Expr> {
    let usage = "listagg(text, separator) WITHIN GROUP (ORDER BY ...)";
    let FunctionArguments::List(list) = &function.args else { return refused(function, usage) };
    if !list.clauses.is_empty() || function.within_group.is_empty() {
        return refused(function, usage);
    }
    let mut new = function.clone();
    new.name = ObjectName::from(vec![Ident::new("string_agg")]);
    let order = std::mem::take(&mut new.within_group);
    if let FunctionArguments::List(list) = &mut new.args {
        list.clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    Ok(Expr::Function(new))
}
