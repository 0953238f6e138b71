//! Why an import should stop, seen by all its threads: each looks once per batch.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Why a running import must end early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Interrupt {
    /// The user asked for it.
    #[error("the job was cancelled")]
    Cancelled,
    /// Another worker holds the job now.
    #[error("the job's lease was lost")]
    LeaseLost,
    /// The server stops; the job goes on elsewhere or after a restart.
    #[error("the server is stopping")]
    Stopping,
}

/// The stop signal of one job. Set once: the first reason stands.
#[derive(Debug, Default)]
pub(crate) struct Control {
    reason: AtomicU8,
}

impl Control {
    pub(crate) fn interrupt(&self, why: Interrupt) {
        let code = match why {
            Interrupt::Cancelled => 1,
            Interrupt::LeaseLost => 2,
            Interrupt::Stopping => 3,
        };
        let _first_stands = self.reason.compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire);
    }

    /// An error as soon as the import must stop.
    pub(crate) fn check(&self) -> Result<(), Interrupt> {
        match self.reason.load(Ordering::Acquire) {
            0 => Ok(()),
            1 => Err(Interrupt::Cancelled),
            2 => Err(Interrupt::LeaseLost),
            _ => Err(Interrupt::Stopping),
        }
    }
}

/// What the parts of one item have done so far; read by the lease keeper, who stores it for the command line.
#[derive(Debug, Default)]
pub(crate) struct ItemCounters {
    pub bytes_read: AtomicU64,
    pub bytes_total: AtomicU64,
    pub records: AtomicU64,
}

impl ItemCounters {
    pub(crate) fn snapshot(&self) -> varberg_model::ItemProgress {
        varberg_model::ItemProgress {
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            bytes_total: self.bytes_total.load(Ordering::Relaxed),
            records: self.records.load(Ordering::Relaxed),
        }
    }
}
