use super::*;
use crate::Fault;
use crate::testing::{bgzf, gzip};
use std::io::Cursor;

fn text() -> Vec<u8> {
    (0u32..40_000).flat_map(|i| format!("{}\n", i.wrapping_mul(2_654_435_761)).into_bytes()).collect()
}

fn read(file: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let compression = Compression::detect(&file);
    let mut out = Vec::new();
    decode(Box::new(Cursor::new(file)), compression).read_to_end(&mut out).map_err(|e| Fault::from_io(&e))?;
    Ok(out)
}

#[test]
fn the_form_is_told_by_content() {
    assert_eq!(Compression::detect(b"##fileformat=VCFv4.2\n"), Compression::Plain);
    assert_eq!(Compression::detect(b""), Compression::Plain);
    assert_eq!(Compression::detect(&gzip(b"x")), Compression::Gzip);
    assert_eq!(Compression::detect(&bgzf(b"x", 9)), Compression::Bgzf);
    assert_eq!(Compression::detect(&BGZF_EOF), Compression::Bgzf);
}

#[test]
fn all_members_and_blocks_are_read() {
    let text = text();
    let mut members = gzip(text.get(..1000).unwrap());
    members.extend(gzip(b""));
    members.extend(gzip(text.get(1000..).unwrap()));
    assert_eq!(read(members).unwrap(), text);
    assert_eq!(read(bgzf(&text, 1234)).unwrap(), text);
    assert_eq!(read(text.clone()).unwrap(), text);
}

#[test]
fn every_cut_is_a_fault_or_a_whole_number_of_members() {
    let text = text();
    for file in [gzip(&text), bgzf(&text, 30_000)] {
        let ends: Vec<u64> = crate::testing::block_offsets(&file);
        for cut in (1..file.len()).step_by(1499).chain(file.len() - 60..file.len()) {
            let part = file.get(..cut).unwrap().to_vec();
            if Compression::detect(&part) == Compression::Plain || ends.contains(&u64::try_from(cut).unwrap()) {
                continue; // a cut at a block's end is found by the missing end marker, which is the planner's to look for
            }
            assert_eq!(read(part).unwrap_err().cause, Cause::Truncated, "cut at {cut} of {}", file.len());
        }
    }
}

#[test]
fn damage_is_a_fault() {
    let text = text();
    for file in [gzip(&text), bgzf(&text, 30_000)] {
        for at in (20..file.len() - 40).step_by(1499) {
            let mut damaged = file.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 0x10;
            }
            match read(damaged) {
                Ok(read) => assert_eq!(read, text), // a byte that means nothing, such as a time stamp
                Err(fault) => assert!(matches!(fault.cause, Cause::Damaged | Cause::Truncated), "{fault}"),
            }
        }
        let mut garbage = file;
        garbage.extend(b"this is no compressed data at all");
        assert_eq!(read(garbage).unwrap_err().cause, Cause::Damaged);
    }
}

/// Fails after its bytes, as a connection does.
struct Broken(Cursor<Vec<u8>>, io::ErrorKind);

impl Read for Broken {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::new(self.1, "the connection was reset")),
            n => Ok(n),
        }
    }
}

#[test]
fn an_input_that_fails_is_no_fault_of_the_data() {
    let file = bgzf(&text(), 30_000);
    let cuts = [0, 10, 500, file.len() - 28, file.len()];
    for (cut, kind) in cuts.into_iter().flat_map(|c| [(c, io::ErrorKind::UnexpectedEof), (c, io::ErrorKind::Other)]) {
        for compression in [Compression::Plain, Compression::Gzip, Compression::Bgzf] {
            let bytes = file.get(..cut).unwrap().to_vec();
            let mut decoder = Decoder::new(Box::new(Broken(Cursor::new(bytes), kind)), compression);
            let fault = Fault::from_io(&decoder.read_to_end(&mut Vec::new()).unwrap_err());
            assert_eq!(fault.cause, Cause::Io, "{compression:?} {cut} {fault}");
        }
    }
}
