//! What a file is read to, record by record, so that outcomes can be compared however the file was cut and stored.

use arrow_array::RecordBatch;
use std::io::Read;
use std::sync::Arc;
use varberg_formats::vcf::{Header, ReadOptions, Reader};
use varberg_formats::{Compression, Fault, Part, Tally};
use varberg_rows::record_columns;

/// What a file was read to.
pub struct Outcome {
    /// One record each, without its ordinal, which counts within a part.
    pub records: Vec<RecordBatch>,
    pub tally: Tally,
    /// With the line within the file.
    pub fault: Option<Fault>,
}

/// Reads parts that follow one another; `open` gives the stored bytes from an offset on.
pub fn read(
    header: &Arc<Header>,
    compression: Compression,
    parts: &[Part],
    options: &ReadOptions,
    mut open: impl FnMut(usize) -> Box<dyn Read + Send>,
) -> Outcome {
    let mut outcome = Outcome { records: Vec::new(), tally: Tally::default(), fault: None };
    for part in parts {
        let input = open(usize::try_from(part.start).expect("an offset in memory"));
        let mut reader = Reader::new(Arc::clone(header), input, compression, *part, options.clone())
            .expect("a part that can be read");
        let fault = loop {
            match reader.next_batch() {
                Ok(Some(batch)) if batch.num_rows() == 0 => {} // a long stretch without a record
                Ok(Some(mut batch)) => {
                    batch.remove_column(record_columns::RECORD);
                    outcome.records.push(batch);
                }
                Ok(None) => break None,
                Err(fault) => break Some(fault.after_lines(outcome.tally.lines)),
            }
        };
        assert!(matches!(reader.next_batch(), Ok(None)), "something after the end");
        outcome.tally.append(&reader.tally());
        if fault.is_some() {
            outcome.fault = fault;
            break;
        }
    }
    outcome
}

/// Both are the same in all respects.
#[track_caller]
pub fn assert_same(whole: &Outcome, other: &Outcome, how: &str) {
    assert_eq!(whole.fault, other.fault, "{how}: faults");
    assert_eq!(whole.tally, other.tally, "{how}: counts");
    assert!(whole.records == other.records, "{how}: records");
}

pub fn long(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
