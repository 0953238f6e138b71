//! Delimited text: rows are those of the rules written once more, and the file in pieces, in parts, in batches of any length,
//! compressed or in another encoding gives the same rows, the same counts and the same fault.

use super::chance::{Chance, Pieces};
use super::outcome::long;
use super::{stored, tsv_rule};
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch, cast::AsArray};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::{Arc, OnceLock};
use varberg_formats::genome::{Form, Genome};
use varberg_formats::tsv::{Head, Options, Reader, read_head};
use varberg_formats::{Cause, Compression, Fault, Limits, Part, Policy, Tally, Verdict, fasta, find_block};
use varberg_model::{
    AnnotationType, Dialect, Encoding, FormatKey, LineSeparator, TsvSchema, TsvStoreOptions, ValueType,
};

#[derive(PartialEq)]
struct Outcome {
    rows: Vec<tsv_rule::Row>,
    tally: Tally,
    fault: Option<Fault>,
}

pub fn check(file: &[u8]) {
    let mut chance = Chance::of(file);
    let (store, dialect, options) = (store(file, &mut chance), dialect(&mut chance), options(&mut chance));
    let plain = |bytes: &[u8]| Box::new(Cursor::new(bytes.to_vec())) as Box<dyn Read + Send>;
    let Ok(head) = read_head(plain(file), Compression::Plain, &dialect, &options.limits) else { return };
    let from = |bytes: &[u8], start: usize| plain(bytes.get(start..).unwrap_or_default());
    let whole = read(&store, &head, Compression::Plain, &[Part::WHOLE], &options, |start| from(file, start));
    check_rule(&store, &dialect, &options, file, &whole);

    match chance.below(5) {
        0 => {
            let cuts: Vec<u64> =
                chance.cuts(5, file.len()).into_iter().map(long).filter(|c| head.may_cut(*c)).collect();
            let parts = Part::between(&cuts);
            assert_same(
                &whole,
                &read(&store, &head, Compression::Plain, &parts, &options, |start| from(file, start)),
                "parts",
            );
        }
        1 => {
            let pieces = Box::new(Pieces::new(file, &mut chance));
            let other = read_head(pieces, Compression::Plain, &dialect, &options.limits).expect("the same head");
            assert_eq!((other.encoding(), other.dialect()), (head.encoding(), head.dialect()), "heads");
            let open = |_| Box::new(Pieces::new(file, &mut chance)) as _;
            assert_same(&whole, &read(&store, &other, Compression::Plain, &[Part::WHOLE], &options, open), "pieces");
        }
        2 => {
            let options = Options { batch_records: 1 + chance.below(9), batch_bytes: chance.below(3000), ..options };
            let other = read(&store, &head, Compression::Plain, &[Part::WHOLE], &options, |start| from(file, start));
            // A fault takes the rows of the unfinished batch with it.
            assert!(
                whole.rows.starts_with(&other.rows) && other.fault == whole.fault && other.tally == whole.tally,
                "batches"
            );
            assert!(whole.fault.is_some() || whole.rows == other.rows, "batches");
        }
        3 => check_blocks(&store, &dialect, file, &whole, &options, &mut chance),
        _ => {
            let most = long(chance.below(file.len() + 2));
            let limits = Limits { max_total_bytes: most, ..options.limits.clone() };
            let options = Options { limits, ..options };
            let other = read(&store, &head, Compression::Plain, &[Part::WHOLE], &options, |start| from(file, start));
            assert!(whole.rows.starts_with(&other.rows), "a limit changes rows");
            let too_many = other.fault.as_ref().is_some_and(|fault| fault.cause == Cause::TooManyBytes);
            assert!(too_many || (other.fault == whole.fault && other.tally == whole.tally), "{:?}", other.fault);
        }
    }
}

