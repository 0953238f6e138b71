//! What a statement of a client of Athena is to do: answer, or write its answer to files (CREATE TABLE ... AS, UNLOAD).
//!
//! In: its text and the values of its parameters. Out: the query in it, and where its answer is to go. Works on tokens, within
//! the bounds of the gate, and plans nothing: the process that serves requests may use it.

use super::dialect::ATHENA;
use super::text::Text;
use super::{QueryError, gate};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use std::collections::BTreeMap;

const CREATE: &str = "write CREATE TABLE name WITH (format = 'PARQUET', external_location = 's3://...') AS SELECT ...; other CREATE \
                      statements are not offered";
const UNLOAD: &str = "write UNLOAD (SELECT ...) TO 's3://...' WITH (format = 'PARQUET')";

/// A statement of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientStatement {
    /// With its parameters in place.
    pub text: String,
    pub work: StatementWork,
}

/// What a statement is to do. The first member is the query's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementWork {
    Select(String),
    /// SHOW and DESCRIBE.
    Show(String),
    Explain(String),
    /// CREATE TABLE ... AS: properties by their names in lower case.
    CreateTable {
        sql: String,
        name: Vec<String>,
        properties: BTreeMap<String, String>,
    },
    Unload {
        sql: String,
        location: String,
        properties: BTreeMap<String, String>,
    },
}

impl StatementWork {
    pub fn sql(&self) -> &str {
        match self {
            Self::Select(sql) | Self::Show(sql) | Self::Explain(sql) => sql,
            Self::CreateTable { sql, .. } | Self::Unload { sql, .. } => sql,
        }
    }
}

impl ClientStatement {
    /// Reads a statement, with one value for each `?` in it.
    ///
    /// Errors: [`QueryError::NotAllowed`] and [`QueryError::Invalid`], as the gate's. The query within is checked when it runs.
    pub fn parse(sql: &str, parameters: &[&str]) -> Result<Self, QueryError> {
        gate::check_length(sql)?;
        let text = with_parameters(sql, parameters)?;
        gate::check_length(&text)?;
        let tokens = tokens(&text)?;
        let work = Parser { text: &text, places: Text::new(&text), tokens: &tokens, at: 0 }.work()?;
        Ok(Self { text, work })
    }
}

fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, QueryError> {
    let tokens = Tokenizer::new(&ATHENA, sql).tokenize_with_location();
    let mut tokens = tokens.map_err(|error| QueryError::Invalid(format!("syntax error: {error}")))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    while tokens.last().is_some_and(|last| last.token == Token::SemiColon) {
        tokens.pop();
    }
    Ok(tokens)
}

/// The text with each `?` replaced by its value, which must be one literal.
fn with_parameters(sql: &str, parameters: &[&str]) -> Result<String, QueryError> {
    let wrong = |text: String| Err(QueryError::Invalid(text));
    let places = Text::new(sql);
    let all = tokens(sql)?;
    let marks: Vec<&TokenWithSpan> =
        all.iter().filter(|token| token.token == Token::Placeholder("?".to_owned())).collect();
    if marks.len() != parameters.len() {
        return wrong(format!(
            "the statement has {} parameters (?), and {} values were given",
            marks.len(),
            parameters.len()
        ));
    }
    let mut text = String::with_capacity(sql.len());
    let mut copied = 0;
    for (number, (mark, value)) in (1..).zip(marks.into_iter().zip(parameters)) {
        if !is_literal(value) {
            return wrong(format!(
                "the value of parameter {number} is not one literal; write a number, 'text', TRUE, FALSE, NULL, DATE '...' or TIMESTAMP '...'"
            ));
        }
        let range = places.range(mark, mark);
        text.push_str(sql.get(copied..range.start).unwrap_or_default());
        text.push_str(value);
        copied = range.end;
    }
    text.push_str(sql.get(copied..).unwrap_or_default());
    Ok(text)
}

