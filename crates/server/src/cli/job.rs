//! `varberg job`: list, show, watch, cancel and undo import jobs.

use super::Context;
use super::exit::Exit;
use super::kind::{self, Kind};
use super::output::{self, OutputFormat, text, time};
use super::progress::{self, ProgressArgs};
use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value, json};
use varberg_model::{JobId, JobStatus};

/// What to do with import jobs.
#[derive(Debug, clap::Subcommand)]
pub enum JobCommand {
    /// List the jobs, newest first
    List {
        /// Only jobs of this store
        #[arg(long, value_parser = super::store::store_name)]
        store: Option<String>,
        /// Only jobs in this state
        #[arg(long, ignore_case = true, value_parser = PossibleValuesParser::new(JobStatus::ALL.map(JobStatus::as_str)))]
        status: Option<String>,
    },
    /// Show a job and each of its files
    Show {
        /// The job
        #[arg(value_parser = job_id)]
        id: String,
    },
    /// Follow a job until it ends; the exit code tells how it did
    #[command(after_help = "Exit code: 0 COMPLETED, 3 COMPLETED_WITH_FAILURES, 1 FAILED or CANCELLED.\n\
        Ctrl-C only stops watching; the job goes on.")]
    Watch {
        /// The job
        #[arg(value_parser = job_id)]
        id: String,
        #[command(flatten)]
        progress: ProgressArgs,
    },
    /// Stop a job that has not ended; nothing of it appears in the table
    Cancel {
        /// The job
        #[arg(value_parser = job_id)]
        id: String,
    },
    /// Take the rows of a job that has ended out of its table again, in one step
    #[command(after_help = "\
The job keeps its state; `varberg job show` says that it was undone. The rows can still be read in older snapshots, until \
`varberg table expire` drops them. The same files can be imported again.")]
    Undo {
        /// The job
        #[arg(value_parser = job_id)]
        id: String,
        /// Do not wait for the end
        #[arg(long)]
        no_wait: bool,
    },
}

fn job_id(text: &str) -> Result<String, String> {
    let id = JobId::parse("job", text).map_err(|error| error.reason)?;
    Ok(id.to_string())
}

pub(super) async fn run(command: JobCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        JobCommand::List { store, status } => list(context, store, status).await,
        JobCommand::Show { id } => {
            let (_, mut job) = kind::job(context, &id).await?;
            let progress = context.client.get(&["varberg", "jobs", &id, "progress"]).await?;
            add_reports(&mut job, &progress);
            if let (Some(job), Some(undone)) = (job.as_object_mut(), progress.get("undone")) {
                job.insert("undone".to_owned(), undone.clone());
            }
            show(context, &job)?;
            show_warnings(context, &job)?;
            Ok(Exit::Done)
        }
        JobCommand::Watch { id, progress } => {
            let ended = progress::watch(context, &id, progress.progress).await?;
            conclude(context, &ended)
        }
        JobCommand::Undo { id, no_wait } => {
            let task = context.client.post(&["varberg", "jobs", &id, "undo"], &json!({})).await?;
            super::table::conclude(context, task, !no_wait).await
        }
        JobCommand::Cancel { id } => {
            let (kind, _) = kind::job(context, &id).await?;
            let answer = context.client.delete(&["import", kind.import(), &id], &[]).await?;
            match context.output {
                OutputFormat::Json => context.stdout.json(&answer)?,
                OutputFormat::Text => {
                    output::say(&format!("cancel requested; wait for its end with `varberg job watch {id}`"));
                }
            }
            Ok(Exit::Done)
        }
    }
}

/// Shows a job that has ended and gives the exit code that says how.
pub(super) fn conclude(context: &Context, job: &Value) -> anyhow::Result<Exit> {
    show(context, job)?;
    Ok(match text(job, "status").as_str() {
        "COMPLETED" => Exit::Done,
        "COMPLETED_WITH_FAILURES" => Exit::Partial,
        _ => Exit::Failed,
    })
}

