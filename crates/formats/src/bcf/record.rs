//! One record to its line of VCF. In: its shared and its individual bytes, and the header. Out: CHROM to INFO, FORMAT
//! and one column for each sample. Every length is held against the bytes that are there.

use super::bytes::{Bytes, Kind, Vector};
use super::header::BcfHeader;
use super::line::Line;
use super::value::{self, integers, write_float, write_genotype};
use super::vectors::SampleVectors;
use crate::fault::{Cause, Fault};

/// The fault of a malformed record.
pub(super) fn fault(detail: &str) -> Fault {
    Fault::new(Cause::BcfRecord).with_detail(detail)
}

/// What is wanted of the samples' values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Text,
    /// Vectors, where text would say no more; then the line ends with FORMAT.
    Vectors,
}

/// Writes a record, without a line end; gives what was not written.
///
/// Faults: [`Cause::BcfRecord`] for whatever does not fit the header or the bytes that are there; the line limit.
pub(super) fn write<'a>(
    shared: &[u8],
    individual: &'a [u8],
    header: &'a BcfHeader,
    wanted: Wanted,
    line: &mut Line,
) -> Result<Option<SampleVectors<'a>>, Fault> {
    line.clear();
    let mut shared = Bytes::new(shared);
    let counts = write_site(&mut shared, header, line)?;
    if shared.len() > 0 {
        return Err(fault(&format!("{} bytes follow its INFO", shared.len())));
    }
    if header.samples() == 0 && counts.samples == 0 {
        return Ok(None);
    }
    if counts.samples != header.samples() && (counts.samples > 0 || !individual.is_empty()) {
        let (has, expected) = (counts.samples, header.samples());
        return Err(fault(&format!("it has {has} samples where the header has {expected}")));
    }
    // Old versions of bcftools left the number of keys of samples that they dropped.
    let formats = if individual.is_empty() { 0 } else { counts.formats };
    let columns = write_format(Bytes::new(individual), formats, header, line)?;
    let columns = match wanted {
        Wanted::Text => columns,
        Wanted::Vectors => match SampleVectors::of(columns, header, line) {
            Ok(vectors) => return Ok(Some(vectors)),
            Err(columns) => columns,
        },
    };
    write_columns(&columns, header, line)?;
    Ok(None)
}

struct Counts {
    samples: usize,
    formats: usize,
}

/// Writes CHROM to INFO.
fn write_site(bytes: &mut Bytes<'_>, header: &BcfHeader, line: &mut Line) -> Result<Counts, Fault> {
    let (contig, position) = (bytes.i32()?, bytes.i32()?);
    bytes.i32()?; // the length on the reference follows from the columns
    let qual = bytes.u32()?;
    let (infos, alleles) = (bytes.u16()?, bytes.u16()?);
    let [a, b, c, formats] = bytes.u32()?.to_le_bytes();
    let samples = usize::try_from(u32::from_le_bytes([a, b, c, 0])).unwrap_or(usize::MAX);

    line.text(header.contig(contig).ok_or_else(|| fault(&format!("contig {contig} is not in the header")))?)?;
    line.byte(b'\t')?;
    line.integer(i64::from(position) + 1)?;
    line.byte(b'\t')?;
    write_string(bytes.vector()?, header, line)?;
    write_alleles(bytes, alleles, header, line)?;
    line.byte(b'\t')?;
    write_float(qual, line)?;
    line.byte(b'\t')?;
    write_filters(bytes.vector()?, header, line)?;
    line.byte(b'\t')?;
    write_infos(bytes, infos, header, line)?;
    Ok(Counts { samples, formats: formats.into() })
}

fn write_string(vector: Vector<'_>, header: &BcfHeader, line: &mut Line) -> Result<(), Fault> {
    match vector.kind {
        Kind::Missing | Kind::Character => value::write(vector, header, line),
        _ => Err(fault("ID or an allele is no text")),
    }
}

