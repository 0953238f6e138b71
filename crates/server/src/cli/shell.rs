//! `varberg shell`: a prompt for SQL.
//!
//! In: lines (`shell/lines.rs`), cut into statements and commands (`shell/input.rs`, `shell/command.rs`). Out: answers laid
//! out for the terminal. Ctrl-C ends the statement that runs, never the shell.

mod command;
mod completion;
mod input;
mod lines;
mod names;

use super::Context;
use super::exit::Exit;
use super::output::{self, say};
use super::query::{self, QueryFormat, Shape, Source, SourceArgs, fetch};
use anyhow::{Context as _, Result, bail};
use command::Command;
use input::Input;
use lines::{Line, Lines};
use names::Names;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Files within files.
const MOST_INCLUDES: usize = 16;

/// Whose tables to ask.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A statement ends with ; and may take several lines. Tab completes keywords, tables and columns; \\? lists the commands.
Ctrl-C ends a statement that runs, Ctrl-D leaves.

Examples:
  varberg shell
  varberg shell --data-dir /srv/varberg        without a server
  varberg shell < report.sql                   statements of a file; ends at the first that fails

History is kept in $XDG_STATE_HOME/varberg/history (else ~/.local/state/...), readable by you alone; a line that begins
with a space is left out.")]
pub struct ShellArgs {
    #[command(flatten)]
    source: SourceArgs,
}

pub(super) async fn run(args: ShellArgs, context: &Context) -> Result<Exit> {
    // From here on, Ctrl-C is an event, and does not end the program.
    let source = args.source.open(&context.client).await?;
    let mut shell = Shell {
        context,
        source,
        names: Arc::default(),
        expanded: false,
        timing: true,
        rows: query::TERMINAL_ROWS,
        next_answer: None,
        is_left: false,
    };
    let known = tokio::select! {
        known = shell.learn() => known?,
        _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
    };
    let mut lines = Lines::open(Arc::clone(&shell.names))?;
    if lines.is_terminal() {
        let tables = match known {
            1 => "1 table".to_owned(),
            many => format!("{} tables", output::count(u64::try_from(many)?)),
        };
        say(&format!("varberg {}: {tables} of {}. \\? for help.", env!("CARGO_PKG_VERSION"), shell.source.name()));
    }
    shell.converse(&mut lines).await
}

/// What the shell is and is set to.
struct Shell<'a> {
    context: &'a Context,
    source: Source,
    /// What completion knows; shared with the editor.
    names: Arc<Names>,
    expanded: bool,
    timing: bool,
    /// Most rows that are shown; 0 is all.
    rows: usize,
    /// Where the next answer goes.
    next_answer: Option<PathBuf>,
    is_left: bool,
}

