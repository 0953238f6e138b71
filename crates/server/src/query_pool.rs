//! Child processes that answer statements: started, fed, limited, killed.
//!
//! In: a [`QueryRequest`]. Out: an [`Answer`], the bytes of an Arrow IPC stream. Each statement has a process of its own, so
//! that one that crashes, hangs or takes all memory is an error for its caller alone. Not here: what a statement may do
//! (`varberg_lake::query`), and how an answer is written for a client (`api/sql`).
//!
//! How the two sides talk (the other one is `query_child.rs`):
//! - standard input: the request as one line of JSON; then it stays open. When it closes, the parent is gone, and the child ends.
//!   A child may have started long before its request (`spares.rs`).
//! - standard output: [`REQUEST_READ`], then the Arrow IPC stream in frames (`frames.rs`), of which the last says that the answer
//!   is whole. A fault before the first batch leaves out the frames.
//! - the request's `spill_dir`: a directory of the statement's own, which the parent makes before and removes after it.
//! - standard error: on a fault a [`ChildFault`] as JSON in the last line. Never logged: panics may quote data.

mod batches;
mod counts;
mod frames;
mod spares;
mod spill;

pub(crate) use batches::Batches;
pub(crate) use counts::StatementCounts;
pub(crate) use frames::FrameWriter;
pub(crate) use spill::Directory;

use bytes::{Bytes, BytesMut};
use counts::Running;
use frames::{FrameReader, Piece};
use serde::{Deserialize, Serialize};
use spares::{Spares, Started};
use spill::Spill;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use varberg_lake::{QueryError, QueryRequest};

/// The byte by which a child says that it has read its request. One that died before it has begun nothing.
pub(crate) const REQUEST_READ: u8 = b'R';

/// Bytes that one read takes from a child: what a pipe holds.
const READ_BYTES: usize = 64 * 1024;

/// Bytes of a child's standard error that are looked at.
const STDERR_BYTES: u64 = 64 * 1024;

/// What a child gets beyond its time limit: most stop by themselves at the limit.
const GRACE: Duration = Duration::from_secs(1);

/// How long a statement waits for its turn.
const QUEUE_TIME: Duration = Duration::from_secs(60);

/// How a statement without an answer ended. Texts are for the client.
#[derive(Debug, thiserror::Error)]
pub enum QueryFailure {
    /// The statement is wrong, or not allowed; the engine's text.
    #[error("{0}")]
    Invalid(String),
    /// A value of the data does not fit the statement. The text holds no data.
    #[error("{0}")]
    Value(String),
    /// The same text as a child's that stopped by itself.
    #[error("{}", QueryError::out_of_time(*.0))]
    TimeLimit(u64),
    /// The statement needs more memory, spill space or time than a statement may have; the text says what to do.
    #[error("{0}")]
    Exhausted(String),
    #[error("other statements take all {0} places; try again later, or raise query.concurrency")]
    Busy(usize),
    /// The child died of something that is not the statement's fault. The text is for the log.
    #[error("{0}")]
    Crashed(String),
}

/// The kinds of faults a child reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    Invalid,
    Value,
    ResourcesExhausted,
    Internal,
}

/// What a child says in the last line of its standard error.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChildFault {
    pub(crate) kind: FaultKind,
    pub(crate) message: String,
}

/// Starts children, a bounded number at a time. A clone shares the bound.
#[derive(Debug, Clone)]
pub struct QueryPool {
    spares: Spares,
    places: Arc<Semaphore>,
    concurrency: usize,
    spill: Spill,
    counts: StatementCounts,
}

/// The right to run one statement; given back when it is dropped.
#[derive(Debug)]
pub struct Place(OwnedSemaphorePermit);

impl QueryPool {
    /// `program` is this program's own file; at most `concurrency` statements run at a time.
    ///
    /// Below `spill_dir` statements spill, each to a directory of its own. What died there with other servers is removed.
    pub fn new(program: PathBuf, concurrency: usize, spill_dir: &Path) -> io::Result<Self> {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let spill = Spill::open(spill_dir)?;
        let counts = StatementCounts::new().map_err(io::Error::other)?;
        let spares = Spares::new(program, concurrency);
        Ok(Self { spares, places: Arc::new(Semaphore::new(concurrency)), concurrency, spill, counts })
    }

