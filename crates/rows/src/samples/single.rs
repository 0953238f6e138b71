//! The sample column of a file with one sample, straight to the vectors. In: its text. Out: the bytes that the general
//! path would write; or nothing, where a value is not of the usual spelling and the general path must look at it.

use super::{BinaryColumn, SampleColumnsBuilder, Target};
use crate::counts::{self, Counts};
use crate::genotypes::GenotypeVectorBuilder;
use crate::ints::{self, MISSING, Width};
use crate::vector::TEXT;
use crate::{FormatColumn, ValueKind};

impl SampleColumnsBuilder {
    /// Adds a record if each FORMAT key has a value that is a genotype of three characters, integers in their usual
    /// spelling or text, in the number that the header says; false, and nothing kept, for every other one.
    pub(super) fn push_single(&mut self, sample: &[u8], alternates: usize) -> bool {
        let Self { plan, columns, formats, integers, .. } = self;
        let ploidies = plan.targets.iter().any(|target| matches!(target, Target::Genotype(_))).then_some((2, 2));
        let mut rest = Some(sample);
        for target in &plan.targets {
            rest = rest.and_then(|text| match *target {
                Target::Genotype(at) => put_genotype(text, alternates, columns.get_mut(at)?),
                Target::Declared(at) => {
                    let FormatColumn { number, kind, .. } = formats.get(at)?;
                    let (rest, count) = match kind {
                        ValueKind::Integer => put_integers(text, integers, columns.get_mut(at)?)?,
                        ValueKind::Flag | ValueKind::String => put_text(text, columns.get_mut(at)?)?,
                        ValueKind::Float | ValueKind::Character => return None,
                    };
                    count.fit(*number, alternates, ploidies).then_some(rest)
                }
                Target::Undeclared(_) => None,
            });
        }
        // After the last value nothing is left, not even a colon.
        let done = rest.is_some_and(<[u8]>::is_empty) && sample.last() != Some(&b':');
        if done {
            self.close_row();
        } else {
            self.columns.iter_mut().for_each(BinaryColumn::take_back);
        }
        done
    }
}

/// What follows a value: the text behind the colon, or nothing behind the last value.
fn behind(text: &[u8]) -> Option<&[u8]> {
    match text {
        [] => Some(text),
        [b':', rest @ ..] => Some(rest),
        _ => None,
    }
}

fn put_genotype<'a>(text: &'a [u8], alternates: usize, column: &mut BinaryColumn) -> Option<&'a [u8]> {
    let (genotype, rest) = text.split_at_checked(3)?;
    let rest = behind(rest)?;
    let done = GenotypeVectorBuilder::encode_all(genotype, 1, alternates, &mut column.bytes);
    column.close_value();
    done.then_some(rest)
}

fn put_text<'a>(text: &'a [u8], column: &mut BinaryColumn) -> Option<(&'a [u8], Counts)> {
    let (value, rest) = text.split_at_checked(memchr::memchr2(b':', b'\t', text).unwrap_or(text.len()))?;
    if value.is_empty() || std::str::from_utf8(value).is_err() {
        return None;
    }
    column.bytes.push(TEXT);
    ints::put_leb128(value.len() + 1, &mut column.bytes);
    column.bytes.extend_from_slice(value);
    column.close_value();
    Some((behind(rest)?, Counts::of(value, counts::members(value))))
}

fn put_integers<'a>(text: &'a [u8], values: &mut Vec<i32>, column: &mut BinaryColumn) -> Option<(&'a [u8], Counts)> {
    values.clear();
    let (mut rest, mut greatest) = (text, 0);
    loop {
        let (value, after) = integer(rest)?;
        greatest = greatest.max(value);
        values.push(value);
        match after {
            [b',', after @ ..] => rest = after,
            _ => {
                rest = behind(after)?;
                break;
            }
        }
    }
    let width = Width::of(0, greatest);
    ints::put_descriptor(width.type_code(), u32::try_from(values.len()).ok()?, &mut column.bytes);
    values.iter().for_each(|value| width.put(*value, &mut column.bytes));
    column.close_value();
    let is_missing = matches!(values[..], [MISSING]);
    Some((rest, Counts::of(if is_missing { b"." } else { b"" }, values.len())))
}

/// A number of at most nine digits without leading zeros, or `.`, and what follows it.
fn integer(text: &[u8]) -> Option<(i32, &[u8])> {
    let mut value = 0;
    let mut length = 0;
    for digit in text.iter().map(|b| b.wrapping_sub(b'0')).take_while(|digit| *digit < 10).take(10) {
        value = value * 10 + i64::from(digit);
        length += 1;
    }
    let rest = text.get(length..)?;
    match (length, text, rest) {
        (0, _, [b'.', rest @ ..]) => Some((MISSING, rest)),
        (0, _, _) | (2.., [b'0', ..], _) | (10.., _, _) => None,
        _ => Some((i32::try_from(value).ok()?, rest)),
    }
}
