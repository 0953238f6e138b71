//! The named stages of an import and of a task, and a way for tests to hold a worker at one of them.
//!
//! With `VARBERG_HOLD_AT=<stage>:<path>` the worker creates the file `<path>` when it reaches the stage and waits until
//! the file is gone. Crash tests kill or freeze the server there. Without it a stage is a debug line in the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a held worker looks whether it may go on.
const POLL: Duration = Duration::from_millis(20);

/// A place in the course of a job where a crash must do no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Claimed,
    HeaderRead,
    /// The n-th batch of a part, counted from 1, has been written.
    Batch(u64),
    FileClosed,
    ItemRecorded,
    MetadataWritten,
    CommitBefore,
    CommitAfter,
    /// Of tasks.
    TaskClaimed,
    TaskFilesWritten,
    TaskMetadataWritten,
    TaskCommitBefore,
    TaskCommitAfter,
}

impl Stage {
    fn name(self) -> String {
        match self {
            Self::Claimed => "claimed".to_owned(),
            Self::HeaderRead => "header-read".to_owned(),
            Self::Batch(n) => format!("batch-{n}"),
            Self::FileClosed => "file-closed".to_owned(),
            Self::ItemRecorded => "item-recorded".to_owned(),
            Self::MetadataWritten => "metadata-written".to_owned(),
            Self::CommitBefore => "commit-before".to_owned(),
            Self::CommitAfter => "commit-after".to_owned(),
            Self::TaskClaimed => "task-claimed".to_owned(),
            Self::TaskFilesWritten => "task-files-written".to_owned(),
            Self::TaskMetadataWritten => "task-metadata-written".to_owned(),
            Self::TaskCommitBefore => "task-commit-before".to_owned(),
            Self::TaskCommitAfter => "task-commit-after".to_owned(),
        }
    }
}

/// Where to hold, if anywhere. The first to come holds, once; whoever comes later passes.
#[derive(Debug, Clone, Default)]
pub struct Hold {
    at: Option<(String, PathBuf)>,
    taken: Arc<AtomicBool>,
}

impl Hold {
    /// Reads `<stage>:<path>`; anything else holds nowhere.
    pub fn parse(text: Option<&str>) -> Self {
        let at = text.and_then(|t| t.split_once(':')).map(|(stage, path)| (stage.to_owned(), PathBuf::from(path)));
        Self { at, taken: Arc::default() }
    }

    /// Marks that `stage` is reached, from a task.
    pub async fn reached(&self, stage: Stage) {
        if let Some(path) = self.marker(stage) {
            create(path);
            while path.exists() {
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// The same from a plain thread.
    pub fn reached_on_thread(&self, stage: Stage) {
        if let Some(path) = self.marker(stage) {
            create(path);
            while path.exists() {
                std::thread::sleep(POLL);
            }
        }
    }

    fn marker(&self, stage: Stage) -> Option<&Path> {
        let (held, path) = self.at.as_ref()?;
        let first = *held == stage.name() && !self.taken.swap(true, Ordering::AcqRel);
        first.then_some(path.as_path())
    }
}

fn create(path: &Path) {
    if let Err(error) = std::fs::write(path, b"") {
        tracing::warn!(%error, "cannot create the hold marker {}", path.display());
    }
}
