//! The reader against files that others made. Skipped, with a word, where they are not at hand.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests, and words about what was skipped")]

mod bcf;
mod gff;
mod norm_cases;
mod norm_laws;
mod oracles;
mod real_files;
mod round_trip;
mod tsv_rules;
mod verdicts;
mod wide_layout;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use varberg_formats::vcf::{ReadOptions, Reader, read_header};
use varberg_formats::{Compression, Fault, Part, Policy, Tally, decode};

/// A directory of shared material, if there is one: `VARBERG_SHARED`, else `../shared` beside the repository.
fn shared(directory: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let root = std::env::var("VARBERG_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = Path::new(&root).join(directory);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there; set VARBERG_SHARED", path.display());
    None
}

/// The VCF files below a directory.
fn files_of(directory: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_of(&path, out);
        } else if [".vcf", ".vcf.gz", ".vcf.bgz"].iter().any(|end| path.to_string_lossy().ends_with(end)) {
            out.push(path);
        }
    }
}

/// Reads a file in the given parts.
fn read(path: &Path, parts: &[Part]) -> Result<Tally, Fault> {
    read_under(path, parts, Policy::lenient())
}

/// Reads a file in the given parts, under a policy.
fn read_under(path: &Path, parts: &[Part], policy: Policy) -> Result<Tally, Fault> {
    let bytes = fs::read(path).unwrap();
    let compression = Compression::detect(&bytes);
    let options = ReadOptions { policy, ..ReadOptions::default() };
    let mut text = BufReader::new(decode(Box::new(File::open(path).unwrap()), compression));
    let header = Arc::new(read_header(&mut text, &options.limits, &options.policy)?);
    let mut tally = Tally { lines: 0, ..header.tally().clone() };
    for part in parts {
        let start = usize::try_from(part.start).unwrap();
        let input = std::io::Cursor::new(bytes.get(start..).unwrap().to_vec());
        let mut reader = Reader::new(Arc::clone(&header), Box::new(input), compression, *part, options.clone())?;
        let mut rows = 0;
        while let Some(batch) = reader.next_batch()? {
            rows += batch.num_rows();
        }
        assert_eq!(reader.tally().records, u64::try_from(rows).unwrap());
        tally.append(&reader.tally());
    }
    Ok(tally)
}