impl Shell<'_> {
    /// Reads and answers until the end. What fails is said and, at a terminal, not the end.
    async fn converse(&mut self, lines: &mut Lines) -> Result<Exit> {
        let mut pending = String::new();
        while !self.is_left {
            let line = match lines.next(!pending.is_empty()).await? {
                Line::Text(line) => line,
                Line::Interrupted if !lines.is_terminal() => return Ok(Exit::Interrupted),
                Line::Interrupted => {
                    pending.clear();
                    continue;
                }
                Line::End => {
                    if !pending.trim().is_empty() {
                        return self.inputs(&pending, lines.is_terminal(), 0).await;
                    }
                    break;
                }
            };
            pending.push_str(&line);
            pending.push('\n');
            if !input::is_complete(&pending) {
                continue;
            }
            let outcome = self.inputs(&std::mem::take(&mut pending), lines.is_terminal(), 0).await;
            if !lines.is_terminal() && !matches!(outcome, Ok(Exit::Done)) {
                return outcome;
            }
            if let Err(error) = outcome {
                if error.is::<output::StdoutClosed>() {
                    return Err(error);
                }
                say(&format!("error: {error:#}"));
            }
        }
        Ok(Exit::Done)
    }

    /// Answers all statements and commands of a text; ends with the first that fails or is interrupted.
    async fn inputs(&mut self, text: &str, is_terminal: bool, depth: usize) -> Result<Exit> {
        for input in input::split(text) {
            let exit = match input {
                Input::Statement(statement) => self.statement(&statement, is_terminal).await?,
                Input::Command(command) => Box::pin(self.command(&command, is_terminal, depth)).await?,
            };
            if exit != Exit::Done || self.is_left {
                return Ok(exit);
            }
        }
        Ok(Exit::Done)
    }

    async fn statement(&mut self, statement: &str, is_terminal: bool) -> Result<Exit> {
        let begun = Instant::now();
        let outcome = tokio::select! {
            outcome = self.answer(statement, is_terminal) => Some(outcome),
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some(outcome) = outcome else {
            say("cancelled");
            return Ok(Exit::Interrupted);
        };
        let mut notes = outcome?;
        if self.timing && is_terminal {
            notes.push(format!("{:.3} s", begun.elapsed().as_secs_f64()));
        }
        if is_terminal && !notes.is_empty() {
            say(&format!("({})", notes.join(", ")));
        }
        Ok(Exit::Done)
    }

    /// Shows the answer, or writes it to where it was asked to go; what there is to say of it.
    async fn answer(&mut self, statement: &str, is_terminal: bool) -> Result<Vec<String>> {
        if let Some(path) = self.next_answer.clone() {
            let notes = self.to_file(statement, &path).await?;
            self.next_answer = None;
            return Ok(notes);
        }
        // Where nobody types, nothing is cut: nobody would be told.
        let width = output::terminal_width().filter(|_| is_terminal);
        let limit = if width.is_some() && self.rows > 0 { self.rows } else { usize::MAX };
        let answer = fetch(&self.source, statement, limit).await?;
        let shape = if self.expanded { Shape::Expanded } else { Shape::Table { width } };
        let table = answer.render(shape)?;
        if !table.text.is_empty() {
            self.context.stdout.line(&table.text)?;
        }
        let rows = output::count(u64::try_from(answer.rows())?);
        let mut notes = vec![match (answer.cut, &*rows) {
            (true, rows) => format!("the first {rows} rows; \\rows 0 shows all"),
            (false, "1") => "1 row".to_owned(),
            (false, rows) => format!("{rows} rows"),
        }];
        if table.hidden > 0 {
            notes.push(format!("{} more columns have no room; \\x shows all", table.hidden));
        }
        Ok(notes)
    }

    async fn to_file(&self, statement: &str, path: &Path) -> Result<Vec<String>> {
        let cannot = || format!("cannot write to {}", path.display());
        let format = QueryFormat::of_path(path);
        if format == QueryFormat::Table {
            let answer = fetch(&self.source, statement, usize::MAX).await?;
            let shape = if self.expanded { Shape::Expanded } else { Shape::Table { width: None } };
            std::fs::write(path, answer.render(shape)?.text + "\n").with_context(cannot)?;
        } else {
            let mut file = std::io::BufWriter::new(std::fs::File::create(path).with_context(cannot)?);
            query::copy(&self.source, statement, format, |bytes| file.write_all(bytes).with_context(cannot)).await?;
            file.flush().with_context(cannot)?;
        }
        Ok(vec![format!("written to {}", path.display())])
    }

    async fn command(&mut self, text: &str, is_terminal: bool, depth: usize) -> Result<Exit> {
        match Command::parse(text)? {
            Command::Tables => {
                self.learn().await?;
                self.statement(names::TABLES, is_terminal).await
            }
            Command::Columns(table) => self.columns(&table).await,
            Command::Expanded(on) => {
                self.expanded = on.unwrap_or(!self.expanded);
                say(if self.expanded { "a line for each value" } else { "a line for each row" });
                Ok(Exit::Done)
            }
            Command::Timing(on) => {
                self.timing = on.unwrap_or(!self.timing);
                say(if self.timing { "times are shown" } else { "times are not shown" });
                Ok(Exit::Done)
            }
            Command::Rows(rows) => {
                self.rows = rows;
                Ok(Exit::Done)
            }
            Command::Output(path) => {
                say(&format!("the next answer goes to {}", path.display()));
                self.next_answer = Some(path);
                Ok(Exit::Done)
            }
            Command::Include(path) => {
                if depth >= MOST_INCLUDES {
                    bail!("more than {MOST_INCLUDES} files within files; does {} read itself?", path.display());
                }
                let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                self.inputs(&text, is_terminal, depth.saturating_add(1)).await
            }
            Command::Help => {
                self.context.stdout.line(command::HELP)?;
                Ok(Exit::Done)
            }
            Command::Quit => {
                self.is_left = true;
                Ok(Exit::Done)
            }
        }
    }

    /// Shows the columns of a table with their types, whole.
    async fn columns(&mut self, table: &str) -> Result<Exit> {
        self.learn().await?;
        let columns = self.names.columns_with_types(table);
        if columns.is_empty() {
            bail!("there is no table {table}; \\d lists the tables");
        }
        let rows: Vec<Vec<String>> = columns.into_iter().map(|(name, kind)| vec![name, kind]).collect();
        self.context.stdout.table(&["COLUMN", "TYPE"], &rows, "")?;
        Ok(Exit::Done)
    }

    /// Learns the tables and columns there are; how many tables.
    async fn learn(&self) -> Result<usize> {
        let answer = fetch(&self.source, names::COLUMNS, usize::MAX).await?;
        self.names.learn(&answer.batches)
    }
}
