//! BGZF as stored: whole blocks only. In: the bytes of a file or of a part that begins with a block. Out: the same
//! bytes, and where each block begins. Decompresses nothing.

use super::{BGZF_EOF, BGZF_HEADER, Source, block_size, corrupt};
use crate::fault::Cause;
use std::io::{self, BufReader, Read};

/// Bytes behind the compressed text of a block: its checksum and its length.
pub(super) const TRAILER: usize = 8;
/// Most bytes of text in a block.
pub(super) const MAX_TEXT: usize = 1 << 16;

/// Hands on whole BGZF blocks only: an end inside a block, bytes that are no block, or bytes that a block hides behind
/// its text are errors.
pub(super) struct Blocks {
    input: BufReader<Source>,
    /// The latest block.
    block: Vec<u8>,
    /// The latest block was the empty one that ends a file.
    ended: bool,
    /// Offset of the latest block, and of the one after it.
    start: u64,
    next: u64,
}

impl Blocks {
    pub(super) fn new(input: BufReader<Source>) -> Self {
        Self { input, block: Vec::new(), ended: false, start: 0, next: 0 }
    }

    /// Offset of the latest block.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The next block; none at a proper end of the file.
    pub(super) fn next_block(&mut self) -> io::Result<Option<&[u8]>> {
        Ok(self.read_block()?.then_some(self.block.as_slice()))
    }

    /// Reads the next block; false at a proper end of the file.
    fn read_block(&mut self) -> io::Result<bool> {
        self.block.resize(BGZF_HEADER, 0);
        let have = self.fill(0)?;
        let header = self.block.get(..have).unwrap_or_default();
        if have < BGZF_HEADER {
            return match have {
                0 => Ok(false),
                _ if self.ended && !BGZF_EOF.starts_with(header.get(..have.min(4)).unwrap_or_default()) => {
                    Err(trailing())
                }
                _ => Err(corrupt(Cause::Truncated, "it ends inside a block header")),
            };
        }
        let Some(size) = block_size(header) else {
            return Err(if self.ended { trailing() } else { corrupt(Cause::Damaged, "bytes that are no BGZF block") });
        };
        self.ended = BGZF_EOF.starts_with(header);
        self.block.resize(size, 0);
        if self.fill(BGZF_HEADER)? < size {
            return Err(corrupt(Cause::Truncated, "it ends inside a block"));
        }
        if hides_bytes(&self.block) {
            return Err(corrupt(Cause::Damaged, "a block with bytes behind its text"));
        }
        self.start = self.next;
        self.next = self.next.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        Ok(true)
    }

    /// Fills the block from `have` on; how much of it is filled, less than all only at the end of the input.
    fn fill(&mut self, mut have: usize) -> io::Result<usize> {
        while let Some(rest) = self.block.get_mut(have..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest) {
                Ok(0) => break,
                Ok(n) => have += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(have)
    }
}

/// Whether a block is too long by whole blocks: damage to its size can make it end with the trailer of a later block of
/// the same text (of an empty one, say), so that its checksum holds and those between vanish.
fn hides_bytes(block: &[u8]) -> bool {
    let text = block.get(BGZF_HEADER..block.len().saturating_sub(TRAILER)).unwrap_or_default();
    let magic = BGZF_EOF.first_chunk::<4>().unwrap_or(&[0; 4]);
    // What looks like a block may also be text that was stored uncompressed.
    memchr::memmem::find(text, magic).is_some() && ends_early(text)
}

/// Whether a deflate stream ends before the last of `bytes`.
fn ends_early(bytes: &[u8]) -> bool {
    let mut text = vec![0; MAX_TEXT];
    let mut inflate = flate2::Decompress::new(false);
    let ended = inflate.decompress(bytes, &mut text, flate2::FlushDecompress::Finish);
    matches!(ended, Ok(flate2::Status::StreamEnd)) && inflate.total_in() < bytes.len() as u64
}

fn trailing() -> io::Error {
    corrupt(Cause::TrailingBytes, "after the empty block that ends a BGZF file")
}