    /// Waits for a place for a statement.
    ///
    /// Errors: [`QueryFailure::Busy`].
    pub async fn place(&self) -> Result<Place, QueryFailure> {
        match timeout(QUEUE_TIME, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(Place(place)),
            Ok(Err(_)) | Err(_) => {
                let busy = QueryFailure::Busy(self.concurrency);
                self.counts.refused(&busy);
                Err(busy)
            }
        }
    }

    /// Waits for a place for a statement, however long.
    pub(crate) async fn place_in_turn(&self) -> Result<Place, QueryFailure> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        place.map(Place).map_err(|_| QueryFailure::Busy(self.concurrency))
    }

    /// Starts the statement of `request` at its place and returns when the first bytes of its answer are here.
    ///
    /// - What the statement may see is to be looked up once it has a place: rights may end while it waits.
    /// - The `spill_dir` of the limits is not used: the statement gets a directory of its own below the pool's.
    /// - Dropping the answer, or this future, kills the child. Its place is free when its spill files are gone.
    /// - Errors: every [`QueryFailure`]; once an answer is returned, its later faults come from [`Answer::next`].
    pub async fn ask(&self, place: Place, request: &QueryRequest) -> Result<Answer, QueryFailure> {
        let started = self.start(request, place.0).map_err(|e| crashed("cannot start the query process", &e));
        let mut answer = started.inspect_err(|failure| self.counts.refused(failure))?;
        let time_s = answer.time_s;
        let begun = match timeout_at(answer.deadline, answer.begin(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(QueryFailure::TimeLimit(time_s)),
        };
        begun.inspect_err(|failure| answer.running.failed(failure))?;
        Ok(answer)
    }

    /// A directory for work that spills without being a statement.
    pub(crate) fn spill(&self) -> io::Result<Directory> {
        self.spill.directory()
    }

    /// What is counted of its statements.
    pub(crate) fn counts(&self) -> &StatementCounts {
        &self.counts
    }

    fn start(&self, request: &QueryRequest, place: OwnedSemaphorePermit) -> io::Result<Answer> {
        let spill = self.spill.directory()?;
        let started = match self.spares.take() {
            Ok(started) => started,
            Err(error) => {
                spill.remove();
                return Err(error);
            }
        };
        let time_s = request.limits.time_s;
        let deadline = Instant::now() + Duration::from_secs(time_s) + GRACE;
        let (buffer, frames) = (BytesMut::new(), FrameReader::default());
        let process = Some(Process { started, spill, spares: self.spares.clone(), _place: place });
        Ok(Answer {
            process,
            deadline,
            time_s,
            buffer,
            frames,
            first: None,
            running: self.counts.begin(),
            scanned_bytes: 0,
        })
    }
}

/// A child with what is its own.
#[derive(Debug)]
struct Process {
    /// Its standard input is open as long as we live: the end of it tells the child that nobody waits any more.
    started: Started,
    spill: Directory,
    spares: Spares,
    _place: OwnedSemaphorePermit,
}

impl Process {
    /// Ends the child, if it has not ended, then removes its spill files and frees its place. The next child starts only now:
    /// beside a statement it would take time from it.
    async fn end(mut self) {
        let _ = self.started.child.start_kill(); // one that has ended cannot be killed
        if let Err(error) = self.started.child.wait().await {
            tracing::warn!(%error, "cannot wait for a query process");
        }
        let spill = self.spill;
        let _ = tokio::task::spawn_blocking(move || spill.remove()).await;
        self.spares.refill();
    }

    /// Gives `line` to the child; false when it has died, or dies, before it has read it.
    async fn tell(&mut self, line: &[u8]) -> bool {
        let child = &mut self.started.child;
        let (Some(stdin), Some(stdout)) = (&mut child.stdin, &mut child.stdout) else { return false };
        let written = stdin.write_all(line).await.is_ok() && stdin.flush().await.is_ok();
        written && stdout.read_u8().await.is_ok_and(|byte| byte == REQUEST_READ)
    }
}

fn out_of_memory(what: &str) -> QueryFailure {
    QueryFailure::Exhausted(format!("{what}; ask for less, or raise query.memory_bytes"))
}

fn no_process() -> QueryFailure {
    QueryFailure::Crashed("there is no query process to talk to".to_owned())
}

fn crashed(what: &str, error: &dyn std::error::Error) -> QueryFailure {
    QueryFailure::Crashed(format!("{what}: {error}"))
}

/// The answer of one statement: an Arrow IPC stream in pieces. Dropping it kills the child.
#[derive(Debug)]
pub struct Answer {
    /// `None` only while this value is dropped.
    process: Option<Process>,
    deadline: Instant,
    time_s: u64,
    buffer: BytesMut,
    frames: FrameReader,
    first: Option<Bytes>,
    running: Running,
    scanned_bytes: u64,
}

