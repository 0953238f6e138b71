//! Lines of delimited text under limits, in the parts of a file. Like `crate::lines`, with every line end that Spark knows:
//! `\n`, `\r\n`, `\r`, or a text of the user's choice. A value never spans lines, in quotes neither: Spark splits the
//! lines first (`multiLine` is not among the read options), which is why a part may begin at any line.

use super::text::Text;
use crate::fault::{Cause, Fault};
use crate::lines::{Limits, limit};
use varberg_model::LineSeparator;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

enum End {
    Any,
    Byte(u8),
    /// Two bytes or more.
    Bytes(Vec<u8>),
}

pub(super) struct Lines {
    text: Text,
    limits: Limits,
    end: End,
    /// Bytes of the line that was handed out and still lies in the buffer.
    pending: usize,
    carry: Vec<u8>,
    /// The part begins inside a line of the part before it.
    skip_first: bool,
    /// The line ended with `\r`: a `\n` that follows belongs to its end.
    after_return: bool,
    is_start_of_file: bool,
    lines: u64,
}

impl Lines {
    /// `start`: offset of the part's first byte in the stored file.
    pub(super) fn new(text: Text, separator: &LineSeparator, start: u64, limits: Limits) -> Self {
        let end = match separator {
            LineSeparator::Any => End::Any,
            LineSeparator::Is(text) => match text.as_bytes() {
                [byte] => End::Byte(*byte),
                bytes => End::Bytes(bytes.to_vec()),
            },
        };
        Self {
            text,
            limits,
            end,
            pending: 0,
            carry: Vec::new(),
            skip_first: start > 0,
            after_return: false,
            is_start_of_file: start == 0,
            lines: 0,
        }
    }

    /// Lines handed out so far.
    pub(super) fn count(&self) -> u64 {
        self.lines
    }

    /// Stored bytes read so far; buffers read ahead.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.text.decoder().stored_bytes()
    }

    /// The first offset in the stored file at which a part may begin that has none of the lines handed out; none if a line
    /// cannot be found from the middle of the file.
    pub(super) fn next_cut(&self) -> Option<u64> {
        // Of a longer line end a part could begin with the second half.
        if !self.text.is_stored_as_read() || matches!(self.end, End::Bytes(_)) {
            return None;
        }
        let decoder = self.text.decoder();
        let pending = u64::try_from(self.pending).unwrap_or(u64::MAX);
        let here = decoder.block_start().unwrap_or_else(|| decoder.position().saturating_add(pending));
        Some(here.saturating_add(1))
    }

    /// The next line of the part, without its end; none after the last one.
    pub(super) fn next_line(&mut self) -> Result<Option<&[u8]>, Fault> {
        self.text.consume(std::mem::take(&mut self.pending));
        if std::mem::take(&mut self.skip_first) && !self.skip_line()? {
            return Ok(None);
        }
        self.finish_return()?;
        if self.text.decoder().is_past_mark() {
            return Ok(None);
        }
        self.carry.clear();
        let Some(length) = self.find_line()? else { return Ok(None) };
        self.lines = self.lines.saturating_add(1);
        let is_first = std::mem::take(&mut self.is_start_of_file);
        let line = match length {
            Some(length) => self.text.fill().map_err(|e| Fault::from_io(&e))?.get(..length).unwrap_or_default(),
            None => self.carry.as_slice(),
        };
        Ok(Some(if is_first { line.strip_prefix(UTF8_MARK).unwrap_or(line) } else { line }))
    }

    /// Finds the end of the line: the length of a line that lies in the buffer, or none for one that lies in `carry`.
    fn find_line(&mut self) -> Result<Option<Option<usize>>, Fault> {
        let number = self.lines.saturating_add(1);
        loop {
            let buffer = self.text.fill().map_err(|e| Fault::from_io(&e).at_line(number))?;
            let length = buffer.len();
            let found = match &self.end {
                End::Any => memchr::memchr2(b'\n', b'\r', buffer),
                End::Byte(byte) => memchr::memchr(*byte, buffer),
                End::Bytes(bytes) => memchr::memchr(bytes.last().copied().unwrap_or_default(), buffer),
            };
            let is_return = found.and_then(|at| buffer.get(at)) == Some(&b'\r');
            self.check(found.unwrap_or(length), number)?;
            match (found, &self.end) {
                (Some(at), End::Bytes(_)) => {
                    self.carry_over(at + 1)?;
                    if let End::Bytes(end) = &self.end
                        && self.carry.ends_with(end)
                    {
                        self.carry.truncate(self.carry.len() - end.len());
                        return Ok(Some(None));
                    }
                }
                (Some(at), End::Any | End::Byte(_)) => {
                    self.after_return = is_return && matches!(self.end, End::Any);
                    if self.carry.is_empty() {
                        self.pending = at + 1;
                        return Ok(Some(Some(at)));
                    }
                    self.carry_over(at)?;
                    self.text.consume(1);
                    return Ok(Some(None));
                }
                (None, _) if length == 0 => return Ok((!self.carry.is_empty()).then_some(None)),
                (None, _) => self.carry_over(length)?,
            }
        }
    }

    fn carry_over(&mut self, length: usize) -> Result<(), Fault> {
        let buffer = self.text.fill().map_err(|e| Fault::from_io(&e))?;
        self.carry.extend_from_slice(buffer.get(..length).unwrap_or_default());
        self.text.consume(length);
        Ok(())
    }

    /// Takes the `\n` of a `\r\n`.
    fn finish_return(&mut self) -> Result<(), Fault> {
        if std::mem::take(&mut self.after_return) {
            let number = self.lines.saturating_add(1);
            let buffer = self.text.fill().map_err(|e| Fault::from_io(&e).at_line(number))?;
            if buffer.first() == Some(&b'\n') {
                self.text.consume(1);
            }
        }
        Ok(())
    }

    fn check(&self, more: usize, line: u64) -> Result<(), Fault> {
        let Limits { max_line_bytes, max_total_bytes, .. } = self.limits;
        if self.carry.len().saturating_add(more) > max_line_bytes {
            return Err(limit(Cause::LineTooLong, max_line_bytes, "max_line_bytes").at_line(line));
        }
        if self.text.decoder().position() > max_total_bytes {
            return Err(limit(Cause::TooManyBytes, max_total_bytes, "max_total_bytes").at_line(line));
        }
        Ok(())
    }

    /// Skips through the first line end; false if the part owns no line.
    fn skip_line(&mut self) -> Result<bool, Fault> {
        loop {
            let buffer = self.text.fill().map_err(|e| Fault::from_io(&e))?;
            let length = buffer.len();
            if length == 0 {
                return Ok(false);
            }
            let found = match &self.end {
                End::Any => memchr::memchr2(b'\n', b'\r', buffer),
                End::Byte(byte) => memchr::memchr(*byte, buffer),
                End::Bytes(_) => return Ok(false), // such a file has no second part
            };
            if let Some(at) = found {
                self.after_return = matches!(self.end, End::Any) && buffer.get(at) == Some(&b'\r');
                self.text.consume(at + 1);
                return Ok(true);
            }
            self.text.consume(length);
            if self.text.decoder().is_past_mark() {
                return Ok(false);
            }
            self.check(0, 0)?;
        }
    }
}
