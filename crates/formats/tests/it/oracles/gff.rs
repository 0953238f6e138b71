//! GFF3: the file at once, in pieces of any size, in parts cut anywhere, in batches of any length and compressed gives the
//! same features, the same counts and the same fault; the columns are what the rules say; printed and read again they are
//! the same.

use super::chance::{Chance, Pieces};
use super::feature_rule;
use super::outcome::{Outcome, assert_same, long};
use super::stored;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use std::fmt::Write;
use std::io::{Cursor, Read};
use varberg_formats::gff::{ReadOptions, Reader};
use varberg_formats::{Cause, Compression, Limits, Part, Policy, Tally, Verdict, find_block};
use varberg_rows::feature_columns;

/// Features that are printed; more say nothing new.
const MOST: usize = 60;

pub fn check(file: &[u8]) {
    let mut chance = Chance::of(file);
    let options = options(&mut chance);
    let plain = |parts: &[Part], options: &ReadOptions| {
        read(Compression::Plain, parts, options, |start| {
            Box::new(Cursor::new(file.get(start..).unwrap_or_default().to_vec()))
        })
    };
    let whole = plain(&[Part::WHOLE], &options);
    check_counts(&whole, file);
    whole.records.iter().take(MOST).for_each(check_printed);
    check_values(file);

    match chance.below(5) {
        0 => {
            let cuts: Vec<u64> = chance.cuts(5, file.len()).iter().map(|cut| long(*cut)).collect();
            assert_same(&whole, &plain(&Part::between(&cuts), &options), "parts");
        }
        1 => {
            let pieces =
                read(Compression::Plain, &[Part::WHOLE], &options, |_| Box::new(Pieces::new(file, &mut chance)));
            assert_same(&whole, &pieces, "pieces");
        }
        2 => check_batches(file, &whole, &options, &mut chance),
        3 => check_blocks(file, &whole, &options, &mut chance),
        _ => {
            let most = long(chance.below(file.len() + 2));
            let limits = Limits { max_total_bytes: most, ..options.limits.clone() };
            let limited = plain(&[Part::WHOLE], &ReadOptions { limits, ..options.clone() });
            assert!(whole.records.starts_with(&limited.records), "a limit changes features");
            let too_many = limited.fault.as_ref().is_some_and(|fault| fault.cause == Cause::TooManyBytes);
            assert!(too_many || (limited.fault == whole.fault && limited.tally == whole.tally), "{:?}", limited.fault);
        }
    }
}

/// One feature a batch, so that batches can be compared however a file was cut.
fn options(chance: &mut Chance) -> ReadOptions {
    let max_line_bytes = if chance.one_in(8) { chance.below(500) } else { 1 << 16 };
    let limits = Limits { max_line_bytes, max_header_bytes: 1 << 16, max_total_bytes: 1 << 24 };
    let mut policy = Policy::lenient();
    let changes = if chance.one_in(2) { chance.below(20) } else { 0 };
    for _ in 0..changes {
        let cause = Cause::ALL[chance.below(Cause::ALL.len())];
        policy = policy.with(cause, Verdict::ALL[chance.below(Verdict::ALL.len())]);
    }
    ReadOptions { limits, policy, batch_records: 1, ..ReadOptions::default() }
}

/// Reads parts that follow one another, up to the one where the features end; `open` gives the stored bytes from an
/// offset on.
fn read(
    compression: Compression,
    parts: &[Part],
    options: &ReadOptions,
    mut open: impl FnMut(usize) -> Box<dyn Read + Send>,
) -> Outcome {
    let mut outcome = Outcome { records: Vec::new(), tally: Tally::default(), fault: None };
    for part in parts {
        let input = open(usize::try_from(part.start).expect("an offset in memory"));
        let mut reader = Reader::new(input, compression, *part, options.clone()).expect("a part that can be read");
        outcome.fault = loop {
            match reader.next_batch() {
                Ok(Some(batch)) if batch.num_rows() == 0 => {} // a long stretch without a feature
                Ok(Some(mut batch)) => {
                    batch.remove_column(feature_columns::RECORD);
                    outcome.records.push(batch);
                }
                Ok(None) => break None,
                Err(fault) => break Some(fault.after_lines(outcome.tally.lines)),
            }
        };
        assert!(matches!(reader.next_batch(), Ok(None)), "something after the end");
        outcome.tally.append(&reader.tally());
        if outcome.fault.is_some() || reader.has_ended() {
            break;
        }
    }
    outcome
}

fn check_counts(whole: &Outcome, file: &[u8]) {
    let lines = long(file.split_inclusive(|b| *b == b'\n').count());
    let tally = &whole.tally;
    assert!(tally.lines <= lines, "lines");
    assert!(tally.records + tally.rejected <= tally.lines, "more features than lines");
    assert!(long(whole.records.len()) <= tally.records, "features");
    assert!(whole.fault.is_some() || long(whole.records.len()) == tally.records, "features");
    assert!(tally.warnings.iter().all(|w| w.count > 0 && (1..=tally.lines).contains(&w.first_line)), "warnings");
    if let Some(fault) = &whole.fault {
        assert!(fault.line.is_none_or(|line| line <= lines), "a fault behind the end: {fault}");
        assert!(!fault.to_string().contains(char::is_control), "a fault with control characters: {fault:?}");
    }
}

