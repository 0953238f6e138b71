use super::*;
use crate::normalize::Bases;
use crate::testing::{bgzf, gzip};
use crate::{Limits, fasta};
use std::io::Cursor;

/// Two contigs of odd lengths around the borders of windows, and an empty one.
fn text() -> String {
    let bases = |length: usize, step: usize| -> String {
        (0..length).map(|i| char::from(b"acgTN"[i * step / 3 % 5])).collect()
    };
    let wrapped = |bases: &str, width: usize| -> String {
        bases.as_bytes().chunks(width).map(|line| format!("{}\n", std::str::from_utf8(line).unwrap())).collect()
    };
    format!(
        ">1 x\n{}>empty\n>chr2\n{}>MT\nACGT",
        wrapped(&bases(1_300_001, 7), 61),
        wrapped(&bases(700, 5), 70).replace('\n', "\r\n")
    )
}

fn open(stored: Vec<u8>) -> Arc<Genome> {
    let compression = Compression::detect(&stored);
    let index = fasta::index(Box::new(Cursor::new(stored.clone())), compression, &Limits::default()).unwrap();
    let form = match &index.gzi {
        Some(gzi) => Form::Bgzf(BlockIndex::parse(gzi).unwrap()),
        None => Form::Plain,
    };
    let size = stored.len() as u64;
    Arc::new(Genome::new(&index.fai, form, size, Arc::new(stored)).unwrap())
}

#[track_caller]
fn check(stored: Vec<u8>) {
    let genome = open(stored);
    let text = text();
    let sequences: Vec<String> = text
        .split('>')
        .skip(1)
        .map(|s| s.lines().skip(1).map(str::trim).collect::<String>().to_ascii_uppercase())
        .collect();
    let mut reader = GenomeReader::new(Arc::clone(&genome));
    let mut out = Vec::new();
    for (name, place, start, end) in [
        ("1", 0, 0, 1),
        ("1", 0, 60, 62),
        ("1", 0, 524_287, 524_289),
        ("1", 0, 0, 1_300_001),
        ("1", 0, 1_300_000, 1_300_001),
        ("chr2", 2, 0, 700),
        ("chr2", 2, 69, 141),
        ("MT", 3, 0, 4),
        ("1", 0, 1_048_570, 1_048_580),
        ("MT", 3, 2, 2),
    ] {
        let contig = genome.find(name).unwrap();
        assert_eq!(contig, place);
        reader.contig(contig).read(start..end, &mut out).unwrap();
        let bounds = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
        assert_eq!(out, &sequences[place].as_bytes()[bounds], "{name} {start} {end}");
    }
    assert!(reader.contig(3).read(3..5, &mut out).is_err());
    assert!(reader.contig(1).read(0..1, &mut out).is_err());
}

#[test]
fn plain_and_bgzf_give_the_bases_of_any_range() {
    check(text().into_bytes());
    check(bgzf(text().as_bytes(), 60_000));
    check(bgzf(text().as_bytes(), 777));
}

#[test]
fn a_gzip_file_becomes_bgzf_with_its_index() {
    let mut stored = Vec::new();
    let gzi = to_bgzf(Box::new(Cursor::new(gzip(text().as_bytes()))), Compression::Gzip, &mut stored).unwrap();
    let index = fasta::index(Box::new(Cursor::new(stored.clone())), Compression::Bgzf, &Limits::default()).unwrap();
    assert_eq!(index.gzi, Some(gzi));
    check(stored);
    let mut cut = gzip(text().as_bytes());
    cut.truncate(cut.len() / 2);
    let failed = to_bgzf(Box::new(Cursor::new(cut)), Compression::Gzip, &mut Vec::new());
    assert!(matches!(failed, Err(TranscodeError::Input(fault)) if fault.cause == crate::Cause::Truncated));
}

#[test]
fn a_contig_is_found_by_its_name_or_its_only_other_name() {
    let find = |names: &str, name: &str| {
        let fai: String = names.split(' ').map(|name| format!("{name}\t1\t1\t1\t2\n")).collect();
        let genome = Genome::new(&fai, Form::Plain, 0, Arc::new(Vec::new())).unwrap();
        genome.find(name).map(|i| genome.contig(i).unwrap().name.clone())
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(find("1 chr1", "1"), some("1"));
    assert_eq!(find("1 chr1", "chr1"), some("chr1"));
    assert_eq!(find("1 2", "chr1"), some("1"));
    assert_eq!(find("chr1 chr2", "2"), some("chr2"));
    assert_eq!(find("1 chrM", "MT"), some("chrM"));
    assert_eq!(find("1 MT", "chrM"), some("MT"));
    assert_eq!(find("M chrMT", "MT"), None);
    assert_eq!(find("1 2", "3"), None);
}

#[test]
fn damaged_indexes_are_refused() {
    let open = |fai: &str| Genome::new(fai, Form::Plain, 0, Arc::new(Vec::new())).map(|_| ());
    assert_eq!(open("1\t5\t3\t5\t6\n2\t5\n"), Err(GenomeError::Index { line: 2 }));
    assert_eq!(open("1\t5\t3\t0\t1\n"), Err(GenomeError::Index { line: 1 }));
    assert_eq!(open("1\t5\t3\t5\t4\n"), Err(GenomeError::Index { line: 1 }));
    assert_eq!(open("1\t5\t3\t5\t9\n"), Err(GenomeError::Index { line: 1 }));
    for gzi in [&[][..], &[1, 0, 0, 0, 0, 0, 0, 0], &[0; 12], &[0, 0, 0, 0, 0, 0, 0, 0, 1]] {
        assert_eq!(BlockIndex::parse(gzi), Err(GenomeError::Blocks));
    }
    assert!(BlockIndex::parse(&[0; 8]).is_ok());
}

#[test]
fn a_file_cut_short_after_its_import_is_an_error() {
    for stored in [text().into_bytes(), bgzf(text().as_bytes(), 60_000)] {
        let whole = open(stored.clone());
        let mut cut = stored;
        cut.truncate(cut.len() / 2);
        let genome = Genome { source: Arc::new(cut), ..Arc::into_inner(whole).unwrap() };
        let mut reader = GenomeReader::new(Arc::new(genome));
        let mut out = Vec::new();
        assert!(reader.contig(0).read(1_299_000..1_299_100, &mut out).is_err());
    }
}
