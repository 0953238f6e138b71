//! The Iceberg REST catalog, to read: namespaces, tables and their metadata, as PyIceberg, DuckDB, polars, Spark and Trino ask for them.
//!
//! Namespaces are the schemas of SQL: `default`, and that of each store. What there is follows from the grants. A table is as it is
//! stored, with its hidden columns: a long one has a row for each record and sample, a wide one a row for each record. Nothing
//! can be written.

mod files;
mod token;

use crate::api::Reply;
use crate::app::App;
use crate::auth::service::Service;
use crate::caller::Caller;
use crate::doors::s3::WAREHOUSE_ADDRESS;
use crate::error::ApiError;
use crate::grants;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use files::Files;
use http::header::IF_NONE_MATCH;
use http::{HeaderMap, Uri};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashMap};
use varberg_lake::GrantedTable;

/// What clients may call; the others are not tried.
const ENDPOINTS: [&str; 8] = [
    "GET /v1/{prefix}/namespaces",
    "GET /v1/{prefix}/namespaces/{namespace}",
    "HEAD /v1/{prefix}/namespaces/{namespace}",
    "GET /v1/{prefix}/namespaces/{namespace}/tables",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics",
    "POST /v1/oauth/tokens",
];

/// Most entries of a page, where pages are asked for.
const MOST: usize = 1000;

/// Where tokens are given; asks nobody, as it is where one says who one is.
pub(crate) const TOKENS: &str = "/iceberg/v1/oauth/tokens";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/iceberg/v1/config", get(config))
        .route("/iceberg/v1/namespaces", get(namespaces))
        .route("/iceberg/v1/namespaces/{namespace}", get(namespace))
        .route("/iceberg/v1/namespaces/{namespace}/tables", get(tables))
        .route("/iceberg/v1/namespaces/{namespace}/tables/{table}", get(table))
        .route("/iceberg/v1/namespaces/{namespace}/tables/{table}/metrics", post(metrics))
        .route(TOKENS, post(token::give))
        .route("/iceberg/{*path}", get(unknown).fallback(refused))
        .method_not_allowed_fallback(refused)
}

type Answer = Result<Reply, ApiError>;

fn answered(answer: Answer) -> Response {
    match answer {
        Ok(reply) => reply.into_response(),
        Err(error) => error.in_the_words_of(Service::Iceberg),
    }
}

async fn config() -> Response {
    answered(Ok(Reply::Json(json!({ "defaults": {}, "overrides": {}, "endpoints": ENDPOINTS }))))
}

async fn unknown() -> Response {
    answered(Err(ApiError::NotFound(
        "the catalog has nothing there; it answers to /iceberg/v1/config and what that names".to_owned(),
    )))
}

async fn refused() -> Response {
    answered(Err(ApiError::NotSupported(
        "this catalog is to read; stores are made and filled through the HealthOmics API".to_owned(),
    )))
}

async fn metrics() -> Response {
    answered(Ok(Reply::NoContent))
}

async fn namespaces(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    query: Query<HashMap<String, String>>,
) -> Response {
    answered(list_namespaces(&app, &caller, &query).await)
}

async fn list_namespaces(app: &App, caller: &Caller, query: &HashMap<String, String>) -> Answer {
    if query.get("parent").is_some_and(|parent| !parent.is_empty()) {
        return Ok(Reply::Json(json!({ "namespaces": [] })));
    }
    let tables = grants::tables(&app.catalog, caller.account()).await?;
    let names: BTreeSet<String> = tables.into_iter().flat_map(|table| table.schemas).collect();
    let names = names.into_iter().chain([grants::DEFAULT_SCHEMA.to_owned()]).collect::<BTreeSet<_>>();
    let (page, next) = page(names.into_iter().collect(), query);
    let page: Vec<[String; 1]> = page.into_iter().map(|name| [name]).collect();
    Ok(Reply::Json(json!({ "namespaces": page, "next-page-token": next })))
}

async fn namespace(State(app): State<App>, Extension(caller): Extension<Caller>, Path(name): Path<String>) -> Response {
    let found = of_namespace(&app, &caller, &name).await;
    answered(found.map(|_| Reply::Json(json!({ "namespace": [name], "properties": {} }))))
}

