//! Comparisons of text with numbers, decided before a row is read.
//!
//! The engine would cast every text to a number and fail at the first that is none. A text column equal to an integer of the
//! statement (`contigname = 22`) is compared as text; every other comparison of the two is refused.

use arrow_schema::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, InList};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

/// Rewrites the comparisons of `plan`, or says which one is wrong.
pub(super) fn resolve(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let changed = expr.transform_up(|expr| comparison(expr, &schema))?;
            Ok(changed.update_data(|expr| name.restore(expr)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    })
    .map(|changed| changed.data)
}

fn comparison(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
            let equality = matches!(op, Eq | NotEq | IsDistinctFrom | IsNotDistinctFrom);
            if !equality && !matches!(op, Lt | LtEq | Gt | GtEq) {
                return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })));
            }
            let new_right = side(&left, &right, equality, schema)?;
            let new_left = side(&right, &left, equality, schema)?;
            let changed = new_right.is_some() || new_left.is_some();
            let left = new_left.map_or(left, Box::new);
            let right = new_right.map_or(right, Box::new);
            let expr = Expr::BinaryExpr(BinaryExpr { left, op, right });
            Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
        }
        Expr::InList(InList { expr, list, negated }) => {
            let mut changed = false;
            let mut items = Vec::with_capacity(list.len());
            for item in list {
                let new = side(&expr, &item, true, schema)?;
                changed |= new.is_some();
                items.push(new.unwrap_or(item));
            }
            let expr = Expr::InList(InList { expr, list: items, negated });
            Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            side(&expr, &low, false, schema)?;
            side(&expr, &high, false, schema)?;
            Ok(Transformed::no(Expr::Between(Between { expr, negated, low, high })))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// What `number` is replaced by when it is compared with `text`; `None` when it stays.
fn side(text: &Expr, number: &Expr, equality: bool, schema: &DFSchema) -> Result<Option<Expr>> {
    // The engine reads a text of the statement as the type of what it is compared with.
    let (false, Ok(text_type), Ok(number_type)) =
        (matches!(text, Expr::Literal(..)), text.get_type(schema), number.get_type(schema))
    else {
        return Ok(None);
    };
    if !is_text(&text_type) || !number_type.is_numeric() {
        return Ok(None);
    }
    if let (Expr::Column(_), Some(integer), true) = (text, integer(number), equality) {
        return Ok(Some(Expr::Literal(ScalarValue::Utf8(Some(integer)), None)));
    }
    Err(DataFusionError::Plan(format!(
        "{text} is text and {number} is a number: compare text with text, for example contigname = '22', or numbers with \
         numbers by TRY_CAST({text} AS DOUBLE)"
    )))
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn integer(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => Some(value.to_string()),
        Expr::Literal(ScalarValue::UInt64(Some(value)), _) => Some(value.to_string()),
        _ => None,
    }
}
