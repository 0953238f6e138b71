//! Threads for CPU work: parsing, exploding, encoding. At most as many at once as configured, whatever the number of
//! jobs. The threads that answer requests never do such work, and come before these when cores are short.

use rustix::process::{Pid, setpriority_process};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Of threads for CPU work; 0 is the usual one, 19 the humblest.
const NICENESS: i32 = 10;

/// A bounded number of plain threads. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cpu {
    permits: Arc<Semaphore>,
    threads: usize,
}

/// The work panicked; the panic message went to the log by way of the panic hook.
#[derive(Debug, thiserror::Error)]
#[error("internal error: the work stopped unexpectedly; the server's log has the details")]
pub struct Panicked;

impl Cpu {
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        Self { permits: Arc::new(Semaphore::new(threads)), threads }
    }

    /// How many threads may run at once.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work` on a thread of its own as soon as one may run, and waits for its result.
    ///
    /// Dropping the future does not stop the thread: long work looks at its cancel flag once per batch.
    pub async fn run<T, F>(&self, name: &str, work: F) -> Result<T, Panicked>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| Panicked)?;
        let (answer, result) = oneshot::channel();
        let span = tracing::Span::current();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                stand_back();
                span.in_scope(|| deliver(permit, answer, work));
            })
            .map_err(|_| Panicked)?;
        result.await.map_err(|_| Panicked)
    }
}

/// Lowers the priority of the calling thread. Where that is not possible, it keeps the one it has.
fn stand_back() {
    // Linux has priorities by thread, under the thread's number.
    let number = std::fs::read_link("/proc/thread-self").ok().and_then(|link| link.file_name()?.to_str()?.parse().ok());
    if let Some(thread) = number.and_then(Pid::from_raw) {
        let _as_it_is = setpriority_process(Some(thread), NICENESS);
    }
}

/// The permit is given back when the work ends, even by a panic; the answer may have nobody waiting for it any more.
fn deliver<T>(permit: OwnedSemaphorePermit, answer: oneshot::Sender<T>, work: impl FnOnce() -> T) {
    let value = work();
    drop(permit);
    let _nobody_waits = answer.send(value);
}
