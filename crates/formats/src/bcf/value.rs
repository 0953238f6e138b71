//! Vectors of a record as text: integers, floats, characters, genotypes. In: the bytes of one vector. Out: its text at
//! the end of the line; missing values are `.`, padding is dropped.

use super::bytes::{Kind, Vector};
use super::header::BcfHeader;
use super::line::Line;
use super::record::fault;
use crate::fault::Fault;

const FLOAT_MISSING: u32 = 0x7f80_0001;
const FLOAT_END: u32 = 0x7f80_0002;
/// `.` within a character vector.
const CHARACTER_MISSING: u8 = 7;

/// Writes the values of a vector with commas between them; `.` for a vector without values.
pub(super) fn write(vector: Vector<'_>, header: &BcfHeader, line: &mut Line) -> Result<(), Fault> {
    if vector.length == 0 {
        return line.byte(b'.');
    }
    let vector = if header.pads_with_missing() { without_padding(vector) } else { vector };
    match vector.kind {
        Kind::Missing => line.byte(b'.'),
        Kind::Int8 | Kind::Int16 | Kind::Int32 => write_integers(vector, line),
        Kind::Float => write_floats(vector.bytes, line),
        Kind::Character => write_text(vector.bytes, line),
    }
}

fn write_integers(vector: Vector<'_>, line: &mut Line) -> Result<(), Fault> {
    for (index, value) in integers(vector).enumerate() {
        if index > 0 {
            line.byte(b',')?;
        }
        match value {
            Some(value) => line.integer(value.into())?,
            None => line.byte(b'.')?,
        }
    }
    Ok(())
}

/// The integers of a vector up to its padding; none for a missing one.
pub(super) fn integers<'a>(vector: Vector<'a>) -> impl Iterator<Item = Option<i32>> + use<'a> {
    let known = |value: i32, least: i32| match value {
        _ if value == least => Some(None),
        _ if value == least + 1 => None, // the end of the vector
        value => Some(Some(value)),
    };
    // A vector of another kind has no integers.
    let width = if matches!(vector.kind, Kind::Int8 | Kind::Int16 | Kind::Int32) { vector.kind.width() } else { 8 };
    vector.bytes.chunks_exact(width).map_while(move |bytes| match *bytes {
        [a] => known(i8::from_le_bytes([a]).into(), i8::MIN.into()),
        [a, b] => known(i16::from_le_bytes([a, b]).into(), i16::MIN.into()),
        [a, b, c, d] => known(i32::from_le_bytes([a, b, c, d]), i32::MIN),
        _ => None,
    })
}

fn write_floats(bytes: &[u8], line: &mut Line) -> Result<(), Fault> {
    let (values, _) = bytes.as_chunks::<4>();
    for (index, bits) in values.iter().map(|b| u32::from_le_bytes(*b)).take_while(|b| *b != FLOAT_END).enumerate() {
        if index > 0 {
            line.byte(b',')?;
        }
        write_float(bits, line)?;
    }
    Ok(())
}

/// Writes the float32 of these bits; `.` where it is missing.
pub(super) fn write_float(bits: u32, line: &mut Line) -> Result<(), Fault> {
    if bits == FLOAT_MISSING { line.byte(b'.') } else { line.float(f32::from_bits(bits)) }
}

/// Writes characters up to the first NUL.
///
/// Faults: characters that would end the column or the line.
fn write_text(bytes: &[u8], line: &mut Line) -> Result<(), Fault> {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    let text = bytes.get(..end).unwrap_or_default();
    if memchr::memchr3(b'\t', b'\n', b'\r', text).is_some() {
        return Err(fault("a text contains a tab or the end of a line"));
    }
    let mut pieces = text.split(|b| *b == CHARACTER_MISSING);
    line.text(pieces.next().unwrap_or_default())?;
    for piece in pieces {
        line.byte(b'.')?;
        line.text(piece)?;
    }
    Ok(())
}

/// BCF 2.1 has no code for the end of a vector and pads with missing values.
fn without_padding(vector: Vector<'_>) -> Vector<'_> {
    let missing: &[u8] = match vector.kind {
        Kind::Int8 => &[0x80],
        Kind::Int16 => &[0, 0x80],
        Kind::Int32 => &[0, 0, 0, 0x80],
        Kind::Float => &FLOAT_MISSING.to_le_bytes(),
        Kind::Missing | Kind::Character => return vector,
    };
    let mut bytes = vector.bytes;
    while let Some(rest) = bytes.strip_suffix(missing).filter(|rest| !rest.is_empty()) {
        bytes = rest;
    }
    Vector { bytes, ..vector }
}

/// Writes the GT of one sample: `allele + 1` in the upper bits of each code, 0 for a missing allele, and in the lowest
/// bit whether the allele is phased.
///
/// The bit of the first allele means something from VCF 4.4 on, and only where it says more than the others do: a
/// phased first allele before unphased ones is written as `|0/1`. The opposite, `/0|1`, cannot be told from files whose
/// writers leave the bit at 0, as bcftools does, and is written as `0|1`.
pub(super) fn write_genotype(vector: Vector<'_>, header: &BcfHeader, line: &mut Line) -> Result<(), Fault> {
    if matches!(vector.kind, Kind::Missing | Kind::Float | Kind::Character) {
        return match vector.kind {
            Kind::Float => Err(fault("GT is made of floats")),
            _ => write(vector, header, line), // text, which other writers have put there
        };
    }
    let vector = if header.pads_with_missing() { without_padding(vector) } else { vector };
    let leading = header.has_leading_phase() && integers(vector).flatten().next().is_some_and(is_phased);
    if leading && integers(vector).skip(1).any(|code| !code.is_some_and(is_phased)) {
        line.byte(b'|')?;
    }
    let mut alleles = 0;
    for code in integers(vector) {
        let code = match code {
            Some(code @ 0..) => code,
            None if header.pads_with_missing() && alleles == 0 => 0,
            _ => return Err(fault("GT has a negative code")),
        };
        if alleles > 0 {
            line.byte(if is_phased(code) { b'|' } else { b'/' })?;
        }
        match code >> 1 {
            0 => line.byte(b'.')?,
            allele => line.integer(i64::from(allele) - 1)?,
        }
        alleles += 1;
    }
    if alleles == 0 { line.byte(b'.') } else { Ok(()) }
}

fn is_phased(code: i32) -> bool {
    code & 1 == 1
}
