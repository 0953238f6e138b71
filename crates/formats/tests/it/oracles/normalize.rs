//! Left-normalization: a record stands for the same sequences before and after, a second time changes nothing, and the
//! result is what the rule gives step by step; through the reader, with any reference file, it is the same.
//!
//! The input is text: a contig in the first line, then lines `START REF ALT,ALT`. All of it is bent until it fits: only
//! the length of REF counts, START (from 0) is taken round the contig, and letters that are no base become one.

use super::chance::{Chance, Pieces};
use super::outcome::{assert_same, long, read};
use super::stored;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use std::fmt::Write;
use std::io::Cursor;
use std::sync::Arc;
use varberg_formats::genome::{BlockIndex, Form, Genome};
use varberg_formats::normalize::{Normal, Outcome, Variant, laws, may_change, normalize};
use varberg_formats::vcf::{ReadOptions, read_header};
use varberg_formats::{Compression, Limits, Part, fasta};
use varberg_rows::record_columns;

const HEAD: &str = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
/// The laws of the crate are decided by brute force, on contigs of this many bases at most.
const SHORT: usize = 48;

pub fn check(input: &[u8]) {
    let mut chance = Chance::of(input);
    let mut lines = input.split(|b| *b == b'\n');
    let contig: Vec<u8> = lines.next().unwrap_or_default().iter().take(3000).map(|b| base(*b)).collect();
    if contig.is_empty() {
        return;
    }
    let upper = contig.to_ascii_uppercase();
    let records: Vec<Record> = lines.take(20).filter_map(|line| Record::of(line, &upper)).collect();
    let expected: Vec<Record> = records.iter().map(|record| check_record(&upper, record)).collect();
    check_reader(&contig, &records, &expected, &mut chance);
}

/// Bases and codes stay, other bytes become one of A, C, G and T.
fn base(byte: u8) -> u8 {
    if b"ACGTNRYKMSWBDHVacgtnry".contains(&byte) { byte } else { b"ACGT"[usize::from(byte % 4)] }
}

/// A record whose REF is what the contig has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    start: usize,
    reference: Vec<u8>,
    alternates: Vec<Vec<u8>>,
}

impl Record {
    fn of(line: &[u8], contig: &[u8]) -> Option<Self> {
        let mut words = line.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let number = words.next()?.iter().fold(0_usize, |n, b| n.wrapping_mul(10).wrapping_add(usize::from(b & 15)));
        let start = number % contig.len();
        let length = words.next()?.len().min(contig.len() - start).min(300);
        let bases = |allele: &[u8]| allele.iter().take(300).map(|b| base(*b).to_ascii_uppercase()).collect::<Vec<u8>>();
        let alleles = words.next()?.split(|b| *b == b',').filter(|allele| !allele.is_empty()).take(5);
        let alternates: Vec<Vec<u8>> = alleles.map(bases).collect();
        let reference = contig.get(start..start + length)?.to_vec();
        (!alternates.is_empty()).then_some(Self { start, reference, alternates })
    }

    fn of_normal(normal: &Normal) -> Self {
        Self {
            start: usize::try_from(normal.start).expect("a place in memory"),
            reference: normal.reference.clone().into_bytes(),
            alternates: normal.alternates.iter().map(|allele| allele.clone().into_bytes()).collect(),
        }
    }

    fn end(&self) -> usize {
        self.start + self.reference.len()
    }

    fn normalize(&self, contig: &[u8]) -> Outcome {
        let alternates: Vec<&[u8]> = self.alternates.iter().map(Vec::as_slice).collect();
        normalize(self.variant(&alternates), &mut &*contig).expect("a contig in memory")
    }

    fn variant<'a>(&'a self, alternates: &'a [&'a [u8]]) -> Variant<'a> {
        Variant { start: long(self.start), end: long(self.end()), reference: &self.reference, alternates }
    }

    /// The contig with each ALT allele in place of REF.
    fn sequences(&self, contig: &[u8]) -> Vec<Vec<u8>> {
        self.alternates.iter().map(|allele| [&contig[..self.start], allele, &contig[self.end()..]].concat()).collect()
    }
}

/// Checks one record; its normal form.
fn check_record(contig: &[u8], record: &Record) -> Record {
    let alternates: Vec<&[u8]> = record.alternates.iter().map(Vec::as_slice).collect();
    let normal = match record.normalize(contig) {
        Outcome::TooFar => panic!("a short contig was too long"),
        Outcome::Unchanged => record.clone(),
        Outcome::Changed(normal) => {
            assert!(may_change(&record.reference, alternates.iter().copied()), "a record that may not change");
            let end = usize::try_from(normal.end).expect("a place in memory");
            let normal = Record::of_normal(&normal);
            assert_eq!(end, normal.end(), "the end is not that of REF");
            assert_ne!(normal, *record, "changed to itself");
            normal
        }
    };
    assert_eq!(normal, by_steps(contig, record), "of {record:?}");
    assert_eq!(normal.normalize(contig), Outcome::Unchanged, "a second time, of {record:?}");
    if contig.iter().all(|b| b"ACGTN".contains(b)) {
        assert_eq!(normal.sequences(contig), record.sequences(contig), "other sequences, of {record:?}");
        if contig.len() <= SHORT {
            laws::check(contig, record.variant(&alternates)).unwrap_or_else(|broken| panic!("{broken}"));
        }
    }
    normal
}

