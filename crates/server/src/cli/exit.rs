//! How the program ends: exit codes, and the one place where a command's error is printed.

use std::io;
use std::process::ExitCode;

/// The end of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: called wrongly.
    Usage,
    /// 3: some files of a job are in, others are not.
    Partial,
    /// 130: stopped by Ctrl-C.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
            Exit::Interrupted => 130,
        })
    }
}

/// A wrong call that only shows once the command runs; ends the program with code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Prints the error a command ended with, if any, and gives the exit code.
///
/// A reader that closed our standard output (`| head`) is not an error and nothing is printed.
pub fn report(outcome: anyhow::Result<Exit>) -> Exit {
    match outcome {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::Done,
        Err(error) => {
            super::output::say(&format!("error: {error:#}"));
            if error.is::<UsageError>() { Exit::Usage } else { Exit::Failed }
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<super::output::StdoutClosed>().is_some())
}

/// Tells a closed standard output from other faults of writing.
pub(crate) fn stdout_error(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        super::output::StdoutClosed.into()
    } else {
        anyhow::Error::new(error).context("cannot write to standard output")
    }
}
