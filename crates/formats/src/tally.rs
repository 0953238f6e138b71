//! What a reader counted: lines, records, and how often each tolerated fault occurred.

use crate::fault::Cause;
use std::collections::BTreeMap;

/// Counts of a part, or of a whole file once the parts are merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines the part owns, those of the header and other `#` lines included.
    pub lines: u64,
    /// Records that became rows of batches.
    pub records: u64,
    /// Records that the policy refused one by one.
    pub rejected: u64,
    /// Tolerated faults in the order of their first occurrence.
    pub warnings: Vec<Warning>,
    /// Contigs of the file that have another name in the store's reference, with that name.
    pub contig_aliases: BTreeMap<String, String>,
}

/// A fault that was tolerated, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub cause: Cause,
    /// Occurrences.
    pub count: u64,
    /// Line of the first one, from 1, counted within the part.
    pub first_line: u64,
}

impl Tally {
    /// Counts a tolerated fault.
    pub fn warn(&mut self, cause: Cause, line: u64) {
        self.warn_times(cause, 1, line);
    }

    fn warn_times(&mut self, cause: Cause, count: u64, first_line: u64) {
        match self.warnings.iter_mut().find(|w| w.cause == cause) {
            Some(warning) => warning.count = warning.count.saturating_add(count),
            None => self.warnings.push(Warning { cause, count, first_line }),
        }
    }

    /// Adds the counts of the part that follows this one, with its line numbers moved behind this one's lines.
    pub fn append(&mut self, next: &Self) {
        for warning in &next.warnings {
            self.warn_times(warning.cause, warning.count, warning.first_line.saturating_add(self.lines));
        }
        self.lines = self.lines.saturating_add(next.lines);
        self.records = self.records.saturating_add(next.records);
        self.rejected = self.rejected.saturating_add(next.rejected);
        self.contig_aliases.extend(next.contig_aliases.iter().map(|(name, other)| (name.clone(), other.clone())));
    }
}
