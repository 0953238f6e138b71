//! VCF text out: header lines and records. In: header texts as they were read, records as `varberg_rows` tells them
//! from rows. Out: lines that end with a newline. Judges nothing; adds no line of its own.

use super::header::{COLUMNS, declaration};
use crate::bcf::without_numbers;
use std::borrow::Cow;
use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeSet, HashSet};
use varberg_rows::RecordText;

/// The `##` lines of several headers as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergedHeader {
    /// Lines, each with its newline; no `#CHROM` line.
    pub text: String,
    /// Declarations that a later header has in another form, such as `INFO DP`; the first form stands.
    pub conflicts: BTreeSet<String>,
}

/// Joins headers: all `##` lines of the first, then of each other one those that are new.
///
/// Structured lines are told apart by their key and ID, all others by their text; `##fileformat` is the first header's.
/// `IDX` members, which number the names of one file, do not come back from several.
/// Blank lines and carriage returns do not come back.
pub fn merge_headers<'a>(texts: impl IntoIterator<Item = &'a str>) -> MergedHeader {
    let texts: Vec<&str> = texts.into_iter().collect();
    let texts: Vec<Cow<'_, str>> = match texts.as_slice() {
        [text] => vec![Cow::Borrowed(text)],
        texts => texts.iter().map(|text| Cow::Owned(without_numbers(text))).collect(),
    };
    let mut merged = MergedHeader::default();
    let mut declared: HashMap<(&str, String), &str> = HashMap::new();
    let mut others: HashSet<&str> = HashSet::new();
    for (place, text) in texts.iter().enumerate() {
        for line in text.lines().map(|line| line.trim_end_matches('\r')) {
            let Some((key, value)) = line.strip_prefix("##").map(|meta| meta.split_once('=').unwrap_or((meta, "")))
            else {
                continue;
            };
            let new = match declaration::id(value).map(|id| declared.entry((key, id))) {
                Some(Entry::Vacant(entry)) => {
                    entry.insert(line);
                    true
                }
                Some(Entry::Occupied(entry)) => {
                    if *entry.get() != line {
                        merged.conflicts.insert(format!("{key} {}", entry.key().1));
                    }
                    false
                }
                None => others.insert(line) && key != "fileformat",
            };
            if new || place == 0 {
                merged.text.push_str(line);
                merged.text.push('\n');
            }
        }
    }
    merged
}

/// Appends the `#CHROM` line. `format`: whether it has a FORMAT column though there is no sample.
pub fn put_columns_line(format: bool, samples: &[String], out: &mut Vec<u8>) {
    out.push(b'#');
    let format = (format || !samples.is_empty()).then_some("FORMAT");
    put_line(COLUMNS.into_iter().chain(format).chain(samples.iter().map(String::as_str)).map(str::as_bytes), out);
}

/// Appends a record.
pub fn put_record(record: &RecordText, out: &mut Vec<u8>) {
    put_line(record.columns(), out);
}

fn put_line<'a>(columns: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    for (place, column) in columns.enumerate() {
        if place > 0 {
            out.push(b'\t');
        }
        out.extend_from_slice(column);
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_joined_and_what_differs_is_named() {
        let first =
            "##fileformat=VCFv4.2\r\n##INFO=<ID=DP,Number=1,Type=Integer,Description=\"a\">\n\n##source=x\n#CHROM\n";
        let second = "##fileformat=VCFv4.3\n##INFO=<ID=DP,Number=.,Type=Integer,Description=\"a\">\n\
                      ##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"b\">\n##source=x\n##source=y\n#CHROM\n";
        let merged = merge_headers([first, second]);
        expect_test::expect![[r#"
            ##fileformat=VCFv4.2
            ##INFO=<ID=DP,Number=1,Type=Integer,Description="a">
            ##source=x
            ##FORMAT=<ID=DP,Number=1,Type=Integer,Description="b">
            ##source=y
        "#]]
        .assert_eq(&merged.text);
        assert_eq!(merged.conflicts.into_iter().collect::<Vec<_>>(), ["INFO DP"]);
    }

    #[test]
    fn numbers_of_names_do_not_contradict_one_another() {
        let of = |index| {
            format!("##fileformat=VCFv4.2\n##INFO=<ID=DP,Number=1,Type=Integer,Description=\"a\",IDX={index}>\n")
        };
        let merged = merge_headers([of(1).as_str(), of(2).as_str()]);
        let text = "##fileformat=VCFv4.2\n##INFO=<ID=DP,Number=1,Type=Integer,Description=\"a\">\n";
        assert_eq!((merged.text.as_str(), merged.conflicts.len()), (text, 0));
        assert_eq!(merge_headers([of(7).as_str()]).text, of(7), "a header alone is not changed");
    }

    #[test]
    fn a_header_alone_comes_back_with_what_it_says_twice() {
        let text = "##fileformat=VCFv4.2\n##x=1\n##x=1\n##FILTER=<ID=q,Description=\"a\">\n##FILTER=<ID=q,Description=\"a\">\n";
        assert_eq!(merge_headers([text]).text, text);
    }

    #[test]
    fn the_columns_line_has_a_format_column_where_there_are_samples() {
        let line = |format, samples: &[String]| {
            let mut out = Vec::new();
            put_columns_line(format, samples, &mut out);
            String::from_utf8(out).unwrap()
        };
        let sites = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";
        assert_eq!(line(false, &[]), format!("{sites}\n"));
        assert_eq!(line(true, &[]), format!("{sites}\tFORMAT\n"));
        assert_eq!(line(false, &["B".to_owned(), "A".to_owned()]), format!("{sites}\tFORMAT\tB\tA\n"));
    }
}