/// The rule as it is written, one base at a time (spec 10; Tan, Abecasis and Kang 2015).
fn by_steps(contig: &[u8], record: &Record) -> Record {
    // Codes of the reference count as N.
    let shown = |b: u8| if b"ACGT".contains(&b) { b } else { b'N' };
    let mut alleles = record.alternates.clone();
    alleles.push(record.reference.clone());
    if alleles.iter().all(|allele| *allele == alleles[0]) {
        return record.clone();
    }
    let mut start = record.start;
    while alleles.iter().all(|allele| allele.last() == alleles[0].last()) {
        if alleles.iter().any(|allele| allele.len() == 1) {
            let Some(before) = start.checked_sub(1) else { break };
            start = before;
            alleles.iter_mut().for_each(|allele| allele.insert(0, shown(contig[start])));
        }
        alleles.iter_mut().for_each(|allele| allele.truncate(allele.len() - 1));
    }
    while alleles.iter().all(|allele| allele.len() > 1 && allele[0] == alleles[0][0]) {
        alleles.iter_mut().for_each(|allele| drop(allele.drain(..1)));
        start += 1;
    }
    let reference = alleles.pop().unwrap_or_default();
    Record { start, reference, alternates: alleles }
}

/// The reader gives the same for a file of these records.
fn check_reader(contig: &[u8], records: &[Record], expected: &[Record], chance: &mut Chance) {
    let mut file = HEAD.to_owned();
    for record in records {
        let text = |allele: &[u8]| String::from_utf8_lossy(allele).into_owned();
        let alternates: Vec<String> = record.alternates.iter().map(|allele| text(allele)).collect();
        let (position, reference) = (record.start + 1, text(&record.reference));
        let alternates = alternates.join(",");
        writeln!(file, "c1\t{position}\t.\t{reference}\t{alternates}\t.\t.\t.").expect("memory");
    }
    let genome = genome(contig, chance);
    let options = ReadOptions { normalize: Some(Arc::new(genome)), batch_records: 1, ..ReadOptions::default() };
    let header = read_header(&mut file.as_bytes(), &options.limits, &options.policy).expect("a good header");
    let header = Arc::new(header);
    let open = |start| Box::new(Cursor::new(file.as_bytes().get(start..).unwrap_or_default().to_vec())) as _;
    let whole = read(&header, Compression::Plain, &[Part::WHOLE], &options, open);
    assert_eq!((&whole.fault, whole.records.len()), (&None, records.len()), "every record fits");
    for (row, expected) in whole.records.iter().zip(expected) {
        let int = |column: usize| row.column(column).as_primitive::<Int64Type>().value(0);
        let alternates = row.column(record_columns::ALTERNATES).as_list::<i32>().value(0);
        let alternates = alternates.as_string::<i32>().iter().map(|a| a.unwrap_or_default().as_bytes().to_vec());
        let found = Record {
            start: usize::try_from(int(record_columns::START)).expect("a place in memory"),
            reference: row.column(record_columns::REFERENCE).as_string::<i32>().value(0).as_bytes().to_vec(),
            alternates: alternates.collect(),
        };
        assert_eq!(found, *expected, "through the reader");
        assert_eq!(usize::try_from(int(record_columns::END)).ok(), Some(expected.end()), "the end column");
    }
    let cuts: Vec<u64> = chance.cuts(3, file.len()).iter().map(|cut| long(*cut)).collect();
    assert_same(&whole, &read(&header, Compression::Plain, &Part::between(&cuts), &options, open), "parts");
}

/// A reference file of two contigs in lines of any length, plain or in blocks of any size.
fn genome(contig: &[u8], chance: &mut Chance) -> Genome {
    let width = 1 + chance.below(70);
    let mut text = Vec::new();
    let mut put = |name: &str, bases: &[u8]| {
        text.extend_from_slice(name.as_bytes());
        bases.chunks(width).for_each(|line| text.extend(line.iter().chain(b"\n")));
    };
    put(">c0 other\n", &contig[..contig.len() / 2]);
    put(">c1\n", contig);
    let compression = if chance.one_in(2) { Compression::Bgzf } else { Compression::Plain };
    let file = if compression == Compression::Bgzf { stored::bgzf(&text, chance) } else { text };
    let input = Box::new(Pieces::new(&file, chance));
    let index = fasta::index(input, compression, &Limits::default()).expect("a good reference");
    let form = match &index.gzi {
        Some(gzi) => Form::Bgzf(BlockIndex::parse(gzi).expect("an index of our own")),
        None => Form::Plain,
    };
    assert_eq!(form == Form::Plain, compression == Compression::Plain, "a BGZF file has a block index");
    Genome::new(&index.fai, form, long(file.len()), Arc::new(file)).expect("an index of our own")
}
