//! `varberg import`: start an import job of files of variants or of one file of annotations, and wait for it if asked.

use super::exit::{Exit, UsageError};
use super::kind::{self, Kind};
use super::output::{self, OutputFormat, text};
use super::progress::{self, ProgressArgs};
use super::read_options::ReadArgs;
use super::{Context, reference, source};
use serde_json::{Value, json};

/// Files that go into a store as one job.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The server reads the files itself: paths must lie below one of its --allow-files directories, s3://NAME/... in S3 or
in a directory given as --bucket NAME=DIR. All files are one job: they appear in the table together when it ends.
A job of an annotation store has one file, in the format of the store.

Examples:
  varberg import cohort /data/*.vcf.gz --wait
  varberg import cohort s3://lab/run7/a.vcf.gz s3://lab/run7/b.vcf.gz
  varberg import cohort snpeff.vcf.gz --annotations ANN --wait
  varberg import cohort big.vcf.gz --wait --progress json 2> progress.ndjson
  varberg import genes gencode.gff3.gz --wait
  varberg import scores scores.tsv.gz --version v2_0 --wait       tabs, and a header line
  varberg import targets targets.bed --comment '#' --wait         tabs, no header line

With --wait the exit code tells how the job ended: 0 COMPLETED, 3 COMPLETED_WITH_FAILURES, 1 FAILED or CANCELLED.")]
pub struct ImportArgs {
    /// The store
    #[arg(value_parser = super::store::store_name)]
    store: String,
    /// Paths, patterns, or s3://bucket/key; VCF, BCF or the format of an annotation store; plain or compressed with gzip,
    /// BGZF, zstd or bzip2
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Wait until the job has ended, showing how far it is
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    progress: ProgressArgs,
    /// Trim and left-align variants against the store's reference
    #[arg(long, visible_alias = "normalize")]
    left_normalize: bool,
    /// INFO field to parse into the column annotations: VEP's CSQ, SnpEff's ANN, BCSQ of bcftools csq. Empty: none
    /// [default: CSQ]
    #[arg(long, value_name = "ID")]
    annotations: Option<String>,
    #[command(flatten)]
    read: ReadArgs,
    /// ARN of the role that reads the files; a server with configured roles asks for one of them [default: the role varberg
    /// of the store's account]
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
}

pub(super) async fn run(args: ImportArgs, context: &Context) -> anyhow::Result<Exit> {
    let sources = source::resolve_all(&args.files, context.client.is_local())?;
    if sources.len() > varberg_model::MAX_ITEMS {
        let text =
            format!("{} files are too many for one job; give at most {}", sources.len(), varberg_model::MAX_ITEMS);
        return Err(UsageError(text).into());
    }
    let (kind, store) = kind::store(context, &args.store).await?;
    let role = args.role_arn.clone().unwrap_or_else(|| reference::role_beside(&text(&store, "storeArn")));
    let options = options(&args, kind, sources.len())?;
    let job = start(context, kind, &args.store, &sources, &role, &options).await?;
    let id = text(&job, "jobId");
    if !args.wait {
        match context.output {
            OutputFormat::Json => context.stdout.json(&job)?,
            OutputFormat::Text => {
                output::say(&format!("started; watch it with `varberg job watch {id}`"));
                context.stdout.line(&id)?;
            }
        }
        return Ok(Exit::Done);
    }
    match context.output {
        // One document on standard output: the job as it ended, with its id.
        OutputFormat::Json => output::say(&format!("started job {id}")),
        OutputFormat::Text => context.stdout.line(&id)?,
    }
    let ended = progress::watch(context, &id, args.progress.progress).await?;
    super::job::conclude(context, &ended)
}

fn options(args: &ImportArgs, kind: Kind, files: usize) -> Result<Options<'_>, UsageError> {
    match kind {
        Kind::Annotation if files > 1 => {
            Err(UsageError("a job of an annotation store has one file; start a job for each".to_owned()))
        }
        Kind::Variant if !args.read.is_empty() => {
            let text = "--version, --ignore-… and the options of delimited text are for annotation stores, and";
            Err(UsageError(format!("{text} {} holds variants", args.store)))
        }
        _ => Ok(Options {
            left_normalize: args.left_normalize,
            annotations: args.annotations.as_deref(),
            version: args.read.version(),
            format: args.read.format_options(),
        }),
    }
}

/// What a job may be asked for besides its files.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    pub(super) left_normalize: bool,
    /// None: the server's own choice; empty: none.
    pub(super) annotations: Option<&'a str>,
    /// Of an annotation store.
    pub(super) version: Option<&'a str>,
    /// `formatOptions` of an annotation store.
    pub(super) format: Option<Value>,
}

/// Starts a job; its id.
pub(super) async fn start(
    context: &Context,
    kind: Kind,
    store: &str,
    sources: &[String],
    role: &str,
    options: &Options<'_>,
) -> anyhow::Result<Value> {
    let items: Vec<Value> = sources.iter().map(|source| json!({ "source": source })).collect();
    let mut body = json!({ "destinationName": store, "roleArn": role, "items": items });
    if options.left_normalize {
        body["runLeftNormalization"] = json!(true);
    }
    match options.annotations {
        None => {}
        Some("") => body["annotationFields"] = json!({}),
        Some(id) => body["annotationFields"] = json!({ "VEP": id }),
    }
    if let Some(version) = options.version {
        body["versionName"] = json!(version);
    }
    if let Some(format) = &options.format {
        body["formatOptions"] = format.clone();
    }
    context.client.post(&["import", kind.import()], &body).await
}
