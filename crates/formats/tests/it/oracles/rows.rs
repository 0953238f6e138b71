//! Records to rows and back: a record has one row for each sample, whatever the largest batch, and its rows give back the
//! line it was read from.

use super::chance::Chance;
use super::outcome::Outcome;
use arrow_array::{Int64Array, RecordBatch};
use std::sync::Arc;
use varberg_formats::vcf::{self, Header};
use varberg_rows::{Explode, Implode, RecordText, record_columns};

/// Records looked at; more say nothing new.
const MOST: usize = 60;

/// `text`: the file without compression.
pub fn check(header: &Header, whole: &Outcome, text: &[u8], chance: &mut Chance) {
    let shape = header.shape();
    let samples = shape.samples.len().max(1);
    let few = Explode::new(&shape, "job", 0, 0, 1 + chance.below(4));
    let many = Explode::new(&shape, "job", 0, 0, samples);
    let mut implode = Implode::new(&shape, header.samples());
    let mut records = Vec::new();
    for (ordinal, record) in (0..).zip(whole.records.iter().take(MOST)) {
        let mut columns = record.columns().to_vec();
        columns.insert(record_columns::RECORD, Arc::new(Int64Array::from(vec![ordinal])));
        let record = RecordBatch::try_new(shape.arrow_schema(), columns).expect("the shape of the record");
        let rows: Vec<RecordBatch> = many.batches(&record).map(|rows| rows.expect("rows")).collect();
        let [rows] = rows.as_slice() else { panic!("{} batches of a small record", rows.len()) };
        assert_eq!(rows.num_rows(), samples, "rows of a record");
        let mut at = 0;
        for piece in few.batches(&record) {
            let piece = piece.expect("rows");
            assert!(rows.slice(at, piece.num_rows()) == piece, "a row depends on its batch");
            at += piece.num_rows();
        }
        assert_eq!(at, rows.num_rows(), "rows in small batches");
        records.extend(implode.push(rows).expect("rows of a record"));
    }
    records.extend(implode.finish().expect("rows of a record"));
    check_lines(&records, whole, text);
}

/// The lines come back, but for those that were left out.
fn check_lines(records: &[RecordText], whole: &Outcome, text: &[u8]) {
    assert_eq!(records.len(), whole.records.len().min(MOST), "records of rows");
    let mut lines = text.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    for record in records {
        let mut line = Vec::new();
        vcf::put_record(record, &mut line);
        let kept = line.strip_suffix(b"\n").expect("a line");
        let found = if whole.tally.rejected > 0 {
            lines.any(|line| line == kept)
        } else {
            lines.find(|line| !line.is_empty() && !line.starts_with(b"#")).is_some_and(|line| line == kept)
        };
        assert!(found, "another line: {}", String::from_utf8_lossy(kept));
    }
}