fn read(
    store: &TsvStoreOptions,
    head: &Head,
    compression: Compression,
    parts: &[Part],
    options: &Options,
    mut open: impl FnMut(usize) -> Box<dyn Read + Send>,
) -> Outcome {
    let mut outcome = Outcome { rows: Vec::new(), tally: Tally::default(), fault: None };
    for part in parts {
        let input = open(usize::try_from(part.start).expect("an offset in memory"));
        let mut reader =
            Reader::new(store, head, input, compression, *part, options.clone()).expect("a part that can be read");
        let mut ordinal = 0;
        let fault = loop {
            match reader.next_batch() {
                Ok(Some(batch)) => {
                    let ordinals = batch.columns().last().expect("a column").as_primitive::<Int64Type>();
                    let expected: Vec<i64> = (ordinal..).take(batch.num_rows()).collect();
                    assert_eq!(ordinals.values(), expected.as_slice(), "ordinals");
                    ordinal += i64::try_from(batch.num_rows()).expect("few rows");
                    outcome.rows.extend((0..batch.num_rows()).map(|row| row_text(&batch, row)));
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

/// The values of a row, without `information` and the ordinal.
fn row_text(batch: &RecordBatch, row: usize) -> tsv_rule::Row {
    use arrow_schema::DataType::{Boolean, Float32, Float64, Int32, Int64, Utf8};
    let schema = batch.schema();
    let is_value = |name: &str| name != "information" && name != "_record";
    let columns = batch.columns().iter().zip(schema.fields()).filter(|(_, field)| is_value(field.name()));
    let text = |column: &dyn Array| match column.data_type() {
        Utf8 => column.as_string::<i32>().value(row).to_owned(),
        Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        Float64 => format!("{:?}", column.as_primitive::<Float64Type>().value(row)),
        Float32 => format!("{:?}", column.as_primitive::<Float32Type>().value(row)),
        Boolean => column.as_boolean().value(row).to_string(),
        other => panic!("a column of {other}"),
    };
    columns.map(|(column, _)| column.is_valid(row).then(|| text(column))).collect()
}

#[track_caller]
fn assert_same(whole: &Outcome, other: &Outcome, how: &str) {
    assert_eq!(whole.fault, other.fault, "{how}: faults");
    assert_eq!(whole.tally, other.tally, "{how}: counts");
    assert_eq!(whole.rows, other.rows, "{how}: rows");
}

/// The rows are those of the rules, as far as these go: UTF-8, usual line ends, every fault refuses, no coordinates.
fn check_rule(store: &TsvStoreOptions, dialect: &Dialect, options: &Options, file: &[u8], whole: &Outcome) {
    if let Some(fault) = &whole.fault {
        assert!(!fault.to_string().contains(char::is_control), "a fault with control characters: {fault:?}");
        assert!(fault.line.is_none_or(|line| line <= whole.tally.lines + 1), "a fault behind the end: {fault}");
    }
    assert_eq!(long(whole.rows.len()), whole.tally.records, "rows");
    let refuses = [Cause::FieldCount, Cause::FieldValue, Cause::OpenQuote, Cause::NotText];
    let refuses = refuses.iter().all(|cause| options.policy.verdict(*cause) == Verdict::RejectFile);
    let limits_hold = file.len() <= options.limits.max_line_bytes;
    let is_generic = store.annotation_type() == AnnotationType::Generic;
    let is_plain = dialect.encoding == Encoding::Utf8 && dialect.line_sep == LineSeparator::Any;
    let Ok(text) = std::str::from_utf8(file) else { return };
    if refuses && limits_hold && is_generic && is_plain {
        let columns: Vec<ValueType> = store.schema().columns().iter().map(|(_, kind)| *kind).collect();
        let (rows, fault) = tsv_rule::read(text, dialect, &columns);
        let found = whole.fault.as_ref().map(|fault| (fault.cause, fault.line.unwrap_or(0)));
        assert_eq!(found, fault, "{dialect:?} {columns:?}: fault");
        assert_eq!(whole.rows, rows, "{dialect:?} {columns:?}: rows");
    }
}

/// BGZF cut at blocks, other compressions, and other encodings give what the plain file gives.
fn check_blocks(
    store: &TsvStoreOptions,
    dialect: &Dialect,
    file: &[u8],
    whole: &Outcome,
    options: &Options,
    chance: &mut Chance,
) {
    let open = |bytes: &[u8], start: usize| Box::new(Cursor::new(bytes.get(start..).unwrap_or_default().to_vec())) as _;
    let head = |bytes: &[u8], compression, dialect: &Dialect| {
        read_head(open(bytes, 0), compression, dialect, &options.limits).expect("the same head")
    };
    if chance.one_in(3) {
        let (stored, compression) = stored::members(file, chance);
        let head = head(&stored, compression, dialect);
        let other = read(store, &head, compression, &[Part::WHOLE], options, |start| open(&stored, start));
        return assert_same(whole, &other, "members");
    }
    let text = std::str::from_utf8(file).ok().filter(|text| !text.contains('\u{feff}'));
    if let Some(text) = text.filter(|_| dialect.encoding == Encoding::Utf8 && chance.one_in(2)) {
        let recoded: Vec<u8> =
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let head = head(&recoded, Compression::Plain, dialect);
        let other = read(store, &head, Compression::Plain, &[Part::WHOLE], options, |start| open(&recoded, start));
        return assert_same(whole, &other, "UTF-16");
    }
    let stored = stored::bgzf(file, chance);
    let head = head(&stored, Compression::Bgzf, dialect);
    let mut cuts = Vec::new();
    for at in chance.cuts(4, stored.len()) {
        let found = stored.get(at..).and_then(find_block).map(|offset| long(at + offset));
        cuts.extend(found.filter(|cut| !cuts.contains(cut) && head.may_cut(*cut)));
    }
    let other = read(store, &head, Compression::Bgzf, &Part::between(&cuts), options, |start| open(&stored, start));
    assert_same(whole, &other, "blocks");
}

/// As many columns as the first line seems to have fields, mostly text.
fn store(file: &[u8], chance: &mut Chance) -> TsvStoreOptions {
    let line = file.split(|b| matches!(b, b'\n' | b'\r')).find(|line| !line.is_empty()).unwrap_or_default();
    let seps = line.iter().filter(|b| **b == b'\t').count().max(line.iter().filter(|b| **b == b',').count());
    let columns = if chance.one_in(4) { 1 + chance.below(5) } else { (seps + 1).min(40) };
    let kinds = ValueType::ALL;
    let kind =
        |chance: &mut Chance| if chance.one_in(3) { kinds[chance.below(kinds.len())] } else { ValueType::String };
    let columns: Vec<_> = (0..columns).map(|i| (format!("c{i}"), kind(chance))).collect();
    let kind = placed(columns.len(), chance);
    let mut typed = columns;
    let mut keys = BTreeMap::new();
    for ((i, (name, value)), key) in typed.iter_mut().enumerate().zip(kind.keys()) {
        *value = match key {
            FormatKey::Chr | FormatKey::Ref | FormatKey::Alt => ValueType::String,
            FormatKey::Pos | FormatKey::Start | FormatKey::End => [ValueType::Int, ValueType::Long][i % 2],
        };
        keys.insert(*key, name.clone());
    }
    let schema = TsvSchema::new("schema", typed).expect("a schema");
    TsvStoreOptions::new("options", kind, keys, schema).expect("options")
}

/// A type that so many columns have room for.
fn placed(columns: usize, chance: &mut Chance) -> AnnotationType {
    let kind = AnnotationType::ALL[chance.below(AnnotationType::ALL.len())];
    if chance.one_in(2) && kind.keys().len() <= columns { kind } else { AnnotationType::Generic }
}

fn dialect(chance: &mut Chance) -> Dialect {
    let sep = ["\t", "\t", ",", ",", "||", ";", "\t\t"][chance.below(7)].to_owned();
    let quote = [Some('"'), Some('"'), Some('\''), None, Some('é')][chance.below(5)];
    let escape = [Some('\\'), quote, None][chance.below(3)];
    let encodings = [
        Encoding::Utf8,
        Encoding::Utf16,
        Encoding::Utf16Le,
        Encoding::Iso88591,
        Encoding::UsAscii,
        Encoding::Windows1252,
    ];
    let encoding = if chance.one_in(4) { encodings[chance.below(encodings.len())] } else { Encoding::Utf8 };
    let ends = ["\n", "\r\n", ";", "aa"].map(|end| LineSeparator::Is(end.to_owned()));
    let line_sep = if chance.one_in(5) { ends[chance.below(4)].clone() } else { LineSeparator::Any };
    Dialect {
        sep,
        encoding,
        quote,
        escape,
        comment: [None, Some('#')][chance.below(2)],
        header: chance.one_in(2),
        line_sep,
    }
}

fn options(chance: &mut Chance) -> Options {
    let max_line_bytes = if chance.one_in(8) { chance.below(500) } else { 1 << 16 };
    let limits = Limits { max_line_bytes, max_header_bytes: 1 << 16, max_total_bytes: 1 << 24 };
    let mut policy = Policy::lenient();
    for cause in [Cause::FieldCount, Cause::FieldValue, Cause::OpenQuote, Cause::NotText] {
        if chance.one_in(4) {
            policy = policy.with(cause, Verdict::RejectRecord);
        }
    }
    for cause in [Cause::ReferenceContig, Cause::ReferenceMismatch] {
        if chance.one_in(4) {
            policy = policy.with(cause, Verdict::ALL[chance.below(Verdict::ALL.len())]);
        }
    }
    let normalize = chance.one_in(2).then(genome);
    Options { limits, policy, batch_records: 1, normalize, ..Options::default() }
}

/// A small reference.
fn genome() -> Arc<Genome> {
    static GENOME: OnceLock<Arc<Genome>> = OnceLock::new();
    let fasta = b">chr1\nGGGCACACACAGGGTTTTTA\n>c1\nAAAAAAAAAACCCCRRNNacgt\n";
    let genome = || {
        let index = fasta::index(Box::new(Cursor::new(fasta)), Compression::Plain, &Limits::default()).expect("FASTA");
        let source = Arc::new(fasta.to_vec());
        Arc::new(Genome::new(&index.fai, Form::Plain, long(fasta.len()), source).expect("a genome"))
    };
    Arc::clone(GENOME.get_or_init(genome))
}
