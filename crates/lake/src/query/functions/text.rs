//! Text. Source: trino.io/docs/current/functions/string.html. Positions count characters, from 1.

use super::kernel::{Kernel, arguments, refused};
use super::members::{exactly, is_list, is_text};
use super::{list_of, number, text};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{Array, StringArray};
use arrow_schema::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::functions::string::expr_fn::replace as engine_replace;
use datafusion::functions::unicode::expr_fn::reverse as engine_reverse;
use datafusion::functions_nested::expr_fn::{array_concat, array_reverse};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, ScalarUDF, binary_expr, lit, not, when};
use std::sync::Arc;

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![split(), split_part(), substr()]
}

/// `split(text, delimiter[, limit])`: the last of `limit` parts is the rest.
fn split() -> ScalarUDF {
    let kernel = Kernel {
        name: "split",
        coerce: |found| {
            let kinds = [DataType::Utf8, DataType::Utf8, DataType::Int64];
            arguments(found, 2, &kinds, "split(text, delimiter) or split(text, delimiter, limit)")
        },
        answer: |_| Ok(list_of(DataType::Utf8)),
        run: |args| {
            let (texts, delimiters) = (text(args, 0)?, text(args, 1)?);
            let limits = args.get(2).map(|_| number(args, 2)).transpose()?;
            let mut parts = ListBuilder::new(StringBuilder::new());
            for (row, (whole, delimiter)) in texts.iter().zip(delimiters).enumerate() {
                let limit = limits.map_or(Some(i64::MAX), |limits| limits.is_valid(row).then(|| limits.value(row)));
                let (Some(whole), Some(delimiter), Some(limit)) = (whole, delimiter, limit) else {
                    parts.append_null();
                    continue;
                };
                if delimiter.is_empty() || limit < 1 {
                    return refused("split needs a delimiter that is not empty, and a limit from 1");
                }
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                whole.splitn(limit, delimiter).for_each(|part| parts.values().append_value(part));
                parts.append(true);
            }
            Ok(Arc::new(parts.finish()))
        },
    };
    kernel.function()
}

/// `split_part(text, delimiter, n)`: the n-th part from 1; null beyond the last.
fn split_part() -> ScalarUDF {
    let kernel = Kernel {
        name: "split_part",
        coerce: |found| {
            let kinds = [DataType::Utf8, DataType::Utf8, DataType::Int64];
            arguments(found, 3, &kinds, "split_part(text, delimiter, number from 1)")
        },
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let (texts, delimiters, numbers) = (text(args, 0)?, text(args, 1)?, number(args, 2)?);
            let part = |((whole, delimiter), at): ((Option<&str>, Option<&str>), Option<i64>)| {
                let (Some(whole), Some(delimiter), Some(at)) = (whole, delimiter, at) else { return Ok(None) };
                let Some(before) = usize::try_from(at).ok().and_then(|at| at.checked_sub(1)) else {
                    return refused("split_part counts parts from 1");
                };
                if delimiter.is_empty() {
                    let part = whole.char_indices().nth(before).and_then(|(begin, _)| whole.get(begin..));
                    return Ok(part.and_then(|rest| rest.chars().next()).map(String::from));
                }
                Ok(whole.split(delimiter).nth(before).map(str::to_owned))
            };
            let parts = texts.iter().zip(delimiters).zip(numbers).map(part).collect::<Result<StringArray>>()?;
            Ok(Arc::new(parts))
        },
    };
    kernel.function()
}

/// `substr(text, start[, length])`: from the end where `start` is negative; empty where it is 0 or outside.
fn substr() -> ScalarUDF {
    let kernel = Kernel {
        name: "substr",
        coerce: |found| {
            let kinds = [DataType::Utf8, DataType::Int64, DataType::Int64];
            arguments(found, 2, &kinds, "substr(text, start) or substr(text, start, length)")
        },
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let (texts, starts) = (text(args, 0)?, number(args, 1)?);
            let counts = args.get(2).map(|_| number(args, 2)).transpose()?;
            let part = |(row, (whole, start)): (usize, (Option<&str>, Option<i64>))| {
                let count = counts.map_or(Some(i64::MAX), |counts| counts.is_valid(row).then(|| counts.value(row)));
                Some(part_of(whole?, start?, count?).to_owned())
            };
            Ok(Arc::new(texts.iter().zip(starts).enumerate().map(part).collect::<StringArray>()))
        },
    };
    kernel.function().with_aliases(["substring"])
}

fn part_of(whole: &str, start: i64, count: i64) -> &str {
    let all = || i64::try_from(whole.chars().count()).unwrap_or(i64::MAX);
    let first = if start < 0 { all().saturating_add(start) } else { start.saturating_sub(1) };
    let (Ok(first), Ok(count)) = (usize::try_from(first), usize::try_from(count)) else { return "" };
    let place = |of: &str, characters: usize| of.char_indices().nth(characters).map_or(of.len(), |(at, _)| at);
    let rest = whole.get(place(whole, first)..).unwrap_or_default();
    rest.get(..place(rest, count)).unwrap_or_default()
}

/// `concat(a, b, ...)` of texts, or of arrays: null where one of them is.
pub(super) fn concat(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let types = args.iter().map(|arg| arg.get_type(schema)).collect::<Result<Vec<_>>>()?;
    if types.iter().any(is_list) {
        let missing = args.iter().cloned().map(Expr::is_null).reduce(Expr::or);
        let missing = missing.unwrap_or_else(|| lit(false));
        return when(not(missing), array_concat(args)).end();
    }
    if let Some(other) = types.iter().find(|kind| !is_text(kind) && !kind.is_null()) {
        let text = format!(
            "concat takes texts or arrays, not {0}: write concat(..., CAST(value AS varchar))",
            super::type_name(other)
        );
        return Err(DataFusionError::Plan(text));
    }
    let joined = args.into_iter().reduce(|left, right| binary_expr(left, Operator::StringConcat, right));
    joined.ok_or_else(|| DataFusionError::Plan("write concat(text, text, ...)".to_owned()))
}

/// `reverse(text)`, `reverse(array)`.
pub(super) fn reverse(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [of] = exactly(args, "reverse(text or array)")?;
    Ok(if is_list(&of.get_type(schema)?) { array_reverse(of) } else { engine_reverse(of) })
}

/// `replace(text, search[, replacement])`: without a replacement it is taken out.
pub(super) fn replace(mut args: Vec<Expr>, _: &DFSchema) -> Result<Expr> {
    if args.len() == 2 {
        args.push(lit(""));
    }
    let [of, search, replacement] = exactly(args, "replace(text, search, replacement)")?;
    Ok(engine_replace(of, search, replacement))
}
