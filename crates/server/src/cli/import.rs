//! `varberg import`: start an import job of VCF files, and wait for it if asked.

use super::exit::{Exit, UsageError};
use super::output::{self, OutputFormat, text};
use super::progress::{self, ProgressArgs};
use super::{Context, reference, source};
use serde_json::{Value, json};

/// Files that go into a store as one job.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The server reads the files itself: paths must lie below one of its --allow-files directories, s3://NAME/... in S3 or
in a directory given as --bucket NAME=DIR. All files are one job: they appear in the table together when it ends.

Examples:
  varberg import cohort /data/*.vcf.gz --wait
  varberg import cohort s3://lab/run7/a.vcf.gz s3://lab/run7/b.vcf.gz
  varberg import cohort snpeff.vcf.gz --annotations ANN --wait
  varberg import cohort big.vcf.gz --wait --progress json 2> progress.ndjson

With --wait the exit code tells how the job ended: 0 COMPLETED, 3 COMPLETED_WITH_FAILURES, 1 FAILED or CANCELLED.")]
pub struct ImportArgs {
    /// The store
    #[arg(value_parser = super::store::store_name)]
    store: String,
    /// Paths, patterns, or s3://bucket/key; VCF or BCF, plain or compressed with gzip, BGZF, zstd or bzip2
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
    #[arg(long, value_name = "ID", default_value = "CSQ")]
    annotations: String,
    /// ARN of the role to record
    #[arg(long, value_name = "ARN", default_value = reference::ROLE, hide_default_value = true)]
    role_arn: String,
}

pub(super) async fn run(args: ImportArgs, context: &Context) -> anyhow::Result<Exit> {
    let sources = source::resolve_all(&args.files, context.client.is_local())?;
    if sources.len() > varberg_model::MAX_ITEMS {
        let text =
            format!("{} files are too many for one job; give at most {}", sources.len(), varberg_model::MAX_ITEMS);
        return Err(UsageError(text).into());
    }
    let options = Options {
        left_normalize: args.left_normalize,
        annotations: Some(&args.annotations),
        role: Some(&args.role_arn),
    };
    let job = start(context, &args.store, &sources, &options).await?;
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

/// What a job may be asked for besides its files.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    pub(super) left_normalize: bool,
    /// None: the server's own choice; empty: none.
    pub(super) annotations: Option<&'a str>,
    pub(super) role: Option<&'a str>,
}

/// Starts a job; the answer of StartVariantImportJob.
pub(super) async fn start(
    context: &Context,
    store: &str,
    sources: &[String],
    options: &Options<'_>,
) -> anyhow::Result<Value> {
    let items: Vec<Value> = sources.iter().map(|source| json!({ "source": source })).collect();
    let role = options.role.unwrap_or(reference::ROLE);
    let mut body = json!({ "destinationName": store, "roleArn": role, "items": items });
    if options.left_normalize {
        body["runLeftNormalization"] = json!(true);
    }
    match options.annotations {
        None => {}
        Some("") => body["annotationFields"] = json!({}),
        Some(id) => body["annotationFields"] = json!({ "VEP": id }),
    }
    context.client.post(&["import", "variant"], &body).await
}
