//! FORMAT and the samples of a line to the individual part of a BCF record. In: the text of the columns. Out: for each
//! key one vector per sample, all of one length.

use super::values::{
    FLOAT_END, Int, add_floats, add_integers, integer, pad, put_descriptor, put_floats, put_integer, put_integers,
};
use super::{Encoder, Unwritable, not_floats, not_integers};
use varberg_rows::ValueKind;

/// Writes the individual part; the number of its keys.
pub(super) fn put_samples(
    encoder: &Encoder,
    format: &[u8],
    samples: &[u8],
    out: &mut Vec<u8>,
) -> Result<u8, Unwritable> {
    let columns: Vec<&[u8]> = samples.split(|b| *b == b'\t').collect();
    if columns.len() != encoder.samples {
        return Err(other_number(columns.len(), encoder.samples));
    }
    if format == b"." {
        return match columns.iter().all(|column| matches!(*column, b"." | b"")) {
            true => Ok(0),
            false => Err(Unwritable::new("a sample has values where FORMAT has no keys")),
        };
    }
    let keys: Vec<&[u8]> = format.split(|b| *b == b':').collect();
    let count = u8::try_from(keys.len()).map_err(|_| Unwritable::too_many("FORMAT keys"))?;
    let mut values: Vec<&[u8]> = Vec::with_capacity(columns.len().saturating_mul(keys.len()));
    for column in &columns {
        let mut own = column.split(|b| *b == b':');
        values.extend(keys.iter().map(|_| own.next().unwrap_or(b".")));
        if own.next().is_some() {
            return Err(Unwritable::new("a sample has more values than FORMAT has keys"));
        }
    }
    for (place, key) in keys.iter().enumerate() {
        let (index, kind) = encoder.format(key)?;
        put_integer(index, out);
        let of_key = values.iter().skip(place).step_by(keys.len().max(1)).copied();
        let put = match kind {
            _ if *key == b"GT" => put_genotypes(of_key, encoder, out),
            ValueKind::Integer => put_all_integers(of_key, out),
            ValueKind::Float => put_all_floats(of_key, out),
            ValueKind::Character | ValueKind::String | ValueKind::Flag => put_all_texts(of_key, out),
        };
        put.map_err(|error| error.with_key(key))?;
    }
    Ok(count)
}

pub(super) fn other_number(found: usize, expected: usize) -> Unwritable {
    Unwritable::new(format!("it has {found} samples where the header has {expected}"))
}

/// Refuses vectors that no record can hold, before they are built: every sample takes as much as the longest.
fn check_room(samples: usize, length: usize) -> Result<(), Unwritable> {
    match samples.checked_mul(length).and_then(|bytes| u32::try_from(bytes).ok()) {
        Some(_) => Ok(()),
        None => Err(Unwritable::too_many("bytes")),
    }
}

fn put_all_integers<'a>(texts: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) -> Result<(), Unwritable> {
    let mut values = Vec::new();
    let lengths = texts.map(|text| add_integers(text, &mut values).ok_or_else(|| not_integers("FORMAT")));
    let lengths = lengths.collect::<Result<Vec<usize>, _>>()?;
    let length = lengths.iter().copied().max().unwrap_or(0);
    check_room(lengths.len(), length)?;
    put_integers(&pad(&values, &lengths, length, Int::End), length, out);
    Ok(())
}

fn put_all_floats<'a>(texts: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) -> Result<(), Unwritable> {
    let mut values = Vec::new();
    let lengths = texts.map(|text| add_floats(text, &mut values).ok_or_else(|| not_floats("FORMAT")));
    let lengths = lengths.collect::<Result<Vec<usize>, _>>()?;
    let length = lengths.iter().copied().max().unwrap_or(0);
    check_room(lengths.len(), length)?;
    put_floats(&pad(&values, &lengths, length, FLOAT_END), length, out);
    Ok(())
}

fn put_all_texts<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone, out: &mut Vec<u8>) -> Result<(), Unwritable> {
    let length = texts.clone().map(<[u8]>::len).max().unwrap_or(0);
    check_room(texts.clone().count(), length)?;
    put_descriptor(7, length, out);
    for text in texts {
        out.extend_from_slice(text);
        out.extend(std::iter::repeat_n(0, length - text.len()));
    }
    Ok(())
}

fn put_genotypes<'a>(
    texts: impl Iterator<Item = &'a [u8]>,
    encoder: &Encoder,
    out: &mut Vec<u8>,
) -> Result<(), Unwritable> {
    let mut codes = Vec::new();
    let mut lengths = Vec::new();
    for text in texts {
        if !is_leading_mark_kept(text, encoder) {
            return Err(Unwritable::new("a GT begins with a mark that readers of BCF do not see"));
        }
        let before = codes.len();
        add_genotype(text, &mut codes).ok_or_else(|| Unwritable::new("a GT is no genotype"))?;
        lengths.push(codes.len() - before);
    }
    let length = lengths.iter().copied().max().unwrap_or(0);
    check_room(lengths.len(), length)?;
    put_integers(&pad(&codes, &lengths, length, Int::End), length, out);
    Ok(())
}

/// Whether the genotype means the same when it is read back. A mark before the first allele says nothing that the others
/// do not say where all are alike; `|0/1` is known from VCF 4.4 on, and `/0|1` is read as `0|1`, and from 4.4 on `/0` as
/// `0`, which is phased there.
fn is_leading_mark_kept(text: &[u8], encoder: &Encoder) -> bool {
    match text {
        [b'|', rest @ ..] => encoder.has_leading_phase || !rest.contains(&b'/'),
        [b'/', rest @ ..] => rest.contains(&b'/') || !(rest.contains(&b'|') || encoder.has_leading_phase),
        _ => true,
    }
}

/// Adds the codes of one genotype: `(allele + 1) << 1`, and 1 where the allele is phased. The first allele's own phase
/// is 0 unless the text begins with `|`, as bcftools writes it.
fn add_genotype(text: &[u8], codes: &mut Vec<Int>) -> Option<()> {
    let (mut phased, mut rest) = match text {
        [mark @ (b'/' | b'|'), rest @ ..] => (*mark == b'|', rest),
        rest => (false, rest),
    };
    loop {
        let end = rest.iter().position(|b| matches!(b, b'/' | b'|')).unwrap_or(rest.len());
        let (allele, after) = rest.split_at_checked(end)?;
        let allele = match (allele, integer(allele)) {
            (b".", _) => 0,
            (digits, Some(Int::Value(value))) if digits.iter().all(u8::is_ascii_digit) => value.checked_add(1)?,
            _ => return None,
        };
        codes.push(Int::Value(allele.checked_mul(2)?.checked_add(i32::from(phased))?));
        let [mark, after @ ..] = after else { return Some(()) };
        phased = *mark == b'|';
        rest = after;
    }
}
