//! `samples_where(table, condition)`: short for the list of the ids of samples in those rows of a table that meet a
//! condition: `(SELECT array_agg(DISTINCT sampleid) FROM table WHERE condition)`. In: a statement. Out: the same, written
//! so. The engine asks the subquery once for the whole statement.

use crate::query::QueryError;
use crate::query::dialect::ATHENA;
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Query, SetExpr, TableFactor, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::parser::Parser;
use std::ops::ControlFlow;

const NAME: &str = "samples_where";
const USAGE: &str = "samples_where takes the name of a table and a condition on its rows, as in \
                     samples_where(\"cohort$samples\", sampleid LIKE 'NA%')";

/// Writes every `samples_where` of a statement as the subquery it is short for.
///
/// Errors: [`QueryError::Invalid`] where its arguments are not a table and a condition.
pub(in crate::query) fn expand(statement: &mut EngineStatement) -> Result<(), QueryError> {
    let mut statement = statement;
    while let EngineStatement::Explain(explain) = statement {
        statement = &mut explain.statement;
    }
    let EngineStatement::Statement(statement) = statement else { return Ok(()) };
    match statement.visit(&mut Expansion) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Expansion;

impl VisitorMut for Expansion {
    type Break = QueryError;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<QueryError> {
        if let Expr::Function(function) = expr
            && is_ours(&function.name)
        {
            match subquery(function) {
                Some(query) => *expr = Expr::Subquery(query),
                None => return ControlFlow::Break(QueryError::Invalid(USAGE.to_owned())),
            }
        }
        ControlFlow::Continue(())
    }
}

fn is_ours(name: &ObjectName) -> bool {
    let [ObjectNamePart::Identifier(name)] = name.0.as_slice() else { return false };
    name.value.eq_ignore_ascii_case(NAME)
}

/// The subquery; None where the arguments are others than a table and a condition.
fn subquery(function: &Function) -> Option<Box<Query>> {
    let Function { args: FunctionArguments::List(list), filter: None, over: None, null_treatment: None, .. } = function
    else {
        return None;
    };
    let FunctionArgumentList { duplicate_treatment: None, args, clauses } = list else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(table)), FunctionArg::Unnamed(FunctionArgExpr::Expr(condition))] =
        args.as_slice()
    else {
        return None;
    };
    let parts: Vec<Ident> = match table {
        Expr::Identifier(name) => vec![name.clone()],
        Expr::CompoundIdentifier(names) => names.clone(),
        _ => return None,
    };
    let template = "SELECT array_agg(DISTINCT sampleid) FROM t WHERE true";
    let mut query = Parser::new(&ATHENA).try_with_sql(template).ok()?.parse_query().ok()?;
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let TableFactor::Table { name, .. } = &mut select.from.first_mut()?.relation else { return None };
    *name = ObjectName::from(parts);
    select.selection = Some(condition.clone());
    (clauses.is_empty() && function.within_group.is_empty()).then_some(query)
}
