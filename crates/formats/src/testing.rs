//! Compressed inputs for tests. Not part of the crate.

use std::io::Write;

/// One gzip member.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// One zstd frame, with a checksum as the command `zstd` makes it.
pub(crate) fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// One bzip2 stream.
pub(crate) fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// BGZF with blocks of `block` bytes of text, and the end marker.
pub(crate) fn bgzf(text: &[u8], block: usize) -> Vec<u8> {
    let mut writer = noodles_bgzf::io::Writer::new(Vec::new());
    for piece in text.chunks(block.clamp(1, 60_000)) {
        writer.write_all(piece).unwrap();
        writer.flush().unwrap();
    }
    writer.finish().unwrap()
}

/// Offsets of the blocks of a BGZF file.
pub(crate) fn block_offsets(file: &[u8]) -> Vec<u64> {
    let mut offsets = Vec::new();
    let mut at = 0;
    while let Some(size) = file.get(at..).and_then(crate::compression::block_size) {
        offsets.push(u64::try_from(at).unwrap());
        at += size;
    }
    offsets
}
