//! Vectors of the values that all samples have for one FORMAT key. In: text of each sample. Out: bytes that give the
//! same text back, typed where typing loses nothing. GT has a form of its own (`genotypes.rs`).
//!
//! The first byte is the form. Typed: a BCF2 descriptor (type in the low nibble: 1, 2, 3 integers, 5 float32; values per
//! sample in the high nibble, 15 = a typed integer follows), then the values of all samples, with BCF2's missing and
//! end-of-vector codes. A sample that has only end codes has no value (its trailing fields were dropped); a lone missing
//! code is `.`. Text (0x07): for each sample LEB128(length + 1), 0 = no value, and the bytes as written.

use crate::ValueKind;
use crate::counts::{self, Counts};
use crate::ints::{self, END, Ints, MISSING, Width};
use std::borrow::Cow;

pub(crate) const TEXT: u8 = 0x07;
const FLOAT: u8 = 5;
const FLOAT_MISSING: u32 = 0x7f80_0001;
const FLOAT_END: u32 = 0x7f80_0002;

/// Bytes that are not a vector over the given number of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("damaged vector")]
pub struct VectorError;

/// Builds one vector after the other.
#[derive(Debug)]
pub struct VectorBuilder {
    kind: ValueKind,
    /// Whether floats are integers to be rounded (DP and GQ, spec 7.3 and 8.3).
    rounds: bool,
    /// Whether a text of no length is a list of no values (VCF 4.5), and not a bad value.
    empty_lists: bool,
    typed: bool,
    bad: bool,
    /// Integers, or the bits of floats; no end codes.
    values: Vec<i32>,
    lengths: Vec<u32>,
    least: i32,
    greatest: i32,
    pub(crate) counts: Counts,
    text: Vec<u8>,
    keeps: Keeps,
}

/// Whether a builder copies the texts it is given, in case that the text form is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    Text,
    /// Only the length; where the text form turns out to be needed, the caller goes through the record once more.
    Length(usize),
}

impl Keeps {
    /// Takes note of a sample's text.
    pub(crate) fn add(&mut self, value: Option<&[u8]>, text: &mut Vec<u8>) {
        match self {
            Self::Length(len) => *len += 1 + value.map_or(0, <[u8]>::len),
            Self::Text => match value {
                None => text.push(0),
                Some(value) => {
                    ints::put_leb128(value.len() + 1, text);
                    text.extend_from_slice(value);
                }
            },
        }
    }

    /// Length of the text form.
    pub(crate) fn len(self, text: &[u8]) -> usize {
        match self {
            Self::Length(len) => len,
            Self::Text => text.len(),
        }
    }

    pub(crate) fn clear(&mut self) {
        if let Self::Length(len) = self {
            *len = 0;
        }
    }
}

/// Values that memory is kept for from record to record; that for more, which one record of odd shape may need for each
/// of many keys, is given back.
const KEPT_VALUES: usize = 1 << 20;

/// Takes all values out.
pub(crate) fn forget<T>(values: &mut Vec<T>) {
    values.clear();
    if values.capacity() > KEPT_VALUES {
        values.shrink_to(KEPT_VALUES);
    }
}

impl VectorBuilder {
    pub fn new(kind: ValueKind) -> Self {
        let mut builder = Self {
            kind,
            rounds: false,
            empty_lists: false,
            typed: false,
            bad: false,
            values: Vec::new(),
            lengths: Vec::new(),
            least: 0,
            greatest: 0,
            counts: Counts::NONE,
            text: Vec::new(),
            keeps: Keeps::Text,
        };
        builder.clear();
        builder
    }

    pub(crate) fn rounding(self, rounds: bool) -> Self {
        Self { rounds, ..self }
    }

    pub(crate) fn with_empty_lists(self, empty_lists: bool) -> Self {
        Self { empty_lists, ..self }
    }

    /// Lets integers go without a copy of their text; see [`keep_text_if_needed`](Self::keep_text_if_needed).
    pub(crate) fn without_text(mut self) -> Self {
        if self.kind == ValueKind::Integer {
            self.keeps = Keeps::Length(0);
        }
        self
    }