async fn list(context: &Context, store: Option<String>, status: Option<String>) -> anyhow::Result<Exit> {
    let members = [("storeName", store.clone()), ("status", status.map(|status| status.to_ascii_uppercase()))];
    let filter: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))).collect();
    let body = if filter.is_empty() { json!({}) } else { json!({ "filter": filter }) };
    let jobs = kind::list(context, |kind| vec!["import", kind.imports().0], |kind| kind.imports().1, &body).await?;
    if let Some(store) = store.filter(|_| jobs.is_empty()) {
        // A store that is not there has no jobs either; say which of the two it is.
        kind::store(context, &store).await?;
    }
    if context.output == OutputFormat::Json {
        let [variant, annotation] = [Kind::Variant, Kind::Annotation].map(|kind| kind::of(kind, &jobs));
        context.stdout.json(&json!({ "variantImportJobs": variant, "annotationImportJobs": annotation }))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = jobs
        .iter()
        .map(|(_, j)| {
            let ended = time(j, "completionTime");
            vec![text(j, "id"), text(j, "destinationName"), text(j, "status"), time(j, "creationTime"), ended]
        })
        .collect();
    let nothing = "no jobs; start one with `varberg import STORE FILE...`";
    context.stdout.table(&["ID", "STORE", "STATUS", "CREATED", "ENDED"], &rows, nothing)?;
    Ok(Exit::Done)
}

/// Gives the items of a job what was found in their files: `records`, `rejected` and `warnings`, as the progress has them.
fn add_reports(job: &mut Value, progress: &Value) {
    let reports = progress.get("items").and_then(Value::as_array);
    let items = job.get_mut("items").and_then(Value::as_array_mut);
    for (item, report) in items.into_iter().flatten().zip(reports.into_iter().flatten()) {
        for member in ["records", "rejected", "warnings"] {
            if let (Some(item), Some(value)) = (item.as_object_mut(), report.get(member)) {
                item.insert(member.to_owned(), value.clone());
            }
        }
    }
}

/// A table of all warnings; nothing where there are none.
fn show_warnings(context: &Context, job: &Value) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for item in job.get("items").and_then(Value::as_array).into_iter().flatten() {
        for warning in item.get("warnings").and_then(Value::as_array).into_iter().flatten() {
            let number = |member: &str| output::count(warning.get(member).and_then(Value::as_u64).unwrap_or(0));
            rows.push(vec![
                text(item, "source"),
                text(warning, "code"),
                text(warning, "cause"),
                text(warning, "verdict"),
                number("count"),
                number("firstLine"),
                text(warning, "message"),
            ]);
        }
    }
    if rows.is_empty() || context.output == OutputFormat::Json {
        return Ok(());
    }
    context.stdout.line("")?;
    let heading = ["SOURCE", "CODE", "FAULT", "VERDICT", "COUNT", "FIRST LINE", "WHAT"];
    context.stdout.table(&heading, &rows, "")
}

fn show(context: &Context, job: &Value) -> anyhow::Result<()> {
    if context.output == OutputFormat::Json {
        return context.stdout.json(job);
    }
    context.stdout.pairs(&[
        ("id", text(job, "id")),
        ("store", text(job, "destinationName")),
        ("version", text(job, "versionName")),
        ("status", text(job, "status")),
        ("message", text(job, "statusMessage")),
        ("undone", job.get("undone").map(|undone| time(undone, "time")).unwrap_or_default()),
        ("normalized", normalized(job).to_owned()),
        ("annotations", annotations(job)),
        ("created", time(job, "creationTime")),
        ("ended", time(job, "completionTime")),
    ])?;
    let none = Vec::new();
    let items = job.get("items").and_then(Value::as_array).unwrap_or(&none);
    let rows: Vec<_> = items
        .iter()
        .map(|i| vec![text(i, "jobStatus"), imported(i), text(i, "source"), text(i, "statusMessage")])
        .collect();
    context.stdout.line("")?;
    context.stdout.table(&["FILE STATUS", "RECORDS", "SOURCE", "MESSAGE"], &rows, "")
}

/// `yes` or `no`, where the job says so.
fn normalized(job: &Value) -> &'static str {
    match job.get("runLeftNormalization").and_then(Value::as_bool) {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

/// The INFO field whose annotations were parsed.
fn annotations(job: &Value) -> String {
    let fields = job.get("annotationFields").and_then(Value::as_object);
    let named: Vec<&str> = fields.into_iter().flatten().filter_map(|(_, id)| id.as_str()).collect();
    named.join(", ")
}

/// Records of a file that was imported, where they are known.
fn imported(item: &Value) -> String {
    let records = item.get("records").and_then(Value::as_u64).filter(|_| text(item, "jobStatus") == "COMPLETED");
    records.map(output::count).unwrap_or_default()
}
