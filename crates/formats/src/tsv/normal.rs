//! Rows with alleles against the store's reference (spec 10, 12.3). In: the fields of a row of the three types that have
//! REF and ALT. Out: texts that take the place of coordinates and alleles, counted as the file counts, so that the row
//! is then read as if the file had them; or why the row does not fit the reference.
//!
//! - The row moves as one, by the rules of records of VCF, and keeps every allele of ALT, which are split at commas
//!   (HealthOmics keeps only the first).
//! - A row that fits the reference gets its alleles in upper case, moved or not: those of VCF are, which it shall meet.
//! - A row stays as it is that has no contig, coordinate or allele, or an allele that is no sequence: `.`, `*`, `<DEL>`, a
//!   breakend. So does one with `-`, which some programs write for no bases at all: where such an insertion starts they do
//!   not agree. REF is compared with the reference if it is a sequence, whatever ALT is.

use super::fields::Field;
use super::value::long;
use crate::fault::{Cause, Fault, shown};
use crate::genome::Genome;
use crate::normalize::{Normal, is_sequence};
use crate::normalizer::{Fit, Normalizer, Record};
use std::collections::BTreeMap;
use std::sync::Arc;
use varberg_model::{FormatKey, TsvStoreOptions};

/// Fields of a row, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Places {
    contig: usize,
    start: usize,
    /// None in `CHR_POS_REF_ALT`, where it follows from the position and REF.
    end: Option<usize>,
    reference: usize,
    alternate: usize,
}

/// Normalizes the rows of one part.
pub(super) struct RowNormalizer {
    normalizer: Normalizer,
    places: Places,
    /// 1 where the file counts from 1.
    shift: i64,
    /// What takes the place of fields of the latest row.
    written: Vec<(usize, String)>,
}

impl RowNormalizer {
    /// None if the store's type has no alleles.
    pub(super) fn new(store: &TsvStoreOptions, genome: Arc<Genome>) -> Option<Self> {
        let places = Places {
            contig: store.position(FormatKey::Chr)?,
            start: store.position(FormatKey::Pos).or_else(|| store.position(FormatKey::Start))?,
            end: store.position(FormatKey::End),
            reference: store.position(FormatKey::Ref)?,
            alternate: store.position(FormatKey::Alt)?,
        };
        let shift = i64::from(store.annotation_type().one_based().is_some());
        Some(Self { normalizer: Normalizer::new(genome), places, shift, written: Vec::new() })
    }

    /// Contigs of the file, with the other names that the reference has for them.
    pub(super) fn aliases(&self) -> &BTreeMap<String, String> {
        self.normalizer.aliases()
    }

    /// Reads a row, after which [`field`](Self::field) has what takes the place of its fields; tells why it does not fit the
    /// reference, if so.
    ///
    /// Faults: the reference cannot be read.
    pub(super) fn read<'a>(&mut self, field: impl Fn(usize) -> Option<Field<'a>>) -> Result<Option<Cause>, Fault> {
        self.written.clear();
        let Some(row) = self.row(field) else { return Ok(None) };
        let record = Record {
            contig: row.contig,
            start: row.start,
            end: row.end,
            reference: row.reference,
            alternates: row.alternates(),
            is_plain_snv: is_plain_snv(row.reference, row.alternate),
        };
        match self.normalizer.normalize(&record)? {
            Fit::Same => self.write_upper(&row),
            Fit::Moved(normal) => self.write(normal),
            Fit::Not(cause) => return Ok(Some(cause)),
        }
        Ok(None)
    }

    /// What takes the place of a field of the row that was read last; none if it stays.
    pub(super) fn field(&self, index: usize) -> Option<Field<'_>> {
        let (_, text) = self.written.iter().find(|(place, _)| *place == index)?;
        Some(Field { text: text.as_bytes(), is_quoted: false })
    }

    /// Contig and position of a row as written, for an error text.
    pub(super) fn place<'a>(&self, field: impl Fn(usize) -> Option<Field<'a>>) -> String {
        let text = |place| shown(field(place).map(|field| field.text).unwrap_or_default());
        format!("{}:{}", text(self.places.contig), text(self.places.start))
    }

    /// The row's place and alleles; none if one of them is missing or no number.
    fn row<'a>(&self, field: impl Fn(usize) -> Option<Field<'a>>) -> Option<Row<'a>> {
        let text = |place| field(place).map(|field| field.text).filter(|text| !text.is_empty());
        let start = long(text(self.places.start)?)?.checked_sub(self.shift)?;
        let reference = text(self.places.reference)?;
        let end = match self.places.end {
            Some(end) => long(text(end)?)?,
            None => start.checked_add(i64::try_from(reference.len()).ok()?)?,
        };
        let contig = std::str::from_utf8(text(self.places.contig)?).ok()?;
        Some(Row { contig, start, end, reference, alternate: text(self.places.alternate)? })
    }

    fn write(&mut self, normal: Normal) {
        let start = i128::from(normal.start) + i128::from(self.shift);
        self.written.push((self.places.start, start.to_string()));
        self.written.extend(self.places.end.map(|end| (end, normal.end.to_string())));
        self.written.push((self.places.reference, normal.reference));
        self.written.push((self.places.alternate, normal.alternates.join(",")));
    }

    fn write_upper(&mut self, row: &Row<'_>) {
        let has_lower = |text: &[u8]| text.iter().any(u8::is_ascii_lowercase);
        let is_upper = !has_lower(row.reference) && !has_lower(row.alternate);
        if is_upper || !is_sequence(row.reference) || !row.alternates().all(is_sequence) {
            return;
        }
        let upper = |text: &[u8]| String::from_utf8_lossy(text).to_ascii_uppercase();
        self.written.push((self.places.reference, upper(row.reference)));
        self.written.push((self.places.alternate, upper(row.alternate)));
    }
}

/// Place, 0-based and half-open, and alleles of a row as written.
struct Row<'a> {
    contig: &'a str,
    start: i64,
    end: i64,
    reference: &'a [u8],
    alternate: &'a [u8],
}

impl<'a> Row<'a> {
    fn alternates(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        self.alternate.split(|byte| *byte == b',')
    }
}

/// Whether one base, in upper case, takes the place of another one.
fn is_plain_snv(reference: &[u8], alternate: &[u8]) -> bool {
    let is_base = |allele: &[u8]| matches!(allele, b"A" | b"C" | b"G" | b"T");
    is_base(reference) && is_base(alternate) && reference != alternate
}

#[cfg(test)]
mod tests;
