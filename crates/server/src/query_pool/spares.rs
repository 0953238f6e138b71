//! Children that have started before there is a statement for them: loading the program and its first steps take longer than
//! many a statement. Each still answers one statement alone.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::process::{Child, Command};

/// The hidden subcommand that is the child.
const SUBCOMMAND: &str = "__query";

/// Most children that wait: one for the next statement, one for the statement that comes while the next spare starts.
const MOST: usize = 2;

/// A child, which has no statement at first.
#[derive(Debug)]
pub(super) struct Started {
    /// With pipes to its standard input and output.
    pub(super) child: Child,
    pub(super) stderr: File,
    /// It started before there was a statement for it.
    pub(super) waited: bool,
}

/// Children that wait for statements; a clone shares them. They die with the last clone.
#[derive(Debug, Clone)]
pub(super) struct Spares(Arc<Waiting>);

#[derive(Debug)]
struct Waiting {
    program: PathBuf,
    most: usize,
    started: Mutex<Vec<Started>>,
}

impl Spares {
    /// None wait yet. `concurrency`: statements that may run at a time.
    pub(super) fn new(program: PathBuf, concurrency: usize) -> Self {
        Self(Arc::new(Waiting { program, most: concurrency.min(MOST), started: Mutex::default() }))
    }

    /// A child that waits and lives, else a new one.
    pub(super) fn take(&self) -> io::Result<Started> {
        while let Some(mut spare) = self.oldest() {
            if matches!(spare.child.try_wait(), Ok(None)) {
                spare.waited = true;
                return Ok(spare);
            }
        }
        self.start()
    }

    /// Starts children until enough wait.
    ///
    /// One that cannot be started is left out: the statement that needs it will say why.
    pub(super) fn refill(&self) {
        while self.waiting() < self.0.most {
            match self.start() {
                Ok(started) => self.add(started),
                Err(error) => {
                    tracing::warn!(%error, "cannot start a query process ahead of its statement");
                    return;
                }
            }
        }
    }

    /// Lets a child wait, or ends it: others may have been added since it was found wanting.
    fn add(&self, child: Started) {
        let mut started = self.0.started.lock().unwrap_or_else(PoisonError::into_inner);
        if started.len() < self.0.most {
            started.push(child);
        }
    }

    fn waiting(&self) -> usize {
        self.0.started.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn oldest(&self) -> Option<Started> {
        let mut started = self.0.started.lock().unwrap_or_else(PoisonError::into_inner);
        if started.is_empty() { None } else { Some(started.remove(0)) }
    }

    fn start(&self) -> io::Result<Started> {
        // A file, not a pipe: nobody has to read it while the child runs, and a full pipe would stop the child.
        let stderr = tempfile::tempfile()?;
        let child = Command::new(&self.0.program)
            .arg(SUBCOMMAND)
            // It reads tables with the server's storage credentials; the secrets of users are no business of a statement.
            .env_remove("VARBERG_SECRETS_KEY")
            .env_remove("VARBERG_EVENTS_SECRET")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone()?)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Started { child, stderr, waited: false })
    }
}