    /// Whether the vector needs texts that were not copied; from then on they are.
    pub(crate) fn keep_text_if_needed(&mut self) -> bool {
        let needed = self.keeps != Keeps::Text && self.typed_form().is_none();
        if needed {
            self.keeps = Keeps::Text;
        }
        needed
    }

    /// Values per sample and width of the typed form, where that is the one to write.
    fn typed_form(&self) -> Option<(u32, Width)> {
        let longest = self.lengths.iter().copied().max().unwrap_or(0).max(1);
        let float = self.kind == ValueKind::Float;
        let width = if float { Width::Four } else { Width::of(self.least, self.greatest) };
        let fits = self.typed && padded_fits(self.lengths.len(), longest, width, self.keeps.len(&self.text));
        fits.then_some((longest, width))
    }

    /// Forgets the samples pushed so far.
    pub(crate) fn clear(&mut self) {
        self.keeps.clear();
        self.typed = matches!(self.kind, ValueKind::Integer | ValueKind::Float);
        self.bad = false;
        forget(&mut self.values);
        forget(&mut self.lengths);
        forget(&mut self.text);
        (self.least, self.greatest) = (0, 0);
        self.counts = Counts::NONE;
    }

    /// Adds the next sample; None where it has no value because trailing fields were dropped.
    pub fn push(&mut self, text: Option<&[u8]>) {
        self.keeps.add(text, &mut self.text);
        let Some(text) = text else {
            self.lengths.push(0);
            return;
        };
        let start = self.values.len();
        match self.kind {
            ValueKind::Integer if self.typed || !self.bad => self.push_ints(text),
            ValueKind::Float if self.typed || !self.bad => self.push_floats(text),
            kind => {
                self.bad |= kind == ValueKind::Character && !counts::are_characters(text) && !self.is_empty_list(text);
                return self.counts.add(text, counts::members(text));
            }
        }
        let count = self.values.len() - start;
        self.lengths.push(u32::try_from(count).unwrap_or(u32::MAX));
        self.counts.add(text, if self.typed { count } else { counts::members(text) });
    }

    fn push_ints(&mut self, text: &[u8]) {
        for value in text.split(|b| *b == b',') {
            if value == b"." {
                self.values.push(MISSING);
            } else if let Some(number) = ints::canonical_int(value) {
                self.values.push(number);
                self.least = self.least.min(number);
                self.greatest = self.greatest.max(number);
            } else {
                self.typed = false;
                let is_number = ints::loose_int(value).is_some() || (self.rounds && rounded(value).is_some());
                self.bad |= !is_number && !self.is_empty_list(text);
            }
        }
    }

    fn push_floats(&mut self, text: &[u8]) {
        for value in text.split(|b| *b == b',') {
            if value == b"." {
                self.values.push(FLOAT_MISSING.cast_signed());
            } else if !self.typed {
                self.bad |= !is_canonical_float(value) && float(value).is_none() && !self.is_empty_list(text);
            } else if let Some(number) = exact_float32(value) {
                self.values.push(number.to_bits().cast_signed());
            } else {
                self.typed = false;
                self.bad |= float(value).is_none() && !self.is_empty_list(text);
            }
        }
    }

    /// Whether a text is a list of no values; only the text form tells it from no value.
    fn is_empty_list(&self, text: &[u8]) -> bool {
        self.empty_lists && text.is_empty()
    }

    /// Whether some value is neither `.` nor of the declared type.
    pub(crate) fn bad(&self) -> bool {
        self.bad
    }

    /// Appends the vector to `out` and starts the next one.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some((longest, width)) = self.typed_form() {
            let float = self.kind == ValueKind::Float;
            ints::put_descriptor(if float { FLOAT } else { width.type_code() }, longest, out);
            let end = if float { FLOAT_END.cast_signed() } else { END };
            put_padded(&self.values, &self.lengths, longest, end, width, out);
        } else {
            out.push(TEXT);
            out.extend_from_slice(&self.text);
        }
        self.clear();
    }
}

/// Whether padding to the longest sample costs no more than a few times the text (one long sample among many would not).
pub(crate) fn padded_fits(samples: usize, longest: u32, width: Width, text_len: usize) -> bool {
    let padded = usize::try_from(longest).ok().and_then(|l| l.checked_mul(samples)?.checked_mul(width.bytes()));
    padded.is_some_and(|bytes| bytes / 4 <= text_len)
}

