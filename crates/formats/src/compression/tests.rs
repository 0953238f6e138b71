use super::*;
use crate::Fault;
use crate::testing::{bgzf, bzip2, gzip, zstd};
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
    assert_eq!(Compression::detect(&zstd(b"x")), Compression::Zstd);
    assert_eq!(Compression::detect(&[0x53, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]), Compression::Zstd);
    assert_eq!(Compression::detect(&bzip2(b"x")), Compression::Bzip2);
    assert_eq!(Compression::detect(&bzip2(b"")), Compression::Bzip2);
    assert_eq!(Compression::detect(b"BZh9 is a text"), Compression::Plain);
}

#[test]
fn all_members_and_blocks_are_read() {
    let text = text();
    for member in [gzip, zstd, bzip2] {
        let mut members = member(text.get(..1000).unwrap());
        members.extend(member(b""));
        members.extend(member(text.get(1000..).unwrap()));
        assert_eq!(read(members).unwrap(), text);
    }
    let skipped =
        [&[0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(&text), &[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]];
    assert_eq!(read(skipped.concat()).unwrap(), text);
    assert_eq!(read(bgzf(&text, 1234)).unwrap(), text);
    assert_eq!(read(text.clone()).unwrap(), text);
}

#[test]
fn every_cut_is_a_fault_or_a_whole_number_of_members() {
    let text = text();
    for file in [gzip(&text), bgzf(&text, 30_000), zstd(&text), bzip2(&text)] {
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

/// Its size, damaged, makes the first block reach to the end of another empty one, whose checksum is its own.
#[test]
fn a_block_that_swallows_those_behind_it_is_damage() {
    let mut file = [&BGZF_EOF[..], &bgzf(b"gone", 9)].concat();
    let size = u16::try_from(file.len() - 1).unwrap();
    file.splice(16..18, size.to_le_bytes());
    file.extend(bgzf(b"text", 9));
    assert_eq!(read(file).unwrap_err().cause, Cause::Damaged);
    let nested = bgzf(&[bgzf(&text(), 999), bgzf(b"", 9)].concat(), 60_000);
    assert!(read(nested).is_ok(), "BGZF inside of BGZF is no damage");
}

/// Zeros after four bytes of ones do not change their checksum.
#[test]
fn a_block_that_is_shorter_than_it_says_is_damage() {
    let mut file = bgzf(&[0xff; 4], 9);
    let length = file.len() - BGZF_EOF.len() - 4;
    file.splice(length..length + 2, 1028_u16.to_le_bytes());
    assert!(read(file).unwrap_err().to_string().ends_with("(a block is shorter than it says)"));
}

#[test]
fn damage_is_a_fault() {
    let text = text();
    for file in [gzip(&text), bgzf(&text, 30_000), zstd(&text), bzip2(&text)] {
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
    }
}

#[test]
fn bytes_after_the_end_are_told_from_damage() {
    let text = text();
    for file in [gzip(&text), bgzf(&text, 30_000), zstd(&text), bzip2(&text)] {
        for garbage in [b"this is no compressed data at all".as_slice(), b"\n", b"\0\0\0\0\0x"] {
            let fault = read([&file, garbage].concat()).unwrap_err();
            assert_eq!(fault.cause, Cause::TrailingBytes, "{fault}");
        }
    }
    let zeros = [0; 100_000];
    assert_eq!(read([gzip(&text), zeros.to_vec()].concat()).unwrap(), text, "padding, as of tapes");
    for file in [bgzf(&text, 30_000), zstd(&text), bzip2(&text)] {
        assert_eq!(read([file, zeros.to_vec()].concat()).unwrap_err().cause, Cause::TrailingBytes);
    }
    let files = [bgzf(&text, 30_000), bgzf(b"more", 9)];
    assert_eq!(read(files.concat()).unwrap(), [&text[..], b"more"].concat(), "files joined with cat");
}

/// The text of the fault of a file that was changed in one place.
fn told(mut file: Vec<u8>, at: usize, value: u8) -> String {
    if let Some(byte) = file.get_mut(at) {
        *byte = value;
    }
    read(file).unwrap_err().to_string()
}

#[test]
fn each_kind_of_damage_has_its_text() {
    let text = text();
    let (gzip, bgzf) = (gzip(&text), bgzf(&text, 30_000));
    let blocks: Vec<usize> =
        crate::testing::block_offsets(&bgzf).into_iter().map(|at| usize::try_from(at).unwrap()).collect();
    let (second, third) = (blocks[1], blocks[2]);
    let shown = [
        told(gzip.clone(), gzip.len() - 8, 7),
        told(gzip.clone(), gzip.len() - 4, 7),
        told(bgzf.clone(), third - 8, 7),
        told(bgzf.clone(), third - 4, 7),
        told(bgzf.clone(), second + 16, 40),
        told(bgzf, second + 17, 0xff),
        told(bzip2(&text), 12, 7),
        told(zstd(&text), 4000, 7),
        read([&[0x28, 0xb5, 0x2f, 0xfd, 0, 18 << 3][..], &[0; 40]].concat()).unwrap_err().to_string(),
    ];
    expect_test::expect![[r#"
        E22: the compressed data are damaged; copy or make the file again (corrupt gzip stream does not have a matching checksum)
        E22: the compressed data are damaged; copy or make the file again (corrupt gzip stream does not have a matching checksum)
        E22: the compressed data are damaged; copy or make the file again (a block does not have its checksum)
        E22: the compressed data are damaged; copy or make the file again (a block is longer than it says)
        E22: the compressed data are damaged; copy or make the file again (a block that says it has more than 65,536 bytes)
        E22: the compressed data are damaged; copy or make the file again (a block with bytes behind its text)
        E22: the compressed data are damaged; copy or make the file again (bzip2: invalid data)
        E22: the compressed data are damaged; copy or make the file again (Restored data doesn't match checksum)
        E23: the zstd file needs too much memory to be read; compress it again without --long (its window is larger than 128 MiB)
    "#]]
    .assert_eq(&(shown.join("\n") + "\n"));
}

#[test]
fn a_frame_that_would_fill_memory_is_refused_before_it_does() {
    // windows of 128 MiB and one step more; an empty last block
    let frame = |log: u8| [0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 1, 0, 0].to_vec();
    assert_eq!(read(frame(27)).unwrap(), b"");
    assert_eq!(read(frame(28)).unwrap_err().cause, Cause::ZstdWindow);
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
    use Compression::{Bgzf, Bzip2, Gzip, Plain, Zstd};
    let text = text();
    fails_at_any_place(&bgzf(&text, 30_000), &[Plain, Gzip, Bgzf]);
    fails_at_any_place(&zstd(&text), &[Zstd]);
    fails_at_any_place(&bzip2(&text), &[Bzip2]);
}

#[track_caller]
fn fails_at_any_place(file: &[u8], compressions: &[Compression]) {
    let cuts = [0, 10, 500, file.len() - 28, file.len()];
    for (cut, kind) in cuts.into_iter().flat_map(|c| [(c, io::ErrorKind::UnexpectedEof), (c, io::ErrorKind::Other)]) {
        for compression in compressions.iter().copied() {
            let bytes = file.get(..cut).unwrap().to_vec();
            let mut decoder = Decoder::new(Box::new(Broken(Cursor::new(bytes), kind)), compression);
            let fault = Fault::from_io(&decoder.read_to_end(&mut Vec::new()).unwrap_err());
            assert_eq!(fault.cause, Cause::Io, "{compression:?} {cut} {fault}");
        }
    }
}