fn is_literal(text: &str) -> bool {
    let Ok(tokens) = tokens(text) else { return false };
    let tokens: Vec<&Token> = tokens.iter().map(|token| &token.token).collect();
    let word =
        |token: &Token, keywords: &[Keyword]| matches!(token, Token::Word(word) if keywords.contains(&word.keyword));
    match tokens[..] {
        [Token::Number(..) | Token::SingleQuotedString(_)] | [Token::Minus, Token::Number(..)] => true,
        [one] => word(one, &[Keyword::TRUE, Keyword::FALSE, Keyword::NULL]),
        [kind, Token::SingleQuotedString(_)] => word(kind, &[Keyword::DATE, Keyword::TIMESTAMP, Keyword::TIME]),
        _ => false,
    }
}

struct Parser<'a> {
    text: &'a str,
    places: Text<'a>,
    tokens: &'a [TokenWithSpan],
    at: usize,
}

impl Parser<'_> {
    fn work(self) -> Result<StatementWork, QueryError> {
        let first = self.tokens.iter().map(|token| &token.token).find(|token| **token != Token::LParen);
        let Some(Token::Word(first)) = first else {
            return Err(QueryError::Invalid("the statement is empty".to_owned()));
        };
        let all = self.text.to_owned();
        Ok(match first.keyword {
            Keyword::CREATE => return self.create(),
            Keyword::UNLOAD => return self.unload(),
            Keyword::SHOW | Keyword::DESCRIBE | Keyword::DESC => StatementWork::Show(all),
            Keyword::EXPLAIN => StatementWork::Explain(all),
            _ => StatementWork::Select(all),
        })
    }

    fn create(mut self) -> Result<StatementWork, QueryError> {
        let usage = || QueryError::NotAllowed(CREATE.to_owned());
        if !(self.takes(Keyword::CREATE) && self.takes(Keyword::TABLE)) {
            return Err(usage());
        }
        if self.takes(Keyword::IF) && !(self.takes(Keyword::NOT) && self.takes(Keyword::EXISTS)) {
            return Err(usage());
        }
        let name = self.name().ok_or_else(usage)?;
        let properties = if self.takes(Keyword::WITH) { self.properties().ok_or_else(usage)? } else { BTreeMap::new() };
        if !self.takes(Keyword::AS) {
            return Err(usage());
        }
        let mut end = self.tokens.len();
        let tail = |at: usize| self.tokens.get(end.wrapping_sub(at)).map(|token| &token.token);
        let is = |at: usize, keyword: Keyword| matches!(tail(at), Some(Token::Word(word)) if word.keyword == keyword);
        if is(1, Keyword::DATA) && is(2, Keyword::NO) && is(3, Keyword::WITH) {
            return Err(QueryError::NotAllowed("WITH NO DATA is not offered".to_owned()));
        }
        if is(1, Keyword::DATA) && is(2, Keyword::WITH) {
            end -= 2;
        }
        let sql = self.between(self.at, end).ok_or_else(usage)?;
        Ok(StatementWork::CreateTable { sql, name, properties })
    }

    fn unload(mut self) -> Result<StatementWork, QueryError> {
        let usage = || QueryError::NotAllowed(UNLOAD.to_owned());
        if !(self.takes(Keyword::UNLOAD) && self.takes_token(&Token::LParen)) {
            return Err(usage());
        }
        let begin = self.at;
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next().ok_or_else(usage)? {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
        }
        let sql = self.between(begin, self.at - 1).ok_or_else(usage)?;
        if !self.takes(Keyword::TO) {
            return Err(usage());
        }
        let Some(Token::SingleQuotedString(location)) = self.next().cloned() else { return Err(usage()) };
        let properties = if self.takes(Keyword::WITH) { self.properties().ok_or_else(usage)? } else { BTreeMap::new() };
        if self.at < self.tokens.len() {
            return Err(usage());
        }
        Ok(StatementWork::Unload { sql, location, properties })
    }

    /// `a.b.c`, each part in quotes or not.
    fn name(&mut self) -> Option<Vec<String>> {
        let mut parts = Vec::new();
        loop {
            let Token::Word(word) = self.next()? else { return None };
            parts.push(if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() });
            if !self.takes_token(&Token::Period) {
                return Some(parts);
            }
        }
    }

    /// `(name = 'value', ...)`; lists keep their text.
    fn properties(&mut self) -> Option<BTreeMap<String, String>> {
        let mut properties = BTreeMap::new();
        if !self.takes_token(&Token::LParen) {
            return None;
        }
        loop {
            let Token::Word(word) = self.next()? else { return None };
            let name = word.value.to_lowercase();
            if !self.takes_token(&Token::Eq) {
                return None;
            }
            let begin = self.at;
            let value = match self.next()?.clone() {
                Token::SingleQuotedString(value) | Token::Number(value, _) => value,
                _ => {
                    let mut depth = 0_usize;
                    loop {
                        match &self.tokens.get(self.at)?.token {
                            Token::LBracket | Token::LParen => depth += 1,
                            Token::RBracket => depth = depth.checked_sub(1)?,
                            Token::RParen if depth > 0 => depth -= 1,
                            Token::RParen | Token::Comma if depth == 0 => break,
                            _ => {}
                        }
                        self.at += 1;
                    }
                    self.between(begin, self.at)?
                }
            };
            properties.insert(name, value);
            match self.next()? {
                Token::Comma => {}
                Token::RParen => return Some(properties),
                _ => return None,
            }
        }
    }

    fn next(&mut self) -> Option<&Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(&token.token)
    }

    fn takes_token(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token.token == *wanted);
        self.at += usize::from(found);
        found
    }

    fn takes(&mut self, keyword: Keyword) -> bool {
        let token = self.tokens.get(self.at).map(|token| &token.token);
        let found = matches!(token, Some(Token::Word(word)) if word.quote_style.is_none() && word.keyword == keyword);
        self.at += usize::from(found);
        found
    }

    /// The text of the tokens from one to before another; none if there are none.
    fn between(&self, begin: usize, end: usize) -> Option<String> {
        let (first, last) = (self.tokens.get(begin)?, self.tokens.get(end.checked_sub(1)?)?);
        (begin < end).then(|| self.text.get(self.places.range(first, last)).map(str::to_owned))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(sql: &str) -> StatementWork {
        ClientStatement::parse(sql, &[]).unwrap().work
    }

    #[test]
    fn what_awswrangler_sends_is_taken_apart() {
        let StatementWork::CreateTable { sql, name, properties } = work(
            "CREATE TABLE \"db\".\"temp_table_1\"\nWITH(\n    external_location = 's3://varberg-results/0/temp_table_1',\n    format = 'PARQUET',\n    partitioned_by = ARRAY['a', 'b'])\nAS SELECT a AS \"É\" FROM t WHERE b = ';'",
        ) else {
            panic!()
        };
        assert_eq!(sql, "SELECT a AS \"É\" FROM t WHERE b = ';'");
        assert_eq!(name, ["db", "temp_table_1"]);
        assert_eq!(properties["format"], "PARQUET");
        assert_eq!(properties["partitioned_by"], "ARRAY['a', 'b']");
        let StatementWork::Unload { sql, location, properties } =
            work("UNLOAD (SELECT (1)) TO 's3://varberg-results/0/x/' WITH ( format='PARQUET') ;")
        else {
            panic!()
        };
        assert_eq!((sql.as_str(), location.as_str()), ("SELECT (1)", "s3://varberg-results/0/x/"));
        assert_eq!(properties["format"], "PARQUET");
        assert_eq!(work("(SELECT 1) UNION SELECT 2"), StatementWork::Select("(SELECT 1) UNION SELECT 2".into()));
        assert_eq!(work("show tables"), StatementWork::Show("show tables".into()));
        for wrong in
            ["CREATE VIEW v AS SELECT 1", "CREATE TABLE t (a int)", "UNLOAD SELECT 1", "UNLOAD (SELECT 1) TO x", ""]
        {
            assert!(ClientStatement::parse(wrong, &[]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_literals_and_come_in_order() {
        let parse =
            |sql: &str, parameters: &[&str]| ClientStatement::parse(sql, parameters).map(|statement| statement.text);
        let sql = "SELECT '?', ? FROM t WHERE a = ?";
        assert_eq!(parse(sql, &["-1", "'it''s'"]).unwrap(), "SELECT '?', -1 FROM t WHERE a = 'it''s'");
        assert!(parse(sql, &["1"]).is_err());
        for value in ["1 OR 1 = 1", "a", "'a' || 'b'", "1; DROP", "(SELECT 1)", "--", ""] {
            assert!(parse("SELECT ?", &[value]).is_err(), "{value}");
        }
    }
}
