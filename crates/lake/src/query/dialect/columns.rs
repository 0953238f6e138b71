//! Names of columns that a statement does not name: the engine wants each once, Athena does not. In: a statement that was
//! refused for that. Out: the same with names as Athena gives them, `_col0` for the first column.

use datafusion::common::DataFusionError;
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::{Expr, Ident, Select, SelectItem, VisitMut, VisitorMut};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Whether that is why a statement was refused.
pub(in crate::query) fn repeat(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::Plan(text) if text.starts_with("Projections require unique expression names"))
}

/// Whether the optimizer failed over a name of its own: it moves members of maps below joins under such names, and where it
/// moves one past an alias the name is there twice (datafusion 55.2, `extract_leaf_expressions`).
pub(in crate::query) fn collide(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::SchemaError(error, _) if error.to_string().contains("__datafusion_extracted"))
}

/// Names what has no name, or the name of a column before it.
pub(in crate::query) fn name(statement: &mut EngineStatement) {
    let mut statement = statement;
    while let EngineStatement::Explain(explain) = statement {
        statement = &mut explain.statement;
    }
    if let EngineStatement::Statement(statement) = statement {
        let _: ControlFlow<()> = statement.visit(&mut Names);
    }
}

struct Names;

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let mut seen = HashSet::new();
        for (at, item) in select.projection.iter_mut().enumerate() {
            let SelectItem::UnnamedExpr(expr) = item else { continue };
            let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            if is_column && seen.insert(expr.to_string()) {
                continue;
            }
            let alias = Ident::with_quote('"', format!("_col{at}"));
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
        ControlFlow::Continue(())
    }
}
