//! The bytes of an answer between child and parent, in frames: a length (32 bits, little-endian) and so many bytes; length 0
//! says that the answer is whole, and is followed by how many bytes of data files were read for it (64 bits). So a parent need not wait for the child's end, which takes longer than many a statement.

use bytes::{Buf as _, Bytes, BytesMut};
use std::io::{self, Write};

/// Bytes that are put together in a frame.
const FRAME_BYTES: usize = 60 * 1024;
/// Most bytes of a frame.
const MAX_FRAME_BYTES: usize = 1 << 30;
const LENGTH_BYTES: usize = 4;
const SCANNED_BYTES: usize = 8;

/// Writes frames. Bytes that were not flushed are lost when it is dropped.
#[derive(Debug)]
pub(crate) struct FrameWriter<W> {
    inner: W,
    /// Room for the length, then bytes.
    frame: Vec<u8>,
}

impl<W: Write> FrameWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        let mut frame = Vec::with_capacity(LENGTH_BYTES + FRAME_BYTES);
        frame.resize(LENGTH_BYTES, 0);
        Self { inner, frame }
    }

    /// Says that the answer is whole, and what it took.
    pub(crate) fn end(mut self, scanned_bytes: u64) -> io::Result<()> {
        self.close_frame()?;
        let mut last = [0; LENGTH_BYTES + SCANNED_BYTES];
        if let Some(scanned) = last.last_chunk_mut() {
            *scanned = scanned_bytes.to_le_bytes();
        }
        self.inner.write_all(&last)?;
        self.inner.flush()
    }

    fn close_frame(&mut self) -> io::Result<()> {
        if self.frame.len() > LENGTH_BYTES {
            let length = length(self.frame.len() - LENGTH_BYTES)?;
            if let Some(room) = self.frame.first_chunk_mut() {
                *room = length;
            }
            self.inner.write_all(&self.frame)?;
            self.frame.truncate(LENGTH_BYTES);
        }
        Ok(())
    }
}

fn length(bytes: usize) -> io::Result<[u8; LENGTH_BYTES]> {
    Ok(u32::try_from(bytes).map_err(io::Error::other)?.to_le_bytes())
}

impl<W: Write> Write for FrameWriter<W> {
    /// Many bytes are a frame of their own, which is not copied.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.frame.len() + bytes.len() > LENGTH_BYTES + FRAME_BYTES {
            self.close_frame()?;
        }
        if bytes.len() <= FRAME_BYTES {
            self.frame.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        let bytes = bytes.get(..MAX_FRAME_BYTES).unwrap_or(bytes);
        self.inner.write_all(&length(bytes.len())?)?;
        self.inner.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.close_frame()?;
        self.inner.flush()
    }
}

/// What stands in a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Bytes(Bytes),
    /// The answer is whole, and so many bytes of data files were read for it.
    End(u64),
    /// More has to be read.
    Nothing,
}

/// Reads frames.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    /// Bytes of the frame under way that are still to come.
    left: usize,
    /// The frame that says so was met.
    is_last: bool,
}

impl FrameReader {
    /// Takes the next piece from what was read.
    pub(super) fn take(&mut self, read: &mut BytesMut) -> Piece {
        if self.left == 0 {
            if self.is_last {
                return if read.len() < SCANNED_BYTES { Piece::Nothing } else { Piece::End(read.get_u64_le()) };
            }
            if read.len() < LENGTH_BYTES {
                return Piece::Nothing;
            }
            self.left = usize::try_from(read.get_u32_le()).unwrap_or(usize::MAX);
            if self.left == 0 {
                self.is_last = true;
                return self.take(read);
            }
        }
        let own = self.left.min(read.len());
        if own == 0 {
            return Piece::Nothing;
        }
        self.left -= own;
        Piece::Bytes(read.split_to(own).freeze())
    }
}
