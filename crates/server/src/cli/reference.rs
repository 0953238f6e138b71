//! `varberg reference`: make a genome known to the server, list the known ones.

use super::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, OutputFormat, text, time};
use super::source;
use anyhow::bail;
use serde_json::{Value, json};
use std::time::Duration;

/// How often the state of a reference import is asked for.
const POLL: Duration = Duration::from_millis(250);

/// A role for APIs that ask for one, in the account that an ARN names. Without configured roles the server records it and
/// reads files with its own rights.
pub(super) fn role_beside(arn: &str) -> String {
    format!("arn:aws:iam::{}:role/varberg", arn.split(':').nth(4).unwrap_or_default())
}

/// What to do with references.
#[derive(Debug, clap::Subcommand)]
pub enum ReferenceCommand {
    /// Import a FASTA file (plain or compressed with gzip, BGZF, zstd or bzip2); prints the reference's ARN
    #[command(after_help = "\
The server reads the file itself: a path must lie below one of its --allow-files directories, s3://NAME/... in S3
or in a directory given as --bucket NAME=DIR.

Examples:
  varberg reference import /data/GRCh38.fa.gz
  varberg reference import s3://genomes/chm13.fa --name CHM13")]
    Import {
        /// A path or s3://bucket/key
        file: String,
        /// Name of the reference; the file's name without its endings when left out
        #[arg(long)]
        name: Option<String>,
        /// Name of the reference store, which is made when there is none of this name
        #[arg(long, default_value = "references")]
        store: String,
        /// Return as soon as the job is accepted; prints the job instead of the reference
        #[arg(long)]
        no_wait: bool,
        /// ARN of the role that reads the file; a server with configured roles asks for one of them [default: the role
        /// varberg of the own account]
        #[arg(long, value_name = "ARN")]
        role_arn: Option<String>,
    },
    /// List the references of all reference stores
    List,
}

pub(super) async fn run(command: ReferenceCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        ReferenceCommand::Import { file, name, store, no_wait, role_arn } => {
            let source = source::resolve(&file, context.client.is_local())?;
            let name = name.unwrap_or_else(|| source::stem(&file));
            let store = store_named(context, &store).await?;
            let role = role_arn.unwrap_or_else(|| role_beside(&text(&store, "arn")));
            let store = text(&store, "id");
            let job = start(context, &store, &source, &name, &role).await?;
            if no_wait {
                return print_job(context, &job);
            }
            let arn = wait(context, &store, &text(&job, "id")).await?;
            print_reference(context, &arn).await
        }
        ReferenceCommand::List => list(context).await,
    }
}

/// The reference store called `name`, which is created when there is none.
pub(super) async fn store_named(context: &Context, name: &str) -> anyhow::Result<Value> {
    let filter = json!({ "filter": { "name": name } });
    let stores = context.client.list(&["referencestores"], &filter, "referenceStores").await?;
    match stores.into_iter().find(|store| text(store, "name") == name) {
        Some(store) => Ok(store),
        None => context.client.post(&["referencestore"], &json!({ "name": name })).await,
    }
}

/// Starts the import of one FASTA source; the answer of StartReferenceImportJob.
pub(super) async fn start(
    context: &Context,
    store: &str,
    source: &str,
    name: &str,
    role: &str,
) -> anyhow::Result<Value> {
    let body = json!({ "roleArn": role, "sources": [{ "sourceFile": source, "name": name }] });
    context.client.post(&["referencestore", store, "importjob"], &body).await
}

