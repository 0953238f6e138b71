//! Refuses, by name, what the parser accepts and the planner would ignore: an answer that takes no notice of a clause is wrong.
//!
//! Every struct is taken apart without `..`: a field that a later version of the parser adds must be decided here.

use super::QueryError;
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::{
    Cte, Expr, Function, FunctionArguments, GroupByExpr, Join, JoinConstraint, JoinOperator, OrderBy, OrderByExpr,
    OrderByKind, Query, Select, SelectFlavor, TableAlias, TableFactor, TableWithJoins, Visit, Visitor, With,
};
use std::ops::ControlFlow;

/// Errors: [`QueryError::Invalid`] with the name of the clause.
pub(super) fn check(statement: &EngineStatement) -> Result<(), QueryError> {
    let mut statement = statement;
    while let EngineStatement::Explain(explain) = statement {
        statement = &explain.statement;
    }
    let EngineStatement::Statement(statement) = statement else { return Ok(()) };
    match statement.visit(&mut Clauses) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(clause) => Err(QueryError::Invalid(format!("{clause} is not supported; leave it out"))),
    }
}

struct Clauses;

type Found = ControlFlow<&'static str>;

impl Visitor for Clauses {
    type Break = &'static str;

    fn pre_visit_query(&mut self, query: &Query) -> Found {
        let Query {
            with,
            body: _, // visited
            order_by,
            limit_clause: _, // planned
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators: _, // planned, or refused there
        } = query;
        refuse(fetch.is_some(), "FETCH")?;
        refuse(!locks.is_empty(), "FOR UPDATE or FOR SHARE")?;
        refuse(for_clause.is_some(), "FOR XML, FOR JSON or FOR BROWSE")?;
        refuse(settings.is_some(), "SETTINGS")?;
        refuse(format_clause.is_some(), "FORMAT")?;
        if let Some(With { with_token: _, recursive: _, cte_tables }) = with {
            for Cte { alias, query: _, from, materialized: _, closing_paren_token: _ } in cte_tables {
                check_alias(Some(alias))?;
                refuse(from.is_some(), "FROM after a WITH query")?;
            }
        }
        order_by.as_ref().map_or(ControlFlow::Continue(()), check_order)
    }

    fn pre_visit_select(&mut self, select: &Select) -> Found {
        let Select {
            select_token: _,
            optimizer_hints: _, // comments
            distinct: _,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection: _,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection: _,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having: _,
            named_window: _,
            qualify: _,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        refuse(select_modifiers.is_some(), "a modifier after SELECT")?;
        refuse(top.is_some(), "TOP")?;
        refuse(exclude.is_some(), "EXCLUDE after the list of columns")?;
        refuse(into.is_some(), "INTO")?;
        refuse(!lateral_views.is_empty(), "LATERAL VIEW")?;
        refuse(prewhere.is_some(), "PREWHERE")?;
        refuse(!connect_by.is_empty(), "CONNECT BY")?;
        refuse(!cluster_by.is_empty(), "CLUSTER BY")?;
        refuse(!distribute_by.is_empty(), "DISTRIBUTE BY")?;
        refuse(!sort_by.is_empty(), "SORT BY")?;
        refuse(value_table_mode.is_some(), "SELECT AS STRUCT or AS VALUE")?;
        refuse(*flavor != SelectFlavor::Standard, "FROM before SELECT")?;
        let (GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers)) = group_by;
        refuse(!modifiers.is_empty(), "WITH after GROUP BY (write GROUP BY ROLLUP (...) or CUBE (...))")?;
        from.iter().try_for_each(check_joins)
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> Found {
        match table {
            TableFactor::Table {
                name: _,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                check_alias(alias.as_ref())?;
                refuse(args.as_ref().is_some_and(|args| args.settings.is_some()), "SETTINGS")?;
                refuse(!with_hints.is_empty(), "WITH (...) after a table")?;
                refuse(version.is_some(), "a version of a table")?;
                refuse(*with_ordinality, "WITH ORDINALITY")?;
                refuse(!partitions.is_empty(), "PARTITION (...) after a table")?;
                refuse(json_path.is_some(), "a path after a table")?;
                refuse(sample.is_some(), "TABLESAMPLE")?;
                refuse(!index_hints.is_empty(), "an index hint")
            }
            TableFactor::Derived { lateral: _, subquery: _, alias, sample } => {
                check_alias(alias.as_ref())?;
                refuse(sample.is_some(), "TABLESAMPLE")
            }
            TableFactor::Function { lateral: _, name: _, args: _, with_ordinality, alias } => {
                check_alias(alias.as_ref())?;
                refuse(*with_ordinality, "WITH ORDINALITY")
            }
            TableFactor::UNNEST { alias, array_exprs: _, with_offset, with_offset_alias, with_ordinality: _ } => {
                check_alias(alias.as_ref())?;
                refuse(*with_offset || with_offset_alias.is_some(), "WITH OFFSET")
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                check_alias(alias.as_ref())?;
                check_joins(table_with_joins)
            }
            _ => refuse(true, "this kind of table (PIVOT, MATCH_RECOGNIZE, JSON_TABLE, TABLE(...) or the like)"),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Found {
        let Expr::Function(Function {
            name: _,
            uses_odbc_syntax: _,
            parameters,
            args: _,           // its clauses: planned, or refused there
            filter: _,         // planned
            null_treatment: _, // planned
            over: _,
            within_group: _,
        }) = expr
        else {
            return ControlFlow::Continue(());
        };
        refuse(!matches!(parameters, FunctionArguments::None), "a second list of arguments")
    }
}

fn refuse(found: bool, name: &'static str) -> Found {
    if found { ControlFlow::Break(name) } else { ControlFlow::Continue(()) }
}

fn check_alias(alias: Option<&TableAlias>) -> Found {
    let Some(TableAlias { explicit: _, name, columns, at }) = alias else { return ControlFlow::Continue(()) };
    // `FROM t FINAL` is read as an alias.
    refuse(name.quote_style.is_none() && name.value.eq_ignore_ascii_case("final"), "FINAL")?;
    refuse(at.is_some(), "AT after an alias")?;
    refuse(columns.iter().any(|column| column.data_type.is_some()), "a type in a list of aliases")
}

fn check_order(order: &OrderBy) -> Found {
    let OrderBy { kind, interpolate } = order;
    refuse(interpolate.is_some(), "INTERPOLATE")?;
    match kind {
        OrderByKind::All(_) => ControlFlow::Continue(()), // refused when planned
        OrderByKind::Expressions(expressions) => expressions.iter().try_for_each(|expression| {
            let OrderByExpr { expr: _, options: _, with_fill } = expression;
            refuse(with_fill.is_some(), "WITH FILL")
        }),
    }
}

fn check_joins(table: &TableWithJoins) -> Found {
    let TableWithJoins { relation: _, joins } = table;
    joins.iter().try_for_each(|join| {
        let Join { relation: _, global, join_operator } = join;
        refuse(*global, "GLOBAL before JOIN")?;
        let JoinOperator::CrossJoin(constraint) = join_operator else { return ControlFlow::Continue(()) };
        refuse(!matches!(constraint, JoinConstraint::None), "ON or USING after CROSS JOIN")
    })
}
