//! `attributes['KEY']` without the map: values of single INFO keys, looked up in the text. In: expressions that use
//! `attributes` in no other way. Out: the same over columns of single keys, and those columns.

use super::selection::ATTRIBUTES;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::expressions::{self, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::projection::ProjectionExpr;
use std::sync::Arc;
use varberg_model::TableSchema;
use varberg_rows::info_values;

/// What a member of a map is asked with.
const MEMBER: &str = "get_field";

/// The keys that expressions look up, each once.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookups(Vec<String>);

impl Lookups {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The columns: one for each key, as a value of the map is one.
    pub(super) fn fields(&self) -> impl Iterator<Item = FieldRef> {
        let value = value_field().unwrap_or_else(|| Field::new(ATTRIBUTES, DataType::Utf8, true));
        self.0.iter().map(move |key| Arc::new(value.clone().with_name(column_name(key))))
    }

    /// The values of each key in the records of a wide table, with the names of the columns.
    pub(super) fn columns(&self, rows: &RecordBatch) -> Result<Vec<(String, ArrayRef)>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let missing = || DataFusionError::Internal("there is no INFO of the records".to_owned());
        let info = rows.column_by_name("info").and_then(|column| column.as_string_opt::<i32>()).ok_or_else(missing)?;
        let stored = rows.column_by_name("_attributes").and_then(|column| column.as_map_opt()).ok_or_else(missing)?;
        let column = |key: &String| (column_name(key), Arc::new(info_values(info, stored, key)) as ArrayRef);
        Ok(self.0.iter().map(column).collect())
    }

    fn place(&mut self, key: &str) -> usize {
        let place = self.0.iter().position(|own| own == key);
        place.unwrap_or_else(|| {
            self.0.push(key.to_owned());
            self.0.len() - 1
        })
    }

    /// A filter over single keys; none if it needs maps.
    pub(super) fn in_filter(filter: &Expr) -> Result<Option<(Expr, Self)>> {
        let mut lookups = Self::default();
        let replaced = filter.clone().transform_up(|expr| {
            Ok(match key_of(&expr) {
                Some(key) => {
                    lookups.place(key);
                    Transformed::yes(Expr::Column(Column::from_name(column_name(key))))
                }
                None => Transformed::no(expr),
            })
        })?;
        let needs_map = replaced.data.column_refs().iter().any(|column| column.name == ATTRIBUTES);
        Ok((!needs_map).then_some((replaced.data, lookups)))
    }

    /// A projection over `input` as one over the same columns without `attributes`, and behind them single keys; none if
    /// it needs maps, or has none.
    pub(super) fn in_projection(
        projection: &[ProjectionExpr],
        input: &Schema,
    ) -> Result<Option<(Vec<ProjectionExpr>, Self)>> {
        let Ok(attributes) = input.index_of(ATTRIBUTES) else { return Ok(None) };
        let first = input.fields().len() - 1;
        let mut lookups = Self::default();
        let mut needs_map = false;
        let mut replaced = Vec::with_capacity(projection.len());
        for ProjectionExpr { expr, alias } in projection {
            // From above: a key is found before the column that it is a key of.
            let expr = Arc::clone(expr).transform_down(|expr| {
                if let Some(key) = physical_key_of(&expr, attributes) {
                    let place = first + lookups.place(key);
                    let column: Arc<dyn PhysicalExpr> = Arc::new(expressions::Column::new(&column_name(key), place));
                    return Ok(Transformed::new(column, true, datafusion::common::tree_node::TreeNodeRecursion::Jump));
                }
                let Some(column) = expr.downcast_ref::<expressions::Column>() else { return Ok(Transformed::no(expr)) };
                needs_map |= column.index() == attributes;
                let index = column.index() - usize::from(column.index() > attributes);
                Ok(Transformed::yes(Arc::new(expressions::Column::new(column.name(), index)) as Arc<dyn PhysicalExpr>))
            })?;
            replaced.push(ProjectionExpr { expr: expr.data, alias: alias.clone() });
        }
        Ok((!needs_map && !lookups.is_empty()).then_some((replaced, lookups)))
    }
}

/// `schema`, with columns behind it.
pub(super) fn with_fields(schema: &SchemaRef, fields: impl Iterator<Item = FieldRef>) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().cloned().chain(fields).collect::<Vec<_>>()))
}

/// The values of the map `attributes`.
fn value_field() -> Option<Field> {
    let contract = TableSchema::variants_long();
    let DataType::Map(entries, _) = varberg_rows::arrow_type(&contract.column(ATTRIBUTES)?.kind) else { return None };
    let DataType::Struct(members) = entries.data_type() else { return None };
    Some(members.get(1)?.as_ref().clone())
}

fn column_name(key: &str) -> String {
    format!("{ATTRIBUTES}['{key}']")
}

/// The key of `attributes['KEY']`.
pub(super) fn key_of(expr: &Expr) -> Option<&str> {
    let Expr::ScalarFunction(function) = expr else { return None };
    match (function.func.name(), &function.args[..]) {
        (MEMBER, [Expr::Column(column), Expr::Literal(key, _)]) if column.name == ATTRIBUTES => {
            key.try_as_str().flatten()
        }
        _ => None,
    }
}

fn physical_key_of(expr: &Arc<dyn PhysicalExpr>, attributes: usize) -> Option<&str> {
    let function = expr.downcast_ref::<ScalarFunctionExpr>().filter(|function| function.fun().name() == MEMBER)?;
    let [map, key] = function.args() else { return None };
    map.downcast_ref::<expressions::Column>().filter(|column| column.index() == attributes)?;
    key.downcast_ref::<Literal>()?.value().try_as_str().flatten()
}
