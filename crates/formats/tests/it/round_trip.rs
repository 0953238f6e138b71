//! Text to rows and back: every record of every accepted file comes back as its line was, byte for byte.

use crate::{files_of, shared};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Cursor};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use varberg_formats::vcf::{self, Header, ReadOptions, Reader, read_header};
use varberg_formats::{Compression, Fault, Part, Policy, decode};
use varberg_rows::{Explode, Implode, ImplodeError};

/// Records that are looked at in the largest files, unless all are asked for.
const RECORDS: usize = 3000;
const ROWS_OF_A_BATCH: usize = 1000;

fn reader(bytes: &[u8], compression: Compression) -> Result<(Arc<Header>, Reader), Fault> {
    let options = ReadOptions::default();
    let mut text = BufReader::new(decode(Box::new(Cursor::new(bytes.to_vec())), compression));
    let header = Arc::new(read_header(&mut text, &options.limits, &Policy::lenient())?);
    let input = Box::new(Cursor::new(bytes.to_vec()));
    Ok((Arc::clone(&header), Reader::new(header, input, compression, Part::WHOLE, options)?))
}

/// Lines that hold records; a reader may stop after `most` of them.
fn lines(bytes: &[u8], compression: Compression) -> impl Iterator<Item = String> {
    let text = BufReader::new(decode(Box::new(Cursor::new(bytes.to_vec())), compression));
    let lines = text.lines().map(Result::unwrap).filter(|line| !line.starts_with('#'));
    lines.map(|line| line.trim_end_matches('\r').to_owned()).filter(|line| !line.is_empty())
}

/// Reads, explodes, implodes, and compares up to `most` records; the number of records compared.
fn compare(bytes: &[u8], most: usize) -> Result<usize, Fault> {
    let compression = Compression::detect(bytes);
    let (header, mut reader) = reader(bytes, compression)?;
    let explode = Explode::new(&header.shape(), "job", 0, 7, ROWS_OF_A_BATCH);
    let mut implode = Implode::new(&header.shape(), header.samples());
    let mut expected = lines(bytes, compression);
    let (mut seen, mut line) = (0, Vec::new());
    let mut check = |record: &varberg_rows::RecordText| {
        line.clear();
        vcf::put_record(record, &mut line);
        let wanted = expected.next().unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&line).trim_end_matches('\n'), wanted, "record {seen}");
        seen += 1;
    };
    let mut read = 0;
    while read < most
        && let Some(records) = reader.next_batch()?
    {
        read += records.num_rows();
        for rows in explode.batches(&records) {
            implode.push(&rows.unwrap()).unwrap().iter().for_each(&mut check);
        }
    }
    implode.finish().unwrap().iter().for_each(&mut check);
    assert_eq!(seen, read);
    assert!(read >= most || expected.next().is_none(), "records are missing");
    Ok(read)
}

#[test]
fn every_accepted_file_comes_back_line_for_line() {
    let most = if std::env::var("VARBERG_FULL").is_ok_and(|full| full == "1") { usize::MAX } else { RECORDS };
    let mut found = Vec::new();
    for directory in ["corpora", "data"] {
        shared(directory).into_iter().for_each(|root| files_of(&root, &mut found));
    }
    found.sort();
    let mut counts = BTreeMap::new();
    let mut failed = Vec::new();
    for path in &found {
        let bytes = fs::read(path).unwrap();
        match std::panic::catch_unwind(|| compare(&bytes, most)) {
            Ok(Ok(records)) => *counts.entry("accepted").or_insert(0) += usize::from(records > 0),
            Ok(Err(_)) => *counts.entry("refused").or_insert(0) += 1,
            Err(_) => failed.push(path.display().to_string()),
        }
    }
    println!("{counts:?}");
    assert!(failed.is_empty(), "{} files do not come back:\n{}", failed.len(), failed.join("\n"));
}

