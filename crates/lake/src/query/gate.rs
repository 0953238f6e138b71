//! Before planning: one read-only statement of bounded size. Works on tokens and in loops, so that no text, however
//! nested, can exhaust the stack or the planner. What the planner can build is checked again after planning.

use super::QueryError;
use super::dialect::ATHENA;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Athena's limit for the text of a query, in bytes.
const MAX_BYTES: usize = 262_144;
/// Parentheses, brackets, CASE: each level costs stack in the parser and planner.
const MAX_DEPTH: usize = 50;
/// AND, OR, comparisons, arithmetic, set operations, NOT.
const MAX_OPERATORS: usize = 500;
/// Longest lists.
const MAX_COMMAS: usize = 50_000;
/// FROM and JOIN.
const MAX_TABLES: usize = 64;

pub(super) const READ_ONLY: &str = "only one read-only statement is allowed: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES, SHOW COLUMNS \
     or SHOW SCHEMAS";

/// Words that begin statements of SQL that are never allowed.
const WRITING: [&str; 42] = [
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CACHE",
    "CALL",
    "CLOSE",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DETACH",
    "DO",
    "DROP",
    "EXECUTE",
    "EXPORT",
    "FETCH",
    "GRANT",
    "IMPORT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LOAD",
    "LOCK",
    "MERGE",
    "MSCK",
    "OPTIMIZE",
    "PREPARE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "START",
    "TRUNCATE",
    "UNLOAD",
    "UPDATE",
    "USE",
    "VACUUM",
];

/// Checks the text of a query.
///
/// Errors: [`QueryError::NotAllowed`] for what is never allowed, [`QueryError::Invalid`] for text that is not SQL.
pub(super) fn check(sql: &str) -> Result<(), QueryError> {
    check_length(sql)?;
    let tokens = Tokenizer::new(&ATHENA, sql).tokenize();
    let mut tokens = tokens.map_err(|error| QueryError::Invalid(format!("syntax error: {error}")))?;
    tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
    while tokens.last() == Some(&Token::SemiColon) {
        tokens.pop();
    }
    check_statement(&tokens)?;
    check_size(&tokens)
}

/// Errors: [`QueryError::NotAllowed`] for texts that are too long.
pub(super) fn check_length(sql: &str) -> Result<(), QueryError> {
    if sql.len() > MAX_BYTES {
        return Err(too_much(&format!("text longer than {MAX_BYTES} bytes")));
    }
    Ok(())
}

fn check_statement(tokens: &[Token]) -> Result<(), QueryError> {
    let refused = || QueryError::NotAllowed(READ_ONLY.to_owned());
    if tokens.contains(&Token::SemiColon) {
        let text = "one statement at a time: there is text after a `;`";
        return Err(QueryError::NotAllowed(text.to_owned()));
    }
    let mut tokens = tokens.iter().skip_while(|token| **token == Token::LParen).map(word);
    let first = tokens.next().ok_or_else(|| QueryError::Invalid("the query is empty".to_owned()))?;
    match first.as_str() {
        "SELECT" | "WITH" | "VALUES" | "EXPLAIN" | "DESCRIBE" | "DESC" => {}
        "SHOW" => match tokens.next().unwrap_or_default().as_str() {
            "TABLES" | "COLUMNS" | "SCHEMAS" | "DATABASES" | "FUNCTIONS" => {}
            word @ ("CREATE" | "PARTITIONS" | "VIEWS" | "TBLPROPERTIES" | "STATS") => {
                let text = format!(
                    "SHOW {word} is not offered; DESCRIBE table shows its columns, \"table$files\" its data files"
                );
                return Err(QueryError::NotAllowed(text));
            }
            _ => {
                let text = "SHOW can show TABLES, COLUMNS FROM a table, or SCHEMAS";
                return Err(QueryError::NotAllowed(text.to_owned()));
            }
        },
        word if WRITING.contains(&word) => return Err(refused()),
        word => {
            let word: String = word.chars().take(40).collect();
            return Err(QueryError::Invalid(format!("syntax error: no statement begins with `{word}`; {READ_ONLY}")));
        }
    }
    // Settings are no table of the user's.
    if tokens.any(|word| word == "DF_SETTINGS") {
        return Err(QueryError::NotAllowed("settings cannot be read".to_owned()));
    }
    Ok(())
}

fn check_size(tokens: &[Token]) -> Result<(), QueryError> {
    let (mut depth, mut cases) = (0_usize, 0_usize);
    let (mut operators, mut commas, mut tables) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            Token::Comma => commas += 1,
            Token::Word(name) if name.quote_style.is_some() => {}
            Token::Word(_) => match word(token).as_str() {
                "CASE" => cases += 1,
                "END" => cases = cases.saturating_sub(1),
                "AND" | "OR" | "NOT" | "IN" | "LIKE" | "ILIKE" | "BETWEEN" | "IS" | "UNION" | "INTERSECT"
                | "EXCEPT" | "DIV" | "XOR" | "SIMILAR" | "RLIKE" | "REGEXP" => operators += 1,
                // It stands for a subquery.
                "FROM" | "JOIN" | "SAMPLES_WHERE" => tables += 1,
                _ => {}
            },
            Token::Number(..) | Token::SingleQuotedString(_) | Token::Period => {}
            _ if is_text(token) => {}
            _ => operators += 1, // every other mark is an operator
        }
        if depth.saturating_add(cases) > MAX_DEPTH {
            return Err(too_much(&format!("nesting deeper than {MAX_DEPTH} levels")));
        }
    }
    if operators > MAX_OPERATORS {
        return Err(too_much(&format!("more than {MAX_OPERATORS} operators; write long lists with IN (...)")));
    }
    if commas > MAX_COMMAS {
        return Err(too_much(&format!("more than {MAX_COMMAS} list elements; join with a table or a VALUES list")));
    }
    if tables > MAX_TABLES {
        return Err(too_much(&format!("more than {MAX_TABLES} FROM and JOIN")));
    }
    Ok(())
}

/// Quoted text in any of its other spellings.
fn is_text(token: &Token) -> bool {
    matches!(
        token,
        Token::DoubleQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::DollarQuotedString(_)
            | Token::SingleQuotedRawStringLiteral(_)
    )
}

/// A word in upper case; empty for other tokens. Quoted names count too: `"df_settings"` is the same table.
fn word(token: &Token) -> String {
    match token {
        Token::Word(word) => word.value.to_ascii_uppercase(),
        _ => String::new(),
    }
}

fn too_much(what: &str) -> QueryError {
    QueryError::NotAllowed(format!("the query is too large: {what}"))
}
