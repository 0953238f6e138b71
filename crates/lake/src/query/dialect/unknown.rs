//! Names that a statement uses and that there are not: where they stand, and what comes near.

use super::ATHENA;
use crate::query::QueryError;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// What the planner says of functions and columns that there are not.
const FUNCTION: &str = "Invalid function '";
const COLUMN: &str = "No field named ";
/// Functions of Athena whose answer has any size that a number names.
const UNBOUNDED: [&str; 3] = ["lpad", "repeat", "rpad"];
/// The most letters that a near name differs in.
const NEAR: usize = 3;

/// `error`, with the place of the name that it is about and the functions that come near.
pub(in crate::query) fn placed(error: QueryError, sql: &str, functions: &[String]) -> QueryError {
    let QueryError::Invalid(text) = &error else { return error };
    let new = if let Some(name) = text.strip_prefix(FUNCTION).and_then(|rest| rest.split('\'').next()) {
        let place = place(sql, name, true);
        if UNBOUNDED.contains(&name) {
            format!("{place}{name} is not offered, because its answer may have any size")
        } else {
            format!("{place}there is no function {name}{}; SHOW FUNCTIONS lists all", near(name, functions))
        }
    } else if let Some(rest) = text.strip_prefix(COLUMN) {
        let name = rest.split_whitespace().next().unwrap_or_default().trim_end_matches('.');
        let name = name.rsplit('.').next().unwrap_or_default().trim_matches('"');
        format!("{}{text}", place(sql, name, false))
    } else {
        return error;
    };
    QueryError::Invalid(new)
}

/// Where a name stands first, for the front of a text.
fn place(sql: &str, name: &str, called: bool) -> String {
    let Ok(mut tokens) = Tokenizer::new(&ATHENA, sql).tokenize_with_location() else { return String::new() };
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let is_it = |at: &usize| {
        let is_called = tokens.get(at + 1).is_some_and(|next| next.token == Token::LParen);
        let token = tokens.get(*at).map(|token| &token.token);
        matches!(token, Some(Token::Word(word)) if word.value.eq_ignore_ascii_case(name)) && (is_called || !called)
    };
    let found = (0..tokens.len()).find(is_it).and_then(|at| tokens.get(at));
    found.map_or(String::new(), |token| {
        let start = token.span.start;
        format!("line {}, column {}: ", start.line, start.column)
    })
}

fn near(name: &str, functions: &[String]) -> String {
    let parts: Vec<&str> = name.split('_').filter(|part| part.len() > 3).collect();
    let mut known: Vec<(usize, &str)> = functions
        .iter()
        .map(|function| (distance(name, function), function.as_str()))
        .filter(|(distance, function)| {
            *distance <= NEAR.min(name.len() / 3) || parts.iter().any(|part| function.contains(part))
        })
        .collect();
    known.sort_unstable();
    let names: Vec<&str> = known.into_iter().map(|(_, function)| function).take(NEAR).collect();
    if names.is_empty() { String::new() } else { format!("; near are {}", names.join(", ")) }
}

/// Letters to change, add or take away.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut diagonal = at;
        let mut last = at + 1;
        for (other, cell) in right.iter().zip(row.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(*other != letter);
            diagonal = *cell;
            *cell = changed.min(*cell + 1).min(last + 1);
            last = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
