//! VCF header: the kept text is the input's, reading it again gives the same header, the limit holds, and the sizes of
//! reads change nothing.

use super::chance::{Chance, Pieces};
use std::io::BufReader;
use varberg_formats::vcf::{Header, read_header};
use varberg_formats::{Fault, Limits, Policy};

pub fn check(input: &[u8]) {
    let mut chance = Chance::of(input);
    let most = if chance.one_in(4) { chance.below(input.len() + 2) } else { 1 << 16 };
    let limits = Limits { max_header_bytes: most, ..Limits::default() };

    let read = read(input, &limits);
    let capacity = 1 + chance.below(40);
    let mut pieces = BufReader::with_capacity(capacity, Pieces::new(input, &mut chance));
    let in_pieces = read_header(&mut pieces, &limits, &Policy::lenient());
    match (read, in_pieces) {
        (Ok(header), Ok(again)) => {
            assert_eq!(header, again, "the sizes of reads change the header");
            check_header(&header, input, &limits);
        }
        (Err(fault), Err(again)) => {
            assert_eq!(fault, again, "the sizes of reads change the fault");
            check_fault(&fault, input);
        }
        (whole, pieces) => panic!("at once: {:?}, in pieces: {:?}", whole.err(), pieces.err()),
    }
}

fn read(mut input: &[u8], limits: &Limits) -> Result<Header, Fault> {
    read_header(&mut input, limits, &Policy::lenient())
}

fn check_header(header: &Header, input: &[u8], limits: &Limits) {
    let text = header.text();
    assert!(input.starts_with(text.as_bytes()), "the kept text is not the input's");
    assert!(text.len() <= limits.max_header_bytes, "longer than the limit");
    assert!(text.ends_with('\n') || text.len() == input.len(), "the last line is not whole");
    let lines = text.bytes().filter(|b| *b == b'\n').count() + usize::from(!text.ends_with('\n'));
    assert_eq!(header.tally().lines, u64::try_from(lines).unwrap_or(0), "lines");

    let again = read(text.as_bytes(), limits).expect("the kept text is a header");
    assert_eq!(*header, again, "the kept text is another header");
    let shape = header.shape();
    assert_eq!(shape.arrow_schema().fields().len(), shape.undeclared_column() + 1, "columns of the shape");
}

fn check_fault(fault: &Fault, input: &[u8]) {
    let lines = input.iter().filter(|b| **b == b'\n').count() + 1;
    assert!(fault.line.is_none_or(|line| line <= u64::try_from(lines).unwrap_or(0)), "a fault behind the end: {fault}");
    assert!(fault.to_string().len() < 1000, "a fault with too long a text");
    assert!(!fault.to_string().contains(char::is_control), "a fault with control characters: {fault:?}");
}
