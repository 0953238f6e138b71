//! Stored bytes: what was compressed comes back; a damaged stream is a fault, never another text; any bytes at all are
//! decoded within bounds, whatever the sizes of reads.

use super::chance::{Chance, Pieces};
use std::io::{Cursor, Read, Write};
use varberg_formats::{BGZF_EOF, Compression, Fault, decode, find_block};

/// Most bytes that are decoded of anything.
const MOST: u64 = 4 << 20;

pub fn check(input: &[u8]) {
    let mut chance = Chance::of(input);
    check_bytes(input, &mut chance);
    let (stored, compression) = match chance.below(3) {
        0 | 1 => members(input, &mut chance),
        _ => (bgzf(input, &mut chance), Compression::Bgzf),
    };
    assert_eq!(Compression::detect(&stored), compression, "detection");
    let (text, fault) = text(Box::new(Pieces::new(&stored, &mut chance)), compression);
    assert_eq!(fault, None, "a good file");
    assert!(text == input, "another text than was compressed");
    check_damaged(&stored, compression, input, &mut chance);
}

/// Any bytes, taken for whatever they seem to be: no panic, and the sizes of reads change nothing.
fn check_bytes(input: &[u8], chance: &mut Chance) {
    let compression = Compression::detect(input);
    let (at_once, fault) = text(Box::new(Cursor::new(input.to_vec())), compression);
    let (in_pieces, again) = text(Box::new(Pieces::new(input, chance)), compression);
    assert_eq!(fault, again, "the sizes of reads change the fault");
    // How much of a member comes before its fault depends on the buffers.
    let (longer, shorter) = if at_once.len() > in_pieces.len() { (&at_once, in_pieces) } else { (&in_pieces, at_once) };
    assert!(longer.starts_with(&shorter), "the sizes of reads change the text");
    let same = longer.len() == shorter.len();
    assert!(same || (fault.is_some() && compression != Compression::Bgzf), "the sizes of reads change the text");
    if compression == Compression::Plain {
        assert!(shorter == input && fault.is_none(), "plain text is itself");
    }
    if let Some(block) = find_block(input) {
        assert_eq!(Compression::detect(&input[block..]), Compression::Bgzf, "a block that is none");
    }
}

/// Cut off or changed bytes.
fn check_damaged(stored: &[u8], compression: Compression, original: &[u8], chance: &mut Chance) {
    let mut damaged = stored.to_vec();
    let at = chance.below(damaged.len());
    let cut = chance.one_in(3);
    if cut {
        damaged.truncate(at);
    } else {
        damaged[at] ^= 1 << chance.below(8);
    }
    let (text, fault) = text(Box::new(Cursor::new(damaged)), compression);
    match (fault, compression) {
        // Blocks and members that are missing as a whole leave no trace.
        (None, _) if cut => assert!(original.starts_with(&text), "another text of a cut file"),
        (None, _) => assert!(
            text == original,
            "another text without a fault: {compression:?}, changed at {at}, {} bytes",
            text.len()
        ),
        // A block is verified before anything of it is handed on.
        (Some(_), Compression::Bgzf) => assert!(original.starts_with(&text), "another text before a fault"),
        (Some(_), _) => {}
    }
}

/// The decoded bytes, and what ended them.
fn text(input: Box<dyn Read + Send>, compression: Compression) -> (Vec<u8>, Option<Fault>) {
    let mut text = Vec::new();
    let result = decode(input, compression).take(MOST).read_to_end(&mut text);
    (text, result.err().map(|error| Fault::from_io(&error)))
}

/// Gzip, zstd or bzip2, of one member or several.
pub fn members(text: &[u8], chance: &mut Chance) -> (Vec<u8>, Compression) {
    let compression = [Compression::Gzip, Compression::Zstd, Compression::Bzip2][chance.below(3)];
    let mut stored = Vec::new();
    for piece in pieces(text, chance) {
        match compression {
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(&mut stored, 1).expect("memory");
                encoder.include_checksum(true).expect("a setting"); // without it damage cannot be told
                encoder.write_all(piece).expect("memory");
                encoder.finish().expect("memory");
            }
            Compression::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(&mut stored, bzip2::Compression::fast());
                encoder.write_all(piece).expect("memory");
                encoder.finish().expect("memory");
            }
            _ => {
                let level = flate2::Compression::new([0, 1, 6][chance.below(3)]);
                let mut encoder = flate2::write::GzEncoder::new(&mut stored, level);
                encoder.write_all(piece).expect("memory");
                encoder.finish().expect("memory");
            }
        }
    }
    (stored, compression)
}

/// BGZF of blocks of any size; with empty blocks inside, as in files that were put together by cat.
pub fn bgzf(text: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut stored = Vec::new();
    for piece in pieces(text, chance) {
        let mut writer = noodles_bgzf::io::Writer::new(Vec::new());
        writer.write_all(piece).expect("memory");
        let blocks = writer.finish().expect("memory");
        let end = if chance.one_in(4) { blocks.len() } else { blocks.len() - BGZF_EOF.len() };
        stored.extend_from_slice(&blocks[..end]);
    }
    stored.extend(BGZF_EOF);
    stored
}

fn pieces<'a>(text: &'a [u8], chance: &mut Chance) -> Vec<&'a [u8]> {
    let cuts = chance.cuts(6, text.len());
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([text.len()]);
    starts.zip(ends).filter_map(|(start, end)| text.get(start..end)).collect()
}