/// Writes the values of all samples, each filled up to `longest` with `end`.
pub(crate) fn put_padded(values: &[i32], lengths: &[u32], longest: u32, end: i32, width: Width, out: &mut Vec<u8>) {
    if lengths.iter().all(|l| *l == longest) {
        return width.put_all(values, out);
    }
    let mut rest = values.iter();
    // Bits of floats pass as they are: four bytes are never narrowed.
    for &length in lengths {
        for value in rest.by_ref().take(length as usize) {
            width.put(*value, out);
        }
        for _ in length..longest {
            width.put(end, out);
        }
    }
}

/// The number a text means; `nan` and `inf` in any case are numbers.
pub(crate) fn float(text: &[u8]) -> Option<f64> {
    fast_float2::parse(text).ok()
}

/// A number rounded to the nearest integer, halves up.
pub(crate) fn rounded(text: &[u8]) -> Option<i32> {
    let value = (float(text)? + 0.5).floor();
    // The range is checked, so the cast is exact.
    (value > f64::from(ints::SMALLEST) && value <= f64::from(i32::MAX)).then_some(value as i32)
}

/// Whether a text is the shortest plain decimal of the double it means, by its shape alone: at most 15 digits, which
/// tell doubles apart, no exponent and no redundant zero.
pub fn is_canonical_float(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let digits = unsigned.iter().take_while(|b| b.is_ascii_digit()).count();
    let (whole, fraction) = unsigned.split_at(digits);
    let whole_fits = matches!(whole, b"0" | [b'1'..=b'9', ..]);
    let fraction_fits = match fraction {
        [] => unsigned.len() == text.len() || whole != b"0",
        [b'.', digits @ .., b'1'..=b'9'] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    whole_fits && fraction_fits && unsigned.len() <= 15
}

fn exact_float32(text: &[u8]) -> Option<f32> {
    let value = is_canonical_float(text).then(|| float(text))??;
    let narrow = value as f32;
    (f64::from(narrow) == value).then_some(narrow)
}

/// A vector, read in place.
#[derive(Debug, Clone, Copy)]
pub struct VectorView<'a> {
    form: Form<'a>,
    samples: usize,
}

#[derive(Debug, Clone, Copy)]
enum Form<'a> {
    Ints { width: Width, len: usize, bytes: &'a [u8] },
    Floats { len: usize, bytes: &'a [u8] },
    Text(&'a [u8]),
}

/// The value of one sample.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Absent,
    Ints(Ints<'a>),
    Floats(Floats<'a>),
    Text(&'a [u8]),
}

/// Floats of one sample, padded with end codes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floats<'a>(&'a [u8]);

impl<'a> Floats<'a> {
    /// The values up to the end code; None where missing.
    pub(crate) fn iter(self) -> impl Iterator<Item = Option<f64>> + 'a {
        let bits = self.0.chunks_exact(4).map(|c| c.iter().rev().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)));
        bits.take_while(|b| *b != FLOAT_END).map(|b| (b != FLOAT_MISSING).then(|| f64::from(f32::from_bits(b))))
    }
}

impl<'a> VectorView<'a> {
    /// Checks that `bytes` are a vector over `samples` samples.
    pub fn parse(bytes: &'a [u8], samples: usize) -> Result<Self, VectorError> {
        let (type_code, len, rest) = ints::descriptor(bytes).ok_or(VectorError)?;
        let has =
            |width: Width| len.checked_mul(samples).and_then(|n| n.checked_mul(width.bytes())) == Some(rest.len());
        let form = match (type_code, Width::of_type(type_code)) {
            (_, Some(width)) if has(width) && len > 0 => Form::Ints { width, len, bytes: rest },
            (FLOAT, _) if has(Width::Four) && len > 0 => Form::Floats { len, bytes: rest },
            (TEXT, _) if len == 0 && holds_texts(rest, samples) => Form::Text(rest),
            _ => return Err(VectorError),
        };
        Ok(Self { form, samples })
    }

    /// The text of a sample, as it was written; None where it has no value, or there is no such sample.
    pub fn text(&self, sample: usize) -> Option<Cow<'a, str>> {
        if sample >= self.samples {
            return None;
        }
        match self.cursor(sample).next_cell() {
            Cell::Absent => None,
            Cell::Text(text) => Some(String::from_utf8_lossy(text)),
            cell => {
                let mut out = Vec::new();
                cell.put_text(&mut out);
                Some(Cow::Owned(String::from_utf8_lossy(&out).into_owned()))
            }
        }
    }

    /// Reads sample after sample from `first` on.
    pub(crate) fn cursor(&self, first: usize) -> VectorCursor<'a> {
        let form = match self.form {
            Form::Ints { width, len, bytes } => {
                Form::Ints { width, len, bytes: bytes.get(first * len * width.bytes()..).unwrap_or_default() }
            }
            Form::Floats { len, bytes } => {
                Form::Floats { len, bytes: bytes.get(first * len * 4..).unwrap_or_default() }
            }
            Form::Text(bytes) => Form::Text(skip_texts(bytes, first)),
        };
        VectorCursor(form)
    }
}

