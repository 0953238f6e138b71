//! Where a reader's lines come from: the text of a part, or the records of a BCF file. In: stored bytes. Out: lines, and
//! how many there were. What comes after this knows of BCF only that values of samples may be vectors already.

use crate::bcf::{self, Record};
use crate::compression::{Compression, Decoder};
use crate::fault::{Cause, Fault};
use crate::lines::{Limits, Lines};
use crate::split::Part;
use std::io::Read;

pub(super) enum Source {
    Text(Lines),
    Bcf(Box<bcf::Reader<Decoder>>),
}

impl Source {
    /// The lines of a part of a text file.
    ///
    /// Faults: a part of a compressed file that cannot be entered in its middle.
    pub(super) fn text(
        input: Box<dyn Read + Send>,
        compression: Compression,
        part: &Part,
        limits: Limits,
    ) -> Result<Self, Fault> {
        if !compression.can_be_split() && *part != Part::WHOLE {
            return Err(Fault::new(Cause::Io).with_detail("a file in this compression cannot be read in parts"));
        }
        Ok(Self::Text(Lines::new(input, compression, part, limits)))
    }

    /// The records of a whole BCF file.
    ///
    /// Faults: a part of a file; those of [`bcf::Reader::new`].
    pub(super) fn bcf(
        input: Box<dyn Read + Send>,
        compression: Compression,
        part: &Part,
        limits: Limits,
    ) -> Result<Self, Fault> {
        if *part != Part::WHOLE {
            return Err(Fault::new(Cause::Io).with_detail("a BCF file cannot be read in parts"));
        }
        Ok(Self::Bcf(Box::new(bcf::Reader::new(Decoder::new(input, compression), limits)?)))
    }

    /// The next line without its line end, or its beginning with the values of the samples beside it; none after the
    /// last one.
    pub(super) fn next_record(&mut self) -> Result<Option<Record<'_>>, Fault> {
        match self {
            Self::Text(lines) => Ok(lines.next_line()?.map(|line| Record { line, vectors: None })),
            Self::Bcf(records) => records.next_record(),
        }
    }

    /// Lines so far, those of the header included.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Text(lines) => lines.count(),
            Self::Bcf(records) => records.count(),
        }
    }

    /// Whether the line handed out last is the last one of a text that does not end with a newline.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Text(lines) => lines.is_open(),
            Self::Bcf(_) => false,
        }
    }

    /// Stored bytes read so far.
    pub(super) fn stored_bytes(&self) -> u64 {
        match self {
            Self::Text(lines) => lines.stored_bytes(),
            Self::Bcf(records) => records.get_ref().stored_bytes(),
        }
    }
}
