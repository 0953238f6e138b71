//! Records to rows of a wide table and from there to the rows of the contract: the same rows that a long table has, for
//! every file, every choice of columns and every choice of samples.

use crate::oracles::chance::Chance;
use crate::{files_of, shared};
use arrow_array::RecordBatch;
use std::io::{BufReader, Cursor};
use std::sync::Arc;
use varberg_formats::vcf::{Header, InfoForm, ReadOptions, Reader, read_header};
use varberg_formats::{Compression, Fault, Part, Policy, decode};
use varberg_model::TableSchema;
use varberg_rows::{Explode, Implode, RecordShape, Selection, StoredRecords, WideRows, headerset_id, wide_columns};

/// Records that are looked at in the largest files, unless all are asked for.
const RECORDS: usize = 3000;
/// Rows that are looked at, about.
const CELLS: usize = 100_000;
/// Position of `_raw` in the long table.
const RAW: usize = 26;

fn reader(bytes: &[u8], info: InfoForm) -> Result<(Arc<Header>, Reader), Fault> {
    let compression = Compression::detect(bytes);
    let options = ReadOptions { info, batch_records: 100, ..ReadOptions::default() };
    let mut text = BufReader::new(decode(Box::new(Cursor::new(bytes.to_vec())), compression));
    let header = Arc::new(read_header(&mut text, &options.limits, &Policy::lenient())?);
    let input = Box::new(Cursor::new(bytes.to_vec()));
    Ok((Arc::clone(&header), Reader::new(header, input, compression, Part::WHOLE, options)?))
}

/// A wide table with columns for some of the FORMAT keys of a file, GT among them.
fn table(shape: &RecordShape, chance: &mut Chance) -> TableSchema {
    let mut table = TableSchema::variants_wide();
    let keys: Vec<&str> = shape.formats.iter().map(|f| f.id.as_str()).filter(|_| !chance.one_in(4)).collect();
    let missing = table.missing_format_columns(std::iter::once("GT").chain(keys));
    table.columns.extend(missing);
    table
}

/// The rows, one by one, without `_raw`, which holds what the table's own columns cannot tell.
fn rows(batches: impl Iterator<Item = RecordBatch>) -> Vec<RecordBatch> {
    batches.flat_map(|batch| (0..batch.num_rows()).map(move |row| batch.slice(row, 1)).collect::<Vec<_>>()).collect()
}

fn lines(implode: &mut Implode, batch: &RecordBatch) -> Vec<varberg_rows::RecordText> {
    implode.push(batch).unwrap()
}

/// Compares up to `most` records; how many there were.
fn compare(bytes: &[u8], most: usize) -> Result<usize, Fault> {
    let mut chance = Chance::of(&bytes[..bytes.len().min(4096)]);
    let (header, mut plain) = reader(bytes, InfoForm::Attributes)?;
    let (_, mut text) = reader(bytes, InfoForm::Text)?;
    let shape = header.shape();
    let table = table(&shape, &mut chance);
    let id = headerset_id(&shape);
    let wide = WideRows::new(&table, &shape, id, "job", 3, 7);
    let all: Vec<usize> = (0..=RAW).collect();
    let long = Explode::new(&shape, "job", 3, 7, 1 + chance.below(200));
    let (mut expected_lines, mut found_lines) = (Vec::new(), Vec::new());
    let (mut of_long, mut of_wide) = (Implode::new(&shape, header.samples()), Implode::new(&shape, header.samples()));
    // A record of a large cohort has thousands of rows: a few are enough.
    let most = most.min(1 + CELLS / shape.samples.len().max(1));
    let mut read = 0;
    while read < most
        && let Some(records) = plain.next_batch()?
    {
        let stored = wide.rows(&text.next_batch()?.expect("as many batches")).unwrap();
        assert_eq!(stored.num_rows(), records.num_rows());
        read += records.num_rows();
        let expected: Vec<RecordBatch> = long.batches(&records).map(Result::unwrap).collect();
        expected.iter().for_each(|batch| expected_lines.extend(lines(&mut of_long, batch)));
        let found = exploded(&table, &shape, &stored, &all, Selection::All);
        found.iter().for_each(|batch| found_lines.extend(lines(&mut of_wide, batch)));
        let contract: Vec<usize> = (0..RAW).collect();
        let project = |batch: RecordBatch, columns: &[usize]| batch.project(columns).unwrap();
        let expected = rows(expected.into_iter().map(|batch| project(batch, &contract)));
        let found = rows(found.into_iter().map(|batch| project(batch, &contract)));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found == expected, "{found:?}\n{expected:?}");
        }
        check_choices(&table, &shape, &stored, &expected, &mut chance);
    }
    expected_lines.extend(of_long.finish().unwrap());
    found_lines.extend(of_wide.finish().unwrap());
    assert!(expected_lines == found_lines, "lines of the file");
    Ok(read)
}

