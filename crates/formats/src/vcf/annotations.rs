//! One INFO field of VEP, SnpEff or bcftools csq to the `annotations` column (spec 9). In: the header's line of the field
//! and the field's text, record by record. Out: the column of a batch. The text itself stays in the attributes.
//!
//! Entries are split at `,`, their values at `|`. An entry with another number of values than the header names makes the
//! list of its record empty and is judged. A record without the field has an empty list, a file without the field's
//! header line `{vep: null}` in every record. HealthOmics fills codons from Amino_acids and takes no header line but
//! VEP's own; both are not copied.

mod columns;
mod layout;

use super::Header;
use super::site::Site;
use crate::fault::{Cause, Fault};
use crate::judge::{Judge, Stop};
use crate::policy::{Policy, Verdict};
use crate::tally::Tally;
use arrow_array::{ArrayRef, ListArray, StructArray, new_null_array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, FieldRef, Fields};
use columns::Entries;
use layout::Layout;
use std::sync::Arc;

/// Most bytes that the entries of one record may take as columns; a record with more is judged as malformed.
const MAX_RECORD_BYTES: usize = 256 << 20;
/// Bytes of an entry besides its text and its `extras`: offsets and validity of all members.
const ENTRY_BYTES: usize = 256;
/// Bytes of an entry of `extras` besides key and value: offsets.
const EXTRA_BYTES: usize = 8;

/// Builds the `annotations` column of batches.
#[derive(Debug)]
pub(crate) struct Annotations {
    id: String,
    /// Type of the column.
    kind: DataType,
    content: Content,
    /// Whether the record that was read last has entries that fit the layout.
    fits: bool,
    /// Bytes that they take.
    bytes: usize,
}

#[derive(Debug)]
enum Content {
    NotAsked,
    /// The header has no line of the field, or one that does not name its sub-fields.
    Absent,
    Lists(Box<Lists>),
}

#[derive(Debug)]
struct Lists {
    layout: Layout,
    /// Bytes of the keys of `extras`, and what belongs to them, in every entry.
    extras_bytes: usize,
    entries: Entries,
    element: FieldRef,
    offsets: Vec<i32>,
}

impl Annotations {
    /// `id`: the INFO field, none if annotations are not asked for; `kind`: type of the column in record batches.
    pub(crate) fn new(header: &Header, id: Option<&str>, kind: &DataType) -> Self {
        let content = match id {
            None => Content::NotAsked,
            Some(id) => Lists::new(header, id, kind).map_or(Content::Absent, |lists| Content::Lists(Box::new(lists))),
        };
        Self { id: id.unwrap_or_default().to_owned(), kind: kind.clone(), content, fits: false, bytes: 0 }
    }

    /// The INFO field whose text [`read`](Self::read) and [`push`](Self::push) want; none if they want none.
    pub(crate) fn id(&self) -> Option<&str> {
        matches!(self.content, Content::Lists(_)).then_some(self.id.as_str())
    }

    /// Judges the field's text of a record; none if the record does not have the field.
    pub(crate) fn read(&mut self, text: Option<&str>, site: &Site<'_>, judge: &mut Judge) -> Result<(), Stop> {
        (self.fits, self.bytes) = (false, 0);
        let Content::Lists(lists) = &self.content else { return Ok(()) };
        let Some(text) = filled(text) else { return Ok(()) };
        match lists.bytes(text) {
            Some(bytes) => (self.fits, self.bytes) = (true, bytes),
            None => judge.judge(Cause::AnnotationEntry, Some(site), Some(&self.id))?,
        }
        Ok(())
    }

    /// Bytes that the entries of the record that was read last take as columns.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds the record that was read last.
    pub(crate) fn push(&mut self, text: Option<&str>) {
        if let Content::Lists(lists) = &mut self.content {
            lists.push(filled(text).filter(|_| self.fits));
        }
    }

    /// The column of the `rows` records so far; the builder starts anew.
    pub(crate) fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let DataType::Struct(fields) = &self.kind else { return Ok(new_null_array(&self.kind, rows)) };
        match &mut self.content {
            Content::NotAsked => Ok(new_null_array(&self.kind, rows)),
            Content::Absent => {
                let members = fields.iter().map(|f| new_null_array(f.data_type(), rows)).collect();
                Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), members, None, rows)?))
            }
            Content::Lists(lists) => {
                Ok(Arc::new(StructArray::try_new(fields.clone(), vec![Arc::new(lists.finish()?)], None)?))
            }
        }
    }
}

impl Lists {
    fn new(header: &Header, id: &str, kind: &DataType) -> Option<Self> {
        let (_, description) = header.info_descriptions(id).next()?;
        let layout = Layout::of(&description)?;
        let (element, fields) = entry_fields(kind)?;
        let entries = Entries::new(&layout, fields, header.version() >= (4, 3));
        let extras_bytes = layout.extras.iter().map(|key| key.len() + EXTRA_BYTES).sum();
        Some(Self { extras_bytes, entries, element: FieldRef::clone(element), offsets: vec![0], layout })
    }

    /// Bytes that the entries of a text take; none if one of them does not fit the layout, or all together are too large.
    fn bytes(&self, text: &str) -> Option<usize> {
        let expected = self.layout.targets.len();
        let (mut entries, mut values) = (1_usize, 1_usize);
        let fits = |values: usize| values == expected || (self.layout.may_be_short && values < expected);
        for at in memchr::memchr2_iter(b'|', b',', text.as_bytes()) {
            if text.as_bytes().get(at) == Some(&b'|') {
                values += 1;
                continue;
            }
            if !fits(values) {
                return None;
            }
            entries += 1;
            values = 1;
        }
        let bytes = entries.saturating_mul(ENTRY_BYTES + self.extras_bytes).saturating_add(text.len());
        (fits(values) && bytes <= MAX_RECORD_BYTES).then_some(bytes)
    }

    fn push(&mut self, text: Option<&str>) {
        for entry in text.into_iter().flat_map(|t| t.split(',')) {
            self.entries.push(&self.layout, entry);
        }
        // More than fit are reported when the column is finished.
        self.offsets.push(i32::try_from(self.entries.count()).unwrap_or(i32::MAX));
    }

    fn finish(&mut self) -> Result<ListArray, ArrowError> {
        let offsets = OffsetBuffer::new(std::mem::replace(&mut self.offsets, vec![0]).into());
        ListArray::try_new(FieldRef::clone(&self.element), offsets, Arc::new(self.entries.finish()?), None)
    }
}

/// The text of a field that has any.
fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|t| !matches!(*t, "" | "."))
}

/// The list's element in `struct<vep: list<struct<…>>>`, and the element's members.
fn entry_fields(kind: &DataType) -> Option<(&FieldRef, &Fields)> {
    let DataType::Struct(outer) = kind else { return None };
    let DataType::List(element) = outer.first()?.data_type() else { return None };
    let DataType::Struct(fields) = element.data_type() else { return None };
    Some((element, fields))
}

/// Judges a header that has the line of the field `id` more than once: the first holds.
///
/// HealthOmics takes `CSQ_extra` for a second line of `CSQ`; only equal ids are one here.
pub(crate) fn check_header(header: &Header, id: &str, policy: &Policy, tally: &mut Tally) -> Result<(), Fault> {
    let cause = Cause::DuplicateAnnotationLine;
    for (line, _) in header.info_descriptions(id).skip(1) {
        match policy.verdict(cause) {
            Verdict::Accept => {}
            Verdict::Warn => tally.warn(cause, line),
            Verdict::RejectRecord | Verdict::RejectFile => {
                return Err(Fault::new(cause).at_line(line).with_key(id.as_bytes()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
