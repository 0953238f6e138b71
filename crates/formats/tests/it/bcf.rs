//! BCF against bcftools: the lines read from a BCF file are those that `bcftools view` prints for it. Floats may have
//! more digits, and are the same float32. The batches read from it are those of its lines. And what is written as BCF says the same to bcftools as its VCF. Skipped, with a word, where bcftools or the shared files are not at hand.

use crate::shared;
use arrow_array::RecordBatch;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use varberg_formats::bcf::encode::{Encoder, Names};
use varberg_formats::vcf::{ReadOptions, Reader, read_header};
use varberg_formats::{Compression, Fault, Limits, Part, Policy, Tally, bcf, decode};

/// What bcftools writes to its standard output; none if it is not there or refuses the file.
fn bcftools(arguments: &[&str], file: &Path) -> Option<Vec<u8>> {
    let run = Command::new("bcftools").args(arguments).arg(file).output().ok()?;
    run.status.success().then_some(run.stdout)
}

fn has_bcftools() -> bool {
    let has = Command::new("bcftools").arg("--version").output().is_ok();
    if !has {
        println!("skipped: bcftools is not installed");
    }
    has
}

fn files() -> Vec<PathBuf> {
    fn add(path: &Path, files: &mut Vec<PathBuf>) {
        let name = path.to_string_lossy();
        if path.is_dir() {
            fs::read_dir(path).into_iter().flatten().for_each(|entry| add(&entry.unwrap().path(), files));
        } else if name.ends_with(".vcf") || name.ends_with(".vcf.gz") {
            files.push(path.to_owned());
        }
    }
    let mut files = Vec::new();
    ["data", "corpora"].into_iter().filter_map(shared).for_each(|root| add(&root, &mut files));
    files.sort();
    files
}

fn is_same_float(ours: &str, theirs: &str) -> bool {
    matches!((ours.parse::<f32>(), theirs.parse::<f64>()), (Ok(a), Ok(b)) if {
        // bcftools prints 6 digits.
        format!("{:.5e}", f64::from(a)) == format!("{b:.5e}") || (f64::from(a) - b).abs() <= b.abs() * 5.1e-6
    })
}

/// Whether two lines are the same but for digits of floats.
fn is_same_line(ours: &str, theirs: &str) -> bool {
    fn is_separator(c: char) -> bool {
        matches!(c, '\t' | ';' | ':' | ',' | '=')
    }
    ours == theirs
        || (ours.split(is_separator).count() == theirs.split(is_separator).count()
            && ours.split(is_separator).zip(theirs.split(is_separator)).all(|(a, b)| a == b || is_same_float(a, b)))
}

/// Compares every line of a BCF file; the number of lines.
fn compare(bcf: &Path, directory: &Path) -> Result<usize, String> {
    let text = bcftools(&["view", "-H", "--no-version"], bcf).ok_or("bcftools does not read it")?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let bytes = fs::read(bcf).unwrap();
    let compression = Compression::detect(&bytes);
    let input = decode(Box::new(std::io::Cursor::new(bytes)), compression);
    let mut reader = bcf::Reader::new(input, Limits::default()).map_err(|fault| fault.to_string())?;
    let mut lines = 0;
    for theirs in text.lines() {
        let ours = reader.next_line().map_err(|fault| fault.to_string())?.ok_or("it ends early")?;
        let ours = String::from_utf8_lossy(ours);
        if !is_same_line(&ours, theirs) {
            fs::write(directory.join("different"), format!("{ours}\n{theirs}\n")).unwrap();
            return Err(format!("record {}:\n{ours:.400}\n{theirs:.400}", lines + 1));
        }
        lines += 1;
    }
    match reader.next_line() {
        Ok(None) => Ok(lines),
        other => Err(format!("it has more than {lines} records: {:?}", other.map(|_| ()))),
    }
}

