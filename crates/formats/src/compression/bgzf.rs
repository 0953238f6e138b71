//! BGZF to text, one block at a time. In: whole blocks. Out: their text, of which nothing is handed on before its length
//! and its checksum were found right.

use super::blocks::{Blocks, MAX_TEXT, TRAILER};
use super::{BGZF_HEADER, Source, corrupt};
use crate::fault::Cause;
use libdeflater::{DecompressionError, Decompressor};
use std::io::{self, BufReader};

pub(super) struct Bgzf {
    blocks: Blocks,
    inflate: Decompressor,
    /// The text of the latest block.
    text: Vec<u8>,
    /// How much of it was consumed.
    at: usize,
}

impl Bgzf {
    pub(super) fn new(input: BufReader<Source>) -> Self {
        Self { blocks: Blocks::new(input), inflate: Decompressor::new(), text: Vec::new(), at: 0 }
    }

    /// Offset of the latest block in the stored bytes.
    pub(super) fn start(&self) -> u64 {
        self.blocks.start()
    }

    /// The text of the latest block that was not consumed yet.
    pub(super) fn buffer(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.at = self.at.saturating_add(n).min(self.text.len());
    }

    /// Goes on to the next block with text if nothing is left; returns how much is there, 0 at the end of the file.
    pub(super) fn fill(&mut self) -> io::Result<usize> {
        while self.buffer().is_empty() {
            self.at = 0;
            self.text.clear();
            let Some(block) = self.blocks.next_block()? else { return Ok(0) };
            if let Err(damage) = inflate(&mut self.inflate, block, &mut self.text) {
                self.text.clear();
                return Err(corrupt(Cause::Damaged, damage));
            }
        }
        Ok(self.buffer().len())
    }
}

/// Whether a whole block has the length and the checksum that it says.
pub(super) fn is_sound(block: &[u8]) -> bool {
    inflate(&mut Decompressor::new(), block, &mut Vec::new()).is_ok()
}

/// Replaces `text` by that of a block; else what is wrong with the block.
fn inflate(inflate: &mut Decompressor, block: &[u8], text: &mut Vec<u8>) -> Result<(), &'static str> {
    let Some((body, trailer)) = block.len().checked_sub(TRAILER).and_then(|at| block.split_at_checked(at)) else {
        return Err("a block without an end");
    };
    let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let (checksum, length) = (number(trailer), number(trailer.get(4..).unwrap_or_default()));
    let length = usize::try_from(length).ok().filter(|length| *length <= MAX_TEXT);
    let length = length.ok_or("a block that says it has more than 65,536 bytes")?;
    text.resize(length, 0);
    match inflate.deflate_decompress(body.get(BGZF_HEADER..).unwrap_or_default(), text) {
        Ok(inflated) if inflated == length => {}
        Ok(_) => return Err("a block is shorter than it says"),
        Err(DecompressionError::InsufficientSpace) => return Err("a block is longer than it says"),
        Err(DecompressionError::BadData) => return Err("a block cannot be decompressed"),
    }
    if libdeflater::crc32(text) == checksum { Ok(()) } else { Err("a block does not have its checksum") }
}
