//! `varberg query`: a statement to the server, its answer to standard output.
//!
//! `table` is laid out here from the Arrow answer; every other form is passed on as the server sends it.

use super::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, OutputFormat};
use super::progress;
use anyhow::{Context as _, bail};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_cast::display::FormatOptions;
use arrow_ipc::reader::StreamDecoder;
use futures::StreamExt as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Rows a terminal is shown.
const TERMINAL_ROWS: usize = 200;

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
    fn media_type(self) -> &'static str {
        match self {
            Self::Table | Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
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
    if format == QueryFormat::Table {
        let limit = if terminal && args.max_rows > 0 { args.max_rows } else { usize::MAX };
        let answer = fetch(context, &statement, limit).await?;
        context.stdout.line(&answer.render()?)?;
        if answer.cut {
            let rows = output::count(u64::try_from(limit)?);
            output::say(&format!("only the first {rows} rows are shown; --max-rows 0 shows all"));
        }
        return Ok(Exit::Done);
    }
    let spinner = progress::spinner("asking");
    let response = context.client.sql(&statement, format.media_type()).await?;
    let broken = broken(&response);
    let mut body = response.bytes_stream();
    let mut ends_line = true;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.with_context(|| broken.clone())?;
        spinner.finish_and_clear();
        context.stdout.bytes(&chunk)?;
        ends_line = chunk.last().is_none_or(|byte| *byte == b'\n');
    }
    if !ends_line && !format.is_binary() {
        context.stdout.bytes(b"\n")?;
    }
    Ok(Exit::Done)
}

/// What is said when `response` breaks off.
fn broken(response: &reqwest::Response) -> String {
    let id = response.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok()).unwrap_or("unknown");
    format!("the answer broke off and is not complete; request {id}; the server's log says why")
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

/// An answer in memory.
pub(super) struct Answer {
    schema: arrow_schema::SchemaRef,
    batches: Vec<RecordBatch>,
    /// There were more rows than asked for.
    cut: bool,
}

impl Answer {
    /// The answer as a table; lists as `[a, b]`, maps as `{k: v}`, null as nothing.
    pub(super) fn render(&self) -> anyhow::Result<String> {
        let options = FormatOptions::new().with_display_error(true);
        let table = arrow_cast::pretty::pretty_format_batches_with_schema(self.schema.clone(), &self.batches);
        match table {
            Ok(table) => Ok(table.to_string()),
            // Columns of which one cannot be shown: show the others' values and the fault in its place.
            Err(_) => Ok(arrow_cast::pretty::pretty_format_batches_with_options(&self.batches, &options)?.to_string()),
        }
    }
}

/// Asks a statement and keeps at most `limit` rows of the answer; the server stops when they are here.
pub(super) async fn fetch(context: &Context, statement: &str, limit: usize) -> anyhow::Result<Answer> {
    let spinner = progress::spinner("asking");
    let response = context.client.sql(statement, QueryFormat::Table.media_type()).await?;
    let broken = broken(&response);
    let mut body = response.bytes_stream();
    let mut decoder = StreamDecoder::new();
    let (mut batches, mut rows, mut cut) = (Vec::new(), 0_usize, false);
    'answer: while let Some(chunk) = body.next().await {
        let mut buffer = Buffer::from(chunk.with_context(|| broken.clone())?);
        while let Some(batch) = decoder.decode(&mut buffer).context("the answer is not an Arrow stream")? {
            let room = limit.saturating_sub(rows);
            if batch.num_rows() > room {
                batches.push(batch.slice(0, room));
                cut = true;
                break 'answer;
            }
            rows = rows.saturating_add(batch.num_rows());
            batches.push(batch);
        }
    }
    spinner.finish_and_clear();
    let Some(schema) = decoder.schema() else { bail!("the answer is empty") };
    if !cut {
        decoder.finish().context(broken)?;
    }
    Ok(Answer { schema, batches, cut })
}
