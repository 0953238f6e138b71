//! BGZF as stored: whole blocks only. In: the bytes of a file or of a part that begins with a block. Out: the same
//! bytes, and where each block begins. Decompresses nothing.

use super::{BGZF_EOF, BGZF_HEADER, Source, block_size, corrupt};
use crate::fault::Cause;
use std::io::{self, BufReader, Read};

/// Hands on whole BGZF blocks only: an end inside a block, or bytes that are no block, are errors.
pub(super) struct Blocks {
    input: BufReader<Source>,
    header: [u8; BGZF_HEADER],
    /// Bytes of the block not handed on yet; those of the header first.
    left: usize,
    header_left: usize,
    /// The latest block was the empty one that ends a file.
    ended: bool,
    /// Offset of the latest block, and of the one after it.
    start: u64,
    next: u64,
}

impl Blocks {
    pub(super) fn new(input: BufReader<Source>) -> Self {
        Self { input, header: [0; BGZF_HEADER], left: 0, header_left: 0, ended: false, start: 0, next: 0 }
    }

    /// Offset of the latest block.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Reads the header of the next block; false at a proper end of the file.
    fn next_block(&mut self) -> io::Result<bool> {
        let mut have = 0;
        while let Some(rest) = self.header.get_mut(have..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest) {
                Ok(0) if have == 0 => return Ok(false),
                Ok(0) if self.ended && !BGZF_EOF.starts_with(self.header.get(..have.min(4)).unwrap_or_default()) => {
                    return Err(trailing());
                }
                Ok(0) => return Err(corrupt(Cause::Truncated, "it ends inside a block header")),
                Ok(n) => have += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // the block reader would take this kind for the end of the file
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(io::Error::other(error)),
                Err(error) => return Err(error),
            }
        }
        let Some(size) = block_size(&self.header) else {
            return Err(if self.ended { trailing() } else { corrupt(Cause::Damaged, "bytes that are no BGZF block") });
        };
        self.ended = BGZF_EOF.starts_with(&self.header);
        self.left = size;
        self.header_left = BGZF_HEADER;
        self.start = self.next;
        self.next = self.next.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        Ok(true)
    }
}

impl Read for Blocks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || (self.left == 0 && !self.next_block()?) {
            return Ok(0);
        }
        if self.header_left > 0 {
            let mut header = self.header.get(BGZF_HEADER - self.header_left..).unwrap_or_default();
            let n = header.read(out)?;
            self.header_left -= n;
            self.left -= n;
            return Ok(n);
        }
        let wanted = out.len().min(self.left);
        let n = self.input.read(out.get_mut(..wanted).unwrap_or_default())?;
        if n == 0 {
            return Err(corrupt(Cause::Truncated, "it ends inside a block"));
        }
        self.left -= n;
        Ok(n)
    }
}

fn trailing() -> io::Error {
    corrupt(Cause::TrailingBytes, "after the empty block that ends a BGZF file")
}
