//! How many statements run, and how those that ran ended.

use super::QueryFailure;
use prometheus::{IntCounterVec, IntGauge, Opts};

/// Counters that the metrics show; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct StatementCounts {
    pub(crate) running: IntGauge,
    pub(crate) ended: IntCounterVec,
}

impl StatementCounts {
    pub(super) fn new() -> prometheus::Result<Self> {
        let ended = "Statements that ended: answered, refused, killed at a limit, crashed, busy (never begun), abandoned \
                     by the client.";
        Ok(Self {
            running: IntGauge::new("varberg_statements_running", "Statements that run.")?,
            ended: IntCounterVec::new(Opts::new("varberg_statements_total", ended), &["result"])?,
        })
    }

    /// A statement that begins to run.
    pub(super) fn begin(&self) -> Running {
        self.running.inc();
        Running { counts: self.clone(), result: "abandoned" }
    }

    /// A statement that never ran.
    pub(super) fn refused(&self, failure: &QueryFailure) {
        self.ended.with_label_values(&[result(failure)]).inc();
    }
}

/// A statement that runs, until this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    counts: StatementCounts,
    result: &'static str,
}

impl Running {
    /// Its answer is complete.
    pub(super) fn answered(&mut self) {
        self.result = "answered";
    }

    pub(super) fn failed(&mut self, failure: &QueryFailure) {
        self.result = result(failure);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.counts.running.dec();
        self.counts.ended.with_label_values(&[self.result]).inc();
    }
}

fn result(failure: &QueryFailure) -> &'static str {
    match failure {
        QueryFailure::Invalid(_) | QueryFailure::Value(_) => "refused",
        QueryFailure::TimeLimit(_) | QueryFailure::Exhausted(_) => "killed",
        QueryFailure::Busy(_) => "busy",
        QueryFailure::Crashed(_) => "crashed",
    }
}
