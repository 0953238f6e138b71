//! Lines of VCF to BCF 2.2. In: a header's text and its records' lines, whose names the header must declare
//! ([`Names::complete_header`] sees to that). Out: bytes, which the caller compresses. A record with a value that its
//! declared type cannot hold is refused. Only notation changes, as in bcftools: `007` becomes 7, an empty value becomes
//! missing; and floats become the nearest float32.
//!
//! ```text
//! let names = Names::of(header_text); for each line: names.see(line);     // where the lines are known beforehand
//! let (encoder, bytes) = Encoder::new(&names.complete_header(header_text))?; // bytes: magic and header
//! for each line: encoder.encode_record(line, &mut out)?;
//! ```

mod error;
mod names;
mod samples;
mod values;

pub use error::{EncodeError, Unwritable};
pub use names::Names;

use super::header::{BcfHeader, Entry, without_numbers};
use crate::vcf::declaration::{self, Section};
use std::collections::HashMap;
use values::{add_floats, add_integers, integer, put_floats, put_integer, put_integers, put_text};
use varberg_rows::ValueKind;

/// Turns the lines of one file into records.
#[derive(Debug)]
pub struct Encoder {
    contigs: HashMap<Vec<u8>, i32>,
    strings: HashMap<Vec<u8>, Ids>,
    samples: usize,
    has_leading_phase: bool,
    shared: Vec<u8>,
    individual: Vec<u8>,
}

/// The number of a name, and what it is declared as.
#[derive(Debug, Clone, Copy)]
struct Ids {
    index: i32,
    filter: bool,
    info: Option<ValueKind>,
    format: Option<ValueKind>,
}

impl Encoder {
    /// The encoder of a file with this VCF header, and the first bytes of the file: the magic and the header.
    ///
    /// `IDX` members are those of another file; this one numbers its names anew.
    ///
    /// Faults: a header with ids that BCF cannot number; one of 4 GiB or more.
    pub fn new(header_text: &str) -> Result<(Self, Vec<u8>), EncodeError> {
        let header = BcfHeader::of_text(&without_numbers(header_text), 2)?;
        let mut encoder = Self {
            contigs: header.contigs().map(|(index, name)| (name.as_bytes().to_vec(), index)).collect(),
            strings: HashMap::new(),
            samples: header.samples(),
            has_leading_phase: header.has_leading_phase(),
            shared: Vec::new(),
            individual: Vec::new(),
        };
        for (index, name) in header.strings() {
            let ids = Ids { index, filter: name == "PASS", info: None, format: None };
            encoder.strings.insert(name.as_bytes().to_vec(), ids);
        }
        let mut text = String::with_capacity(header_text.len());
        for line in header.text().split_inclusive('\n') {
            let index = encoder.declare(line);
            put_line(line, index, &mut text);
        }
        text.push('\0');
        let length = u32::try_from(text.len()).map_err(|_| Unwritable::too_many("bytes of header"))?;
        Ok((encoder, [b"BCF\x02\x02", length.to_le_bytes().as_slice(), text.as_bytes()].concat()))
    }

    /// Notes what a header line declares; the number of its name.
    fn declare(&mut self, line: &str) -> Option<i32> {
        let entry = Entry::of_line(line)?;
        if entry.is_contig {
            return self.contigs.get(entry.id.as_bytes()).copied();
        }
        let ids = self.strings.get_mut(entry.id.as_bytes())?;
        let (section, body) = line.trim_end().strip_prefix("##")?.split_once('=')?;
        let kind =
            |section| declaration::parse(section, body, (4, 3)).declaration.map_or(ValueKind::String, |d| d.kind);
        match section {
            "INFO" => ids.info = ids.info.or_else(|| Some(kind(Section::Info))),
            "FORMAT" => ids.format = ids.format.or_else(|| Some(kind(Section::Format))),
            _ => ids.filter = true,
        }
        Some(ids.index)
    }

