//! Where the blocks of a BGZF file begin, in the stored bytes and in the text: what makes it readable at random. Stored
//! as `bgzip` stores it (`.gzi`): the number of entries, then for each the two offsets, all 64-bit little-endian; the
//! block at 0 has no entry.

use super::GenomeError;

/// Text between two entries at least: bounds the index of a file of tiny blocks. Blocks as `bgzip` cuts them all have one.
const LEAST_TEXT: u64 = 32 << 10;

/// The start of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// Offset in the stored bytes.
    pub(super) stored: u64,
    /// Offset in the decompressed text.
    pub(super) text: u64,
}

/// Starts of blocks, ascending, without the one at 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockIndex {
    blocks: Vec<Block>,
}

impl BlockIndex {
    /// Reads the bytes of a `.gzi`.
    pub fn parse(bytes: &[u8]) -> Result<Self, GenomeError> {
        let (count, entries) = bytes.split_first_chunk::<8>().ok_or(GenomeError::Blocks)?;
        let blocks: Vec<Block> = entries.chunks_exact(16).filter_map(parse_block).collect();
        let ascending = blocks.is_sorted_by(|a, b| a.stored < b.stored && a.text <= b.text);
        let whole = u64::try_from(blocks.len()).is_ok_and(|n| n == u64::from_le_bytes(*count));
        if whole && ascending && entries.len() % 16 == 0 { Ok(Self { blocks }) } else { Err(GenomeError::Blocks) }
    }

    /// The last known block that begins at or before `start`, and the first at or behind `end` (text offsets).
    pub(super) fn around(&self, start: u64, end: u64) -> (Block, Option<Block>) {
        let before = self.blocks.partition_point(|block| block.text <= start);
        let from = before.checked_sub(1).and_then(|i| self.blocks.get(i)).copied();
        let to = self.blocks.get(self.blocks.partition_point(|block| block.text < end)).copied();
        (from.unwrap_or(Block { stored: 0, text: 0 }), to)
    }
}

fn parse_block(entry: &[u8]) -> Option<Block> {
    let (stored, text) = entry.split_first_chunk::<8>()?;
    Some(Block { stored: u64::from_le_bytes(*stored), text: u64::from_le_bytes(*text.first_chunk()?) })
}

/// Collects the blocks of a file that is read or written from its start.
#[derive(Debug, Default)]
pub(crate) struct BlockRecorder {
    entries: Vec<u8>,
    count: u64,
    latest: u64,
}

impl BlockRecorder {
    /// Notes that a block begins at these offsets. Blocks close behind the one noted last are passed over.
    pub(crate) fn note(&mut self, stored: u64, text: u64) {
        if stored > 0 && text >= self.latest.saturating_add(LEAST_TEXT) {
            self.entries.extend(stored.to_le_bytes());
            self.entries.extend(text.to_le_bytes());
            self.count += 1;
            self.latest = text;
        }
    }

    /// The bytes of the `.gzi`.
    pub(crate) fn finish(self) -> Vec<u8> {
        [&self.count.to_le_bytes(), self.entries.as_slice()].concat()
    }
}
