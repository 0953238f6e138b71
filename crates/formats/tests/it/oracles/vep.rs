//! Annotation fields: the column holds what a plain reading of the rule gives (spec 9), whatever the header's line and
//! the entries are, and however the file is cut.
//!
//! The input is text: the description of the INFO line, then the field's text of one record a line.

use super::annotation_rule::{Entry, Layout, Value};
use super::chance::Chance;
use super::outcome::{assert_same, long, read};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use std::fmt::Write;
use std::io::Cursor;
use std::sync::Arc;
use varberg_formats::vcf::{ReadOptions, read_header};
use varberg_formats::{Compression, Part};

pub fn check(input: &[u8]) {
    let mut chance = Chance::of(input);
    let input = String::from_utf8_lossy(input);
    let mut lines = input.split('\n');
    // A description without escapes; what these mean is the business of the header's own target.
    let description = lines.next().unwrap_or_default().replace(['"', '\\', '\r'], "'");
    let texts: Vec<String> = lines.take(30).map(|line| line.replace(['\t', '\r', ';'], "_")).collect();
    let minor = if chance.one_in(2) { 2 } else { 3 };
    let id = ["CSQ", "ANN", "BCSQ"][chance.below(3)];
    let mut file = format!("##fileformat=VCFv4.{minor}\n");
    let line = |id: &str, text: &str| format!("##INFO=<ID={id},Number=.,Type=String,Description=\"{text}\">\n");
    file.push_str(&line(&format!("{id}_extra"), "Format: Gene"));
    file.push_str(&line(id, &description));
    file.push_str("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n");
    for text in &texts {
        writeln!(file, "1\t9\t.\tA\tC\t.\t.\t{id}={text}").expect("memory");
    }
    file.push_str("1\t9\t.\tA\tC\t.\t.\t.\n");

    let options = ReadOptions { annotations: Some(id.to_owned()), batch_records: 1, ..ReadOptions::default() };
    let header = Arc::new(read_header(&mut file.as_bytes(), &options.limits, &options.policy).expect("a good header"));
    let open = |start| Box::new(Cursor::new(file.as_bytes().get(start..).unwrap_or_default().to_vec())) as _;
    let whole = read(&header, Compression::Plain, &[Part::WHOLE], &options, open);
    assert_eq!((&whole.fault, whole.records.len()), (&None, texts.len() + 1), "every record is read");
    let layout = Layout::of(&description);
    for (record, text) in whole.records.iter().zip(texts.iter().map(String::as_str).chain([""])) {
        let expected = layout.as_ref().map(|layout| layout.entries(text, minor == 3));
        assert_eq!(annotations(record), expected, "{text} of {description}");
    }
    let cuts: Vec<u64> = chance.cuts(3, file.len()).iter().map(|cut| long(*cut)).collect();
    assert_same(&whole, &read(&header, Compression::Plain, &Part::between(&cuts), &options, open), "parts");
}

/// The entries of a batch of one record; none where `vep` is null.
fn annotations(record: &RecordBatch) -> Option<Vec<Entry>> {
    let column = record.column_by_name("annotations").expect("the column").as_struct();
    assert!(column.is_valid(0), "annotations were asked for");
    let lists = column.column(0).as_list::<i32>();
    if lists.is_null(0) {
        return None;
    }
    let entries = lists.value(0);
    let members = entries.as_struct().columns();
    Some((0..entries.len()).map(|row| members.iter().map(|member| value(member, row)).collect()).collect())
}

fn value(member: &ArrayRef, row: usize) -> Value {
    let texts = |array: &ArrayRef| array.as_string::<i32>().iter().map(|t| t.map(str::to_owned)).collect::<Vec<_>>();
    if member.is_null(row) {
        Value::Null
    } else if let Some(texts) = member.as_string_opt::<i32>() {
        Value::Text(texts.value(row).to_owned())
    } else if let Some(lists) = member.as_list_opt::<i32>() {
        Value::List(texts(&lists.value(row)))
    } else if let Some(maps) = member.as_map_opt() {
        let entries = maps.value(row);
        let pairs = texts(entries.column(0)).into_iter().zip(texts(entries.column(1)));
        Value::Map(pairs.collect())
    } else {
        let members = member.as_struct().columns().iter();
        Value::List(members.flat_map(|member| texts(&member.slice(row, 1))).collect())
    }
}
