//! UNNEST of columns of the tables before it: `FROM t CROSS JOIN UNNEST(t.list) AS u(x)`. In: a plan with joins whose right
//! side takes apart lists of the left side. Out: the left side with the lists taken apart beside its own columns.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, DataFusionError, JoinType, Result, ScalarValue, TableReference};
use datafusion::common::{NullHandling, UnnestOptions};
use datafusion::logical_expr::logical_plan::{Join, Projection, Subquery, SubqueryAlias, Unnest};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

/// Resolves every such join of `plan`, from the left to the right.
///
/// Errors: plans in which UNNEST takes columns from elsewhere, and joins with conditions that Trino does not have.
pub(super) fn resolve(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::Join(join) = &node else { return Ok(Transformed::no(node)) };
        match Lists::of(&join.right)? {
            Some(lists) => Ok(Transformed::yes(lists.beside(join)?)),
            None => Ok(Transformed::no(node)),
        }
    })?;
    plan.data.apply_with_subqueries(|node| {
        match node {
        LogicalPlan::Unnest(unnest) if over_nothing(unnest).is_some_and(has_outer) => Err(DataFusionError::Plan(
            "UNNEST in a subquery cannot take columns of the query around it: join it there with CROSS JOIN UNNEST, or \
             ask the array with any_match, filter or reduce"
                .to_owned(),
        )),
        _ => Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue),
    }
    })?;
    Ok(plan.data)
}

/// Lists of another table taken apart.
struct Lists<'a> {
    unnest: &'a Unnest,
    /// The expressions that give them.
    arguments: &'a [Expr],
    /// The columns made of their elements.
    outputs: Vec<Output>,
}

struct Output {
    table: Option<TableReference>,
    name: String,
    value: Expr,
}

impl<'a> Lists<'a> {
    /// What the right side of a join is, if it takes apart lists of the left side.
    fn of(plan: &'a LogicalPlan) -> Result<Option<Self>> {
        Ok(match plan {
            LogicalPlan::Unnest(unnest) => {
                let arguments = over_nothing(unnest).filter(|arguments| has_outer(arguments));
                let columns = unnest.schema.iter().map(|column| Output {
                    table: column.0.cloned(),
                    name: column.1.name().clone(),
                    value: Expr::Column(Column::from(column)),
                });
                arguments.map(|arguments| Self { unnest, arguments, outputs: columns.collect() })
            }
            LogicalPlan::Subquery(Subquery { subquery, .. }) => Self::of(subquery)?,
            LogicalPlan::Projection(Projection { input, expr, schema, .. }) => match Self::of(input)? {
                Some(inner) => {
                    let outputs = expr.iter().zip(schema.iter()).map(|(expr, (table, field))| {
                        let value = inner.over_elements(expr.clone().unalias())?;
                        Ok(Output { table: table.cloned(), name: field.name().clone(), value })
                    });
                    let outputs = outputs.collect::<Result<_>>()?;
                    Some(Self { outputs, ..inner })
                }
                None => None,
            },
            LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, .. }) => match Self::of(input)? {
                Some(mut inner) => {
                    inner.outputs.iter_mut().for_each(|output| output.table = Some(alias.clone()));
                    Some(inner)
                }
                None => None,
            },
            _ => None,
        })
    }

    /// An expression over the outputs as one over the elements.
    fn over_elements(&self, expr: Expr) -> Result<Expr> {
        let changed = expr.transform_up(|expr| {
            let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
            let is_it = |output: &&Output| {
                output.name == column.name && (column.relation.is_none() || column.relation == output.table)
            };
            Ok(match self.outputs.iter().find(is_it) {
                Some(output) => Transformed::yes(output.value.clone()),
                None => Transformed::no(expr),
            })
        })?;
        Ok(changed.data)
    }

    /// The left side of `join` with the elements beside its columns.
    fn beside(self, join: &Join) -> Result<LogicalPlan> {
        let always = |filter: &Expr| matches!(filter, Expr::Literal(ScalarValue::Boolean(Some(true)), _));
        let condition = join.filter.as_ref().filter(|filter| !always(filter));
        let nulls = match join.join_type {
            JoinType::Inner if join.on.is_empty() => NullHandling::Drop,
            JoinType::Left if join.on.is_empty() && condition.is_none() => NullHandling::PreserveAndExpandEmpty,
            _ => {
                let text = "UNNEST of columns is joined by CROSS JOIN, JOIN ... ON or LEFT JOIN ... ON TRUE";
                return Err(DataFusionError::Plan(text.to_owned()));
            }
        };
        let left = join.left.schema();
        let kept = || left.columns().into_iter().map(Expr::Column);
        let arguments = self.arguments.iter().map(|argument| {
            let name = argument.schema_name().to_string();
            Ok(of_left(argument.clone().unalias(), left)?.alias(name))
        });
        let arguments: Vec<Expr> = arguments.collect::<Result<_>>()?;
        let options = UnnestOptions::default().with_null_handling(nulls);
        let elements = LogicalPlanBuilder::from(join.left.as_ref().clone())
            .project(kept().chain(arguments))?
            .unnest_columns_with_options(self.unnest.exec_columns.clone(), options)?;
        let outputs = self.outputs.into_iter().map(|output| output.value.alias_qualified(output.table, output.name));
        let plan = elements.project(kept().chain(outputs))?;
        match condition {
            Some(condition) => plan.filter(condition.clone())?.build(),
            None => plan.build(),
        }
    }
}

/// The arguments of an UNNEST that stands on no table.
fn over_nothing(unnest: &Unnest) -> Option<&[Expr]> {
    let LogicalPlan::Projection(Projection { expr, input, .. }) = unnest.input.as_ref() else { return None };
    matches!(input.as_ref(), LogicalPlan::EmptyRelation(_)).then_some(expr)
}

fn has_outer(arguments: &[Expr]) -> bool {
    arguments.iter().any(Expr::contains_outer)
}

/// `argument` over the columns of `left`; columns of queries further out stay what they are.
fn of_left(argument: Expr, left: &DFSchema) -> Result<Expr> {
    let changed = argument.transform_up(|expr| {
        Ok(match expr {
            Expr::OuterReferenceColumn(_, column) if left.has_column(&column) => Transformed::yes(Expr::Column(column)),
            other => Transformed::no(other),
        })
    })?;
    Ok(changed.data)
}
