//! What an error of the engine means: whose fault it is, and what may be said of it.
//!
//! Texts of errors that arise from values can quote values; they are replaced by texts of ours. What is left of an internal
//! error names its kind and nothing else: it goes to the log.

use super::QueryError;
use arrow_schema::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::parquet::errors::ParquetError;
use datafusion::sql::sqlparser::parser::ParserError;
use std::error::Error;

/// Errors within errors that are looked at.
const MAX_DEPTH: usize = 32;

impl QueryError {
    /// What an error that arose from a plan or from its execution means for the user.
    pub fn from_engine(error: &DataFusionError) -> Self {
        let mut cause: &(dyn Error + 'static) = error;
        for _ in 0..MAX_DEPTH {
            if let Some(known) = known(cause) {
                return known;
            }
            match cause.source() {
                Some(inner) => cause = inner,
                None => break,
            }
        }
        Self::Internal(format!("the query engine failed: {}", kind(error.find_root())))
    }

    /// Like [`QueryError::from_engine`], for an error of the planner, which has seen the statement and no data.
    pub(super) fn from_planner(error: &DataFusionError) -> Self {
        match error.find_root() {
            // The planner's own words for arguments that a function does not take.
            DataFusionError::Internal(text) => Self::Invalid(plain(text)),
            DataFusionError::Execution(text) => Self::Invalid(plain(text)),
            _ => Self::from_engine(error),
        }
    }

    /// The statement ran for `limit_s` seconds.
    pub fn out_of_time(limit_s: u64) -> Self {
        Self::ResourcesExhausted(format!(
            "the statement ran longer than {limit_s} s and was stopped; ask for less, or raise query.time_s"
        ))
    }
}

/// The meaning of one error, without those that it holds; `None` when one of those may tell.
fn known(cause: &(dyn Error + 'static)) -> Option<QueryError> {
    if let Some(ours) = cause.downcast_ref::<QueryError>() {
        return Some(ours.clone());
    }
    if let Some(error) = cause.downcast_ref::<DataFusionError>() {
        return of_engine(error);
    }
    // Errors travel in boxes and shared pointers, which hide their types.
    if let Some(shared) = cause.downcast_ref::<std::sync::Arc<DataFusionError>>() {
        return Some(QueryError::from_engine(shared));
    }
    if let Some(error) = cause.downcast_ref::<ParquetError>() {
        return match error {
            ParquetError::ArrowError(text) => of_text(text),
            ParquetError::External(inner) => known(inner.as_ref()),
            _ => None,
        };
    }
    cause.downcast_ref::<ArrowError>().and_then(of_arrow)
}

fn of_engine(error: &DataFusionError) -> Option<QueryError> {
    match error {
        DataFusionError::ResourcesExhausted(text) => Some(QueryError::ResourcesExhausted(format!(
            "the query needs more memory or spill space than it may use: {text}. Read less, or raise the limits"
        ))),
        DataFusionError::Plan(text)
            if ["DDL not supported", "DML not supported", "Statement not supported"]
                .iter()
                .any(|begin| text.starts_with(begin)) =>
        {
            Some(QueryError::refused())
        }
        DataFusionError::Plan(text)
        | DataFusionError::NotImplemented(text)
        | DataFusionError::Configuration(text)
        | DataFusionError::Execution(text) => Some(of_text(text).unwrap_or_else(|| QueryError::Invalid(plain(text)))),
        DataFusionError::SQL(error, _) => Some(QueryError::Invalid(match error.as_ref() {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => format!("syntax error: {text}"),
            ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
        })),
        DataFusionError::SchemaError(error, _) => Some(QueryError::Invalid(plain(&error.to_string()))),
        DataFusionError::ArrowError(error, _) => of_arrow(error),
        DataFusionError::ParquetError(error) => known(error.as_ref()),
        DataFusionError::External(error) => known(error.as_ref()),
        DataFusionError::Collection(errors) => errors.first().map(QueryError::from_engine),
        DataFusionError::Shared(error) => Some(QueryError::from_engine(error)),
        DataFusionError::Context(_, error) | DataFusionError::Diagnostic(_, error) => {
            Some(QueryError::from_engine(error))
        }
        _ => None,
    }
}

fn of_arrow(error: &ArrowError) -> Option<QueryError> {
    let value = |text: &str| Some(QueryError::Value(text.to_owned()));
    match error {
        ArrowError::ExternalError(inner) => known(inner.as_ref()),
        ArrowError::DivideByZero => value("division by zero; write NULLIF(divisor, 0)"),
        ArrowError::ArithmeticOverflow(_) => value("a result is too large for its type; cast to DOUBLE before"),
        ArrowError::CastError(text) | ArrowError::ParseError(text) => Some(cast(text)),
        ArrowError::ComputeError(text) | ArrowError::InvalidArgumentError(text) => {
            Some(of_text(text).unwrap_or_else(|| {
                QueryError::Value("an expression cannot be computed for a value of the data".to_owned())
            }))
        }
        _ => None,
    }
}

/// What a text tells that was made of an error of a cast, of whatever type it is now.
fn of_text(text: &str) -> Option<QueryError> {
    let casts = ["Cannot cast", "Can't cast", "CastError", "ParseError", "Error parsing"];
    if casts.iter().any(|word| text.contains(word)) {
        return Some(cast(text));
    }
    text.contains("DivideByZero").then(|| QueryError::Value("division by zero; write NULLIF(divisor, 0)".to_owned()))
}

/// A cast that failed. Of its text only the name of the type is used: the rest is a value.
fn cast(text: &str) -> QueryError {
    let target = text.rsplit_once("to value of ").and_then(|(_, rest)| rest.split_whitespace().next());
    let target = target.filter(|word| word.len() < 20 && word.chars().all(char::is_alphanumeric));
    let target = target.unwrap_or("the wanted type");
    QueryError::Value(format!(
        "a value cannot be cast to {target}; compare text with text, for example contigname = '22', or use TRY_CAST, which \
         gives null for such values"
    ))
}

/// The planner's text without what is said for its developers.
fn plain(text: &str) -> String {
    let text = text.split("\nThis issue was likely caused by a bug").next().unwrap_or(text);
    let text = text.split("\n\nbacktrace: ").next().unwrap_or(text).trim();
    let text = text.trim_start_matches("Internal error: ").replace("Error during planning: ", "");
    // Types are written with the metadata of their fields.
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(", metadata: {") {
        kept.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

/// The kind of an error, without its text.
fn kind(error: &DataFusionError) -> &'static str {
    match error {
        DataFusionError::ObjectStore(_) => "the storage cannot be read",
        DataFusionError::IoError(_) => "reading or writing a file failed",
        DataFusionError::ParquetError(_) => "a data file is not readable Parquet",
        DataFusionError::ArrowError(..) => "columns do not fit each other",
        DataFusionError::Internal(_) => "its own checks failed",
        DataFusionError::ExecutionJoin(_) => "one of its tasks panicked",
        DataFusionError::External(_) => "a part outside it failed",
        _ => "for a reason that it does not name",
    }
}
