//! `varberg store version`: list, show, create and delete the versions of an annotation store.

use super::Context;
use super::columns::ColumnArgs;
use super::exit::{Exit, UsageError};
use super::output::{self, OutputFormat, text, time};
use super::store::{parse_tag, size, store_name, tags};
use serde_json::{Value, json};

/// What to do with versions. Each has a table of its own: STORE for the first one, STORE_VERSION for the others.
#[derive(Debug, clap::Subcommand)]
pub enum VersionCommand {
    /// Create a version of an annotation store
    #[command(after_help = "\
Columns that are not given are those of the store.

Examples:
  varberg store version create clinvar v2026_10
  varberg store version create scores v2_0 --type chr_pos --schema chr:string,pos:long,score:double")]
    Create {
        /// The store
        #[arg(value_parser = store_name)]
        store: String,
        /// Lower-case letters, digits and underscores, 3 to 255 of them
        #[arg(value_parser = store_name)]
        version: String,
        /// At most 500 characters
        #[arg(long)]
        description: Option<String>,
        /// A tag; may be given several times
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
        tags: Vec<(String, String)>,
        #[command(flatten)]
        columns: ColumnArgs,
    },
    /// List the versions of an annotation store, newest first
    List {
        /// The store
        #[arg(value_parser = store_name)]
        store: String,
    },
    /// Show everything about one version
    Show {
        /// The store
        #[arg(value_parser = store_name)]
        store: String,
        /// The version
        #[arg(value_parser = store_name)]
        version: String,
    },
    /// Delete versions and their tables; the last one goes with its store
    Delete {
        /// The store
        #[arg(value_parser = store_name)]
        store: String,
        /// The versions
        #[arg(required = true, num_args = 1..=10, value_name = "VERSION", value_parser = store_name)]
        versions: Vec<String>,
        /// Delete even while imports run; they end as CANCELLED
        #[arg(long)]
        force: bool,
    },
}

pub(super) async fn run(command: VersionCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        VersionCommand::Create { store, version, description, tags, columns } => {
            let mut body = json!({ "versionName": version });
            if let Some(description) = description {
                body["description"] = json!(description);
            }
            if !tags.is_empty() {
                body["tags"] = tags.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
            }
            if !columns.is_empty() {
                body["versionOptions"] = json!({ "tsvVersionOptions": columns.options()? });
            }
            let created = context.client.post(&["annotationStore", &store, "version"], &body).await?;
            match context.output {
                OutputFormat::Json => context.stdout.json(&created)?,
                OutputFormat::Text => {
                    output::say(&format!(
                        "created; import a file with `varberg import {store} FILE --version {version} --wait`"
                    ));
                    context.stdout.line(&version)?;
                }
            }
        }
        VersionCommand::List { store } => list(context, &store).await?,
        VersionCommand::Show { store, version } => {
            let version = context.client.get(&["annotationStore", &store, "version", &version]).await?;
            show(context, &version)?;
        }
        VersionCommand::Delete { store, versions, force } => return delete(context, &store, &versions, force).await,
    }
    Ok(Exit::Done)
}

async fn list(context: &Context, store: &str) -> anyhow::Result<()> {
    let path = ["annotationStore", store, "versions"];
    let versions = context.client.list(&path, &json!({}), "annotationStoreVersions").await?;
    if context.output == OutputFormat::Json {
        return context.stdout.json(&json!({ "annotationStoreVersions": versions }));
    }
    let row = |v: &Value| {
        let size = size(v, "versionSizeBytes");
        vec![text(v, "versionName"), table(v), text(v, "status"), size, time(v, "creationTime"), text(v, "description")]
    };
    let rows: Vec<_> = versions.iter().map(row).collect();
    context.stdout.table(&["VERSION", "TABLE", "STATUS", "SIZE", "CREATED", "DESCRIPTION"], &rows, "no versions")
}

/// The name that SQL finds the version's table by.
fn table(version: &Value) -> String {
    let store = text(version, "name");
    let is_first = text(version, "id") == text(version, "storeId");
    if is_first { store } else { format!("{store}_{}", text(version, "versionName")) }
}

fn show(context: &Context, version: &Value) -> anyhow::Result<()> {
    if context.output == OutputFormat::Json {
        return context.stdout.json(version);
    }
    context.stdout.pairs(&[
        ("store", text(version, "name")),
        ("version", text(version, "versionName")),
        ("table", table(version)),
        ("id", text(version, "id")),
        ("arn", text(version, "versionArn")),
        ("status", text(version, "status")),
        ("message", text(version, "statusMessage")),
        ("size", size(version, "versionSizeBytes")),
        ("created", time(version, "creationTime")),
        ("updated", time(version, "updateTime")),
        ("description", text(version, "description")),
        ("tags", tags(version)),
    ])
}

async fn delete(context: &Context, store: &str, versions: &[String], force: bool) -> anyhow::Result<Exit> {
    let query: &[_] = if force { &[("force", "true")] } else { &[] };
    let path = ["annotationStore", store, "versions", "delete"];
    let answer = context.client.post_with(&path, query, &json!({ "versions": versions })).await?;
    let none = Vec::new();
    let errors = answer.get("errors").and_then(Value::as_array).unwrap_or(&none);
    if context.output == OutputFormat::Json {
        context.stdout.json(&answer)?;
    } else {
        for error in errors {
            output::say(&text(error, "message"));
        }
        let failed = |version: &&String| errors.iter().any(|error| text(error, "versionName") == **version);
        for version in versions.iter().filter(|version| !failed(version)) {
            output::say(&format!("{version} is DELETING"));
        }
    }
    Ok(match errors.len() {
        0 => Exit::Done,
        n if n < versions.len() => Exit::Partial,
        _ => Exit::Failed,
    })
}

/// What an annotation store needs to know of its columns: a store of delimited text must have some, no other may.
pub(super) fn store_options(format: &str, columns: &ColumnArgs) -> Result<Option<Value>, UsageError> {
    match (format, columns.is_empty()) {
        ("TSV", _) => Ok(Some(json!({ "tsvStoreOptions": columns.options()? }))),
        (_, true) => Ok(None),
        (format, false) => {
            Err(UsageError(format!("--type, --schema and --column are for --format tsv, not for {format}")))
        }
    }
}