    /// Adds the record of a line, without or with its line end, to `out`.
    ///
    /// Faults: an undeclared name, columns that are missing or malformed, values that their declared type cannot hold;
    /// nothing is added then.
    pub fn encode_record(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut shared = std::mem::take(&mut self.shared);
        let mut individual = std::mem::take(&mut self.individual);
        shared.clear();
        individual.clear();
        let put = self.put_record(line, &mut shared, &mut individual).and_then(|()| {
            let lengths = (u32::try_from(shared.len()), u32::try_from(individual.len()));
            let (Ok(a), Ok(b)) = lengths else { return Err(Unwritable::too_many("bytes")) };
            out.extend_from_slice(&a.to_le_bytes());
            out.extend_from_slice(&b.to_le_bytes());
            out.extend_from_slice(&shared);
            out.extend_from_slice(&individual);
            Ok(())
        });
        self.shared = shared;
        self.individual = individual;
        let mut columns = line.split(|b| *b == b'\t');
        let mut column = || columns.next().unwrap_or_default();
        put.map_err(|error| error.at(column(), column()).into())
    }

    fn put_record(&self, line: &[u8], shared: &mut Vec<u8>, individual: &mut Vec<u8>) -> Result<(), Unwritable> {
        if memchr::memchr2(0, values::TEXT_MISSING, line).is_some() {
            return Err(Unwritable::new("it has a NUL or BEL character, which BCF has another use for"));
        }
        let mut columns = line.splitn(10, |b| *b == b'\t');
        let mut next = || columns.next().ok_or_else(|| Unwritable::new("it has fewer than 8 columns"));
        let (contig, position, id, reference) = (next()?, next()?, next()?, next()?);
        let (alternates, qual, filter, info) = (next()?, next()?, next()?, next()?);
        let formats = match (columns.next(), columns.next()) {
            (Some(format), Some(samples)) => samples::put_samples(self, format, samples, individual)?,
            _ if self.samples > 0 => return Err(samples::other_number(0, self.samples)),
            _ => 0,
        };
        let contig = self.contigs.get(contig).ok_or_else(|| Unwritable::undeclared("contig", contig))?;
        let start = start(position)?;
        let alternates: Vec<&[u8]> = match alternates {
            b"." => Vec::new(),
            text => text.split(|b| *b == b',').collect(),
        };
        let entries = info_entries(info);
        if entries.iter().any(|(key, _)| key.is_empty()) {
            return Err(Unwritable::new("INFO has a value without a key"));
        }
        let alleles = u16::try_from(alternates.len() + 1).map_err(|_| Unwritable::too_many("alleles"))?;
        let infos = u16::try_from(entries.len()).map_err(|_| Unwritable::too_many("INFO entries"))?;
        let samples = u32::try_from(self.samples).map_err(|_| Unwritable::too_many("samples"))?;
        if samples >= 1 << 24 {
            return Err(Unwritable::too_many("samples"));
        }
        for number in [*contig, start, length_on_reference(start, reference, &entries)] {
            shared.extend_from_slice(&number.to_le_bytes());
        }
        let qual =
            values::float(qual).ok_or_else(|| Unwritable::new("QUAL is not a number that a 32-bit float holds"))?;
        shared.extend_from_slice(&qual.to_le_bytes());
        shared.extend_from_slice(&infos.to_le_bytes());
        shared.extend_from_slice(&alleles.to_le_bytes());
        shared.extend_from_slice(&(samples | u32::from(formats) << 24).to_le_bytes());
        put_text(if id == b"." { b"" } else { id }, shared);
        put_text(reference, shared);
        alternates.iter().for_each(|allele| put_text(allele, shared));
        self.put_filters(filter, shared)?;
        entries.iter().try_for_each(|(key, value)| self.put_info(key, *value, shared))
    }