impl Drop for Answer {
    fn drop(&mut self) {
        let Some(process) = self.process.take() else { return };
        // Without a runtime the server is ending: the child dies with its handle, the files go with the next start.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(process.end());
        }
    }
}

impl Answer {
    /// Bytes that the statement read from data files; known when the answer is complete.
    pub(crate) fn scanned_bytes(&self) -> u64 {
        self.scanned_bytes
    }

    /// The next bytes of the stream; `None` when it is complete.
    ///
    /// An error means that what was given so far is not the whole answer.
    pub async fn next(&mut self) -> Result<Option<Bytes>, QueryFailure> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let read = match timeout_at(self.deadline, self.read()).await {
            Ok(outcome) => outcome,
            Err(_) => {
                // The child dies with this value; killed now, it stops working while the caller cleans up.
                let _ = self.process.as_mut().map(|process| process.started.child.start_kill());
                Err(QueryFailure::TimeLimit(self.time_s))
            }
        };
        match &read {
            Ok(Some(_)) => {}
            Ok(None) => self.running.answered(),
            Err(failure) => self.running.failed(failure),
        }
        read
    }

    async fn begin(&mut self, request: &QueryRequest) -> Result<(), QueryFailure> {
        let process = self.process.as_mut().ok_or_else(no_process)?;
        let mut request = request.clone();
        request.limits.spill_dir = process.spill.path().to_owned();
        let mut line = serde_json::to_vec(&request).map_err(|e| crashed("cannot write the request", &e))?;
        line.push(b'\n');
        // One that died while it waited is not the statement's fault. Why a new one died is told by its end.
        while !process.tell(&line).await && process.started.waited {
            process.started = process.spares.take().map_err(|e| crashed("cannot start the query process", &e))?;
        }
        self.first = self.read().await?;
        match self.first {
            Some(_) => Ok(()),
            None => Err(QueryFailure::Crashed("the query process ended without an answer".to_owned())),
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, QueryFailure> {
        loop {
            match self.frames.take(&mut self.buffer) {
                Piece::Bytes(bytes) => return Ok(Some(bytes)),
                Piece::End(scanned_bytes) => {
                    self.scanned_bytes = scanned_bytes;
                    return Ok(None);
                }
                Piece::Nothing => {}
            }
            self.buffer.reserve(READ_BYTES);
            let child = &mut self.process.as_mut().ok_or_else(no_process)?.started.child;
            let read = child.stdout.as_mut().ok_or_else(no_process)?.read_buf(&mut self.buffer).await;
            if read.map_err(|e| crashed("cannot read the answer of the query process", &e))? == 0 {
                let status = child.wait().await.map_err(|e| crashed("cannot wait for the query process", &e))?;
                return Err(self.fault(status));
            }
        }
    }

    /// Why a child did not end well: what it says, else what can be told from its end.
    fn fault(&self, status: ExitStatus) -> QueryFailure {
        let said = self.said().unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if let Ok(fault) = serde_json::from_str::<ChildFault>(last) {
            return match fault.kind {
                FaultKind::Invalid => QueryFailure::Invalid(fault.message),
                FaultKind::Value => QueryFailure::Value(fault.message),
                FaultKind::ResourcesExhausted => QueryFailure::Exhausted(fault.message),
                FaultKind::Internal => QueryFailure::Crashed(fault.message),
            };
        }
        // What the runtime says when an allocation is refused, before it aborts.
        if said.contains("memory allocation of") || said.contains("Cannot allocate memory") {
            return out_of_memory("the statement needs more memory than a statement may have");
        }
        match status.signal() {
            // We kill only by dropping the answer, and then nobody asks: it was the system, for want of memory.
            Some(9) => out_of_memory("the system stopped the statement, most likely for want of memory"),
            _ => QueryFailure::Crashed(format!("the query process crashed ({status})")),
        }
    }

    /// The end of the child's standard error.
    fn said(&self) -> io::Result<String> {
        let Some(process) = &self.process else { return Ok(String::new()) };
        let mut stderr = &process.started.stderr;
        let length = stderr.seek(SeekFrom::End(0))?;
        stderr.seek(SeekFrom::Start(length.saturating_sub(STDERR_BYTES)))?;
        let mut bytes = Vec::new();
        stderr.take(STDERR_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
