//! Casts of Athena: a number with a fraction becomes the nearest whole number, halves away from zero, where the engine would
//! cut the fraction off. Source: trino.io/docs/current/functions/conversion.html.

use arrow_schema::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::functions::math::expr_fn::round;
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

/// The plan with rounding casts.
pub(super) fn rounding(plan: LogicalPlan) -> Result<LogicalPlan> {
    let changed = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let changed = expr.transform_up(|expr| rounded(expr, &schema))?;
            Ok(changed.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(changed.data)
}

fn rounded(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let rounds = |from: &Expr, to: &DataType| -> Result<bool> {
        Ok(to.is_integer() && matches!(from.get_type(schema)?, DataType::Float32 | DataType::Float64))
    };
    Ok(match expr {
        Expr::Cast(Cast { expr, field }) if rounds(&expr, field.data_type())? => {
            Transformed::yes(Expr::Cast(Cast { expr: Box::new(round(vec![*expr])), field }))
        }
        Expr::TryCast(TryCast { expr, field }) if rounds(&expr, field.data_type())? => {
            Transformed::yes(Expr::TryCast(TryCast { expr: Box::new(round(vec![*expr])), field }))
        }
        other => Transformed::no(other),
    })
}
