//! Header texts as the catalog keeps them: compressed, told apart by their digest.
//!
//! In: the text of a header. Out: [`ItemHeader`], and back. Texts hold sample names and are never logged.

use sha2::{Digest, Sha256};
use std::io;
use varberg_catalog::ItemHeader;

/// Fast, and a twentieth of the size for headers with thousands of contigs or samples.
const LEVEL: i32 = 3;

/// A header with `samples` sample columns, of a file whose parts have `part_records` records.
pub(crate) fn pack(text: &str, samples: usize, part_records: Vec<u64>) -> io::Result<ItemHeader> {
    Ok(ItemHeader {
        digest: hex::encode(Sha256::digest(text)),
        text: zstd::bulk::compress(text.as_bytes(), LEVEL)?,
        samples: u64::try_from(samples).unwrap_or(u64::MAX),
        part_records,
    })
}

/// The text as it was in the file, the `#CHROM` line included.
pub(crate) fn unpack(header: &ItemHeader) -> io::Result<Vec<u8>> {
    zstd::stream::decode_all(&*header.text)
}
