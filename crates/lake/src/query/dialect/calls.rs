//! Calls of functions in parsed statements: their parts, and new ones.

use datafusion::common::{DataFusionError, Result};
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Spanned,
};

pub(super) fn is_named(name: &ObjectName, wanted: &str) -> bool {
    matches!(name.0.as_slice(), [ObjectNamePart::Identifier(name)] if name.value.eq_ignore_ascii_case(wanted))
}

/// The arguments of a call without names, DISTINCT and clauses; FILTER and OVER may be there.
pub(super) fn arguments_of(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() || !function.within_group.is_empty() {
        return None;
    }
    let plain = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    list.args.iter().map(plain).collect()
}

/// The arguments of a call over single rows.
pub(super) fn plain_arguments(function: &Function) -> Option<Vec<Expr>> {
    let plain = function.filter.is_none() && function.over.is_none() && function.null_treatment.is_none();
    arguments_of(function).filter(|_| plain)
}

/// A plain call.
pub(super) fn call(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    let list = FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// A call that is written in another way than its function is.
pub(super) fn refused<T>(function: &Function, usage: &str) -> Result<T> {
    let place = function.span().start;
    Err(DataFusionError::Plan(format!("line {}, column {}: write {usage}", place.line, place.column)))
}
