//! Lines under limits. In: decompressed bytes and the part that is read. Out: the lines the part owns, one at a time,
//! without their line ends. A line lies in the reader's buffer where it fits, else it is copied once.

use crate::compression::{Compression, Decoder};
use crate::fault::{Cause, Fault};
use crate::split::Part;
use std::io::{BufRead, Read};

/// Bounds of what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest line, in bytes.
    pub max_line_bytes: usize,
    /// Longest VCF header, in bytes.
    pub max_header_bytes: usize,
    /// Decompressed bytes of a part, and of a whole FASTA file.
    pub max_total_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line_bytes: 128 << 20, max_header_bytes: 64 << 20, max_total_bytes: 4 << 40 }
    }
}

/// The lines that a part owns (see [`Part`]).
pub(crate) struct Lines {
    decoder: Decoder,
    limits: Limits,
    /// Bytes of the line that was handed out and still lies in the decoder's buffer.
    pending: usize,
    carry: Vec<u8>,
    /// The part begins inside a line of the part before it.
    skip_first: bool,
    lines: u64,
    /// The last line handed out ended with the file instead of a newline.
    is_open: bool,
}

impl Lines {
    pub(crate) fn new(input: Box<dyn Read + Send>, compression: Compression, part: &Part, limits: Limits) -> Self {
        let mark = part.end.map(|end| end.saturating_sub(part.start));
        let decoder = Decoder::new(input, compression).with_mark(mark);
        Self { decoder, limits, pending: 0, carry: Vec::new(), skip_first: part.start > 0, lines: 0, is_open: false }
    }

    /// Lines handed out so far.
    pub(crate) fn count(&self) -> u64 {
        self.lines
    }

    /// Whether the line handed out last lacks its newline: it is the last one of the file.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Stored bytes read so far.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.decoder.stored_bytes()
    }

    /// The next line the part owns, without its `\n` (a `\r` before it stays); none after the last one.
    pub(crate) fn next_line(&mut self) -> Result<Option<&[u8]>, Fault> {
        self.consume_pending();
        if std::mem::take(&mut self.skip_first) && !self.skip_line()? {
            return Ok(None);
        }
        if self.decoder.is_past_mark() {
            return Ok(None);
        }
        self.carry.clear();
        loop {
            let number = self.lines.saturating_add(1);
            let buffer = self.decoder.fill_buf().map_err(|e| Fault::from_io(&e).at_line(number))?;
            let length = buffer.len();
            let newline = memchr::memchr(b'\n', buffer);
            if self.carry.len().saturating_add(newline.unwrap_or(length)) > self.limits.max_line_bytes {
                return Err(limit(Cause::LineTooLong, self.limits.max_line_bytes, "max_line_bytes").at_line(number));
            }
            self.check_total(number)?;
            match newline {
                Some(end) if self.carry.is_empty() => {
                    self.lines = number;
                    self.pending = end + 1;
                    let buffer = self.decoder.fill_buf().map_err(|e| Fault::from_io(&e))?;
                    return Ok(buffer.get(..end));
                }
                Some(end) => {
                    self.take_into_carry(end)?;
                    self.decoder.consume(1);
                    self.lines = number;
                    return Ok(Some(&self.carry));
                }
                None if length == 0 && self.carry.is_empty() => return Ok(None),
                None if length == 0 => {
                    self.lines = number;
                    self.is_open = true;
                    return Ok(Some(&self.carry));
                }
                None => self.take_into_carry(length)?,
            }
        }
    }

    fn take_into_carry(&mut self, length: usize) -> Result<(), Fault> {
        let buffer = self.decoder.fill_buf().map_err(|e| Fault::from_io(&e))?;
        self.carry.extend_from_slice(buffer.get(..length).unwrap_or_default());
        self.decoder.consume(length);
        Ok(())
    }

    fn consume_pending(&mut self) {
        self.decoder.consume(std::mem::take(&mut self.pending));
    }

    fn check_total(&self, line: u64) -> Result<(), Fault> {
        if self.decoder.position() <= self.limits.max_total_bytes {
            return Ok(());
        }
        Err(limit(Cause::TooManyBytes, self.limits.max_total_bytes, "max_total_bytes").at_line(line))
    }

    /// Skips through the first newline; false if the part owns no line.
    fn skip_line(&mut self) -> Result<bool, Fault> {
        loop {
            let buffer = self.decoder.fill_buf().map_err(|e| Fault::from_io(&e))?;
            let length = buffer.len();
            if length == 0 {
                return Ok(false);
            }
            if let Some(end) = memchr::memchr(b'\n', buffer) {
                self.decoder.consume(end + 1);
                return Ok(true);
            }
            self.decoder.consume(length);
            if self.decoder.is_past_mark() {
                return Ok(false);
            }
            self.check_total(0)?;
        }
    }
}

/// The fault of a passed limit, naming it.
pub(crate) fn limit(cause: Cause, value: impl std::fmt::Display, name: &str) -> Fault {
    Fault::new(cause).with_detail(&format!("{name} = {value}"))
}

#[cfg(test)]
mod tests;
