//! Time travel: `FROM t FOR VERSION AS OF 123` and `FROM t FOR TIMESTAMP AS OF TIMESTAMP '2026-01-31 12:00:00 UTC'`, as Trino
//! writes it.
//!
//! The parser knows neither. Each such table is found in the tokens before parsing and given a name of its own, under which
//! the snapshot is registered; what the statement calls it stays its alias.

use super::dialect::ATHENA;
use super::text::Text;
use super::{GrantedTable, QueryError, no_table};
use crate::Lake;
use datafusion::arrow::compute::kernels::cast_utils::string_to_datetime;
use datafusion::sql::sqlparser::keywords::{Keyword, RESERVED_FOR_TABLE_ALIAS};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use std::ops::Range;

/// How a version is written; for errors.
const USAGE: &str = "write FOR VERSION AS OF and the id of a snapshot, or FOR TIMESTAMP AS OF TIMESTAMP \
                     '2026-01-31 12:00:00' (UTC unless the text names another zone), after the table's name";

/// A snapshot that a statement asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Travel {
    /// Position of the table among those granted.
    pub(super) table: usize,
    /// The name in the rewritten statement.
    pub(super) name: String,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Snapshot(i64),
    /// What was current at that time, in milliseconds since 1970.
    Time(i64),
}

/// The statement with a name of its own for each snapshot that it asks for, and these snapshots. None where it asks for none.
///
/// Errors: [`QueryError::Invalid`] for a table that there is not and a version that is not written as [`USAGE`] says.
pub(super) fn rewritten(sql: &str, tables: &[GrantedTable]) -> Result<Option<(String, Vec<Travel>)>, QueryError> {
    let tokens = Tokenizer::new(&ATHENA, sql).tokenize_with_location();
    let mut tokens = tokens.map_err(|error| QueryError::Invalid(format!("syntax error: {error}")))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let text = Text::new(sql);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut travels: Vec<Travel> = Vec::new();
    for at in 1..tokens.len() {
        let Some(clause) = tokens.get(at..).and_then(clause) else { continue };
        let (version, length) = clause?;
        let Some(name) = table_name(tokens.get(..at).unwrap_or_default()) else {
            return Err(QueryError::Invalid(USAGE.to_owned()));
        };
        let table = find(&name, tables)?;
        let travel = Travel::new(tables.get(table).map_or("", |table| &table.name), table, version);
        let (Some(called), Some(first), Some(last)) = (tokens.get(at - 1), tokens.get(at), tokens.get(at + length - 1))
        else {
            continue;
        };
        edits.push((text.range(called, called), quoted(&travel.name)));
        let alias = tokens.get(at + length).is_some_and(|next| may_be_alias(&next.token));
        let alias =
            if alias { String::new() } else { format!("AS {}", quoted(name.last().map_or("", String::as_str))) };
        edits.push((text.range(first, last), alias));
        if !travels.contains(&travel) {
            travels.push(travel);
        }
    }
    if travels.is_empty() {
        return Ok(None);
    }
    let mut rewritten = String::with_capacity(sql.len());
    let mut copied = 0;
    for (range, new) in edits {
        rewritten.push_str(sql.get(copied..range.start).unwrap_or_default());
        rewritten.push_str(&new);
        copied = range.end;
    }
    rewritten.push_str(sql.get(copied..).unwrap_or_default());
    Ok(Some((rewritten, travels)))
}

impl Travel {
    fn new(name: &str, table: usize, at: At) -> Self {
        let name = match at {
            At::Snapshot(id) => format!("{name}@{id}"),
            At::Time(time) => format!("{name}@{time} ms"),
        };
        Self { table, name, at }
    }

    /// The snapshot's id.
    ///
    /// Errors: [`QueryError::Invalid`] when the table does not keep it.
    pub(super) async fn snapshot(&self, lake: &Lake, table: &GrantedTable) -> Result<i64, QueryError> {
        let info = lake.describe(&table.metadata_location).await.map_err(|error| super::internal(&error))?;
        let name = &table.name;
        let found = match self.at {
            At::Snapshot(id) => info.snapshots.iter().find(|snapshot| snapshot.id == id).map(|snapshot| snapshot.id),
            At::Time(time) => info.history.iter().rev().find(|(since, _)| *since <= time).map(|(_, id)| *id),
        };
        found.ok_or_else(|| {
            let what = match self.at {
                At::Snapshot(id) => format!("no snapshot {id}"),
                At::Time(_) => "no snapshot of that time or before".to_owned(),
            };
            QueryError::Invalid(format!(
                "table {name} keeps {what}; those it keeps are in {}",
                quoted(&format!("{name}$snapshots"))
            ))
        })
    }
}

/// The version that tokens begin with, and how many they are.
fn clause(tokens: &[TokenWithSpan]) -> Option<Result<(At, usize), QueryError>> {
    let is = |at: usize, keyword: Keyword| tokens.get(at).is_some_and(|token| is_keyword(&token.token, keyword));
    let version = is(1, Keyword::VERSION);
    if !(is(0, Keyword::FOR) && (version || is(1, Keyword::TIMESTAMP)) && is(2, Keyword::AS) && is(3, Keyword::OF)) {
        return None;
    }
    let usage = || QueryError::Invalid(USAGE.to_owned());
    let token = |at: usize| tokens.get(at).map(|token| &token.token);
    let typed = is(4, Keyword::TIMESTAMP) || is(4, Keyword::DATE);
    Some(match (token(4), token(5)) {
        (Some(Token::Number(number, _)), _) if version => {
            number.parse().map(|id| (At::Snapshot(id), 5)).map_err(|_| usage())
        }
        (Some(Token::SingleQuotedString(time)), _) if !version => time_of(time).map(|time| (time, 5)).ok_or_else(usage),
        (_, Some(Token::SingleQuotedString(time))) if !version && typed => {
            time_of(time).map(|time| (time, 6)).ok_or_else(usage)
        }
        _ => Err(usage()),
    })
}

fn time_of(text: &str) -> Option<At> {
    // Trino writes a space before the zone and knows UTC by name.
    let text = text.trim().trim_end_matches(" UTC").replace(" +", "+").replace(" Z", "Z");
    string_to_datetime(&chrono::Utc, &text).ok().map(|time| At::Time(time.timestamp_millis()))
}

/// The parts of the name that tokens end with; those without quotes in lower case.
fn table_name(tokens: &[TokenWithSpan]) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut tokens = tokens.iter().rev().map(|token| &token.token);
    loop {
        let Some(Token::Word(word)) = tokens.next() else { return None };
        parts.insert(0, if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() });
        if tokens.next() != Some(&Token::Period) {
            return Some(parts);
        }
    }
}

fn find(name: &[String], tables: &[GrantedTable]) -> Result<usize, QueryError> {
    let mut parts = name.iter().rev();
    let name = parts.next().map_or("", String::as_str);
    let schema = parts.next().map_or("default", String::as_str);
    let found = tables.iter().position(|t| t.name == name && t.schemas.iter().any(|known| known == schema));
    found.ok_or_else(|| no_table(&format!("table '{schema}.{name}' not found"), tables))
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.keyword == keyword)
}

/// Whether what follows a table is the name that the statement gives it.
fn may_be_alias(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            word.quote_style.is_some()
                || word.keyword == Keyword::AS
                || !RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword)
        }
        _ => false,
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
