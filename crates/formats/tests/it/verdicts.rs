//! What becomes of every file of the corpora, under both presets: compared with `tests/verdicts.tsv`, one row a file.
//!
//! `UPDATE_EXPECT=1` writes the table anew; it is to be read before it is kept: a file that its makers call invalid needs
//! a fault that names what is wrong with it, one of its group in `NAMED_BY`, or a reason in `WHY`; a valid file that is
//! refused needs a reason too.

use crate::{read_under, shared};
use std::fs;
use std::path::{Path, PathBuf};
use varberg_formats::{Cause, Fault, Part, Policy, Tally};

/// The causes that name what is wrong with the invalid files of a group: the beginning of their names after `failed_`, of
/// which the longest counts. Other warnings of such a file say nothing of its defect.
const NAMED_BY: &[(&str, &[Cause])] = {
    use Cause::*;
    &[
        ("body_alt", &[AlleleAlphabet, EmptyAllele, AlleleForm]),
        ("body_chrom", &[ContigName]),
        ("body_filter", &[FilterList, EmptyFilter, Blank]),
        ("body_format", &[EmptyFormatKey, DuplicateFormatKey, FormatKey, GenotypeNotFirst, Blank]),
        ("body_format_004", &[FormatKey, SampleValue]),
        ("body_format_006", &[SampleValue]),
        ("body_id", &[IdList, Blank]),
        ("body_info", &[InfoValue, InfoCount, InfoSpace, DuplicateInfoKey, EndNotInteger, EndNotPositive]),
        ("body_no_newline", &[NoFinalNewline]),
        ("body_pos", &[Position]),
        ("body_qual", &[Quality, NegativeQuality]),
        ("body_ref", &[AlleleAlphabet, MissingReference]),
        ("body_sample", &[SampleValue, SampleCount, TooManyValues, DuplicateSamples]),
        ("body_samples_ploidy", &[SampleCount]),
        ("empty", &[NoHeader]),
        ("fileformat", &[UnsupportedVersion, MissingFileformat]),
        ("header", &[HeaderColumnName, FormatWithoutSamples]),
        ("meta", &[UnusedHeaderLine, HeaderLine, MissingChromLine]),
        ("meta_alt", &[UnusedHeaderLine, UnquotedDescription, HeaderOrder, HeaderId, HeaderLine]),
        ("meta_contig", &[NullHeaderField, HeaderId, HeaderLine]),
        ("meta_format", &[BadNumber, UnknownType, UnquotedDescription, HeaderOrder, StandardDeclaration]),
        ("meta_info", &[BadNumber, UnknownType, UnquotedDescription, HeaderOrder, StandardDeclaration]),
    ]
};

/// Why files are accepted although they are invalid: the beginning of their `##CauseOfFailure`, the reason.
const WHY: &[(&str, &str)] = &[
    ("Incorrect ALT ID value", TYPES),
    ("The ALT prefix is none of the supported ones", TYPES),
    ("Non-valid URL", "nothing is fetched from the place; the line is kept"),
    (
        "Meta-data entry is not a key-value pair",
        "it is one, with a place that nothing is fetched from; the line is kept",
    ),
    ("Genomes field missing", "nothing is read from SAMPLE lines; the line is kept"),
    ("contig ID contains a colon", "VCF 4.3 allows : in names of contigs"),
    ("contig ID contains illegal character", "later revisions of VCF 4.3 allow * after the first character"),
    ("non-contiguous chromosome", ORDER),
    ("non-sorted vcf", ORDER),
    ("duplicated variant", SEVERAL),
    ("triplicated variant", SEVERAL),
    ("FORMAT contains a non-alphanumeric character", "it is _, which VCF allows in keys from 4.3 on"),
];
/// VCF lists the types; NON_REF, *, STR and the like are none of them and stand in very many files.
const TYPES: &str = "VCF allows only some types, but programs have long written others, such as NON_REF, under which the \
                     alleles are kept as written all the same; nothing is read from the line, it is kept";
const ORDER: &str = "order means nothing in a table; HealthOmics takes any too";
const SEVERAL: &str = "VCF permits several records at one POS, and each is kept as a record of its own";

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
        let Some(cause) = self.invalid.as_deref().filter(|_| !self.is_named()) else { return "" };
        WHY.iter().find(|(start, _)| cause.starts_with(start)).map_or("", |(_, why)| why)
    }

    /// Whether what is wrong with an invalid file is said by default.
    fn is_named(&self) -> bool {
        let name = self.path.rsplit_once("/failed_").map_or("", |(_, name)| name);
        let groups = NAMED_BY.iter().filter(|(start, _)| name.starts_with(start));
        let named_by = groups.max_by_key(|(start, _)| start.len()).map_or(&[][..], |(_, causes)| causes);
        match &self.lenient {
            Ok(tally) => tally.warnings.iter().any(|warning| named_by.contains(&warning.cause)),
            Err(fault) => named_by.contains(&fault.cause),
        }
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
    let unnamed = rows.iter().filter(|row| row.invalid.is_some() && !row.is_named() && row.why().is_empty());
    let unnamed: String = unnamed.map(Row::line).collect();
    assert!(
        unnamed.is_empty(),
        "nothing says what is wrong with these invalid files, or why they are accepted:\n{unnamed}"
    );
}
