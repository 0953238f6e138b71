//! The API as an OpenAPI 3.1 document, made of the table of operations and of the shapes (`openapi/shapes.rs`).

mod shapes;

use crate::api::operation::{Method, Operation};
use crate::wire::show;
use serde_json::{Map, Value, json};
use shapes::{ENUMERATIONS, OPERATIONS, STRUCTURES};

/// The document.
pub(crate) fn document(operations: impl Iterator<Item = Operation>) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let path = operation.path.replace("{*", "{");
        let path = paths.entry(path).or_insert_with(|| json!({}));
        show(path, verb(operation.method), Some(describe(&operation)));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Varberg",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "The operations of AWS HealthOmics analytics (service model of 2022-11-28), and a few of Varberg's own.",
        },
        "security": [{ "signature": [] }, { "basic": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "signature": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "AWS Signature Version 4, service omics",
                },
                "basic": { "type": "http", "scheme": "basic", "description": "access key and secret, over TLS or loopback" },
            },
        },
    })
}

fn verb(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Delete => "delete",
    }
}

fn describe(operation: &Operation) -> Value {
    let shape = OPERATIONS.iter().find(|(name, ..)| *name == operation.name);
    let (request, answer) = shape.map_or(("", ""), |(_, request, answer)| (*request, *answer));
    let members: Vec<Member> = members(request).collect();
    let mut described = json!({ "operationId": operation.name, "summary": operation.note });
    let parameters = match shape {
        Some(_) => members.iter().filter_map(|member| parameter(member, operation)).collect(),
        None => path_parameters(operation),
    };
    show(&mut described, "parameters", Some(Value::Array(parameters)));
    let in_body: Vec<&Member> = members.iter().filter(|member| member.place.is_none()).collect();
    if !in_body.is_empty() {
        let body = json!({
            "required": in_body.iter().any(|member| member.is_required),
            "content": { "application/json": { "schema": object(in_body.into_iter()) } },
        });
        show(&mut described, "requestBody", Some(body));
    }
    show(&mut described, "responses", Some(responses(operation, answer)));
    described
}

/// One member of a shape.
struct Member {
    name: &'static str,
    kind: &'static str,
    is_required: bool,
    /// `path`, `query` or `header`; none for the body.
    place: Option<&'static str>,
}

fn members(text: &'static str) -> impl Iterator<Item = Member> {
    text.split(';').filter_map(|member| {
        let (name, kind) = member.trim().split_once(": ")?;
        let (kind, place) = kind.split_once(" @").map_or((kind, None), |(kind, place)| (kind, Some(place)));
        Some(Member { name: name.trim_end_matches('!'), kind, is_required: name.ends_with('!'), place })
    })
}

/// What travels outside of the body. Parameters of the path have the names that the route gives them.
fn parameter(member: &Member, operation: &Operation) -> Option<Value> {
    let place = member.place?;
    let name = match (place, member.name) {
        ("path", "referenceStoreId") => "store",
        ("path", "id") if operation.path.ends_with("/{store}") => "store",
        ("path", "versionName") => "version",
        ("header", _) => "Range",
        (_, name) => name,
    };
    Some(json!({ "name": name, "in": place, "required": member.is_required, "schema": schema(member.kind) }))
}

/// Those of an operation of ours, whose shapes are not described.
fn path_parameters(operation: &Operation) -> Vec<Value> {
    let segments = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    segments
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect()
}

fn responses(operation: &Operation, answer: &'static str) -> Value {
    let mut responses = Map::new();
    let ok = match (answer, operation.name) {
        ("payload: bytes", _) => json!({ "description": "the bytes", "content": { "application/octet-stream": {} } }),
        ("", _) => json!({ "description": "done" }),
        _ => {
            let members: Vec<Member> = members(answer).collect();
            let schema = object(members.iter());
            json!({ "description": "the answer", "content": { "application/json": { "schema": schema } } })
        }
    };
    let status = if matches!(operation.name, "TagResource" | "UntagResource") { "204" } else { "200" };
    responses.insert(status.to_owned(), ok);
    for (status, name) in operation.errors() {
        let answer = json!({
            "description": format!("{name} (header x-amzn-errortype)"),
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
        });
        responses.insert(status.to_string(), answer);
    }
    Value::Object(responses)
}

fn schemas() -> Value {
    let mut schemas = Map::new();
    for (name, text) in STRUCTURES {
        let members: Vec<Member> = members(text).collect();
        schemas.insert((*name).to_owned(), object(members.iter()));
    }
    for (name, values) in ENUMERATIONS {
        let values: Vec<&str> = values.split_whitespace().collect();
        schemas.insert((*name).to_owned(), json!({ "type": "string", "enum": values }));
    }
    let error = json!({ "type": "object", "required": ["message"], "properties": { "message": { "type": "string" } } });
    schemas.insert("Error".to_owned(), error);
    Value::Object(schemas)
}

fn object<'m>(members: impl Iterator<Item = &'m Member>) -> Value {
    let members: Vec<&Member> = members.collect();
    let required: Vec<&str> = members.iter().filter(|member| member.is_required).map(|member| member.name).collect();
    let properties: Map<String, Value> =
        members.iter().map(|member| (member.name.to_owned(), schema(member.kind))).collect();
    let mut object = json!({ "type": "object", "properties": properties });
    show(&mut object, "required", (!required.is_empty()).then(|| json!(required)));
    object
}

fn schema(kind: &str) -> Value {
    let inner = |open: char, close: char| kind.strip_prefix(open).and_then(|kind| kind.strip_suffix(close));
    if let Some(element) = inner('[', ']') {
        return json!({ "type": "array", "items": schema(element) });
    }
    if let Some(value) = inner('{', '}') {
        return json!({ "type": "object", "additionalProperties": schema(value) });
    }
    match kind {
        "string" => json!({ "type": "string" }),
        "boolean" => json!({ "type": "boolean" }),
        "integer" => json!({ "type": "integer", "format": "int32" }),
        "long" => json!({ "type": "integer", "format": "int64" }),
        "time" => json!({ "type": "string", "format": "date-time" }),
        "PageSize" => json!({ "type": "integer", "minimum": 1, "maximum": 100 }),
        "Tags" | "AnnotationFields" => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        "StoreName" => pattern("^[a-z][a-z0-9_]{2,254}$"),
        "Id" => pattern("^[0-9a-f]{12}$"),
        "Uuid" => pattern("^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$"),
        "Number" => pattern("^[0-9]{10,36}$"),
        "Arn" => pattern("^arn:.+$"),
        "S3Uri" => pattern("^s3://.+$"),
        "ShareName" => pattern("^[a-zA-Z0-9_-]{1,256}$"),
        "Description" => json!({ "type": "string", "maxLength": 500 }),
        named => json!({ "$ref": format!("#/components/schemas/{named}") }),
    }
}

fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}
