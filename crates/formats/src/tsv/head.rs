//! What must be known of a delimited file before its parts are read: its encoding, and where its header line ends.

use super::lines::Lines;
use super::text::Text;
use super::{comment, is_before_header};
use crate::compression::{Compression, Decoder};
use crate::fault::Fault;
use crate::lines::Limits;
use std::io::Read;
use varberg_model::{Dialect, Encoding};

/// The beginning of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    dialect: Dialect,
    encoding: Encoding,
    first_cut: Option<u64>,
}

/// Reads the beginning of a file, through its header line.
///
/// Faults: a file that cannot be read so far, or not under the limits.
pub fn read_head(
    input: Box<dyn Read + Send>,
    compression: Compression,
    dialect: &Dialect,
    limits: &Limits,
) -> Result<Head, Fault> {
    let decoder = Decoder::new(input, compression);
    let (text, encoding) = Text::detect(decoder, dialect.encoding).map_err(|e| Fault::from_io(&e))?;
    let mut lines = Lines::new(text, &dialect.line_sep, 0, limits.clone());
    let mut has_header = !dialect.header;
    let comment = comment(dialect);
    while !has_header && let Some(line) = lines.next_line()? {
        has_header = !is_before_header(line, &comment);
    }
    let first_cut = lines.next_cut().filter(|_| has_header && compression.can_be_split());
    Ok(Head { dialect: dialect.clone(), encoding, first_cut })
}

impl Head {
    /// How the file is written.
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The encoding of the file, told by its mark where `encoding` is UTF-8 or UTF-16.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether a part may begin at an offset of the stored file (in BGZF, of a block). The planner drops other cuts.
    pub fn may_cut(&self, offset: u64) -> bool {
        self.first_cut.is_some_and(|first| offset >= first)
    }
}
