//! JSON in texts. Source: trino.io/docs/current/functions/json.html. A text that is no JSON gives null; `json_parse` refuses
//! it. There is no type of its own for JSON: it stays text.

use super::kernel::{Kernel, arguments, refused};
use super::text;
use arrow_array::{Array, Int64Array, StringArray};
use arrow_schema::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;
use serde_json::Value;
use std::sync::Arc;

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![extract_scalar(), extract(), parse(), format(), array_length(), size()]
}

const PAIR: [DataType; 2] = [DataType::Utf8, DataType::Utf8];

/// The place in a JSON that a path names: `$.a.b[0]['c']`.
enum Step {
    Member(String),
    Element(usize),
}

fn path(text: &str) -> Result<Vec<Step>> {
    let wrong = || refused("a path is none of JSON: write '$.member[0]' or '$[\"member\"]'");
    let Some(mut rest) = text.strip_prefix('$') else { return wrong() };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, next) = after.split_at(end);
            if name.is_empty() || name == "*" {
                return wrong();
            }
            steps.push(Step::Member(name.trim_matches('"').to_owned()));
            rest = next;
        } else if let Some((inside, next)) = rest.strip_prefix('[').and_then(|after| after.split_once(']')) {
            steps.push(match inside.parse() {
                Ok(at) => Step::Element(at),
                Err(_) if inside.len() > 1 && inside.starts_with(['"', '\'']) => {
                    Step::Member(inside.trim_matches(['"', '\'']).to_owned())
                }
                Err(_) => return wrong(),
            });
            rest = next;
        } else {
            return wrong();
        }
    }
    Ok(steps)
}

fn at<'a>(json: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(json, |json, step| match step {
        Step::Member(name) => json.get(name),
        Step::Element(at) => json.get(at),
    })
}

/// Applies `answer` to what `path` names in each JSON.
fn of_paths<T>(jsons: &StringArray, paths: &StringArray, answer: fn(&Value) -> Option<T>) -> Result<Vec<Option<T>>> {
    let mut known: Option<(&str, Vec<Step>)> = None;
    let mut answers = Vec::with_capacity(jsons.len());
    for (json, wanted) in jsons.iter().zip(paths) {
        let (Some(json), Some(wanted)) = (json, wanted) else {
            answers.push(None);
            continue;
        };
        if known.as_ref().is_none_or(|(same, _)| *same != wanted) {
            known = Some((wanted, path(wanted)?));
        }
        let steps = known.as_ref().map_or(&[][..], |(_, steps)| steps);
        let json = serde_json::from_str::<Value>(json).ok();
        answers.push(json.as_ref().and_then(|json| at(json, steps)).and_then(answer));
    }
    Ok(answers)
}

fn scalar(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn extract_scalar() -> ScalarUDF {
    let kernel = Kernel {
        name: "json_extract_scalar",
        coerce: |found| arguments(found, 2, &PAIR, "json_extract_scalar(text, '$.member')"),
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let answers = of_paths(text(args, 0)?, text(args, 1)?, scalar)?;
            Ok(Arc::new(answers.into_iter().collect::<StringArray>()))
        },
    };
    kernel.function()
}

fn extract() -> ScalarUDF {
    let kernel = Kernel {
        name: "json_extract",
        coerce: |found| arguments(found, 2, &PAIR, "json_extract(text, '$.member')"),
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let answers = of_paths(text(args, 0)?, text(args, 1)?, |json| Some(json.to_string()))?;
            Ok(Arc::new(answers.into_iter().collect::<StringArray>()))
        },
    };
    kernel.function()
}

fn parse() -> ScalarUDF {
    let kernel = Kernel {
        name: "json_parse",
        coerce: |found| arguments(found, 1, &[DataType::Utf8], "json_parse(text)"),
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let read = |json: Option<&str>| {
                let Some(json) = json else { return Ok(None) };
                let Ok(json) = serde_json::from_str::<Value>(json) else { return refused("a text is no JSON") };
                Ok(Some(json.to_string()))
            };
            Ok(Arc::new(text(args, 0)?.iter().map(read).collect::<Result<StringArray>>()?))
        },
    };
    kernel.function()
}

fn format() -> ScalarUDF {
    let kernel = Kernel {
        name: "json_format",
        coerce: |found| arguments(found, 1, &[DataType::Utf8], "json_format(json)"),
        answer: |_| Ok(DataType::Utf8),
        run: |args| Ok(Arc::new(text(args, 0)?.clone())),
    };
    kernel.function()
}

fn array_length() -> ScalarUDF {
    let kernel = Kernel {
        name: "json_array_length",
        coerce: |found| arguments(found, 1, &[DataType::Utf8], "json_array_length(json)"),
        answer: |_| Ok(DataType::Int64),
        run: |args| {
            let length = |json: Option<&str>| {
                let json: Vec<Value> = serde_json::from_str(json?).ok()?;
                i64::try_from(json.len()).ok()
            };
            Ok(Arc::new(text(args, 0)?.iter().map(length).collect::<Int64Array>()))
        },
    };
    kernel.function()
}

/// `json_size(json, path)`: members of an object or array, 0 for anything else.
fn size() -> ScalarUDF {
    let kernel = Kernel {
        name: "json_size",
        coerce: |found| arguments(found, 2, &PAIR, "json_size(text, '$.member')"),
        answer: |_| Ok(DataType::Int64),
        run: |args| {
            let answers = of_paths(text(args, 0)?, text(args, 1)?, |json| {
                i64::try_from(match json {
                    Value::Array(elements) => elements.len(),
                    Value::Object(members) => members.len(),
                    _ => 0,
                })
                .ok()
            })?;
            Ok(Arc::new(answers.into_iter().collect::<Int64Array>()))
        },
    };
    kernel.function()
}