/// The columns are those of the rules, if the file is read at all.
pub fn check_values(file: &[u8]) {
    let options =
        ReadOptions { limits: Limits { max_total_bytes: 1 << 26, ..Limits::default() }, ..ReadOptions::default() };
    let whole = read(Compression::Plain, &[Part::WHOLE], &options, |_| Box::new(Cursor::new(file.to_vec())));
    let expected = feature_rule::rows(&String::from_utf8_lossy(file));
    let found: Vec<feature_rule::Row> = whole.records.iter().flat_map(feature_rule::shown).collect();
    if whole.fault.is_none() {
        assert_eq!(found.len(), expected.len(), "features of the rules");
        assert_eq!(long(found.len()), whole.tally.records, "features");
    }
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "a feature of the rules");
    }
}

/// Batches of any length hold the features one after the other, with their ordinals.
fn check_batches(file: &[u8], whole: &Outcome, options: &ReadOptions, chance: &mut Chance) {
    let (batch_records, batch_bytes) = (1 + chance.below(9), chance.below(3000));
    let options = ReadOptions { batch_records, batch_bytes, ..options.clone() };
    let input = Box::new(Cursor::new(file.to_vec()));
    let mut reader = Reader::new(input, Compression::Plain, Part::WHOLE, options).expect("a part that can be read");
    let mut at = 0;
    while let Ok(Some(mut batch)) = reader.next_batch() {
        let ordinals = batch.remove_column(feature_columns::RECORD);
        let expected = (at..at + batch.num_rows()).map(|ordinal| i64::try_from(ordinal).unwrap_or(-1));
        assert_eq!(*ordinals, arrow_array::Int64Array::from_iter_values(expected), "ordinals");
        assert!(batch.num_rows() <= batch_records, "length of a batch");
        for row in 0..batch.num_rows() {
            assert!(whole.records.get(at) == Some(&batch.slice(row, 1)), "a feature depends on its batch");
            at += 1;
        }
    }
    // A fault takes the features of the unfinished batch with it.
    assert!(at == whole.records.len() || whole.fault.is_some(), "features of batches");
}

/// BGZF cut at blocks, and other compressions at once, give what the plain file gives.
fn check_blocks(file: &[u8], whole: &Outcome, options: &ReadOptions, chance: &mut Chance) {
    if chance.one_in(4) {
        let (stored, compression) = stored::members(file, chance);
        let members = read(compression, &[Part::WHOLE], options, |_| Box::new(Cursor::new(stored.clone())));
        assert_same(whole, &members, "members");
        return;
    }
    let stored = stored::bgzf(file, chance);
    let mut cuts = Vec::new();
    for at in chance.cuts(4, stored.len()) {
        let found = stored.get(at..).and_then(find_block).map(|offset| long(at + offset));
        cuts.extend(found.filter(|cut| !cuts.contains(cut)));
    }
    let open = |start| Box::new(Cursor::new(stored.get(start..).unwrap_or_default().to_vec())) as _;
    assert_same(whole, &read(Compression::Bgzf, &Part::between(&cuts), options, open), "blocks");
}

/// A feature, printed and read again, is the same.
fn check_printed(feature: &RecordBatch) {
    let line = printed(feature);
    let options = ReadOptions { policy: Policy::judged(), ..ReadOptions::default() };
    let again =
        read(Compression::Plain, &[Part::WHOLE], &options, |_| Box::new(Cursor::new(line.clone().into_bytes())));
    assert!(again.fault.is_none(), "{line}: {:?}", again.fault);
    assert!(again.records == [feature.clone()], "another feature: {line}");
}

fn printed(feature: &RecordBatch) -> String {
    let column = |name: &str| feature.column_by_name(name).expect("a column");
    let text = |name: &str| {
        let column = column(name).as_string::<i32>();
        column.is_valid(0).then(|| encoded(column.value(0)))
    };
    let long = |name: &str, plus: i64| {
        let column = column(name).as_primitive::<Int64Type>();
        column.is_valid(0).then(|| (column.value(0) + plus).to_string())
    };
    let (score, phase) = (column("score").as_primitive::<Float64Type>(), column("phase").as_primitive::<Int32Type>());
    let columns = [
        text("seqid"),
        text("source"),
        text("type"),
        long("start", 1),
        long("end", 0),
        score.is_valid(0).then(|| score.value(0).to_string()),
        text("strand"),
        phase.is_valid(0).then(|| phase.value(0).to_string()),
        Some(attributes(feature)).filter(|text| !text.is_empty()),
    ];
    columns.map(|column| column.unwrap_or_else(|| ".".to_owned())).join("\t")
}

fn attributes(feature: &RecordBatch) -> String {
    let mut entries = Vec::new();
    let schema = feature.schema();
    let columns = feature.columns().iter().zip(schema.fields()).skip(feature_columns::ID);
    for (column, field) in columns.filter(|(column, _)| column.is_valid(0)) {
        if let Some(texts) = column.as_string_opt::<i32>() {
            entries.push(format!("{}={}", field.name(), encoded(texts.value(0))));
        } else if let Some(lists) = column.as_list_opt::<i32>() {
            let elements = lists.value(0);
            let elements: Vec<String> = elements.as_string::<i32>().iter().flatten().map(encoded).collect();
            entries.push(format!("{}={}", field.name(), elements.join(",")));
        } else if let Some(booleans) = column.as_boolean_opt() {
            entries.push(format!("{}={}", field.name(), booleans.value(0)));
        } else {
            let map = column.as_map().value(0);
            let pairs = map.column(0).as_string::<i32>().iter().zip(map.column(1).as_string::<i32>());
            entries.extend(pairs.map(|(key, value)| {
                let value = value.map_or_else(String::new, |value| format!("={}", encoded(value)));
                encoded(key.unwrap_or_default()) + &value
            }));
        }
    }
    entries.join(";")
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("text");
        }
    }
    out
}
