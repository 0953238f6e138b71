//! JSON of requests and answers: members taken out of an object with full checking, timestamps.
//!
//! In: untrusted JSON. Out: borrowed values, or a [`ValidationError`] that names the member by its path
//! (`items.1.source`; list positions count from 1, as AWS does). Unknown members are ignored; `null` is absent.

mod unique;

use crate::error::ApiError;
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::SystemTime;
use unique::Unique;
use varberg_model::{SseConfig, Tags, ValidationError, check_printable};

/// An object of a request, and where it stands in the body.
pub(crate) struct Fields<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

/// Parses a body. An empty one is `{}`; nesting is limited by the parser.
pub(crate) fn parse_body(body: &[u8]) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body).map(|Unique(value)| value) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ApiError::Invalid("the body must be a JSON object".to_owned())),
        Err(error) => Err(ApiError::Invalid(format!("the body is not valid JSON: {error}"))),
    }
}

fn wrong_type(path: &str, wanted: &str) -> ValidationError {
    ValidationError::new(path, format!("Member must be {wanted}"))
}

impl<'a> Fields<'a> {
    /// The members of a parsed body.
    pub(crate) fn of_body(body: &'a Value) -> Result<Self, ApiError> {
        match body {
            Value::Object(members) => Ok(Self { path: String::new(), members }),
            _ => Err(ApiError::Invalid("the body must be a JSON object".to_owned())),
        }
    }

    /// Path of a member of this object.
    pub(crate) fn path(&self, member: &str) -> String {
        if self.path.is_empty() { member.to_owned() } else { format!("{}.{member}", self.path) }
    }

    /// An error about a member of this object, its path completed.
    pub(crate) fn place(&self, error: ValidationError) -> ValidationError {
        ValidationError { field: self.path(&error.field), reason: error.reason }
    }

