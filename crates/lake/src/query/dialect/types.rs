//! Names of types in casts, as Trino writes them: `array(integer)`, `map(varchar, double)`, `row(a integer, b varchar)`.

use arrow_schema::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CastKind, DataType as SqlType, Expr, StructBracketKind, StructField, TimezoneInfo,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;
use std::sync::Arc;

/// `CAST(expression AS type)` and TRY_CAST; None for other expressions.
pub(super) fn cast(parser: &mut Parser<'_>) -> Option<std::result::Result<Expr, ParserError>> {
    let kind = match (&parser.peek_token_ref().token, &parser.peek_nth_token_ref(1).token) {
        (Token::Word(word), Token::LParen) if word.quote_style.is_none() => match word.keyword {
            Keyword::CAST => CastKind::Cast,
            Keyword::TRY_CAST => CastKind::TryCast,
            _ => return None,
        },
        _ => return None,
    };
    Some(cast_of(parser, kind))
}

fn cast_of(parser: &mut Parser<'_>, kind: CastKind) -> std::result::Result<Expr, ParserError> {
    parser.next_token();
    parser.next_token();
    let expr = Box::new(parser.parse_expr()?);
    parser.expect_keyword_is(Keyword::AS)?;
    let data_type = kind_of(parser)?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Cast { kind, expr, data_type, array: false, format: None })
}

fn kind_of(parser: &mut Parser<'_>) -> std::result::Result<SqlType, ParserError> {
    let begins = |parser: &Parser<'_>, name: &str| {
        matches!(&parser.peek_token_ref().token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name))
            && parser.peek_nth_token_ref(1).token == Token::LParen
    };
    let open = |parser: &mut Parser<'_>| {
        parser.next_token();
        parser.next_token();
    };
    let kind = if begins(parser, "array") {
        open(parser);
        SqlType::Array(ArrayElemTypeDef::AngleBracket(Box::new(kind_of(parser)?)))
    } else if begins(parser, "map") {
        open(parser);
        let key = kind_of(parser)?;
        parser.expect_token(&Token::Comma)?;
        SqlType::Map(Box::new(key), Box::new(kind_of(parser)?))
    } else if begins(parser, "row") {
        open(parser);
        let members = parser.parse_comma_separated(member)?;
        SqlType::Struct(members, StructBracketKind::Parentheses)
    } else {
        return parser.parse_data_type();
    };
    parser.expect_token(&Token::RParen)?;
    Ok(kind)
}

fn member(parser: &mut Parser<'_>) -> std::result::Result<StructField, ParserError> {
    let is_named = matches!(parser.peek_nth_token_ref(1).token, Token::Word(_));
    let field_name = if is_named { Some(parser.parse_identifier()?) } else { None };
    Ok(StructField { field_name, field_type: kind_of(parser)?, options: None })
}

/// Types that the engine's planner has no words for.
#[derive(Debug)]
pub(in crate::query) struct TypeNames;

impl TypePlanner for TypeNames {
    fn plan_type_field(&self, kind: &SqlType) -> Result<Option<FieldRef>> {
        let known = match kind {
            SqlType::JSON => DataType::Utf8,
            SqlType::Varbinary(_) => DataType::Binary,
            SqlType::Map(key, value) => {
                let key = Field::new("key", plain(key)?, false);
                let pair = DataType::Struct(vec![key, Field::new("value", plain(value)?, true)].into());
                DataType::Map(Arc::new(Field::new("entries", pair, false)), false)
            }
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Field::new("", known, true))))
    }
}

/// What keys and values of maps can be.
fn plain(kind: &SqlType) -> Result<DataType> {
    Ok(match kind {
        SqlType::Varchar(_) | SqlType::Char(_) | SqlType::String(_) | SqlType::JSON => DataType::Utf8,
        SqlType::Boolean => DataType::Boolean,
        SqlType::TinyInt(_) => DataType::Int8,
        SqlType::SmallInt(_) => DataType::Int16,
        SqlType::Int(_) | SqlType::Integer(_) => DataType::Int32,
        SqlType::BigInt(_) => DataType::Int64,
        SqlType::Real => DataType::Float32,
        SqlType::Double(_) => DataType::Float64,
        SqlType::Date => DataType::Date32,
        SqlType::Timestamp(_, TimezoneInfo::None) => DataType::Timestamp(arrow_schema::TimeUnit::Nanosecond, None),
        SqlType::Array(ArrayElemTypeDef::AngleBracket(item)) => DataType::new_list(plain(item)?, true),
        other => {
            let text = format!("a map of {other} is not known; known are varchar, integer, bigint, double, array(...)");
            return Err(DataFusionError::Plan(text));
        }
    })
}
