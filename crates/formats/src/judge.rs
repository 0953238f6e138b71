//! The policy applied to the faults of lines. In: a cause and where it is. Out: read on, leave the line out, or the fault
//! that ends the reading. Counts what is tolerated.

use crate::fault::{Cause, Fault};
use crate::policy::{Policy, Verdict};
use crate::tally::Tally;

/// Why a line was not read.
pub(crate) enum Stop {
    /// Its record is left out.
    Record,
    /// The file is refused.
    File(Box<Fault>),
}

/// What lies somewhere on a contig.
pub(crate) trait Located {
    /// `contig:position` for messages; none if the contig is not known.
    fn place(&self) -> Option<String>;
}

pub(crate) struct Judge {
    policy: Policy,
    pub(crate) tally: Tally,
    /// The line that is read, from 1, counted within the part.
    pub(crate) line: u64,
}

impl Judge {
    pub(crate) fn new(policy: Policy, tally: Tally) -> Self {
        Self { policy, tally, line: 0 }
    }

    /// Judges a fault after which the record can still be read.
    pub(crate) fn judge(&mut self, cause: Cause, at: Option<&dyn Located>, key: Option<&str>) -> Result<(), Stop> {
        match self.policy.verdict(cause) {
            Verdict::Accept => Ok(()),
            Verdict::Warn => {
                self.tally.warn(cause, self.line);
                Ok(())
            }
            Verdict::RejectRecord => {
                self.tally.warn(cause, self.line);
                Err(Stop::Record)
            }
            Verdict::RejectFile => Err(self.fault(cause, at, key)),
        }
    }

    /// Judges a fault of the file as a whole, at the line that was read last.
    pub(crate) fn judge_file(&mut self, cause: Cause) -> Result<(), Fault> {
        match self.judge(cause, None, None) {
            Err(Stop::File(fault)) => Err(*fault),
            Err(Stop::Record) | Ok(()) => Ok(()),
        }
    }

    /// Judges a line that is no record: there is nothing that could be left out.
    pub(crate) fn judge_line(&mut self, cause: Cause) -> Result<(), Stop> {
        match self.judge(cause, None, None) {
            Err(Stop::Record) => Ok(()),
            judged => judged,
        }
    }

    /// Judges a fault after which the record cannot be read: never accepted.
    pub(crate) fn refuse(&mut self, cause: Cause, at: Option<&dyn Located>) -> Stop {
        match self.policy.verdict(cause) {
            Verdict::RejectRecord => {
                self.tally.warn(cause, self.line);
                Stop::Record
            }
            Verdict::Accept | Verdict::Warn | Verdict::RejectFile => self.fault(cause, at, None),
        }
    }

    fn fault(&self, cause: Cause, at: Option<&dyn Located>, key: Option<&str>) -> Stop {
        let mut fault = Fault::new(cause).at_line(self.line);
        if let Some(place) = at.and_then(Located::place) {
            fault = fault.with_place(place);
        }
        if let Some(key) = key {
            fault = fault.with_key(key.as_bytes());
        }
        Stop::File(Box::new(fault))
    }
}
