//! `varberg query`: a statement in, its answer to standard output.
//!
//! `table` is laid out here from the Arrow answer (`query/table.rs`); every other form is passed on as it comes.

mod answer;
mod source;
mod table;

pub(super) use answer::fetch;
pub(super) use source::{Source, SourceArgs};
pub(super) use table::Shape;

use super::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, OutputFormat};
use super::progress;
use crate::api::sql::Form;
use anyhow::Context as _;
use futures::StreamExt as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Rows a terminal is shown.
pub(super) const TERMINAL_ROWS: usize = 200;

/// A statement and the form of its answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every store is a table of its name. The columns are those of AWS HealthOmics: contigname, start (0-based), \"end\",
names, referenceallele, alternatealleles, qual, filters, attributes, phased, calls, sampleid, information, ...
The first element of a list is [1]; a value of a map is attributes['AC'].

Examples:
  varberg query 'SELECT sampleid, count(*) FROM cohort GROUP BY sampleid'
  varberg query 'SELECT * FROM cohort LIMIT 5' -o ndjson | jq .attributes
  varberg query -o parquet --file question.sql > answer.parquet
  echo 'SELECT 1' | varberg query -
  varberg query --data-dir /srv/varberg 'SHOW TABLES'      without a server

`varberg shell` is a prompt for many statements.

In csv and tsv, lists, maps and structs are JSON text, and null is an empty cell.")]
pub struct QueryArgs {
    /// The statement; - reads it from standard input
    #[arg(required_unless_present = "file", conflicts_with = "file", value_name = "SQL")]
    sql: Option<String>,
    /// Read the statement from a file
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Form of the answer: table on a terminal and csv elsewhere, unless said otherwise
    #[arg(short = 'o', long, value_enum, value_name = "FORM")]
    format: Option<QueryFormat>,
    /// Most rows of a table on a terminal; 0 is all
    #[arg(long, value_name = "ROWS", default_value_t = TERMINAL_ROWS)]
    max_rows: usize,
    #[command(flatten)]
    source: SourceArgs,
}

/// Forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum QueryFormat {
    /// A table for people
    Table,
    /// Comma-separated, with a heading
    Csv,
    /// Tab-separated, with a heading
    Tsv,
    /// An array of objects
    Json,
    /// One object on each line
    Ndjson,
    /// An Arrow IPC stream
    Arrow,
    /// A Parquet file
    Parquet,
}

impl QueryFormat {
    /// What is asked for; a table is made of Arrow.
    fn form(self) -> Form {
        match self {
            Self::Table | Self::Arrow => Form::Arrow,
            Self::Csv => Form::Csv,
            Self::Tsv => Form::Tsv,
            Self::Json => Form::Json,
            Self::Ndjson => Form::Ndjson,
            Self::Parquet => Form::Parquet,
        }
    }

    /// The form that the ending of a file's name stands for.
    pub(super) fn of_path(path: &Path) -> Self {
        match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::Ndjson,
            "arrow" | "arrows" => Self::Arrow,
            "parquet" => Self::Parquet,
            _ => Self::Table,
        }
    }

    fn is_binary(self) -> bool {
        matches!(self, Self::Arrow | Self::Parquet)
    }
}

pub(super) async fn run(args: QueryArgs, context: &Context) -> anyhow::Result<Exit> {
    let terminal = output::stdout_is_terminal();
    let format = match (args.format, context.output) {
        (Some(format), _) => format,
        (None, OutputFormat::Json) => QueryFormat::Json,
        (None, OutputFormat::Text) if terminal => QueryFormat::Table,
        (None, OutputFormat::Text) => QueryFormat::Csv,
    };
    if format.is_binary() && terminal {
        return Err(UsageError("a terminal cannot show this form; write it to a file with > FILE".to_owned()).into());
    }
    // Off this thread: standard input may never come, and Ctrl-C must still be heard.
    let (sql, file) = (args.sql, args.file);
    let statement = tokio::task::spawn_blocking(move || statement(sql, file.as_deref())).await??;
    let source = args.source.open(&context.client).await?;
    if format != QueryFormat::Table {
        copy(&source, &statement, format, |bytes| context.stdout.bytes(bytes)).await?;
        return Ok(Exit::Done);
    }
    let limit = if terminal && args.max_rows > 0 { args.max_rows } else { usize::MAX };
    let answer = fetch(&source, &statement, limit).await?;
    let table = answer.render(Shape::Table { width: output::terminal_width() })?;
    context.stdout.line(&table.text)?;
    if answer.cut {
        let rows = output::count(u64::try_from(limit)?);
        output::say(&format!("only the first {rows} rows are shown; --max-rows 0 shows all"));
    }
    if table.hidden > 0 {
        output::say(&format!("{} more columns have no room; -o ndjson shows all", table.hidden));
    }
    Ok(Exit::Done)
}

/// Writes an answer as it comes.
pub(super) async fn copy(
    source: &Source,
    statement: &str,
    format: QueryFormat,
    mut write: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let spinner = progress::spinner("asking");
    let mut pieces = source.ask(statement, format).await?;
    let mut ends_line = true;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        spinner.finish_and_clear();
        write(&piece)?;
        ends_line = piece.last().is_none_or(|byte| *byte == b'\n');
    }
    if !ends_line && !format.is_binary() {
        write(b"\n")?;
    }
    Ok(())
}

fn statement(sql: Option<String>, file: Option<&Path>) -> anyhow::Result<String> {
    match (sql.as_deref(), file) {
        (Some("-"), _) => {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .read_to_string(&mut text)
                .context("cannot read the statement from standard input")?;
            Ok(text)
        }
        (_, Some(path)) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display())),
        _ => Ok(sql.unwrap_or_default()),
    }
}
