//! The SQL of statements: Athena's, which is Trino's, on top of the engine's own.
//!
//! In: the text. Out: a statement and, after planning, a plan that the engine takes. The way: `grammar.rs` (what the parser
//! accepts), `types.rs` (names of types), `spelling.rs` and `aggregates.rs` (constructs written as others before planning),
//! `unnest.rs` and `lateral.rs` (UNNEST in FROM), `shorthand.rs` (functions that stand for expressions of the engine),
//! `casts.rs` (casts that round), `columns.rs` (names of columns), `unknown.rs` (errors).

mod aggregates;
mod calls;
mod casts;
pub(super) mod columns;
mod grammar;
mod lateral;
mod shorthand;
mod spelling;
mod types;
mod unknown;
mod unnest;

pub(super) use grammar::ATHENA;
pub(super) use shorthand::Shorthand;
pub(super) use types::TypeNames;
pub(super) use unknown::placed;
pub(super) use unnest::UnnestPlanner;

use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::{DFParserBuilder, Statement};

/// Parses one statement; its constructs are written as the planner knows them.
///
/// - `nesting`: levels of expressions and subqueries that the parser goes down.
pub(super) fn statement(sql: &str, nesting: usize) -> Result<Statement> {
    let parser = DFParserBuilder::new(sql).with_dialect(&ATHENA).with_recursion_limit(nesting);
    let mut statements = parser.build()?.parse_statements()?;
    let statement = statements.pop_front();
    match statement {
        Some(mut statement) if statements.is_empty() => {
            spelling::rewrite(&mut statement)?;
            Ok(statement)
        }
        _ => Err(DataFusionError::Plan("write one statement".to_owned())),
    }
}

/// The plan without what only this dialect knows.
pub(super) fn resolve(plan: LogicalPlan) -> Result<LogicalPlan> {
    casts::rounding(shorthand::expand(lateral::resolve(plan)?)?)
}
