//! `varberg table`: merge the files of tables, drop old snapshots, show what was done.

use super::Context;
use super::exit::Exit;
use super::output::{self, OutputFormat, text, time};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::time::Duration;

/// How often a task that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What to do with tables. The table of a store has the store's name; that of a later version of an annotation store is
/// STORE_VERSION.
#[derive(Debug, clap::Subcommand)]
pub enum TableCommand {
    /// Merge small data files into sorted, larger ones; no row changes
    #[command(after_help = "\
Many imports of single samples leave many small files. Merging them makes queries of regions fast; queries of one sample stay \
fast, because files of a few samples each are merged. Imports and queries go on meanwhile. The server does it by itself from \
maintenance.small_files small files on. The old files stay until their snapshots are dropped: varberg table expire.

Example:
  varberg table compact cohort")]
    Compact {
        /// The table
        table: String,
        /// Do not wait for the end
        #[arg(long)]
        no_wait: bool,
    },
    /// Drop old snapshots; files that only they need are removed after a while
    #[command(after_help = "\
Dropped snapshots can no longer be read with FOR VERSION AS OF. Their files stay for maintenance.grace_s seconds, for readers \
that are at work on them. The current snapshot is always kept.

Examples:
  varberg table expire cohort                        what is older than 7 days
  varberg table expire cohort --older-than 0s        all but the current snapshot
  varberg table expire cohort --older-than 30d --keep 10")]
    Expire {
        /// The table
        table: String,
        /// An age such as 90s, 30m, 2h or 7d, or a time such as 2026-01-31T12:00:00Z
        #[arg(long, value_name = "AGE|TIME", default_value = "7d", value_parser = super::event::since)]
        older_than: DateTime<Utc>,
        /// Newest snapshots to keep, however old
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        keep: u32,
        /// Do not wait for the end
        #[arg(long)]
        no_wait: bool,
    },
    /// List compactions, expiries and undone jobs, newest first
    Tasks {
        /// Only those of this table
        table: Option<String>,
    },
    /// Show one of them
    Task {
        /// Its id
        id: String,
    },
}

pub(super) async fn run(command: TableCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        TableCommand::Compact { table, no_wait } => {
            let task = context.client.post(&["varberg", "tables", &table, "compact"], &json!({})).await?;
            conclude(context, task, !no_wait).await
        }
        TableCommand::Expire { table, older_than, keep, no_wait } => {
            let body = json!({ "before": older_than.to_rfc3339(), "keep": keep });
            let task = context.client.post(&["varberg", "tables", &table, "expire"], &body).await?;
            conclude(context, task, !no_wait).await
        }
        TableCommand::Tasks { table } => {
            let query: Vec<(&str, &str)> = table.iter().map(|table| ("table", table.as_str())).collect();
            let answer = context.client.get_with(&["varberg", "tasks"], &query).await?;
            list(context, &answer)?;
            Ok(Exit::Done)
        }
        TableCommand::Task { id } => {
            show(context, &context.client.get(&["varberg", "tasks", &id]).await?)?;
            Ok(Exit::Done)
        }
    }
}

/// Waits for the end of a task, if it is to, shows it, and gives the exit code that says how it ended.
pub(super) async fn conclude(context: &Context, mut task: Value, wait: bool) -> anyhow::Result<Exit> {
    let id = text(&task, "taskId");
    let has_ended = |task: &Value| !matches!(text(task, "status").as_str(), "SUBMITTED" | "IN_PROGRESS");
    if wait {
        context.on_interrupt(Some(format!("the task goes on; see it with `varberg table task {id}`")));
        while !has_ended(&task) {
            tokio::time::sleep(LOOK).await;
            task = context.client.get(&["varberg", "tasks", &id]).await?;
        }
    }
    show(context, &task)?;
    Ok(match text(&task, "status").as_str() {
        "FAILED" | "CANCELLED" => Exit::Failed,
        _ => Exit::Done,
    })
}

fn list(context: &Context, answer: &Value) -> anyhow::Result<()> {
    if context.output == OutputFormat::Json {
        return context.stdout.json(answer);
    }
    let row = |task: &Value| {
        ["taskId", "table", "work", "status"]
            .map(|member| text(task, member))
            .into_iter()
            .chain([time(task, "creationTime"), done(task)])
            .collect::<Vec<_>>()
    };
    let rows: Vec<_> = answer.get("tasks").and_then(Value::as_array).into_iter().flatten().map(row).collect();
    let nothing = "no tasks; `varberg table compact TABLE` begins one";
    context.stdout.table(&["ID", "TABLE", "WORK", "STATUS", "CREATED", "DONE"], &rows, nothing)
}

fn show(context: &Context, task: &Value) -> anyhow::Result<()> {
    if context.output == OutputFormat::Json {
        return context.stdout.json(task);
    }
    context.stdout.pairs(&[
        ("task", text(task, "taskId")),
        ("table", text(task, "table")),
        ("work", text(task, "work")),
        ("job", text(task, "jobId")),
        ("status", text(task, "status")),
        ("message", text(task, "statusMessage")),
        ("done", done(task)),
        ("took", took(task)),
        ("created", time(task, "creationTime")),
        ("ended", time(task, "completionTime")),
    ])
}

/// What a task has done, in words.
fn done(task: &Value) -> String {
    let number = |member: &str| task.pointer(&format!("/report/{member}")).and_then(Value::as_u64).unwrap_or(0);
    let mut words = Vec::new();
    if number("filesBefore") > 0 {
        let before = (output::count(number("filesBefore")), output::bytes(number("bytesBefore")));
        let after = (output::count(number("filesAfter")), output::bytes(number("bytesAfter")));
        words.push(format!("{} files ({}) became {} ({})", before.0, before.1, after.0, after.1));
    }
    for (member, what) in [
        ("rowsRewritten", "rows rewritten"),
        ("rowsRemoved", "rows removed"),
        ("snapshotsDropped", "snapshots dropped"),
    ] {
        if number(member) > 0 {
            words.push(format!("{} {what}", output::count(number(member))));
        }
    }
    if words.is_empty() && text(task, "status") == "COMPLETED" { "nothing to do".to_owned() } else { words.join(", ") }
}

/// From when the task was enqueued to its end.
fn took(task: &Value) -> String {
    let at = |member: &str| DateTime::parse_from_rfc3339(&text(task, member)).ok();
    match (at("creationTime"), at("completionTime")) {
        (Some(begin), Some(end)) => format!("{:.1} s", (end - begin).as_seconds_f64()),
        _ => String::new(),
    }
}
