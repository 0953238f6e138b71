//! Standard output (data) and standard error (talk).
//!
//! Text answers are aligned columns with a heading; JSON answers are the API's own members. Must not decide what is shown.

use super::exit::stdout_error;
use serde_json::Value;
use std::io::{self, IsTerminal as _, Write as _};

/// A terminal that says it is narrower does not know its width.
const LEAST_TERMINAL: usize = 20;

/// Form of answers, `--output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// Aligned text for people
    #[default]
    Text,
    /// JSON with the member names of the API
    Json,
}

/// Whoever read our standard output has gone (`| head`).
#[derive(Debug, thiserror::Error)]
#[error("standard output is closed")]
pub(crate) struct StdoutClosed;

/// Writes to standard output; every failure is either [`StdoutClosed`] or an error with its cause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stdout;

impl Stdout {
    pub(crate) fn line(self, text: &str) -> anyhow::Result<()> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    pub(crate) fn json(self, value: &Value) -> anyhow::Result<()> {
        self.line(&serde_json::to_string_pretty(value)?)
    }

    pub(crate) fn bytes(self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(stdout_error)
    }

    /// Rows below a heading, columns padded to the widest cell; an empty list is said on standard error.
    pub(crate) fn table(self, heading: &[&str], rows: &[Vec<String>], nothing: &str) -> anyhow::Result<()> {
        if rows.is_empty() {
            say(nothing);
            return Ok(());
        }
        self.bytes(render_table(heading, rows).as_bytes())
    }

    /// `name  value` lines; empty values are left out.
    pub(crate) fn pairs(self, pairs: &[(&str, String)]) -> anyhow::Result<()> {
        let shown: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
        let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let text: String = shown.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect();
        self.bytes(text.as_bytes())
    }
}

fn render_table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let heading: Vec<String> = heading.iter().map(|name| (*name).to_owned()).collect();
    let mut widths: Vec<usize> = heading.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Says something on standard error. A closed standard error is ignored: there is nobody left to tell.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Columns of text of the terminal that standard output is.
pub(crate) fn terminal_width() -> Option<usize> {
    let width = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    stdout_is_terminal().then(width).flatten().filter(|columns| *columns >= LEAST_TERMINAL)
}

pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// A string member of an API answer; empty when absent.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A timestamp member to the second: `2026-11-22 02:53:57Z`.
pub(crate) fn time(value: &Value, member: &str) -> String {
    let full = text(value, member);
    match full.get(..19) {
        Some(second) => format!("{}Z", second.replace('T', " ")),
        None => full,
    }
}

/// A count of bytes as people read it: `1.5 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

/// A number with thousands separators: `2,000,000`.
pub(crate) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}
