//! Constructs of Athena written as others that the planner knows. In: a parsed statement. Out: the same, written so.

use datafusion::common::{DataFusionError, Result};
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Spanned, Subscript, Value, VisitMut, VisitorMut,
};
use std::ops::ControlFlow;

/// Rewrites every expression of `statement`.
pub(super) fn rewrite(statement: &mut EngineStatement) -> Result<()> {
    let mut statement = statement;
    while let EngineStatement::Explain(explain) = statement {
        statement = &mut explain.statement;
    }
    let EngineStatement::Statement(statement) = statement else { return Ok(()) };
    match statement.visit(&mut Spelling) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Spelling;

impl VisitorMut for Spelling {
    type Break = DataFusionError;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<DataFusionError> {
        match expr {
            Expr::CompoundFieldAccess { root, access_chain } => members(root, access_chain),
            Expr::Function(function) if is_named(&function.name, "if") => match conditional(function) {
                Ok(case) => *expr = case,
                Err(error) => return ControlFlow::Break(error),
            },
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// `a.b[1].c` as `a.b[1]['c']`: behind a subscript or a function a dot asks for a member of a row.
fn members(root: &Expr, chain: &mut [AccessExpr]) {
    let named = matches!(root, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    let of_name = |access: &AccessExpr| named && matches!(access, AccessExpr::Dot(Expr::Identifier(_)));
    let first = chain.iter().position(|access| !of_name(access)).unwrap_or(chain.len());
    for access in chain.iter_mut().skip(first) {
        if let AccessExpr::Dot(Expr::Identifier(name)) = access {
            let index = Expr::Value(Value::SingleQuotedString(normal(name)).with_span(name.span));
            *access = AccessExpr::Subscript(Subscript::Index { index });
        }
    }
}

/// `if(condition, then[, otherwise])`.
fn conditional(function: &Function) -> Result<Expr> {
    let usage = || {
        let place = function.span().start;
        DataFusionError::Plan(format!(
            "line {}, column {}: write if(condition, value[, other value])",
            place.line, place.column
        ))
    };
    let mut args = arguments(function).ok_or_else(usage)?.into_iter();
    let (Some(condition), Some(result), other, None) = (args.next(), args.next(), args.next(), args.next()) else {
        return Err(usage());
    };
    Ok(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: other.map(Box::new),
    })
}

/// The arguments of a plain call: without names, DISTINCT, FILTER, OVER and their like.
fn arguments(function: &Function) -> Option<Vec<Expr>> {
    let Function { args: FunctionArguments::List(list), filter: None, over: None, null_treatment: None, .. } = function
    else {
        return None;
    };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() || !function.within_group.is_empty() {
        return None;
    }
    let plain = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    list.args.iter().map(plain).collect()
}

fn is_named(name: &ObjectName, wanted: &str) -> bool {
    matches!(name.0.as_slice(), [ObjectNamePart::Identifier(name)] if name.value.eq_ignore_ascii_case(wanted))
}

/// A name as it is looked up: in lower case, unless it is quoted.
fn normal(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}
