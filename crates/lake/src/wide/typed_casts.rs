//! Casts of INFO values in filters, answered by the columns that hold the values with their type: those prune files and pages,
//! and the text of INFO need not be read. In: a filter over the contract. Out: the same filter over columns of the table,
//! where every record gives the same answer; else the filter as it was.

use super::lookups::key_of;
use super::selection::ATTRIBUTES;
use crate::scan::TableScan;
use arrow_schema::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::{Cast, Expr, TryCast};
use std::collections::HashMap;
use varberg_model::{INFO_UNFIT, InfoType, info_key};

/// The columns of a snapshot that may stand for casts.
#[derive(Debug)]
pub(super) struct TypedCasts {
    /// By key: the name of the column, and what it holds.
    columns: HashMap<String, (String, InfoType)>,
    /// Whether `.` occurs, which a CAST refuses and a TRY_CAST makes null.
    has_missing: bool,
}

impl TypedCasts {
    /// Those that every file has, if they hold every value of every file.
    pub(super) fn of(stored: &TableScan) -> Self {
        let none = Self { columns: HashMap::new(), has_missing: true };
        let lacks = stored.greatest(INFO_UNFIT);
        if !stored.is_in_all_files(INFO_UNFIT) || lacks == Some(ScalarValue::Boolean(Some(true))) {
            return none;
        }
        // Without a bound there is no value, if that is what the counts of nulls say.
        let has_missing = lacks.is_some();
        if !has_missing && !stored.is_null(INFO_UNFIT) {
            return none;
        }
        let columns = stored.table().columns.iter().filter(|column| stored.is_in_all_files(&column.name));
        let keys = columns.filter_map(|column| {
            let (key, kind) = info_key(column)?;
            Some((key.to_owned(), (column.name.clone(), kind)))
        });
        Self { columns: keys.collect(), has_missing }
    }

    /// The filter over columns of the table, if no other part of it is over INFO.
    pub(super) fn over_columns(&self, filter: &Expr) -> Result<Expr> {
        let replaced = filter.clone().transform_up(|expr| {
            Ok(match self.column(&expr) {
                Some(column) => Transformed::yes(column),
                None => Transformed::no(expr),
            })
        })?;
        let needs_text = replaced.data.column_refs().iter().any(|column| column.name == ATTRIBUTES);
        Ok(if needs_text { filter.clone() } else { replaced.data })
    }

    /// What stands for a cast.
    fn column(&self, expr: &Expr) -> Option<Expr> {
        let (value, kind, fails) = match expr {
            Expr::Cast(Cast { expr, field }) => (expr, field.data_type(), true),
            Expr::TryCast(TryCast { expr, field }) => (expr, field.data_type(), false),
            _ => return None,
        };
        if fails && self.has_missing {
            return None;
        }
        let (name, own) = self.columns.get(key_of(value)?)?;
        let column = Expr::Column(Column::from_name(name));
        match (own, kind) {
            (InfoType::Integer, DataType::Int64) | (InfoType::Float, DataType::Float64) => Some(column),
            (InfoType::Integer, DataType::Int32) if fails => {
                Some(Expr::Cast(Cast::new(Box::new(column), DataType::Int32)))
            }
            (InfoType::Integer, DataType::Int32) => {
                Some(Expr::TryCast(TryCast::new(Box::new(column), DataType::Int32)))
            }
            _ => None,
        }
    }
}
