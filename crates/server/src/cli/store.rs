//! `varberg store`: create, list, show and delete variant stores and annotation stores.

use super::columns::ColumnArgs;
use super::exit::{Exit, UsageError};
use super::kind::{self, Kind};
use super::output::{self, OutputFormat, text, time};
use super::version::{self, VersionCommand};
use super::{Context, reference};
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use varberg_model::{LAYOUT_TAG, Layout, StoreFormat, StoreName, StoreStatus};

/// What to do with stores.
#[derive(Debug, clap::Subcommand)]
pub enum StoreCommand {
    /// Create a store: of variants on a reference, or of annotations in some format
    #[command(after_help = "\
Examples:
  varberg store create cohort                                  variants, on the only reference there is
  varberg store create cohort --reference GRCh38               by the reference's name
  varberg store create cohort --reference \"$(varberg reference import ref.fa)\"
  varberg store create pedigree --layout long                  one row a record and sample, for other engines
  varberg store create clinvar --format vcf                    annotations; a reference only to normalize
  varberg store create genes --format gff
  varberg store create scores --format tsv --type chr_pos --schema chr:string,pos:long,score:double
  varberg store create targets --format tsv --type chr_start_end_zero_base \\
      --schema chrom:string,start:long,stop:long --column chr=chrom --column end=stop")]
    Create {
        /// Lower-case letters, digits and underscores, 3 to 255 of them; also the table's name in SQL
        #[arg(value_parser = store_name)]
        name: String,
        /// ARN, id or name of the reference; may be left out when there is only one, and for annotations
        #[arg(long, value_name = "REFERENCE")]
        reference: Option<String>,
        /// Make an annotation store, for files in this format
        #[arg(long, ignore_case = true, value_parser = PossibleValuesParser::new(StoreFormat::ALL.map(StoreFormat::as_str)))]
        format: Option<String>,
        /// Name of the annotation store's first version; the store's name when left out
        #[arg(long = "version", value_name = "VERSION", requires = "format", value_parser = store_name)]
        version: Option<String>,
        #[command(flatten)]
        columns: ColumnArgs,
        /// How the variants lie on disk: long (a row for each record and sample), wide (a row for each record) or auto (the
        /// first import decides: long for files of one sample, else wide); SQL answers the same either way
        #[arg(long, conflicts_with = "format", value_parser = PossibleValuesParser::new(Layout::ALL.map(Layout::as_str)))]
        layout: Option<String>,
        /// At most 500 characters
        #[arg(long)]
        description: Option<String>,
        /// A tag; may be given several times
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
        tags: Vec<(String, String)>,
    },
    /// List, show, create or delete versions of an annotation store
    #[command(subcommand)]
    Version(VersionCommand),
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

pub(super) fn parse_tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a tag is written KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(super) async fn run(command: StoreCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        StoreCommand::Create { name, reference, format, version, columns, layout, description, tags } => {
            let layout = layout.map(|layout| (LAYOUT_TAG.to_owned(), layout));
            let tags: Vec<_> = tags.into_iter().chain(layout).collect();
            if format.is_none() && !columns.is_empty() {
                return Err(UsageError("--type, --schema and --column need --format tsv".to_owned()).into());
            }
            let mut body = json!({ "name": name });
            if reference.is_some() || format.is_none() {
                let arn = reference::find(context, reference.as_deref()).await?;
                body["reference"] = json!({ "referenceArn": arn });
            }
            let kind = if format.is_some() { Kind::Annotation } else { Kind::Variant };
            if let Some(format) = format.map(|format| format.to_ascii_uppercase()) {
                if let Some(options) = version::store_options(&format, &columns)? {
                    body["storeOptions"] = options;
                }
                body["storeFormat"] = json!(format);
            }
            if let Some(version) = version {
                body["versionName"] = json!(version);
            }
            if let Some(description) = description {
                body["description"] = json!(description);
            }
            if !tags.is_empty() {
                body["tags"] = tags.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
            }
            let store = context.client.post(&[kind.store()], &body).await?;
            created(context, &store)?;
        }
        StoreCommand::Version(command) => return version::run(command, context).await,
        StoreCommand::List { status } => list(context, status.as_deref()).await?,
        StoreCommand::Show { name } => {
            let (kind, mut store) = kind::store(context, &name).await?;
            if matches!(kind, Kind::Variant) {
                let own = context.client.get(&["varberg", "stores", &name]).await?;
                store["layout"] = own.get("layout").cloned().unwrap_or_default();
            }
            show(context, kind, &store)?;
        }
        StoreCommand::Delete { name, force } => {
            let query: &[_] = if force { &[("force", "true")] } else { &[] };
            let (kind, _) = kind::store(context, &name).await?;
            let answer = context.client.delete(&[kind.store(), &name], query).await?;
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
    let stores = kind::list(context, |kind| vec![kind.stores()], Kind::stores, &body).await?;
    if context.output == OutputFormat::Json {
        let [variant, annotation] = [Kind::Variant, Kind::Annotation].map(|kind| kind::of(kind, &stores));
        return context.stdout.json(&json!({ "variantStores": variant, "annotationStores": annotation }));
    }
    let row = |(kind, s): &(Kind, Value)| {
        let size = size(s, "storeSizeBytes");
        vec![text(s, "name"), holds(*kind, s), text(s, "status"), size, time(s, "creationTime"), text(s, "description")]
    };
    let rows: Vec<_> = stores.iter().map(row).collect();
    let nothing = "no stores; make one with `varberg store create NAME`";
    context.stdout.table(&["NAME", "HOLDS", "STATUS", "SIZE", "CREATED", "DESCRIPTION"], &rows, nothing)
}

/// What a store is for.
fn holds(kind: Kind, store: &Value) -> String {
    match kind {
        Kind::Variant => "variants".to_owned(),
        Kind::Annotation => format!("annotations ({})", text(store, "storeFormat")),
    }
}

/// The tags of a store or a version.
pub(super) fn tags(resource: &Value) -> String {
    let tags = resource.get("tags").and_then(Value::as_object).into_iter().flatten();
    tags.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(", ")
}

/// The columns of a store of delimited text.
fn columns(store: &Value) -> String {
    let options = store.get("storeOptions").and_then(|options| options.get("tsvStoreOptions"));
    let schema = options.and_then(|options| options.get("schema")).and_then(Value::as_array);
    let columns = schema.into_iter().flatten().filter_map(Value::as_object).flatten();
    columns.map(|(name, kind)| format!("{name}:{}", kind.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
}

fn show(context: &Context, kind: Kind, store: &Value) -> anyhow::Result<()> {
    if context.output == OutputFormat::Json {
        return context.stdout.json(store);
    }
    let reference = store.get("reference").map(|r| text(r, "referenceArn")).unwrap_or_default();
    let options = store.get("storeOptions").and_then(|options| options.get("tsvStoreOptions"));
    context.stdout.pairs(&[
        ("name", text(store, "name")),
        ("holds", holds(kind, store)),
        ("type", options.map(|options| text(options, "annotationType")).unwrap_or_default()),
        ("columns", columns(store)),
        ("versions", store.get("numVersions").map(Value::to_string).unwrap_or_default()),
        ("id", text(store, "id")),
        ("arn", text(store, "storeArn")),
        ("status", text(store, "status")),
        ("message", text(store, "statusMessage")),
        ("reference", reference),
        ("size", size(store, "storeSizeBytes")),
        ("created", time(store, "creationTime")),
        ("updated", time(store, "updateTime")),
        ("description", text(store, "description")),
        ("layout", text(store, "layout")),
        ("tags", tags(store)),
    ])
}

pub(super) fn size(resource: &Value, member: &str) -> String {
    resource.get(member).and_then(Value::as_u64).map(output::bytes).unwrap_or_default()
}