/// Reads a vector sample after sample; past the last sample every cell is absent.
#[derive(Debug)]
pub(crate) struct VectorCursor<'a>(Form<'a>);

impl<'a> VectorCursor<'a> {
    /// Passes over the values of `samples` samples.
    pub(crate) fn skip(&mut self, samples: usize) {
        let fixed = |bytes: &mut &'a [u8], width: usize| {
            *bytes = bytes.get(samples.saturating_mul(width)..).unwrap_or_default();
        };
        match &mut self.0 {
            Form::Ints { width, len, bytes } => fixed(bytes, *len * width.bytes()),
            Form::Floats { len, bytes } => fixed(bytes, *len * 4),
            Form::Text(bytes) => *bytes = skip_texts(bytes, samples),
        }
    }

    pub(crate) fn next_cell(&mut self) -> Cell<'a> {
        match &mut self.0 {
            Form::Ints { width, len, bytes } => {
                let Some((own, rest)) = bytes.split_at_checked(*len * width.bytes()) else { return Cell::Absent };
                *bytes = rest;
                let ints = Ints { bytes: own, width: *width };
                if ints.iter().next().is_none() { Cell::Absent } else { Cell::Ints(ints) }
            }
            Form::Floats { len, bytes } => {
                let Some((own, rest)) = bytes.split_at_checked(*len * 4) else { return Cell::Absent };
                *bytes = rest;
                let floats = Floats(own);
                if floats.iter().next().is_none() { Cell::Absent } else { Cell::Floats(floats) }
            }
            Form::Text(bytes) => {
                let Some((text, rest)) = next_text(bytes) else { return Cell::Absent };
                *bytes = rest;
                text.map_or(Cell::Absent, Cell::Text)
            }
        }
    }
}

impl Cell<'_> {
    /// Appends the text as it was written; nothing for an absent value.
    pub(crate) fn put_text(self, out: &mut Vec<u8>) {
        let comma = |i: usize, out: &mut Vec<u8>| {
            if i > 0 {
                out.push(b',');
            }
        };
        match self {
            Cell::Absent => {}
            Cell::Text(text) => out.extend_from_slice(text),
            Cell::Ints(ints) => ints.iter().enumerate().for_each(|(i, value)| {
                comma(i, out);
                if value == MISSING { out.push(b'.') } else { ints::put_decimal(value, out) }
            }),
            Cell::Floats(floats) => floats.iter().enumerate().for_each(|(i, value)| {
                comma(i, out);
                match value {
                    None => out.push(b'.'),
                    Some(value) => out.extend_from_slice(value.to_string().as_bytes()),
                }
            }),
        }
    }
}

pub(crate) fn next_text(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (code, rest) = ints::leb128(bytes)?;
    match code.checked_sub(1) {
        None => Some((None, rest)),
        Some(len) => rest.split_at_checked(len).map(|(text, rest)| (Some(text), rest)),
    }
}

/// What follows the texts of `samples` samples.
pub(crate) fn skip_texts(bytes: &[u8], samples: usize) -> &[u8] {
    (0..samples).fold(bytes, |rest, _| next_text(rest).map_or(&[][..], |text| text.1))
}

pub(crate) fn holds_texts(bytes: &[u8], samples: usize) -> bool {
    let mut rest = bytes;
    for _ in 0..samples {
        match next_text(rest) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests;
