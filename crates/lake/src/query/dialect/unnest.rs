//! `UNNEST(...)` in FROM. In: its arguments. Out: a plan that makes one row of each element; an argument may name columns of
//! the tables before it, which `lateral.rs` then puts below.
//!
//! Source of the rules: trino.io/docs/current/sql/select.html, UNNEST. Several arguments stand side by side, the shorter ones
//! filled up with nulls; a map gives two columns, its keys and values; an array of rows gives one column for each member, or
//! the rows themselves where the list of aliases has one name for the array; WITH ORDINALITY counts from 1.

use crate::query::functions;
use arrow_schema::{DataType, FieldRef};
use datafusion::common::{Column, DFSchema, DataFusionError, Result};
use datafusion::common::{NullHandling, UnnestOptions};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_nested::expr_fn::{map_keys, map_values};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, TableFactor};

/// What the columns with lists are called before they are taken apart.
const LIST: &str = "__unnest_";
/// The table, where the statement gives none.
const TABLE: &str = "unnest";

/// Plans UNNEST in FROM.
#[derive(Debug)]
pub(in crate::query) struct UnnestPlanner;

impl RelationPlanner for UnnestPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let TableFactor::UNNEST { alias, array_exprs, with_offset: _, with_offset_alias: _, with_ordinality } =
            relation
        else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let aliases = alias.as_ref().map_or(0, |alias| alias.columns.len());
        let lists = Lists::of(array_exprs, with_ordinality, context)?;
        let outputs = lists.outputs(aliases)?;
        let names: Vec<Column> = (0..lists.lists.len()).map(|at| Column::from_name(format!("{LIST}{at}"))).collect();
        let arguments = lists.lists.into_iter().zip(&names).map(|(list, name)| list.alias(&name.name));
        let options = UnnestOptions::default().with_null_handling(NullHandling::Drop);
        let plan = LogicalPlanBuilder::empty(true)
            .project(arguments)?
            .unnest_columns_with_options(names, options)?
            .project(outputs)?;
        let plan = if alias.is_some() { plan } else { plan.alias(TABLE)? };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan.build()?, alias))))
    }
}

/// The arguments, as lists of equal standing.
struct Lists {
    lists: Vec<Expr>,
    columns: Vec<Made>,
}

/// What is made of the elements of a list.
enum Made {
    /// One column with this name.
    Column(String),
    /// A row: its members are columns.
    Row(String, Vec<FieldRef>),
}

impl Lists {
    fn of(args: Vec<SqlExpr>, with_ordinality: bool, context: &mut dyn RelationPlannerContext) -> Result<Self> {
        let nothing = DFSchema::empty();
        let (mut lists, mut columns) = (Vec::new(), Vec::new());
        for arg in args {
            let text = arg.to_string();
            let list = context.sql_expr_to_logical_expr(arg, &nothing)?;
            match list.get_type(&nothing)? {
                DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                    columns.push(match item.data_type() {
                        DataType::Struct(members) => Made::Row(text, members.iter().cloned().collect()),
                        _ => Made::Column(text),
                    });
                    lists.push(list);
                }
                DataType::Map(..) => {
                    columns.extend([Made::Column("key".to_owned()), Made::Column("value".to_owned())]);
                    lists.extend([map_keys(list.clone()), map_values(list)]);
                }
                other => {
                    let text = format!("UNNEST takes arrays and maps; {text} is {}", functions::type_name(&other));
                    return Err(DataFusionError::Plan(text));
                }
            }
        }
        if lists.is_empty() {
            return Err(DataFusionError::Plan("UNNEST takes at least one array or map".to_owned()));
        }
        if with_ordinality {
            lists.push(functions::ordinals().call(lists.clone()));
            columns.push(Made::Column("ordinality".to_owned()));
        }
        Ok(Self { lists, columns })
    }

    /// The columns, over the elements of the lists. `aliases`: how many names the statement gives them.
    fn outputs(&self, aliases: usize) -> Result<Vec<Expr>> {
        let width = |made: &Made| match made {
            Made::Column(_) => 1,
            Made::Row(_, members) => members.len(),
        };
        let all: usize = self.columns.iter().map(width).sum();
        let whole_rows = aliases == self.columns.len() && aliases != all;
        if aliases > 0 && aliases != all && !whole_rows {
            let text = format!("UNNEST gives {all} columns here, and the list after its alias names {aliases}");
            return Err(DataFusionError::Plan(text));
        }
        let mut outputs: Vec<Expr> = Vec::with_capacity(all);
        for (at, made) in self.columns.iter().enumerate() {
            let element = Expr::Column(Column::from_name(format!("{LIST}{at}")));
            match made {
                Made::Row(_, members) if !whole_rows => outputs
                    .extend(members.iter().map(|m| get_field(element.clone(), m.name().as_str()).alias(m.name()))),
                Made::Column(name) | Made::Row(name, _) => outputs.push(element.alias(name)),
            }
        }
        // The names to come are the statement's; until then they must differ.
        if aliases > 0 {
            let numbered = outputs.into_iter().enumerate();
            outputs = numbered.map(|(at, output)| output.unalias().alias(format!("column {at}"))).collect();
        }
        Ok(outputs)
    }
}