const HEADER: &str = "##fileformat=VCFv4.3
##INFO=<ID=I1,Number=1,Type=Integer,Description=\"\">
##INFO=<ID=F.,Number=.,Type=Float,Description=\"\">
##INFO=<ID=S1,Number=1,Type=String,Description=\"\">
##INFO=<ID=FL,Number=0,Type=Flag,Description=\"\">
##INFO=<ID=END,Number=1,Type=Integer,Description=\"\">
##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"\">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"\">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description=\"\">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description=\"\">
##FORMAT=<ID=GL,Number=G,Type=Float,Description=\"\">
##FORMAT=<ID=FT,Number=1,Type=String,Description=\"\">
##FORMAT=<ID=MQ,Number=1,Type=Float,Description=\"\">
##FORMAT=<ID=mq,Number=.,Type=Float,Description=\"\">
##FORMAT=<ID=AF,Number=.,Type=Float,Description=\"\">
##FORMAT=<ID=HQ,Number=2,Type=Integer,Description=\"\">
##FORMAT=<ID=ST,Number=.,Type=String,Description=\"\">
##FORMAT=<ID=C1,Number=1,Type=Character,Description=\"\">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

/// The column line's end and a number of samples.
fn samples(count: usize) -> String {
    let names: String = (0..count).map(|i| format!("\ts{i}")).collect();
    if count == 0 { String::new() } else { format!("\tFORMAT{names}") }
}

fn info() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        (0..3_i32).prop_map(|v| format!("I1={v}")),
        "F\\.=[0-9.,e-]{0,5}",
        "S1=[a-z%2;:= ]{0,4}",
        Just("FL".to_owned()),
        Just("FL=0".to_owned()),
        Just("FL=1".to_owned()),
        Just("I1".to_owned()),
        "END=[0-9]{1,3}",
        "[a-zA-Z]{0,2}(=[a-z%4,.]{0,4})?",
    ];
    prop_oneof![
        2 => Just(".".to_owned()),
        1 => Just(String::new()),
        9 => prop::collection::vec(entry, 1..5).prop_map(|entries| entries.join(";")),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(".".to_owned()),
        any::<i32>().prop_map(|v| v.to_string()),
        (-3..200_i32).prop_map(|v| v.to_string()),
        any::<f32>().prop_map(|v| v.to_string()),
        any::<f64>().prop_map(|v| format!("{v:e}")),
        (0..4000_u32).prop_map(|v| (f64::from(v) / 1000.0).to_string()),
        "0?[0-9]{1,3}(\\.[0-9]{1,3})?",
        Just("nan".to_owned()),
        Just("-0".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        number(),
        prop::collection::vec(number(), 2..4).prop_map(|values| values.join(",")),
        "[a-z;, .\\[\\]]{0,5}",
        Just("PASS".to_owned()),
    ]
}

fn genotype() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[012.][|/][012.]",
        1 => "[|/]?(0|1|2|\\.|01)([|/](0|1|\\.)){0,3}",
    ]
}

/// FORMAT and sample columns; a sample may drop trailing values.
fn sample_columns(count: usize) -> impl Strategy<Value = String> {
    let keys = prop::sample::subsequence(
        vec!["GT", "DP", "AD", "GQ", "PS", "GL", "FT", "MQ", "mq", "AF", "HQ", "ST", "C1", "XX", "SAMPLE"],
        1..8,
    );
    keys.prop_flat_map(move |keys| {
        let genotypes = keys.contains(&"GT");
        let rest = keys.len() - usize::from(genotypes);
        let format = keys.join(":");
        let sample = (genotype(), prop::collection::vec(value(), rest), 1..=keys.len()).prop_map(
            move |(genotype, values, kept)| {
                let own =
                    genotypes.then_some(genotype).into_iter().chain(values.into_iter().map(|v| v.replace(':', "")));
                own.take(kept).collect::<Vec<_>>().join(":")
            },
        );
        prop::collection::vec(sample, count).prop_map(move |samples| format!("\t{format}\t{}", samples.join("\t")))
    })
}