/// The rows that stored records give.
fn exploded(
    table: &TableSchema,
    shape: &RecordShape,
    stored: &RecordBatch,
    columns: &[usize],
    selection: Selection<'_>,
) -> Vec<RecordBatch> {
    let names = wide_columns(table, columns);
    let read: Vec<usize> =
        (0..stored.num_columns()).filter(|at| names.contains(stored.schema().field(*at).name())).collect();
    let stored = stored.project(&read).unwrap();
    let records = StoredRecords::new(table, shape, columns).records(&stored).unwrap();
    let explode = Explode::of_stored(shape, columns, 100);
    let origin = StoredRecords::origin(&stored);
    explode.selected(&records, origin, selection).map(Result::unwrap).collect()
}

/// Some columns of some samples are those of all columns of all samples.
fn check_choices(
    table: &TableSchema,
    shape: &RecordShape,
    stored: &RecordBatch,
    expected: &[RecordBatch],
    chance: &mut Chance,
) {
    let columns: Vec<usize> = (0..RAW).filter(|_| chance.one_in(3)).collect();
    let samples = shape.samples.len();
    let compare = |selection: Selection<'_>, wanted: &dyn Fn(usize, usize) -> bool| {
        let found = rows(exploded(table, shape, stored, &columns, selection).into_iter());
        let of_record = samples.max(1);
        let kept =
            expected.iter().enumerate().filter(|(row, _)| samples == 0 || wanted(row / of_record, row % of_record));
        let kept: Vec<RecordBatch> = kept.map(|(_, row)| row.project(&columns).unwrap()).collect();
        assert_eq!(found.len(), kept.len());
        assert!(found == kept, "columns {columns:?}");
    };
    compare(Selection::All, &|_, _| true);
    let chosen: Vec<u32> = (0..u32::try_from(samples).unwrap()).filter(|_| chance.one_in(3)).collect();
    let has = |list: &[u32], sample: usize| list.contains(&u32::try_from(sample).unwrap());
    compare(Selection::Same(&chosen), &|_, sample| has(&chosen, sample));
    let (mut positions, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..stored.num_rows() {
        positions.extend((0..u32::try_from(samples).unwrap()).filter(|_| chance.one_in(4)));
        ends.push(positions.len());
    }
    let of = |record: usize| record.checked_sub(1).map_or(0, |before| ends[before])..ends[record];
    let selection = Selection::Each { positions: &positions, ends: &ends };
    compare(selection, &|record, sample| has(&positions[of(record)], sample));
}

#[test]
fn every_accepted_file_has_the_rows_of_the_long_layout() {
    let most = if std::env::var("VARBERG_FULL").is_ok_and(|full| full == "1") { usize::MAX } else { RECORDS };
    let mut found = Vec::new();
    for directory in ["corpora", "data"] {
        shared(directory).into_iter().for_each(|root| files_of(&root, &mut found));
    }
    found.sort();
    let (mut accepted, mut failed) = (0, Vec::new());
    for path in &found {
        let bytes = std::fs::read(path).unwrap();
        match std::panic::catch_unwind(|| compare(&bytes, most)) {
            Ok(Ok(records)) => accepted += usize::from(records > 0),
            Ok(Err(_)) => {}
            Err(_) => failed.push(path.display().to_string()),
        }
    }
    println!("{accepted} files");
    assert!(found.is_empty() || accepted > found.len() / 2, "{accepted} of {} files", found.len());
    assert!(failed.is_empty(), "{} files differ:\n{}", failed.len(), failed.join("\n"));
}