#[test]
fn lines_are_those_of_bcftools() {
    let files = files();
    if files.is_empty() || !has_bcftools() {
        return;
    }
    let directory = std::env::temp_dir().join(format!("varberg-bcf-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let bcf = directory.join("file.bcf");
    let (mut compared, mut lines, mut failed) = (0, 0, Vec::new());
    for file in &files {
        let kind = if compared % 2 == 0 { "-Ob" } else { "-Ou" };
        if bcftools(&["view", kind, "-o", &bcf.to_string_lossy()], file).is_none() {
            continue;
        }
        match compare(&bcf, &directory) {
            Ok(count) => lines += count,
            Err(why) => failed.push(format!("{}: {why}", file.display())),
        }
        compared += 1;
    }
    println!("{compared} of {} files compared, {lines} lines", files.len());
    fs::remove_dir_all(&directory).unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The text of a file; none if it cannot be read.
fn text_of(file: &Path) -> Option<Vec<u8>> {
    let stored = fs::read(file).unwrap();
    let compression = Compression::detect(&stored);
    let mut text = Vec::new();
    std::io::copy(&mut decode(Box::new(std::io::Cursor::new(stored)), compression), &mut text).ok()?;
    Some(text)
}

/// The BCF that our encoder makes of a VCF; none if its header cannot be read.
pub(crate) fn encode(text: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let header = read_header(&mut &text[..], &Limits::default(), &Policy::lenient()).ok()?;
    let records = text.get(header.text().len()..)?;
    let lines = || records.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let mut names = Names::of(header.text());
    lines().for_each(|line| names.see(line));
    let write = || -> Result<Vec<u8>, bcf::encode::EncodeError> {
        let (mut encoder, mut out) = Encoder::new(&names.complete_header(header.text()))?;
        lines().try_for_each(|line| encoder.encode_record(line, &mut out))?;
        Ok(out)
    };
    Some(write().map_err(|error| error.to_string()))
}

fn compare_written(file: &Path, theirs: &[u8], directory: &Path) -> Result<usize, String> {
    let Some(encoded) = text_of(file).and_then(|text| encode(&text)) else { return Ok(0) };
    let bcf = directory.join("ours.bcf");
    fs::write(&bcf, encoded?).unwrap();
    let ours = bcftools(&["view", "-H", "--no-version"], &bcf).ok_or("bcftools does not read it")?;
    let (ours, theirs) = (String::from_utf8_lossy(&ours), String::from_utf8_lossy(theirs));
    if let Some((ours, theirs)) = ours.lines().zip(theirs.lines()).find(|(a, b)| a != b) {
        return Err(format!("\n{ours:.400}\n{theirs:.400}"));
    }
    if ours.lines().count() != theirs.lines().count() {
        return Err("another number of lines".to_owned());
    }
    compare(&bcf, directory)
}

#[test]
fn written_files_say_the_same_to_bcftools() {
    let files = files();
    if files.is_empty() || !has_bcftools() {
        return;
    }
    let directory = std::env::temp_dir().join(format!("varberg-bcf-written-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let (mut compared, mut lines, mut failed) = (0, 0, Vec::new());
    for file in &files {
        let Some(theirs) = bcftools(&["view", "-H", "--no-version"], file) else { continue };
        match compare_written(file, &theirs, &directory) {
            Ok(count) => lines += count,
            // A contig named <1> is none that a header can declare.
            Err(why) if why.contains("is not declared") && bcftools(&["view", "-Ob"], file).is_none() => {
                println!("{}: refused by both", file.display());
            }
            Err(why) => failed.push(format!("{}: {why}", file.display())),
        }
        compared += 1;
    }
    fs::remove_dir_all(&directory).unwrap();
    println!("{compared} of {} files compared, {lines} lines", files.len());
    // Of invalid files bcftools and this crate need not make the same.
    let (invalid, valid): (Vec<_>, Vec<_>) = failed.into_iter().partition(|text| text.contains("/failed/"));
    println!("{} invalid files differ\n{}", invalid.len(), invalid.join("\n"));
    assert!(valid.is_empty(), "{}", valid.join("\n"));
}

/// The text that a BCF file stands for.
fn lines(bcf: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut reader = bcf::Reader::new(bcf, Limits::default())?;
    let mut text = reader.header_text().as_bytes().to_vec();
    while let Some(line) = reader.next_line()? {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    Ok(text)
}

/// All batches of a file, of so many records each, and what was counted.
fn batches(file: &[u8], policy: &Policy) -> (Vec<RecordBatch>, Result<Tally, Fault>) {
    let options =
        ReadOptions { policy: policy.clone(), batch_records: 100, batch_bytes: usize::MAX, ..ReadOptions::default() };
    let mut batches = Vec::new();
    let read = read_header(&mut &file[..], &options.limits, &options.policy).and_then(|header| {
        let input = Box::new(std::io::Cursor::new(file.to_vec()));
        let mut reader = Reader::new(Arc::new(header), input, Compression::Plain, Part::WHOLE, options)?;
        while let Some(batch) = reader.next_batch()? {
            batches.push(batch);
        }
        Ok(reader.tally())
    });
    (batches, read)
}

#[test]
fn batches_are_those_of_the_lines() {
    // Enough of a large file.
    const MOST: usize = 20 << 20;
    let (mut compared, mut records) = (0, 0);
    for file in files() {
        let Some(mut text) = text_of(&file) else { continue };
        let end = text.iter().take(MOST).rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        text.truncate(if text.len() > MOST { end } else { text.len() });
        let Some(Ok(bcf)) = encode(&text) else { continue };
        let Ok(lines) = lines(&bcf) else { continue };
        for policy in [Policy::lenient(), Policy::strict()] {
            let (own, twin) = (batches(&bcf, &policy), batches(&lines, &policy));
            assert_eq!(own.1, twin.1, "{}", file.display());
            assert!(own.0 == twin.0, "{}", file.display());
            records += own.0.iter().map(RecordBatch::num_rows).sum::<usize>();
        }
        compared += 1;
    }
    println!("{compared} files, {records} records");
}