fn record(count: usize) -> impl Strategy<Value = String> {
    let site = (
        "(chr)?[0-9X*:]{1,3}",
        prop_oneof![(0..5000_u32).prop_map(|v| v.to_string()), Just("007".to_owned())],
        "(\\.|rs[0-9]{1,2}(;x)?|;|)",
        "[ACGTNacgtRk]{1,4}",
        "(\\.|[ACGTacgt]{1,3},[ACGT]{1,2},T|<DEL>,a|\\*,g|G\\]1:5\\],\\.A,C|T,,A)",
        prop_oneof![number(), Just("-1".to_owned())],
        "(PASS|\\.|q[0-9](;q[0-9]){0,3}|q;|0)",
        info(),
    );
    let samples = if count == 0 { Just(String::new()).boxed() } else { sample_columns(count).boxed() };
    (site, samples).prop_map(|((contig, position, id, reference, alternates, qual, filter, info), samples)| {
        format!("{contig}\t{position}\t{id}\t{reference}\t{alternates}\t{qual}\t{filter}\t{info}{samples}")
    })
}

fn file(most_samples: usize) -> impl Strategy<Value = (usize, Vec<String>)> {
    (0..=most_samples).prop_flat_map(|count| (Just(count), prop::collection::vec(record(count), 1..6)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    /// A record that the reader takes comes back as it was.
    fn any_record_comes_back((count, records) in file(3)) {
        for record in records {
            let text = format!("{HEADER}{}\n{record}\n", samples(count));
            // What is refused has no rows.
            if compare(text.as_bytes(), usize::MAX).is_ok() {
                TAKEN.fetch_add(1, Ordering::Relaxed);
            }
            TRIED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

static TRIED: AtomicUsize = AtomicUsize::new(0);
static TAKEN: AtomicUsize = AtomicUsize::new(0);

#[test]
fn random_records_come_back() {
    any_record_comes_back();
    let (tried, taken) = (TRIED.load(Ordering::Relaxed), TAKEN.load(Ordering::Relaxed));
    assert!(taken > tried / 4, "the reader took only {taken} of {tried} records");
}

/// Rows of two records with two samples.
fn rows() -> (Implode, arrow_array::RecordBatch) {
    let text = format!(
        "{HEADER}{}\n1\t5\t.\tA\tC\t.\t.\t.\tGT:DP\t0/1:3\t./.\n1\t6\t.\tA\tC\t.\t.\t.\tGT\t0|1\t1|1\n",
        samples(2)
    );
    let (header, mut reader) = reader(text.as_bytes(), Compression::Plain).unwrap();
    let records = reader.next_batch().unwrap().unwrap();
    let explode = Explode::new(&header.shape(), "job", 0, 0, ROWS_OF_A_BATCH);
    let rows = explode.batches(&records).next().unwrap().unwrap();
    (Implode::new(&header.shape(), header.samples()), rows)
}

#[test]
fn samples_may_come_in_any_order_and_in_any_batches() {
    let (mut implode, rows) = rows();
    let mut texts = Vec::new();
    for row in [1, 0, 3, 2] {
        texts.extend(implode.push(&rows.slice(row, 1)).unwrap());
    }
    texts.extend(implode.finish().unwrap());
    let columns =
        |at: usize| texts[at].columns().skip(8).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>();
    assert_eq!(columns(0), ["GT:DP", "0/1:3", "./."]);
    assert_eq!(columns(1), ["GT", "0|1", "1|1"]);
}

#[test]
fn rows_that_are_not_whole_records_are_refused() {
    let feed = |order: &[usize]| {
        let (mut implode, rows) = rows();
        let pushed = order.iter().try_for_each(|row| implode.push(&rows.slice(*row, 1)).map(drop));
        pushed.and_then(|()| implode.finish()).map(drop)
    };
    assert_eq!(feed(&[0, 1, 2, 3]), Ok(()));
    assert_eq!(feed(&[0, 2, 3]), Err(ImplodeError::MissingSample));
    assert_eq!(feed(&[0, 0]), Err(ImplodeError::Sample));
    assert_eq!(feed(&[2, 3, 0, 1]), Err(ImplodeError::Order));
    let (_, rows) = rows();
    let (header, _) = reader(format!("{HEADER}\n1\t5\t.\tA\tC\t.\t.\t.\n").as_bytes(), Compression::Plain).unwrap();
    let mut sites = Implode::new(&header.shape(), &[]);
    assert_eq!(sites.push(&rows), Err(ImplodeError::Sample));
    assert_eq!(sites.push(&rows.project(&[0, 1]).unwrap()), Err(ImplodeError::Column("start")));
}
