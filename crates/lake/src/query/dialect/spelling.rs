//! Constructs of Athena written as others that the planner knows. In: a parsed statement. Out: the same, written so.

use super::aggregates;
use super::calls::{call, is_named, plain_arguments, refused};
use datafusion::common::{DataFusionError, Result};
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, CaseWhen, CastKind, DataType, Expr, Fetch, Function, Ident, LimitClause, Query, StructField, Subscript,
    UnaryOperator, Value, VisitMut, VisitorMut,
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
        let new = match expr {
            Expr::CompoundFieldAccess { root, access_chain } => {
                members(root, access_chain);
                Ok(None)
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let parts = [Some(expr), substring_from.as_mut(), substring_for.as_mut()];
                Ok(Some(call("substr", parts.into_iter().flatten().map(|part| part.as_ref().clone()).collect())))
            }
            Expr::Function(function) => of_function(function),
            Expr::Cast { kind, expr, data_type: DataType::Struct(fields, _), .. } => Ok(row(kind, expr, fields)),
            _ => Ok(None),
        };
        match new {
            Ok(Some(new)) => *expr = new,
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }

    /// `FETCH FIRST 10 ROWS ONLY` as `LIMIT 10`.
    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<DataFusionError> {
        let Some(Fetch { with_ties: false, percent: false, quantity }) = &query.fetch else {
            return ControlFlow::Continue(());
        };
        let rows = quantity.clone().unwrap_or_else(|| Expr::value(Value::Number("1".to_owned(), false)));
        match &mut query.limit_clause {
            None => {
                let limit = Some(rows);
                query.limit_clause = Some(LimitClause::LimitOffset { limit, offset: None, limit_by: Vec::new() });
                query.fetch = None;
            }
            Some(LimitClause::LimitOffset { limit: limit @ None, .. }) => {
                *limit = Some(rows);
                query.fetch = None;
            }
            Some(_) => {} // refused with other clauses that say the same twice
        }
        ControlFlow::Continue(())
    }
}

fn of_function(function: &Function) -> Result<Option<Expr>> {
    if is_named(&function.name, "if") {
        return conditional(function).map(Some);
    }
    if is_named(&function.name, "all_match") {
        return all_match(function).map(Some);
    }
    if is_named(&function.name, "none_match") {
        return match plain_arguments(function) {
            Some(args) if args.len() == 2 => Ok(Some(not(call("any_match", args)))),
            _ => refused(function, "none_match(array, element -> condition)"),
        };
    }
    aggregates::rewritten(function)
}

/// `CAST(ROW(1, 'a') AS ROW(x integer, y varchar))` as a row with these names.
fn row(kind: &CastKind, expr: &Expr, fields: &[StructField]) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let values = plain_arguments(function).filter(|values| values.len() == fields.len())?;
    let named = is_named(&function.name, "row") || is_named(&function.name, "struct");
    let members = values.into_iter().zip(fields).map(|(value, field)| {
        let name = Value::SingleQuotedString(normal(field.field_name.as_ref()?));
        let expr = Box::new(value);
        let value =
            Expr::Cast { kind: kind.clone(), expr, data_type: field.field_type.clone(), array: false, format: None };
        Some([Expr::value(name), value])
    });
    let members: Vec<[Expr; 2]> = members.collect::<Option<_>>()?;
    named.then(|| call("named_struct", members.into_iter().flatten().collect()))
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
    let usage = "if(condition, value[, other value])";
    let Some(args) = plain_arguments(function) else { return refused(function, usage) };
    let mut args = args.into_iter();
    let (Some(condition), Some(result), other, None) = (args.next(), args.next(), args.next(), args.next()) else {
        return refused(function, usage);
    };
    Ok(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: other.map(Box::new),
    })
}

/// `all_match(array, x -> condition)` as `NOT any_match(array, x -> NOT condition)`.
fn all_match(function: &Function) -> Result<Expr> {
    let usage = "all_match(array, element -> condition)";
    let Some(args) = plain_arguments(function) else { return refused(function, usage) };
    let Ok([array, Expr::Lambda(mut lambda)]) = <[Expr; 2]>::try_from(args) else {
        return refused(function, usage);
    };
    lambda.body = Box::new(not(*lambda.body));
    Ok(not(call("any_match", vec![array, Expr::Lambda(lambda)])))
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(expr))) }
}

/// A name as it is looked up: in lower case, unless it is quoted.
fn normal(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}
