use super::*;
use crate::testing::{bgzf, block_offsets, gzip};
use proptest::prelude::*;
use std::io::Cursor;

fn read(file: &[u8], compression: Compression, part: Part, limits: &Limits) -> Result<Vec<Vec<u8>>, Fault> {
    let start = usize::try_from(part.start).unwrap();
    let input = file.get(start..).unwrap_or_default().to_vec();
    let mut lines = Lines::new(Box::new(Cursor::new(input)), compression, &part, limits.clone());
    let mut out = Vec::new();
    while let Some(line) = lines.next_line()? {
        out.push(line.to_vec());
    }
    assert_eq!(lines.count(), u64::try_from(out.len()).unwrap());
    Ok(out)
}

fn in_parts(file: &[u8], compression: Compression, cuts: &[u64]) -> Vec<Vec<u8>> {
    let parts = Part::between(cuts);
    parts.into_iter().flat_map(|part| read(file, compression, part, &Limits::default()).unwrap()).collect()
}

/// Lines as everybody understands them: the text split at newlines, without an empty rest.
fn expected(text: &str) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = text.split('\n').map(|l| l.as_bytes().to_vec()).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

proptest! {
    #[test]
    fn parts_own_every_line_once(text in "[ab\n]{0,60}", mut cuts in prop::collection::vec(1u64..70, 0..6), block in 1usize..9) {
        cuts.sort_unstable();
        prop_assert_eq!(in_parts(text.as_bytes(), Compression::Plain, &cuts), expected(&text));
        let file = bgzf(text.as_bytes(), block);
        let offsets = block_offsets(&file);
        let mut cuts: Vec<u64> =
            cuts.iter().filter_map(|c| offsets.get(usize::try_from(*c).unwrap()).copied()).filter(|c| *c > 0).collect();
        cuts.dedup();
        prop_assert_eq!(in_parts(&file, Compression::Bgzf, &cuts), expected(&text));
        prop_assert_eq!(in_parts(&file, Compression::Bgzf, offsets.get(1..).unwrap_or_default()), expected(&text));
    }
}

#[test]
fn empty_blocks_between_parts_lose_nothing() {
    let mut file = bgzf(b"one\ntwo", 99);
    file.extend(bgzf(b"", 9));
    file.extend(bgzf(b"\nthree\n", 99));
    let offsets = block_offsets(&file);
    assert!(offsets.len() > 3);
    for cut in 1..offsets.len() {
        let lines = in_parts(&file, Compression::Bgzf, &offsets[cut..=cut]);
        assert_eq!(lines, expected("one\ntwo\nthree\n"));
    }
    assert_eq!(in_parts(&file, Compression::Bgzf, &offsets[1..]), expected("one\ntwo\nthree\n"));
}

#[test]
fn a_huge_line_in_a_small_gzip_fails_at_the_limit() {
    let file = gzip(&vec![b'A'; 16 << 20]).repeat(64); // members of one text: 1 GiB without a newline
    let limits = Limits { max_line_bytes: 4 << 20, ..Limits::default() };
    let input = Cursor::new(file);
    let mut lines = Lines::new(Box::new(input), Compression::Gzip, &Part::WHOLE, limits);
    let fault = lines.next_line().unwrap_err();
    assert_eq!(fault.cause, Cause::LineTooLong);
    assert_eq!(fault.to_string(), "E23: a line is longer than the limit (max_line_bytes = 4194304) (line 1)");
    assert!(lines.carry.capacity() <= 8 << 20);
}

#[test]
fn the_total_is_limited() {
    let limits = Limits { max_total_bytes: 1000, ..Limits::default() };
    let file = gzip(&b"line\n".repeat(1_000_000));
    assert_eq!(read(&file, Compression::Gzip, Part::WHOLE, &limits).unwrap_err().cause, Cause::TooManyBytes);
}

#[test]
fn a_long_line_belongs_to_the_part_it_begins_in() {
    let text = "ab\ncdefghijklmnop\nq";
    let lines =
        |start, end| read(text.as_bytes(), Compression::Plain, Part { start, end }, &Limits::default()).unwrap();
    assert_eq!(lines(0, Some(4)), expected("ab\ncdefghijklmnop\n"));
    assert_eq!(lines(4, Some(8)), expected(""));
    assert_eq!(lines(8, Some(12)), expected(""));
    assert_eq!(lines(12, None), expected("q"));
    assert_eq!(lines(0, Some(0)), expected("ab\n"));
}
