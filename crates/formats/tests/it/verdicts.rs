//! What becomes of every file of the corpora, under both presets: compared with `tests/verdicts.tsv`, one row a file.
//!
//! `UPDATE_EXPECT=1` writes the table anew; it is to be read before it is kept: a file that its makers call invalid and
//! that is accepted without a warning needs a reason in `WHY`, and a valid file that is refused one too.

use crate::{read_under, shared};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use varberg_formats::{Cause, Fault, Part, Policy, Tally};

/// Why files are accepted in silence although they are invalid: the beginning of their `##CauseOfFailure`, the reason.
const WHY: &[(&str, &str)] = &[
    ("Incorrect ALT ID value", TYPES),
    ("The ALT prefix is none of the supported ones", TYPES),
    ("Non-valid URL", "nothing is fetched from the place; the line is kept"),
    (
        "Meta-data entry is not a key-value pair",
        "it is one, with a place that nothing is fetched from; the line is kept",
    ),
    ("Genomes field missing", "nothing is read from SAMPLE lines; the line is kept"),
    ("contig ID contains illegal character", "later revisions of VCF 4.3 allow * after the first character"),
];
/// Names of structural types are an open set: programs add their own.
const TYPES: &str = "names of structural types are an open set; the line and the alleles are kept";

/// Why valid files are refused under the strict preset: HealthOmics refuses them.
const STRICT: &[(Cause, &str)] = &[
    (Cause::UndeclaredInfo, "HealthOmics refuses INFO keys that the header does not declare"),
    (Cause::NewVersion, "HealthOmics reads versions up to 4.3"),
];

/// Files of a folder and those below it, in order.
fn files(root: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            files(&path, found);
        } else if [".vcf", ".vcf.gz", ".bgz", ".out"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

/// One file of the table.
struct Row {
    path: String,
    invalid: Option<String>,
    lenient: Result<Tally, Fault>,
    strict: Result<Tally, Fault>,
}

impl Row {
    fn read(folder: &Path, corpus: &str, path: &Path) -> Self {
        let shown = format!("{corpus}/{}", path.strip_prefix(folder).unwrap().display());
        let cause = shown.contains("/failed/").then(|| cause_of_failure(path));
        let [lenient, strict] =
            [Policy::lenient(), Policy::strict()].map(|policy| read_under(path, &[Part::WHOLE], policy));
        Self { path: shown, invalid: cause, lenient, strict }
    }

    fn why(&self) -> &'static str {
        if let (true, Err(fault)) = (self.path.contains("/passed/"), &self.strict) {
            return STRICT.iter().find(|(cause, _)| *cause == fault.cause).map_or("", |(_, why)| why);
        }
        let silent = matches!(&self.lenient, Ok(tally) if tally.warnings.is_empty());
        let Some(cause) = self.invalid.as_deref().filter(|_| silent) else { return "" };
        WHY.iter().find(|(start, _)| cause.starts_with(start)).map_or("", |(_, why)| why)
    }

    fn line(&self) -> String {
        let invalid = self.invalid.as_deref().unwrap_or("");
        let columns = [&self.path, &verdict(&self.lenient), &verdict(&self.strict), invalid, self.why()];
        format!("{}\n", columns.join("\t"))
    }
}

/// What its makers say is wrong with a file.
fn cause_of_failure(path: &Path) -> String {
    let text = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&text);
    let cause = text.lines().find_map(|line| line.strip_prefix("##CauseOfFailure="));
    cause.map_or("?", str::trim).to_owned()
}

/// `accept`, the warnings with their counts and first lines, or the fault with its line.
fn verdict(read: &Result<Tally, Fault>) -> String {
    match read {
        Ok(tally) if tally.warnings.is_empty() => "accept".to_owned(),
        Ok(tally) => {
            let warnings = tally.warnings.iter().map(|w| format!("{} x{} @{}", w.cause.name(), w.count, w.first_line));
            format!("warn: {}", warnings.collect::<Vec<_>>().join(", "))
        }
        Err(fault) => {
            let line = fault.line.map_or(String::new(), |line| format!(" @{line}"));
            format!("reject: {} {}{line}", fault.code, fault.cause.name())
        }
    }
}

fn rows() -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for corpus in ["corpora/hts-specs", "corpora/bcftools", "data"] {
        let folder = shared(corpus)?;
        let mut found = Vec::new();
        files(&folder, &mut found);
        rows.extend(found.iter().map(|path| Row::read(&folder, corpus, path)));
    }
    Some(rows)
}

#[test]
fn every_file_gets_the_verdict_of_the_table() {
    let Some(rows) = rows() else { return };
    let head = "file\tby default\tstrict\tinvalid, say its makers, because\twhy so\n";
    let table: String = std::iter::once(head.to_owned()).chain(rows.iter().map(Row::line)).collect();
    expect_test::expect_file!["../verdicts.tsv"].assert_eq(&table);
    let valid = rows.iter().filter(|row| row.path.contains("/passed/"));
    let refused = valid.filter(|row| row.lenient.is_err() || (row.strict.is_err() && row.why().is_empty()));
    let refused: Vec<String> = refused.map(Row::line).collect();
    assert!(refused.is_empty(), "valid files are refused without a reason:\n{}", refused.concat());
    let silent: BTreeMap<String, String> = rows
        .iter()
        .filter(|row| row.invalid.is_some() && row.why().is_empty())
        .filter(|row| matches!(&row.lenient, Ok(tally) if tally.warnings.is_empty()))
        .map(|row| (row.path.clone(), row.line()))
        .collect();
    let silent: String = silent.into_values().collect();
    assert!(silent.is_empty(), "invalid files are accepted without a word and without a reason:\n{silent}");
}