/// Writes the tab, REF, the tab and ALT.
fn write_alleles(bytes: &mut Bytes<'_>, alleles: u16, header: &BcfHeader, line: &mut Line) -> Result<(), Fault> {
    for index in 0..alleles.max(2) {
        line.byte(if index < 2 { b'\t' } else { b',' })?;
        if index < alleles {
            write_string(bytes.vector()?, header, line)?;
        } else {
            line.byte(b'.')?;
        }
    }
    Ok(())
}

fn write_filters(vector: Vector<'_>, header: &BcfHeader, line: &mut Line) -> Result<(), Fault> {
    if matches!(vector.kind, Kind::Float | Kind::Character) {
        return Err(fault("FILTER is not made of integers"));
    }
    let mut any = false;
    for filter in integers(vector).flatten() {
        if any {
            line.byte(b';')?;
        }
        line.text(string(filter, header)?)?;
        any = true;
    }
    if any { Ok(()) } else { line.byte(b'.') }
}

fn string(index: i32, header: &BcfHeader) -> Result<&[u8], Fault> {
    header.string(index).ok_or_else(|| fault(&format!("dictionary entry {index} is not in the header")))
}

/// Writes the INFO entries: the key alone where there is no value, as for flags.
fn write_infos(bytes: &mut Bytes<'_>, infos: u16, header: &BcfHeader, line: &mut Line) -> Result<(), Fault> {
    for index in 0..infos {
        if index > 0 {
            line.byte(b';')?;
        }
        let key = bytes.integer()?;
        line.text(string(key, header)?)?;
        let vector = bytes.vector()?;
        if vector.length > 0 {
            line.byte(b'=')?;
            value::write(vector, header, line)?;
        }
    }
    if infos == 0 { line.byte(b'.') } else { Ok(()) }
}

/// The values of all samples for one FORMAT key.
pub(super) struct Format<'a> {
    pub(super) key: &'a [u8],
    pub(super) kind: Kind,
    /// Values of a sample.
    pub(super) length: usize,
    /// Bytes of a sample.
    width: usize,
    pub(super) bytes: &'a [u8],
}

impl<'a> Format<'a> {
    fn of_sample(&self, sample: usize) -> Vector<'a> {
        let start = sample.saturating_mul(self.width);
        let bytes = self.bytes.get(start..start.saturating_add(self.width)).unwrap_or_default();
        Vector { kind: self.kind, length: self.length, bytes }
    }
}

/// Writes the tab and FORMAT; the columns of its keys.
fn write_format<'a>(
    mut bytes: Bytes<'a>,
    formats: usize,
    header: &'a BcfHeader,
    line: &mut Line,
) -> Result<Vec<Format<'a>>, Fault> {
    let mut columns = Vec::with_capacity(formats);
    for index in 0..formats {
        line.byte(if index == 0 { b'\t' } else { b':' })?;
        let key = string(bytes.integer()?, header)?;
        line.text(key)?;
        let (kind, length) = bytes.descriptor()?;
        let width = length.saturating_mul(kind.width());
        let values = bytes.take(width.saturating_mul(header.samples()))?;
        columns.push(Format { key, kind, length, width, bytes: values });
    }
    if bytes.len() > 0 {
        return Err(fault(&format!("{} bytes follow its last sample", bytes.len())));
    }
    if formats == 0 {
        line.text(b"\t.")?;
    }
    Ok(columns)
}

/// Writes a tab and a column for each sample.
pub(super) fn write_columns(columns: &[Format<'_>], header: &BcfHeader, line: &mut Line) -> Result<(), Fault> {
    for sample in 0..header.samples() {
        line.byte(b'\t')?;
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                line.byte(b':')?;
            }
            let vector = column.of_sample(sample);
            if column.key == b"GT" {
                write_genotype(vector, header, line)?;
            } else {
                value::write(vector, header, line)?;
            }
        }
        if columns.is_empty() {
            line.byte(b'.')?;
        }
    }
    Ok(())
}
