//! The values of a record's samples that need not become text. In: the columns of a record. Out: vectors of integers; or,
//! where the reader of vectors wants it after all, the text of the columns.

use super::bytes::Kind;
use super::header::BcfHeader;
use super::line::Line;
use super::record::{Format, write_columns};
use crate::fault::Fault;
use varberg_rows::IntegerVector;

/// The values of all samples of a record: genotypes of one or two alleles, and integers.
pub(crate) struct SampleVectors<'a> {
    columns: Vec<Format<'a>>,
    header: &'a BcfHeader,
}

impl<'a> SampleVectors<'a> {
    /// The columns, if their text would be nothing but genotypes of one or two alleles and integers, in a line under its limit;
    /// else the columns back. `line` is written through FORMAT.
    ///
    /// What is taken here has no faults, so that those of other records come as early as ever.
    pub(super) fn of(columns: Vec<Format<'a>>, header: &'a BcfHeader, line: &Line) -> Result<Self, Vec<Format<'a>>> {
        // In the text of FORMAT a name with a colon is two keys.
        let is_one_key = |key: &[u8]| memchr::memchr(b':', key).is_none();
        let is_plain = |column: &Format<'_>| match column.kind {
            // LEN says where records of VCF 4.5 end, and is looked at as text.
            Kind::Int8 | Kind::Int16 | Kind::Int32 => {
                column.length > 0
                    && is_one_key(column.key)
                    && column.key != b"LEN"
                    && (column.key != b"GT" || is_plain_genotype(column, header))
            }
            Kind::Missing | Kind::Float | Kind::Character => false,
        };
        let longest = |column: &Format<'_>| header.samples().saturating_add(column.bytes.len().saturating_mul(5));
        let text = columns.iter().map(longest).fold(0, usize::saturating_add);
        // A name with a carriage return at its end makes another line of it.
        let is_one_line = |line: &[u8]| !line.ends_with(b"\r");
        let taken = header.samples() > 0
            && !columns.is_empty()
            && !header.pads_with_missing()
            && columns.iter().all(is_plain)
            && text <= line.room()
            && is_one_line(line.as_bytes());
        if taken { Ok(Self { columns, header }) } else { Err(columns) }
    }

    /// One vector for each key of FORMAT.
    pub(crate) fn integers(&self) -> impl ExactSizeIterator<Item = IntegerVector<'a>> + Clone {
        let vector = |column: &Format<'a>| {
            let &Format { kind, length, bytes, .. } = column;
            IntegerVector { width: kind.width(), length, bytes }
        };
        self.columns.iter().map(vector)
    }

    /// Bytes of the values.
    pub(crate) fn length(&self) -> usize {
        self.columns.iter().map(|column| column.bytes.len()).sum()
    }

    /// The columns of the samples as they would stand in the line, without the tab before the first one.
    pub(crate) fn text(&self) -> Result<Vec<u8>, Fault> {
        let mut line = Line::new(usize::MAX);
        write_columns(&self.columns, self.header, &mut line)?;
        Ok(line.as_bytes().get(1..).unwrap_or_default().to_vec())
    }
}

/// Whether all samples have one or two alleles and nothing is said of what stands before the first one.
fn is_plain_genotype(column: &Format<'_>, header: &BcfHeader) -> bool {
    /// Of a sample with one allele.
    const ENDED: u8 = 0x81;
    let is_negative = |code: u8| code >= 0x80;
    let some_are = is_negative(column.bytes.iter().fold(0, |all, code| all | code));
    let (pairs, _) = column.bytes.as_chunks::<2>();
    let is_odd = |[first, second]: [u8; 2]| is_negative(first) | (is_negative(second) & (second != ENDED));
    match (column.kind, column.length) {
        (Kind::Int8, 1) => !some_are,
        (Kind::Int8, 2) if some_are && pairs.iter().any(|pair| is_odd(*pair)) => false,
        (Kind::Int8, 2) => !header.has_leading_phase() || pairs.iter().all(|[first, second]| first & !second & 1 == 0),
        _ => false,
    }
}
