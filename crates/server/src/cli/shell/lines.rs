//! Lines of input: from an editor at a terminal, from standard input elsewhere.

use super::completion;
use super::input;
use super::names::Names;
use anyhow::{Context as _, Result, anyhow};
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};
use std::fs::DirBuilder;
use std::io::IsTerminal as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Entries of history that are kept.
const HISTORY: usize = 10_000;

/// What came of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Of an editor: all that was typed, several lines maybe.
    Text(String),
    /// Ctrl-C: what was typed does not count.
    Interrupted,
    End,
}

/// Where lines come from.
pub(super) enum Lines {
    /// `None` only while a thread waits for a line.
    Terminal {
        editor: Option<Box<Prompt>>,
        history: Option<PathBuf>,
    },
    Plain,
}

pub(super) type Prompt = Editor<Words, FileHistory>;

impl Lines {
    pub(super) fn open(names: Arc<Names>) -> Result<Self> {
        if !std::io::stdin().is_terminal() {
            return Ok(Self::Plain);
        }
        let config = Config::builder()
            .max_history_size(HISTORY)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .auto_add_history(true)
            .build();
        let mut editor: Prompt = Editor::with_config(config).context("cannot set up the prompt")?;
        editor.set_helper(Some(Words { names, files: FilenameCompleter::new() }));
        // Without a place for it, or with a file that cannot be read, there is no history: no reason not to start.
        let history = history_file();
        if let Some(path) = &history {
            let _ = editor.load_history(path);
        }
        Ok(Self::Terminal { editor: Some(Box::new(editor)), history })
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal { .. })
    }

    /// Waits for a line, off this thread; `goes_on`: within a statement.
    pub(super) async fn next(&mut self, goes_on: bool) -> Result<Line> {
        match self {
            Self::Plain => {
                let read = || {
                    let mut line = String::new();
                    std::io::stdin().read_line(&mut line).map(|bytes| (bytes > 0).then_some(line))
                };
                let line = tokio::select! {
                    line = tokio::task::spawn_blocking(read) => line?.context("cannot read standard input")?,
                    _ = tokio::signal::ctrl_c() => return Ok(Line::Interrupted),
                };
                Ok(line.map_or(Line::End, |line| Line::Text(line.trim_end_matches('\n').to_owned())))
            }
            Self::Terminal { editor, history } => {
                let mut prompt = editor.take().context("the prompt was lost")?;
                let history = history.clone();
                let wait = move || {
                    let read = prompt.readline(if goes_on { "      -> " } else { "varberg> " });
                    if let (Ok(_), Some(path)) = (&read, &history) {
                        let _ = prompt.append_history(path);
                    }
                    (prompt, read)
                };
                let (prompt, read) = tokio::task::spawn_blocking(wait).await?;
                *editor = Some(prompt);
                match read {
                    Ok(text) => Ok(Line::Text(text)),
                    Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
                    Err(ReadlineError::Eof) => Ok(Line::End),
                    Err(error) => Err(anyhow!(error).context("cannot read from the terminal")),
                }
            }
        }
    }
}

/// The file of history; its directory is made, for its owner alone.
fn history_file() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    let directory = state.join("varberg");
    DirBuilder::new().recursive(true).mode(0o700).create(&directory).ok()?;
    Some(directory.join("history"))
}

/// What the editor asks while one types.
pub(super) struct Words {
    names: Arc<Names>,
    files: FilenameCompleter,
}

impl Helper for Words {}
impl Highlighter for Words {}

impl Hinter for Words {
    type Hint = String;
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &rustyline::Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..at).unwrap_or_default();
        if ["\\i ", "\\o "].iter().any(|command| before.trim_start().starts_with(command)) {
            return self.files.complete_path(line, at);
        }
        let (begin, found) = completion::complete(&self.names, line, before);
        let pair = |name: String| Pair { display: name.clone(), replacement: name };
        Ok((begin, found.into_iter().map(pair).collect()))
    }
}

impl Validator for Words {
    /// A statement without its `;` goes on in the next line.
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let complete = input::is_complete(&format!("{}\n", context.input()));
        Ok(if complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}
