//! The policy applied to the faults of lines. In: a cause and where it is. Out: read on, leave the line out, or the fault
//! that ends the reading. Counts what is tolerated.

use crate::fault::{Cause, Fault, shown};
use crate::policy::{Policy, Verdict};
use crate::tally::Tally;

/// Why a feature was not read.
pub(super) enum Stop {
    /// It is left out.
    Feature,
    /// The file is refused.
    File(Box<Fault>),
}

/// Where a feature lies, as written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) seqid: &'a str,
    pub(super) start: &'a str,
}

pub(super) struct Judge {
    policy: Policy,
    pub(super) tally: Tally,
    /// The line that is read, from 1, counted within the part.
    pub(super) line: u64,
}

impl Judge {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy, tally: Tally::default(), line: 0 }
    }

    /// Judges a fault after which the feature can still be read.
    pub(super) fn judge(&mut self, cause: Cause, place: Place<'_>, key: Option<&str>) -> Result<(), Stop> {
        match self.policy.verdict(cause) {
            Verdict::Accept => Ok(()),
            Verdict::Warn => {
                self.tally.warn(cause, self.line);
                Ok(())
            }
            Verdict::RejectRecord => {
                self.tally.warn(cause, self.line);
                Err(Stop::Feature)
            }
            Verdict::RejectFile => Err(self.fault(cause, place, key)),
        }
    }

    /// Judges a line that is no feature, or the file as a whole: there is nothing that could be left out.
    pub(super) fn judge_line(&mut self, cause: Cause) -> Result<(), Stop> {
        match self.judge(cause, Place::default(), None) {
            Err(Stop::Feature) => Ok(()),
            judged => judged,
        }
    }

    /// Judges a fault after which the feature cannot be read: never accepted.
    pub(super) fn refuse(&mut self, cause: Cause, place: Place<'_>) -> Stop {
        match self.policy.verdict(cause) {
            Verdict::RejectRecord => {
                self.tally.warn(cause, self.line);
                Stop::Feature
            }
            Verdict::Accept | Verdict::Warn | Verdict::RejectFile => self.fault(cause, place, None),
        }
    }

    fn fault(&self, cause: Cause, place: Place<'_>, key: Option<&str>) -> Stop {
        let mut fault = Fault::new(cause).at_line(self.line);
        if !place.seqid.is_empty() {
            fault = fault.with_place(format!("{}:{}", shown(place.seqid.as_bytes()), shown(place.start.as_bytes())));
        }
        if let Some(key) = key {
            fault = fault.with_key(key.as_bytes());
        }
        Stop::File(Box::new(fault))
    }
}