async fn tables(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(namespace): Path<String>,
    query: Query<HashMap<String, String>>,
) -> Response {
    let found = of_namespace(&app, &caller, &namespace).await.map(|tables| {
        let (page, next) = page(tables.into_iter().map(|table| table.name).collect(), &query);
        let identifier = |name: String| json!({ "namespace": [namespace], "name": name });
        let identifiers: Vec<Value> = page.into_iter().map(identifier).collect();
        Reply::Json(json!({ "identifiers": identifiers, "next-page-token": next }))
    });
    answered(found)
}

async fn table(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((namespace, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let files = Files::wanted(&app, &caller, &uri, &headers).await;
    answered(match files {
        Ok(files) => load(&app, &caller, &namespace, &name, &headers, files).await,
        Err(error) => Err(error),
    })
}

/// The metadata of a table as it is stored, or, for those who want keys for its files, as the S3 door shows it. Its tag is that
/// of its place, which changes with every commit.
async fn load(
    app: &App,
    caller: &Caller,
    namespace: &str,
    name: &str,
    headers: &HeaderMap,
    files: Option<Files>,
) -> Answer {
    let tables = of_namespace(app, caller, namespace).await?;
    let found = tables.into_iter().find(|table| table.name == name);
    let found = found.ok_or_else(|| ApiError::NotFound(format!("Table does not exist: {namespace}.{name}")))?;
    let location = found.metadata_location;
    let tagged = format!("{location}{}", files.as_ref().map(Files::tag).unwrap_or_default());
    let etag = format!("\"{}\"", hex::encode(Sha256::digest(&tagged).get(..16).unwrap_or_default()));
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|value| value.split(',')).any(|tag| tag.trim() == etag) {
        return Ok(Reply::NotModified { etag });
    }
    let parsed = |bytes: &[u8]| -> Result<Value, ApiError> {
        let failed = |error| ApiError::Internal(format!("the metadata at {location} is not JSON: {error}"));
        serde_json::from_slice(bytes).map_err(failed)
    };
    let path = app.lake.path_of(&location)?;
    let body = match files {
        Some(files) => {
            let metadata = parsed(&app.lake.relocated(path, WAREHOUSE_ADDRESS).await?)?;
            let directory = directory(app, caller, path).await?;
            let config = files.config(&directory);
            let prefix = format!("{WAREHOUSE_ADDRESS}/{directory}/");
            json!({
                "metadata-location": format!("{WAREHOUSE_ADDRESS}/{path}"),
                "metadata": metadata,
                "config": config,
                "storage-credentials": [{ "prefix": prefix, "config": config }],
            })
        }
        None => {
            let metadata = parsed(&app.lake.get(path).await?)?;
            json!({ "metadata-location": location, "metadata": metadata, "config": {} })
        }
    };
    Ok(Reply::Tagged { body, etag })
}

/// The directory of the table that a file belongs to.
async fn directory(app: &App, caller: &Caller, path: &str) -> Result<String, ApiError> {
    let tables = app.catalog.tables_of(caller.account()).await?;
    let of_file = |directory: &str| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
    let found = tables.into_iter().map(|table| table.directory).find(|directory| of_file(directory));
    found.ok_or_else(|| ApiError::Internal("a table lies outside of its directory".to_owned()))
}

/// The tables of a namespace, by name.
async fn of_namespace(app: &App, caller: &Caller, namespace: &str) -> Result<Vec<GrantedTable>, ApiError> {
    let tables = grants::tables(&app.catalog, caller.account()).await?;
    let mut own: Vec<GrantedTable> =
        tables.into_iter().filter(|table| table.schemas.iter().any(|schema| schema == namespace)).collect();
    if own.is_empty() && namespace != grants::DEFAULT_SCHEMA {
        return Err(ApiError::NotFound(format!("Namespace does not exist: {namespace}")));
    }
    own.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(own)
}

/// A page of sorted names, and the token of the next one: the last name given. All of them where no page is asked for.
fn page(names: Vec<String>, query: &HashMap<String, String>) -> (Vec<String>, Option<String>) {
    let after = query.get("pageToken").map(String::as_str).unwrap_or_default();
    let size = query.get("pageSize").and_then(|size| size.parse::<usize>().ok()).map(|size| size.clamp(1, MOST));
    let mut names: Vec<String> = names.into_iter().filter(|name| name.as_str() > after).collect();
    let Some(size) = size.filter(|size| *size < names.len()) else { return (names, None) };
    names.truncate(size);
    let last = names.last().cloned();
    (names, last)
}
