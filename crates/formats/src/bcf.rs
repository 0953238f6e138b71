//! BCF 2.1 and 2.2 to the lines of the VCF they stand for (VCF specification, section on BCF). In: decompressed bytes.
//! Out: the header's text, then one line for each record: the line `bcftools view` prints, but for floats, which keep
//! the digits that a float32 needs to be read back. The VCF reader takes these lines, so a BCF file gives the columns
//! of its VCF twin; of most records, genotypes and integers are handed on as they are, since their text would be read
//! back to the same vectors. No length in the file is believed before as many bytes were read.

mod bytes;
pub mod encode;
mod header;
mod line;
mod record;
mod value;
mod vectors;

pub(crate) use header::{BcfHeader, read_magic, read_start, without_numbers};
pub(crate) use vectors::SampleVectors;

use crate::fault::{Cause, Fault};
use crate::lines::{Limits, limit};
use bytes::Bytes;
use line::Line;
use record::Wanted;
use std::io::BufRead;

/// Bytes of a record before CHROM: `l_shared` and `l_indiv`.
const LENGTHS: usize = 8;

/// A record: its line, or its line through FORMAT and the values of its samples.
pub(crate) struct Record<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) vectors: Option<SampleVectors<'a>>,
}

/// Reads the records of a BCF file as lines of VCF.
pub struct Reader<R> {
    input: R,
    header: BcfHeader,
    limits: Limits,
    /// The bytes of the latest record.
    record: Vec<u8>,
    line: Line,
    /// Lines of the header and of the records so far.
    lines: u64,
    consumed: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header of `input`, which begins with the first byte of the decompressed file.
    ///
    /// Faults: bytes that are no BCF 2.1 or 2.2, a header that cannot be read, the header limit, damaged compression.
    pub fn new(mut input: R, limits: Limits) -> Result<Self, Fault> {
        let start = read_start(&mut input)?;
        let minor = read_magic(&start)?.ok_or_else(|| header::fault("the file does not begin with the letters BCF"))?;
        let header = BcfHeader::read(&mut input, minor, &limits)?;
        let lines = header.line_count();
        let line = Line::new(limits.max_line_bytes);
        Ok(Self { input, header, limits, record: Vec::new(), line, lines, consumed: 0 })
    }

    /// The header's text through the `#CHROM` line, without the `IDX` members, which only BCF has.
    pub fn header_text(&self) -> &str {
        self.header.text()
    }

    /// Lines so far, as the VCF twin has them: those of the header, and one for each record.
    pub fn count(&self) -> u64 {
        self.lines
    }

    /// Where the bytes come from.
    pub fn get_ref(&self) -> &R {
        &self.input
    }

    /// The line of the next record, without a line end; none after the last.
    ///
    /// Faults: a malformed record ([`Cause::BcfRecord`]), passed limits, damaged compression. The line of a fault is
    /// the one the record has in the VCF twin.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, Fault> {
        Ok(self.next(Wanted::Text)?.map(|record| record.line))
    }

    /// The next record, with vectors where they say what the text would; the same faults.
    pub(crate) fn next_record(&mut self) -> Result<Option<Record<'_>>, Fault> {
        self.next(Wanted::Vectors)
    }

    fn next(&mut self, wanted: Wanted) -> Result<Option<Record<'_>>, Fault> {
        let number = self.lines.saturating_add(1);
        let read = self.read_record().map_err(|fault| fault.at_line(number))?;
        let Some(shared_length) = read else { return Ok(None) };
        let (shared, individual) = self.record.split_at_checked(shared_length).unwrap_or_default();
        let written = record::write(shared, individual, &self.header, wanted, &mut self.line);
        let vectors = written.map_err(|fault| fault.at_line(number))?;
        self.lines = number;
        Ok(Some(Record { line: self.line.as_bytes(), vectors }))
    }

    /// Reads the bytes of the next record; the length of their shared part, none at the end of the file.
    fn read_record(&mut self) -> Result<Option<usize>, Fault> {
        read_exactly(&mut self.input, &mut self.record, LENGTHS)?;
        let mut lengths = match self.record.len() {
            0 => return Ok(None),
            LENGTHS => Bytes::new(&self.record),
            _ => return Err(cut_off()),
        };
        let (shared, individual) = (lengths.u32()?, lengths.u32()?);
        let length = u64::from(shared).saturating_add(u64::from(individual));
        let (Ok(shared), Ok(length)) = (usize::try_from(shared), usize::try_from(length)) else {
            return Err(limit(Cause::LineTooLong, self.limits.max_line_bytes, "max_line_bytes"));
        };
        if length > self.limits.max_line_bytes {
            return Err(limit(Cause::LineTooLong, self.limits.max_line_bytes, "max_line_bytes"));
        }
        read_exactly(&mut self.input, &mut self.record, length)?;
        if self.record.len() < length {
            return Err(cut_off());
        }
        self.count_bytes(length)?;
        Ok(Some(shared))
    }

    fn count_bytes(&mut self, length: usize) -> Result<(), Fault> {
        let length = u64::try_from(length.saturating_add(LENGTHS)).unwrap_or(u64::MAX);
        self.consumed = self.consumed.saturating_add(length);
        if self.consumed > self.limits.max_total_bytes {
            return Err(limit(Cause::TooManyBytes, self.limits.max_total_bytes, "max_total_bytes"));
        }
        Ok(())
    }
}

fn cut_off() -> Fault {
    record::fault("the file ends inside it; it was cut off: copy or make it again")
}

/// Reads `length` bytes, or as many as there are, into `out`, which grows with what was read and not with `length`.
fn read_exactly(input: &mut (impl BufRead + ?Sized), out: &mut Vec<u8>, length: usize) -> Result<(), Fault> {
    out.clear();
    while out.len() < length {
        let buffer = match input.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(buffer) => buffer,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::from_io(&error)),
        };
        let piece = buffer.get(..length - out.len()).unwrap_or(buffer);
        out.extend_from_slice(piece);
        let consumed = piece.len();
        input.consume(consumed);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
