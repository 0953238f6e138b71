//! The commands of the shell: lines that begin with a backslash.

use anyhow::{Result, bail};
use std::path::PathBuf;

/// What `\?` shows.
pub(super) const HELP: &str = "\
A statement ends with ; and may take several lines.

  \\d             list the tables
  \\d TABLE       show the columns of a table and their types
  \\x [on|off]    show a line for each value instead of each row
  \\rows N        show at most N rows of an answer; 0 shows all
  \\timing [on|off]  show how long a statement took
  \\o FILE        write the next answer to a file: .csv .tsv .json .ndjson .parquet .arrow, else a table
  \\i FILE        read statements and commands from a file
  \\?             this list
  \\q             leave (also Ctrl-D)

Tab completes; Ctrl-R looks through the history; Ctrl-C ends the statement that runs.";

/// A command with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Tables,
    Columns(String),
    /// Without a value it is turned over.
    Expanded(Option<bool>),
    Timing(Option<bool>),
    Rows(usize),
    Output(PathBuf),
    Include(PathBuf),
    Help,
    Quit,
}

impl Command {
    /// Reads a command without its backslash. Errors: a text for who typed it.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim().trim_end_matches(';').trim_end();
        let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let argument = argument.trim();
        let switch = || match argument {
            "" => Ok(None),
            "on" => Ok(Some(true)),
            "off" => Ok(Some(false)),
            other => bail!("\\{name} is on or off, not {other}"),
        };
        let file = || match argument {
            "" => bail!("\\{name} wants the name of a file"),
            path => Ok(PathBuf::from(path)),
        };
        Ok(match name {
            "d" if argument.is_empty() => Self::Tables,
            "d" => Self::Columns(argument.trim_matches('"').to_owned()),
            "x" => Self::Expanded(switch()?),
            "timing" => Self::Timing(switch()?),
            "rows" => match argument.parse() {
                Ok(rows) => Self::Rows(rows),
                Err(_) => bail!("\\rows wants a number of rows, such as \\rows 1000; 0 shows all"),
            },
            "o" => Self::Output(file()?),
            "i" => Self::Include(file()?),
            "?" | "h" | "help" => Self::Help,
            "q" | "quit" | "exit" => Self::Quit,
            other => bail!("there is no command \\{other}; \\? lists the commands"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_command_is_said() {
        let said = |text: &str| Command::parse(text).unwrap_err().to_string();
        assert_eq!(said("y"), "there is no command \\y; \\? lists the commands");
        assert_eq!(said("o"), "\\o wants the name of a file");
        assert_eq!(said("x maybe"), "\\x is on or off, not maybe");
        assert_eq!(Command::parse("d \"cohort\";").unwrap(), Command::Columns("cohort".to_owned()));
    }
}