    fn put_filters(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Unwritable> {
        let mut filters = Vec::new();
        for name in text.split(|b| *b == b';').filter(|_| !matches!(text, b"." | b"")) {
            if name.is_empty() {
                return Err(Unwritable::new("FILTER has an empty name"));
            }
            let ids = self
                .strings
                .get(name)
                .filter(|ids| ids.filter)
                .ok_or_else(|| Unwritable::undeclared("FILTER", name))?;
            filters.push(values::Int::Value(ids.index));
        }
        if filters.is_empty() {
            out.push(0);
        } else {
            put_integers(&filters, filters.len(), out);
        }
        Ok(())
    }

    fn put_info(&self, key: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), Unwritable> {
        let ids = self.strings.get(key).and_then(|ids| Some((ids.index, ids.info?)));
        let (index, kind) = ids.ok_or_else(|| Unwritable::undeclared("INFO", key))?;
        put_integer(index, out);
        let Some(value) = value else {
            out.push(0);
            return Ok(());
        };
        match kind {
            ValueKind::Integer => {
                let mut values = Vec::new();
                let length = add_integers(value, &mut values).ok_or_else(|| not_integers("INFO").with_key(key))?;
                put_integers(&values, length, out);
            }
            ValueKind::Float => {
                let mut values = Vec::new();
                let length = add_floats(value, &mut values).ok_or_else(|| not_floats("INFO").with_key(key))?;
                put_floats(&values, length, out);
            }
            ValueKind::Flag | ValueKind::Character | ValueKind::String => put_text(value, out),
        }
        Ok(())
    }

    /// The number and the type of a FORMAT key.
    fn format(&self, key: &[u8]) -> Result<(i32, ValueKind), Unwritable> {
        let ids = self.strings.get(key).and_then(|ids| Some((ids.index, ids.format?)));
        ids.ok_or_else(|| Unwritable::undeclared("FORMAT", key))
    }
}

/// A header line with the number of its name, as bcftools writes it: lines that another reader drops shift nothing.
fn put_line(line: &str, index: Option<i32>, text: &mut String) {
    let end = line.trim_end();
    match (index, end.strip_suffix('>')) {
        (Some(index), Some(body)) => text.push_str(&format!("{body},IDX={index}>")),
        _ => text.push_str(end),
    }
    text.push('\n');
}

/// POS - 1.
fn start(position: &[u8]) -> Result<i32, Unwritable> {
    match integer(position) {
        Some(values::Int::Value(value @ 0..)) if position.iter().all(u8::is_ascii_digit) => Ok(value - 1),
        _ => Err(Unwritable::new("POS is not a whole number up to 2147483647")),
    }
}

fn not_integers(section: &str) -> Unwritable {
    Unwritable::new(format!("{section} has a value that is not an Integer from -2147483640 to 2147483647, as declared"))
}

fn not_floats(section: &str) -> Unwritable {
    Unwritable::new(format!("{section} has a value that is not a Float of 32 bits, as declared"))
}

/// Keys and values; empty entries are left out.
fn info_entries(info: &[u8]) -> Vec<(&[u8], Option<&[u8]>)> {
    if info == b"." {
        return Vec::new();
    }
    let entry = |text: &'_ [u8]| match memchr::memchr(b'=', text) {
        Some(at) => (at, true),
        None => (text.len(), false),
    };
    let split = info.split(|b| *b == b';').map(|text| {
        let (at, has_value) = entry(text);
        let (key, value) = text.split_at_checked(at).unwrap_or((text, b""));
        (key, value.get(1..).filter(|_| has_value))
    });
    split.filter(|(key, value)| !key.is_empty() || value.is_some()).collect()
}

/// Bases the record spans: to INFO END where that lies behind POS, else those of REF.
fn length_on_reference(start: i32, reference: &[u8], entries: &[(&[u8], Option<&[u8]>)]) -> i32 {
    let end = entries.iter().rev().find(|(key, _)| *key == b"END").and_then(|(_, value)| *value);
    match end.and_then(integer) {
        Some(values::Int::Value(end)) if end > start => end.saturating_sub(start),
        _ => i32::try_from(reference.len()).unwrap_or(i32::MAX),
    }
}

#[cfg(test)]
mod tests;
