//! `varberg store`: create, list, show and delete variant stores.

use super::exit::Exit;
use super::output::{self, OutputFormat, text, time};
use super::{Context, reference};
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use varberg_model::{StoreName, StoreStatus};

/// What to do with stores.
#[derive(Debug, clap::Subcommand)]
pub enum StoreCommand {
    /// Create a store on a reference
    #[command(after_help = "\
Examples:
  varberg store create cohort                                  on the only reference there is
  varberg store create cohort --reference GRCh38               by the reference's name
  varberg store create cohort --reference \"$(varberg reference import ref.fa)\"")]
    Create {
        /// Lower-case letters, digits and underscores, 3 to 255 of them; also the table's name in SQL
        #[arg(value_parser = store_name)]
        name: String,
        /// ARN, id or name of the reference; may be left out when there is only one
        #[arg(long, value_name = "REFERENCE")]
        reference: Option<String>,
        /// At most 500 characters
        #[arg(long)]
        description: Option<String>,
        /// A tag; may be given several times
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
        tags: Vec<(String, String)>,
    },
    /// List the stores, newest first
    List {
        /// Only stores in this state
        #[arg(long, ignore_case = true, value_parser = PossibleValuesParser::new(StoreStatus::ALL.map(StoreStatus::as_str)))]
        status: Option<String>,
    },
    /// Show everything about one store
    Show {
        /// The store
        #[arg(value_parser = store_name)]
        name: String,
    },
    /// Delete a store and its table
    #[command(after_help = "A store with running imports is kept unless --force is given, which stops them.")]
    Delete {
        /// The store
        #[arg(value_parser = store_name)]
        name: String,
        /// Delete even while imports run; they end as CANCELLED
        #[arg(long)]
        force: bool,
    },
}

pub(super) fn store_name(text: &str) -> Result<String, String> {
    let name = StoreName::parse("name", text).map_err(|error| error.reason)?;
    Ok(name.to_string())
}

fn parse_tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a tag is written KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(super) async fn run(command: StoreCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        StoreCommand::Create { name, reference, description, tags } => {
            let arn = reference::find(context, reference.as_deref()).await?;
            let mut body = json!({ "name": name, "reference": { "referenceArn": arn } });
            if let Some(description) = description {
                body["description"] = json!(description);
            }
            if !tags.is_empty() {
                body["tags"] = tags.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
            }
            let store = context.client.post(&["variantStore"], &body).await?;
            created(context, &store)?;
        }
        StoreCommand::List { status } => list(context, status.as_deref()).await?,
        StoreCommand::Show { name } => {
            let store = context.client.get(&["variantStore", &name]).await?;
            show(context, &store)?;
        }
        StoreCommand::Delete { name, force } => {
            let query: &[_] = if force { &[("force", "true")] } else { &[] };
            let answer = context.client.delete(&["variantStore", &name], query).await?;
            match context.output {
                OutputFormat::Json => context.stdout.json(&answer)?,
                OutputFormat::Text => output::say(&format!("{name} is {}", text(&answer, "status"))),
            }
        }
    }
    Ok(Exit::Done)
}

fn created(context: &Context, store: &Value) -> anyhow::Result<()> {
    match context.output {
        OutputFormat::Json => context.stdout.json(store),
        OutputFormat::Text => {
            let name = text(store, "name");
            output::say(&format!("created; import files with `varberg import {name} FILE... --wait`"));
            context.stdout.line(&name)
        }
    }
}

async fn list(context: &Context, status: Option<&str>) -> anyhow::Result<()> {
    let body = match status {
        Some(status) => json!({ "filter": { "status": status.to_ascii_uppercase() } }),
        None => json!({}),
    };
    let stores = context.client.list(&["variantStores"], &body, "variantStores").await?;
    if context.output == OutputFormat::Json {
        return context.stdout.json(&json!({ "variantStores": stores }));
    }
    let rows: Vec<_> = stores
        .iter()
        .map(|s| vec![text(s, "name"), text(s, "status"), size(s), time(s, "creationTime"), text(s, "description")])
        .collect();
    let nothing = "no stores; make one with `varberg store create NAME`";
    context.stdout.table(&["NAME", "STATUS", "SIZE", "CREATED", "DESCRIPTION"], &rows, nothing)
}

fn show(context: &Context, store: &Value) -> anyhow::Result<()> {
    if context.output == OutputFormat::Json {
        return context.stdout.json(store);
    }
    let reference = store.get("reference").map(|r| text(r, "referenceArn")).unwrap_or_default();
    let tags = match store.get("tags").and_then(Value::as_object) {
        Some(tags) => tags.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect::<Vec<_>>(),
        None => Vec::new(),
    };
    context.stdout.pairs(&[
        ("name", text(store, "name")),
        ("id", text(store, "id")),
        ("arn", text(store, "storeArn")),
        ("status", text(store, "status")),
        ("message", text(store, "statusMessage")),
        ("reference", reference),
        ("size", size(store)),
        ("created", time(store, "creationTime")),
        ("updated", time(store, "updateTime")),
        ("description", text(store, "description")),
        ("tags", tags.join(", ")),
    ])
}

fn size(store: &Value) -> String {
    store.get("storeSizeBytes").and_then(Value::as_u64).map(output::bytes).unwrap_or_default()
}
