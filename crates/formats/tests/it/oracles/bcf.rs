//! BCF: any bytes are read within bounds, in pieces of any size alike; what is read is what the lines of its VCF twin are
//! read to, and these come back from the rows.

use super::chance::{Chance, Pieces};
use super::outcome::{Outcome, assert_same, read};
use super::{rows, stored};
use std::io::{BufReader, Cursor};
use std::sync::Arc;
use varberg_formats::vcf::{Header, ReadOptions, read_header};
use varberg_formats::{Cause, Compression, Fault, Limits, Part, Policy, bcf};

pub fn check(file: &[u8]) {
    let mut chance = Chance::of(file);
    let limits = Limits { max_line_bytes: 1 << 16, max_header_bytes: 1 << 16, max_total_bytes: 1 << 24 };
    let policy = Policy::lenient();
    let mut pieces = BufReader::with_capacity(1 + chance.below(40), Pieces::new(file, &mut chance));
    let (twin, fault) = twin(file, &limits);
    let header = match (read_header(&mut &file[..], &limits, &policy), read_header(&mut pieces, &limits, &policy)) {
        (Ok(header), Ok(again)) => {
            assert_eq!(header, again, "the sizes of reads change the header");
            header
        }
        (Err(fault), Err(again)) => return assert_eq!(fault, again, "the sizes of reads change the fault"),
        (whole, pieces) => panic!("at once: {:?}, in pieces: {:?}", whole.err(), pieces.err()),
    };
    if !header.is_bcf() {
        return;
    }
    let header = Arc::new(header);
    let options = ReadOptions { limits, policy, batch_records: 1, ..ReadOptions::default() };
    let open = |_| Box::new(Cursor::new(file.to_vec())) as _;
    let whole = read(&header, Compression::Plain, &[Part::WHOLE], &options, open);
    let (stored, compression) = if chance.one_in(2) {
        (stored::bgzf(file, &mut chance), Compression::Bgzf)
    } else {
        (file.to_vec(), Compression::Plain)
    };
    let open = |_| Box::new(Pieces::new(&stored, &mut chance)) as _;
    assert_same(&whole, &read(&header, compression, &[Part::WHOLE], &options, open), "stored and in pieces");
    check_twin(&header, &whole, &twin, fault, &options);
    rows::check(&header, &whole, &twin, &mut chance);
}

/// The text that the file stands for, as far as it can be read.
fn twin(file: &[u8], limits: &Limits) -> (Vec<u8>, Option<Fault>) {
    let mut text = Vec::new();
    let mut reader = match bcf::Reader::new(file, limits.clone()) {
        Ok(reader) => reader,
        Err(fault) => return (text, Some(fault)),
    };
    text.extend_from_slice(reader.header_text().as_bytes());
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    loop {
        match reader.next_line() {
            Ok(None) => return (text, None),
            Err(fault) => return (text, Some(fault)),
            Ok(Some(line)) => {
                assert!(line.len() <= limits.max_line_bytes, "a line longer than its limit");
                assert!(!line.contains(&b'\n'), "a line of two");
                text.extend_from_slice(line);
                text.push(b'\n');
            }
        }
    }
}

fn check_twin(header: &Header, whole: &Outcome, twin: &[u8], fault: Option<Fault>, options: &ReadOptions) {
    let own = read_header(&mut &twin[..], &options.limits, &options.policy).expect("the header of the twin");
    assert_eq!((own.text().trim_end(), own.shape()), (header.text().trim_end(), header.shape()), "headers");
    assert_eq!(own.tally(), header.tally(), "what is odd in the headers");
    let limits = Limits { max_total_bytes: u64::MAX, ..options.limits.clone() };
    let options = ReadOptions { limits, ..options.clone() };
    let open = |_| Box::new(Cursor::new(twin.to_vec())) as _;
    let other = read(&Arc::new(own), Compression::Plain, &[Part::WHOLE], &options, open);
    if whole.fault.as_ref().is_some_and(|f| f.cause == Cause::TooManyBytes) {
        return;
    }
    match (fault, &other.fault) {
        // The twin ends where the records cannot be read any more.
        (Some(fault), None) => {
            assert_eq!(whole.fault, Some(fault), "the fault of the records");
            assert!(whole.records == other.records, "records before the fault");
        }
        _ => assert_same(whole, &other, "the twin"),
    }
}
