//! The process that answers one statement and ends: `varberg __query`.
//!
//! In: a request on standard input. Out: an Arrow IPC stream in frames on standard output, or a [`ChildFault`] in the last line of
//! standard error and exit code 1. See `query_pool.rs` for how the two sides talk. Knows nothing of HTTP and the catalog.

mod confine;

use crate::query_pool::{ChildFault, FaultKind, FrameWriter, REQUEST_READ};
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};
use futures::StreamExt as _;
use std::fs::File;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, sync_channel};
use varberg_lake::{QueryError, QueryRequest};

/// Threads for file reads; each costs 2 MiB of addresses.
const BLOCKING_THREADS: usize = 16;

/// Batches of the answer that may wait to be written.
const BATCHES_AHEAD: usize = 2;

/// Answers the request on standard input.
pub fn main() -> ExitCode {
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            // A parent that has gone does not read it.
            if let Ok(line) = serde_json::to_string(&fault) {
                let _ = writeln!(io::stderr().lock(), "\n{line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn answer() -> Result<(), ChildFault> {
    varberg_lake::query::warm_up().map_err(|e| fault(&e))?;
    let request = read_request()?;
    confine::confine(&request)?;
    watch_parent()?;
    let threads = request.limits.target_partitions.max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .map_err(|e| internal("cannot start a runtime", &e))?;
    let outcome = runtime.block_on(run(request));
    runtime.shutdown_background();
    outcome
}

fn read_request() -> Result<QueryRequest, ChildFault> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|e| internal("cannot read the request", &e))?;
    output().and_then(|mut output| output.write_all(&[REQUEST_READ])).map_err(|e| internal("cannot answer", &e))?;
    serde_json::from_str(&line).map_err(|e| internal("the request is not one of ours", &e))
}

/// Ends this process when standard input closes: then the parent has died, or does not want the answer any more.
///
/// Not PR_SET_PDEATHSIG: that one is sent when the *thread* that started us ends, and a parent's threads come and go.
fn watch_parent() -> Result<(), ChildFault> {
    let watch = || {
        let mut rest = [0; 64];
        while matches!(io::stdin().lock().read(&mut rest), Ok(1..)) {}
        std::process::exit(1);
    };
    let thread = std::thread::Builder::new().name("parent".to_owned()).stack_size(128 * 1024).spawn(watch);
    thread.map(drop).map_err(|e| internal("cannot start a thread", &e))
}

async fn run(request: QueryRequest) -> Result<(), ChildFault> {
    let mut stream = varberg_lake::query::run(request).await.map_err(|e| fault(&e))?;
    let schema: SchemaRef = stream.schema();
    // Nothing is written before the first batch is here: most faults of a statement show until then, and an empty output
    // lets the parent answer with an error instead of half an answer.
    let mut next = stream.next().await.transpose().map_err(|e| fault(&QueryError::from_engine(&e)))?;
    let (batches, to_write) = sync_channel(BATCHES_AHEAD);
    let writer = std::thread::Builder::new().name("writer".to_owned()).spawn(move || write(&schema, &to_write));
    let writer = writer.map_err(|e| internal("cannot start a thread", &e))?;
    while let Some(batch) = next {
        // Waits while the parent does not read: the statement goes no faster than its reader.
        if batch.num_rows() > 0 && batches.send(Step::Batch(batch)).is_err() {
            break; // the writer has ended, and says why
        }
        next = stream.next().await.transpose().map_err(|e| fault(&QueryError::from_engine(&e)))?;
    }
    let _ = batches.send(Step::End { scanned_bytes: stream.scanned_bytes() });
    let crashed = |_| ChildFault { kind: FaultKind::Internal, message: "the writer of the answer crashed".to_owned() };
    writer.join().map_err(crashed)?
}

/// What is to be written next.
enum Step {
    Batch(RecordBatch),
    /// The answer is whole.
    End {
        scanned_bytes: u64,
    },
}

/// Writes the answer to standard output, batch by batch, while the next ones are made.
fn write(schema: &SchemaRef, steps: &Receiver<Step>) -> Result<(), ChildFault> {
    let failed = |e: &ArrowError| internal("cannot write the answer", e);
    let output = output().map_err(|e| internal("cannot write the answer", &e))?;
    let mut writer = StreamWriter::try_new(FrameWriter::new(output), schema).map_err(|e| failed(&e))?;
    while let Ok(step) = steps.recv() {
        match step {
            Step::Batch(batch) => writer.write(&batch).map_err(|e| failed(&e))?,
            Step::End { scanned_bytes } => return end(writer, scanned_bytes),
        }
    }
    Ok(()) // what was made is not the whole answer; who made it says why
}

/// Standard output as a file: `io::stdout()` looks for line ends in all that is written.
fn output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Ends an answer that is whole.
fn end<W: io::Write>(mut writer: StreamWriter<FrameWriter<W>>, scanned_bytes: u64) -> Result<(), ChildFault> {
    let failed = |e: &ArrowError| internal("cannot write the answer", e);
    writer.finish().map_err(|e| failed(&e))?;
    let frames = writer.into_inner().map_err(|e| failed(&e))?;
    frames.end(scanned_bytes).map_err(|e| internal("cannot write the answer", &e))
}

fn internal(what: &str, error: &dyn std::error::Error) -> ChildFault {
    ChildFault { kind: FaultKind::Internal, message: format!("{what}: {error}") }
}

fn fault(error: &QueryError) -> ChildFault {
    let kind = match error {
        QueryError::NotAllowed(_) | QueryError::Invalid(_) => FaultKind::Invalid,
        QueryError::Value(_) => FaultKind::Value,
        QueryError::ResourcesExhausted(_) => FaultKind::ResourcesExhausted,
        QueryError::Internal(_) => FaultKind::Internal,
    };
    ChildFault { kind, message: error.to_string() }
}