/// Waits for a reference import of one source to end; the ARN of the reference.
pub(super) async fn wait(context: &Context, store: &str, job: &str) -> anyhow::Result<String> {
    let spinner = super::progress::spinner("importing the reference");
    loop {
        let answer = context.client.get(&["referencestore", store, "importjob", job]).await?;
        let source = answer.get("sources").and_then(Value::as_array).and_then(|s| s.first()).cloned();
        match text(&answer, "status").as_str() {
            "SUBMITTED" | "IN_PROGRESS" | "CANCELLING" => tokio::time::sleep(POLL).await,
            "COMPLETED" => {
                spinner.finish_and_clear();
                let id = source.map(|s| text(&s, "referenceId")).unwrap_or_default();
                let reference = context.client.get(&["referencestore", store, "reference", &id, "metadata"]).await?;
                return Ok(text(&reference, "arn"));
            }
            status => {
                spinner.finish_and_clear();
                let of_source = source.map(|s| text(&s, "statusMessage")).filter(|m| !m.is_empty());
                let message = of_source.unwrap_or_else(|| text(&answer, "statusMessage"));
                bail!("the import of the reference ended as {status}: {message}");
            }
        }
    }
}

/// The ARN of the reference a user means: an ARN, an id, a name, or nothing when there is only one.
pub(super) async fn find(context: &Context, wanted: Option<&str>) -> anyhow::Result<String> {
    if let Some(arn) = wanted.filter(|w| w.starts_with("arn:")) {
        return Ok(arn.to_owned());
    }
    let all = all(context).await?;
    let fits = |r: &&Value| wanted.is_none_or(|w| text(r, "name") == w || text(r, "id") == w);
    let found: Vec<&Value> = all.iter().filter(fits).collect();
    match (found.as_slice(), wanted) {
        ([one], _) => Ok(text(one, "arn")),
        ([], None) => bail!("there is no reference yet; import one with `varberg reference import FASTA`"),
        ([], Some(wanted)) => bail!("no reference is called {wanted:?}; `varberg reference list` shows what there is"),
        (many, Some(wanted)) => {
            Err(UsageError(format!("{wanted:?} names several references; take one of{}", choices(many))).into())
        }
        (many, None) => {
            let text = format!("there are several references; say which with --reference{}", choices(many));
            Err(UsageError(text).into())
        }
    }
}

/// A line for each reference: its name and its ARN.
fn choices(references: &[&Value]) -> String {
    references.iter().map(|r| format!("\n  {}  {}", text(r, "name"), text(r, "arn"))).collect()
}

async fn all(context: &Context) -> anyhow::Result<Vec<Value>> {
    let mut references = Vec::new();
    for store in context.client.list(&["referencestores"], &json!({}), "referenceStores").await? {
        let id = text(&store, "id");
        references.extend(context.client.list(&["referencestore", &id, "references"], &json!({}), "references").await?);
    }
    Ok(references)
}

async fn list(context: &Context) -> anyhow::Result<Exit> {
    let references = all(context).await?;
    if context.output == OutputFormat::Json {
        context.stdout.json(&json!({ "references": references }))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = references
        .iter()
        .map(|r| vec![text(r, "name"), text(r, "status"), time(r, "creationTime"), text(r, "arn")])
        .collect();
    let nothing = "no references; import one with `varberg reference import FASTA`";
    context.stdout.table(&["NAME", "STATUS", "CREATED", "ARN"], &rows, nothing)?;
    Ok(Exit::Done)
}

fn print_job(context: &Context, job: &Value) -> anyhow::Result<Exit> {
    match context.output {
        OutputFormat::Json => context.stdout.json(job)?,
        OutputFormat::Text => context.stdout.line(&text(job, "id"))?,
    }
    Ok(Exit::Done)
}

async fn print_reference(context: &Context, arn: &str) -> anyhow::Result<Exit> {
    match context.output {
        OutputFormat::Json => {
            let references = all(context).await?;
            let reference = references.into_iter().find(|r| text(r, "arn") == arn).unwrap_or_else(|| json!({}));
            context.stdout.json(&reference)?;
        }
        OutputFormat::Text => {
            output::say("imported; its ARN for `varberg store create NAME --reference ARN`:");
            context.stdout.line(arn)?;
        }
    }
    Ok(Exit::Done)
}