    fn get(&self, member: &str) -> Option<&'a Value> {
        self.members.get(member).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, member: &str) -> Result<Option<&'a str>, ValidationError> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(&self.path(member), "a string")),
        }
    }

    pub(crate) fn required_text(&self, member: &str) -> Result<&'a str, ValidationError> {
        self.text(member)?.ok_or_else(|| ValidationError::required(&self.path(member)))
    }

    /// Text of `min..=max` characters that can be seen (spec 3, `UText`).
    pub(crate) fn printable(&self, member: &str, min: usize, max: usize) -> Result<Option<&'a str>, ValidationError> {
        let Some(text) = self.text(member)? else { return Ok(None) };
        let length = text.chars().count();
        if length < min || length > max {
            return Err(ValidationError::length(&self.path(member), min, max));
        }
        check_printable(&self.path(member), text)?;
        Ok(Some(text))
    }

    /// A whole number that may be left out.
    pub(crate) fn number(&self, member: &str) -> Result<Option<i64>, ValidationError> {
        match self.get(member) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong_type(&self.path(member), "an integer")),
        }
    }

    /// A flag; absent is `false`.
    pub(crate) fn flag(&self, member: &str) -> Result<bool, ValidationError> {
        Ok(self.optional_flag(member)?.unwrap_or(false))
    }

    /// A flag that may be left out.
    pub(crate) fn optional_flag(&self, member: &str) -> Result<Option<bool>, ValidationError> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong_type(&self.path(member), "a boolean")),
        }
    }

    /// A point in time, ISO 8601 with offset.
    pub(crate) fn time(&self, member: &str) -> Result<Option<DateTime<Utc>>, ValidationError> {
        let Some(text) = self.text(member)? else { return Ok(None) };
        let time = DateTime::parse_from_rfc3339(text)
            .map_err(|_| wrong_type(&self.path(member), "a timestamp such as 2026-01-31T12:00:00Z"))?;
        Ok(Some(time.to_utc()))
    }

    pub(crate) fn object(&self, member: &str) -> Result<Option<Fields<'a>>, ValidationError> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Fields { path: self.path(member), members })),
            Some(_) => Err(wrong_type(&self.path(member), "an object")),
        }
    }

    /// Whether a member is there.
    pub(crate) fn has(&self, member: &str) -> bool {
        self.get(member).is_some()
    }

    /// Where this object stands in the body.
    pub(crate) fn here(&self) -> &str {
        &self.path
    }

    /// The one member that a union has, of those in `known`.
    fn union_member<'k>(&self, known: &[&'k str]) -> Result<&'k str, ValidationError> {
        // Some SDKs add `__type`; it is no member (spec of the protocol, restJson1 unions).
        let given = self.members.iter().filter(|(key, value)| *key != "__type" && !value.is_null());
        let mut given = given.map(|(key, _)| key.as_str());
        let refused = |reason: String| Err(ValidationError::new(&*self.path, reason));
        match (given.next(), given.next()) {
            (None, _) => refused(format!("Member must have exactly one of [{}]", known.join(", "))),
            (Some(_), Some(_)) => refused("Member must have exactly one member set".to_owned()),
            (Some(key), None) => match known.iter().find(|name| **name == key) {
                Some(name) => Ok(name),
                None => refused(format!("Member must be one of [{}]", known.join(", "))),
            },
        }
    }

    /// The one text member of a union that knows only `known`.
    pub(crate) fn union_text(&self, known: &str) -> Result<&'a str, ValidationError> {
        self.union_member(&[known])?;
        self.required_text(known)
    }

    /// The one object of a union, with its name.
    pub(crate) fn union_object<'k>(&self, known: &[&'k str]) -> Result<(&'k str, Fields<'a>), ValidationError> {
        let name = self.union_member(known)?;
        let object = self.object(name)?.ok_or_else(|| ValidationError::required(&self.path(name)))?;
        Ok((name, object))
    }

    /// The one member of a map that has exactly one, a text.
    pub(crate) fn single_text(&self) -> Result<(&'a str, &'a str), ValidationError> {
        let mut members = self.members.iter();
        match (members.next(), members.next()) {
            (Some((name, Value::String(text))), None) => Ok((name, text)),
            (Some((name, _)), None) => Err(wrong_type(&self.path(name), "a string")),
            _ => Err(ValidationError::new(&*self.path, "Member must have exactly one entry")),
        }
    }

    fn list(&self, member: &str, min: usize, max: usize) -> Result<Option<&'a [Value]>, ValidationError> {
        let list = match self.get(member) {
            None => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(wrong_type(&self.path(member), "a list")),
        };
        if list.len() < min || list.len() > max {
            return Err(ValidationError::length(&self.path(member), min, max));
        }
        Ok(Some(list))
    }

    /// A required list of `min..=max` objects.
    pub(crate) fn objects(&self, member: &str, min: usize, max: usize) -> Result<Vec<Fields<'a>>, ValidationError> {
        let list = self.list(member, min, max)?.ok_or_else(|| ValidationError::required(&self.path(member)))?;
        let entry = |(index, value): (usize, &'a Value)| {
            let path = format!("{}.{}", self.path(member), index + 1);
            match value {
                Value::Object(members) => Ok(Fields { path, members }),
                Value::Null => Err(ValidationError::required(&path)),
                _ => Err(wrong_type(&path, "an object")),
            }
        };
        list.iter().enumerate().map(entry).collect()
    }

    /// `ids` of the listings: 1 to 20 texts of 1 to 50 characters (spec 3, `IdList`).
    pub(crate) fn ids(&self) -> Result<Vec<String>, ValidationError> {
        let texts = self.texts("ids", 1, 20)?.unwrap_or_default();
        let wrong = texts.iter().position(|id| !(1..=50).contains(&id.chars().count()));
        match wrong {
            Some(index) => Err(ValidationError::length(&format!("{}.{}", self.path("ids"), index + 1), 1, 50)),
            None => Ok(texts.into_iter().map(str::to_owned).collect()),
        }
    }

    /// A list of `min..=max` texts; `None` when absent.
    pub(crate) fn texts(&self, member: &str, min: usize, max: usize) -> Result<Option<Vec<&'a str>>, ValidationError> {
        let Some(list) = self.list(member, min, max)? else { return Ok(None) };
        let entry = |(index, value): (usize, &'a Value)| {
            value.as_str().ok_or_else(|| wrong_type(&format!("{}.{}", self.path(member), index + 1), "a string"))
        };
        list.iter().enumerate().map(entry).collect::<Result<_, _>>().map(Some)
    }

    /// A map of texts; `None` when absent.
    pub(crate) fn text_map(&self, member: &str) -> Result<Option<BTreeMap<String, String>>, ValidationError> {
        let Some(object) = self.object(member)? else { return Ok(None) };
        let entry = |(key, value): (&String, &Value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            _ => Err(wrong_type(&object.path(key), "a string")),
        };
        object.members.iter().map(entry).collect::<Result<_, _>>().map(Some)
    }

    pub(crate) fn tags(&self) -> Result<Tags, ValidationError> {
        Tags::new(self.text_map("tags")?.unwrap_or_default()).map_err(|error| self.place(error))
    }

    /// `sseConfig` with its required `type`.
    pub(crate) fn sse(&self) -> Result<Option<SseConfig>, ValidationError> {
        let Some(object) = self.object("sseConfig")? else { return Ok(None) };
        SseConfig::parse(object.required_text("type")?, object.text("keyArn")?).map(Some)
    }
}

/// `sseConfig` of an answer.
pub(crate) fn sse_json(sse: &SseConfig) -> Value {
    match &sse.key_arn {
        Some(arn) => serde_json::json!({ "type": "KMS", "keyArn": arn }),
        None => serde_json::json!({ "type": "KMS" }),
    }
}

/// Sets a member that is only shown when there is something to show.
pub(crate) fn show(object: &mut Value, member: &str, value: Option<Value>) {
    if let (Value::Object(members), Some(value)) = (object, value) {
        members.insert(member.to_owned(), value);
    }
}

/// The current time, to the microsecond: as precisely as the catalog keeps it.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(SystemTime::now()).trunc_subsecs(6)
}

/// Timestamps of analytics operations (spec 2.1).
pub(crate) fn micros(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Timestamps of reference operations (spec 5.6).
pub(crate) fn millis(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
