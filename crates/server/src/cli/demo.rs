//! `varberg demo`: the whole journey on made-up data: a server, a reference, a store, an import, three questions.
//!
//! Everything goes through the public API, as a user's own commands would. The narration goes to standard error, the
//! questions and their answers to standard output. Nothing is left behind unless `--keep` says where.

mod cohort;
mod genome;
mod server;
mod text;
mod write;

use super::exit::{Exit, UsageError};
use super::kind::Kind;
use super::output::{self, OutputFormat, text as member};
use super::query::{self, Shape, Source};
use super::{Context, import, progress, reference};
use anyhow::{Context as _, bail};
use progress::ProgressForm;
use server::Server;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The store of the demo, and so the table of its questions.
const STORE: &str = "demo";

/// How much is made, and where it stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Makes a small reference and a phased cohort from a seed, starts a server on a free port, imports, asks, and stops the
server. With --keep the data stay in DIR, and the last lines say how to serve them again.

Examples:
  varberg demo
  varberg demo --keep ./demo --samples 500")]
pub struct DemoArgs {
    /// Keep data, tables and the server's log in this directory, which must be empty or new
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Samples of the cohort
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    samples: u32,
    /// Records of the cohort
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    records: u32,
    /// The same seed makes the same data
    #[arg(long, default_value_t = 7)]
    seed: u64,
    #[command(flatten)]
    progress: progress::ProgressArgs,
}

/// Where the demo's things lie.
struct Place {
    root: PathBuf,
    kept: bool,
    /// Removes `root` when the demo ends, unless it is kept.
    _temporary: Option<tempfile::TempDir>,
}

impl Place {
    fn new(keep: Option<&Path>) -> anyhow::Result<Self> {
        let Some(directory) = keep else {
            let temporary = tempfile::Builder::new().prefix("varberg-demo-").tempdir();
            let temporary = temporary.context("cannot make a temporary directory")?;
            return Ok(Self { root: temporary.path().to_owned(), kept: false, _temporary: Some(temporary) });
        };
        let cannot = || format!("cannot use {} for the demo", directory.display());
        std::fs::create_dir_all(directory).with_context(cannot)?;
        let root = directory.canonicalize().with_context(cannot)?;
        if std::fs::read_dir(&root).with_context(cannot)?.next().is_some() {
            return Err(UsageError(format!("{} is not empty; name a new directory", root.display())).into());
        }
        Ok(Self { root, kept: true, _temporary: None })
    }

    fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    fn data(&self) -> PathBuf {
        self.root.join("data")
    }
}

pub(super) async fn run(args: DemoArgs, output: OutputFormat) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let place = Place::new(args.keep.as_deref())?;
    let step = Step::begin(format!("Making {} samples with {} records", args.samples, args.records));
    let made =
        write::cohort(&place.files(), usize::try_from(args.samples)?, usize::try_from(args.records)?, args.seed)?;
    step.end(&format!("{} of BGZF, {} of FASTA", output::bytes(made.vcf_bytes), output::bytes(made.fasta_bytes)));

    let step = Step::begin("Starting a server".to_owned());
    let mut server = Server::start(&place.root, &place.files(), &place.data()).await?;
    step.end(server.endpoint());

    let context = Context::new(super::Client::new(server.endpoint())?, output);
    let outcome = journey(&context, &args, &made).await;
    let stopped = server.stop().await;
    if outcome.is_err() {
        // The log lies in a directory that is about to go: show its end.
        output::say(&server.log_tail());
    }
    outcome?;
    stopped?;
    let (files, data) = (place.files(), place.data());
    context.stdout.line(&text::how_to_go_on(place.kept.then_some((files.as_path(), data.as_path()))))?;
    output::say(&format!("All of it took {:.1} s.", begun.elapsed().as_secs_f64()));
    Ok(Exit::Done)
}

/// What a user would do, one command after the other.
async fn journey(context: &Context, args: &DemoArgs, made: &write::Made) -> anyhow::Result<()> {
    let step = Step::begin("varberg reference import reference.fa".to_owned());
    let references = reference::store_named(context, "references").await?;
    let fasta = super::source::resolve(path_text(&made.fasta)?, true)?;
    let role = reference::role_beside(&member(&references, "arn"));
    let references = member(&references, "id");
    let job = reference::start(context, &references, &fasta, "demo-genome", &role).await?;
    let arn = reference::wait(context, &references, &member(&job, "id")).await?;
    step.end(&arn);

    let step = Step::begin(format!("varberg store create {STORE} --reference demo-genome"));
    let body = serde_json::json!({ "name": STORE, "reference": { "referenceArn": arn } });
    context.client.post(&["variantStore"], &body).await?;
    let store = context.client.get(&["variantStore", STORE]).await?;
    step.end(&member(&store, "status"));

    let step = Step::begin(format!("varberg import {STORE} cohort.vcf.gz --wait"));
    let source = super::source::resolve(path_text(&made.vcf)?, true)?;
    let job = import::start(context, Kind::Variant, STORE, &[source], &role, &import::Options::default()).await?;
    let form = if args.progress.progress == ProgressForm::Auto && !output::stderr_is_terminal() {
        ProgressForm::None
    } else {
        args.progress.progress
    };
    let ended = progress::watch(context, &member(&job, "jobId"), form).await?;
    if member(&ended, "status") != "COMPLETED" {
        let items = ended.get("items").and_then(|items| items.as_array()).cloned().unwrap_or_default();
        let why = items.iter().map(|item| member(item, "statusMessage")).find(|message| !message.is_empty());
        bail!("the import ended as {}: {}", member(&ended, "status"), why.unwrap_or_default());
    }
    let rows = u64::from(args.samples) * u64::from(args.records);
    step.end(&format!("{} rows, one for each record and sample", output::count(rows)));

    let server = Source::Server(context.client.clone());
    for question in text::questions(&made.region) {
        let begun = Instant::now();
        let answer = query::fetch(&server, &question.sql, 20).await?.render(Shape::Table { width: None })?;
        let seconds = begun.elapsed().as_secs_f64();
        context.stdout.line(&format!("\n{}\n\n{}\n\n{}", question.title, question.sql, answer.text))?;
        output::say(&format!("({seconds:.2} s)"));
    }
    Ok(())
}

fn path_text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("the path {} is not UTF-8", path.display()))
}

/// One step of the narration and how long it took.
struct Step {
    what: String,
    begun: Instant,
}

impl Step {
    fn begin(what: String) -> Self {
        Self { what, begun: Instant::now() }
    }

    fn end(self, result: &str) {
        output::say(&format!("{} ({:.1} s)\n  {result}", self.what, self.begun.elapsed().as_secs_f64()));
    }
}
