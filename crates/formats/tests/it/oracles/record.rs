//! VCF records: the file at once, in pieces of any size, in parts cut anywhere, in batches of any length and compressed
//! gives the same records, the same counts and the same fault.

use super::chance::{Chance, Pieces};
use super::outcome::{Outcome, assert_same, long, read};
use super::{rows, stored};
use std::io::Cursor;
use std::sync::Arc;
use varberg_formats::vcf::{Header, ReadOptions, Reader, read_header};
use varberg_formats::{Cause, Compression, Limits, Part, Policy, Verdict, find_block};
use varberg_rows::record_columns;

pub fn check(file: &[u8]) {
    let mut chance = Chance::of(file);
    let options = options(&mut chance);
    let Ok(header) = read_header(&mut &file[..], &options.limits, &options.policy) else { return };
    let header = Arc::new(header);
    let plain = |parts: &[Part], options: &ReadOptions| {
        let open = |start| Box::new(Cursor::new(file.get(start..).unwrap_or_default().to_vec())) as _;
        read(&header, Compression::Plain, parts, options, open)
    };
    let whole = plain(&[Part::WHOLE], &options);
    check_counts(&whole, file);
    rows::check(&header, &whole, file, &mut chance);

    match chance.below(5) {
        0 => {
            let cuts: Vec<u64> = chance.cuts(5, file.len()).iter().map(|cut| long(*cut)).collect();
            assert_same(&whole, &plain(&Part::between(&cuts), &options), "parts");
        }
        1 => {
            let open = |_| Box::new(Pieces::new(file, &mut chance)) as _;
            assert_same(&whole, &read(&header, Compression::Plain, &[Part::WHOLE], &options, open), "pieces");
        }
        2 => check_batches(&header, file, &whole, &options, &mut chance),
        3 => check_blocks(&header, file, &whole, &options, &mut chance),
        _ => {
            let most = long(chance.below(file.len() + 2));
            let limits = Limits { max_total_bytes: most, ..options.limits.clone() };
            let limited = plain(&[Part::WHOLE], &ReadOptions { limits, ..options.clone() });
            assert!(whole.records.starts_with(&limited.records), "a limit changes records");
            let too_many = limited.fault.as_ref().is_some_and(|fault| fault.cause == Cause::TooManyBytes);
            assert!(too_many || (limited.fault == whole.fault && limited.tally == whole.tally), "{:?}", limited.fault);
        }
    }
}

/// One record a batch, so that batches can be compared however a file was cut.
fn options(chance: &mut Chance) -> ReadOptions {
    let max_line_bytes = if chance.one_in(8) { chance.below(500) } else { 1 << 16 };
    let limits = Limits { max_line_bytes, max_header_bytes: 1 << 16, max_total_bytes: 1 << 24 };
    let mut policy = Policy::lenient();
    let changes = if chance.one_in(2) { chance.below(8) } else { 0 };
    for _ in 0..changes {
        let cause = Cause::ALL[chance.below(Cause::ALL.len())];
        let verdicts = [Verdict::Accept, Verdict::Warn, Verdict::RejectRecord, Verdict::RejectFile];
        policy = policy.with(cause, verdicts[chance.below(verdicts.len())]);
    }
    ReadOptions { limits, policy, batch_records: 1, ..ReadOptions::default() }
}

fn check_counts(whole: &Outcome, file: &[u8]) {
    let lines =
        long(file.iter().filter(|b| **b == b'\n').count() + usize::from(!file.is_empty() && !file.ends_with(b"\n")));
    let tally = &whole.tally;
    match &whole.fault {
        None => assert_eq!(tally.lines, lines, "lines"),
        Some(fault) => {
            assert!(
                tally.lines <= lines && fault.line.is_none_or(|line| line <= lines),
                "a fault behind the end: {fault}"
            );
            assert!(!fault.to_string().contains(char::is_control), "a fault with control characters: {fault:?}");
        }
    }
    assert!(tally.records + tally.rejected <= tally.lines, "more records than lines");
    assert!(long(whole.records.len()) <= tally.records, "records");
    assert!(whole.fault.is_some() || long(whole.records.len()) == tally.records, "records");
    assert!(tally.warnings.iter().all(|w| w.count > 0 && (1..=tally.lines).contains(&w.first_line)), "warnings");
}

/// Batches of any length hold the records one after the other, with their ordinals.
fn check_batches(header: &Arc<Header>, file: &[u8], whole: &Outcome, options: &ReadOptions, chance: &mut Chance) {
    let options =
        ReadOptions { batch_records: 1 + chance.below(9), batch_bytes: chance.below(3000), ..options.clone() };
    let input = Box::new(Cursor::new(file.to_vec()));
    let mut reader = Reader::new(Arc::clone(header), input, Compression::Plain, Part::WHOLE, options.clone())
        .expect("a part that can be read");
    let mut at = 0;
    while let Ok(Some(mut batch)) = reader.next_batch() {
        let ordinals = batch.remove_column(record_columns::RECORD);
        let expected = (at..at + batch.num_rows()).map(|ordinal| i64::try_from(ordinal).unwrap_or(-1));
        assert_eq!(*ordinals, arrow_array::Int64Array::from_iter_values(expected), "ordinals");
        assert!((1..=options.batch_records).contains(&batch.num_rows()), "length of a batch");
        for row in 0..batch.num_rows() {
            assert!(whole.records.get(at) == Some(&batch.slice(row, 1)), "a record depends on its batch");
            at += 1;
        }
    }
    // A fault takes the records of the unfinished batch with it.
    assert!(at == whole.records.len() || whole.fault.is_some(), "records of batches");
}

/// BGZF cut at blocks, and other compressions at once, give what the plain file gives.
fn check_blocks(header: &Arc<Header>, file: &[u8], whole: &Outcome, options: &ReadOptions, chance: &mut Chance) {
    if chance.one_in(4) {
        let (stored, compression) = stored::members(file, chance);
        let open = |_| Box::new(Cursor::new(stored.clone())) as _;
        assert_same(whole, &read(header, compression, &[Part::WHOLE], options, open), "members");
        return;
    }
    let stored = stored::bgzf(file, chance);
    let mut cuts = Vec::new();
    for at in chance.cuts(4, stored.len()) {
        let found = stored.get(at..).and_then(find_block).map(|offset| long(at + offset));
        cuts.extend(found.filter(|cut| !cuts.contains(cut)));
    }
    let open = |start| Box::new(Cursor::new(stored.get(start..).unwrap_or_default().to_vec())) as _;
    assert_same(whole, &read(header, Compression::Bgzf, &Part::between(&cuts), options, open), "blocks");
}
