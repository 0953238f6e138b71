//! Typed vectors of BCF, from text. In: the text of values as VCF writes them. Out: a descriptor and values, in the
//! smallest integers that hold them. A text that is no value of its type is none; a float becomes the nearest float32.

const FLOAT_MISSING: u32 = 0x7f80_0001;
/// The padding of float vectors.
pub(super) const FLOAT_END: u32 = 0x7f80_0002;
/// `.` within a text.
pub(super) const TEXT_MISSING: u8 = 7;
/// Integers below are codes of BCF in 32 bits.
const LEAST: i64 = -(1 << 31) + 8;

/// One value of an integer vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Int {
    Value(i32),
    Missing,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    One,
    Two,
    Four,
}

impl Width {
    /// The smallest width for values from `least` to `most`; 8 codes at the lower end mean something else.
    fn of(least: i32, most: i32) -> Self {
        let fits = |low: i32, high: i32| least >= low + 8 && most <= high;
        if fits(i8::MIN.into(), i8::MAX.into()) {
            Self::One
        } else if fits(i16::MIN.into(), i16::MAX.into()) {
            Self::Two
        } else {
            Self::Four
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 3,
        }
    }

    fn put(self, value: Int, out: &mut Vec<u8>) {
        let code = |least: i32| match value {
            Int::Value(value) => value,
            Int::Missing => least,
            Int::End => least + 1,
        };
        // The low bytes of a number are the number in a width that holds it.
        match self {
            Self::One => out.extend_from_slice(&code(i8::MIN.into()).to_le_bytes()[..1]),
            Self::Two => out.extend_from_slice(&code(i16::MIN.into()).to_le_bytes()[..2]),
            Self::Four => out.extend_from_slice(&code(i32::MIN).to_le_bytes()),
        }
    }
}

/// A type and the number of its values.
pub(super) fn put_descriptor(kind: u8, length: usize, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(length @ 0..15) => out.push(length << 4 | kind),
        _ => {
            out.push(0xf0 | kind);
            put_integers(&[Int::Value(i32::try_from(length).unwrap_or(i32::MAX))], 1, out);
        }
    }
}

/// One integer with its type.
pub(super) fn put_integer(value: i32, out: &mut Vec<u8>) {
    put_integers(&[Int::Value(value)], 1, out);
}

/// The vectors of all samples, or the one of INFO, `length` values each, after their one descriptor.
pub(super) fn put_integers(values: &[Int], length: usize, out: &mut Vec<u8>) {
    let known = values.iter().filter_map(|value| match value {
        Int::Value(value) => Some(*value),
        Int::Missing | Int::End => None,
    });
    let (least, most) = known.fold((0, 0), |(least, most), value| (value.min(least), value.max(most)));
    let width = Width::of(least, most);
    put_descriptor(width.code(), length, out);
    values.iter().for_each(|value| width.put(*value, out));
}

/// As [`put_integers`], of float32 bits.
pub(super) fn put_floats(bits: &[u32], length: usize, out: &mut Vec<u8>) {
    put_descriptor(5, length, out);
    bits.iter().for_each(|bits| out.extend_from_slice(&bits.to_le_bytes()));
}

pub(super) fn put_text(text: &[u8], out: &mut Vec<u8>) {
    put_descriptor(7, text.len(), out);
    out.extend_from_slice(text);
}

/// The integer of a text, where BCF has it; an empty text and `.` are missing.
pub(super) fn integer(text: &[u8]) -> Option<Int> {
    let (negative, digits) = match text {
        b"" | b"." => return Some(Int::Missing),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .try_fold(0_i64, |value, digit| value.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
        .map(|value| if negative { -value } else { value });
    let value = value.filter(|value| *value >= LEAST)?;
    i32::try_from(value).ok().map(Int::Value)
}

/// Bits of the float32 nearest to the number of a text; an empty text and `.` are missing. None for what is no number,
/// and for numbers beyond the largest float32.
pub(super) fn float(text: &[u8]) -> Option<u32> {
    if matches!(text, b"" | b".") {
        return Some(FLOAT_MISSING);
    }
    // A double first, then the float32, as C programs do.
    let value = fast_float2::parse::<f64, _>(text).ok()?;
    let bits = to_bits(value);
    let names_infinity = text.iter().any(|b| matches!(b, b'i' | b'I'));
    (f32::from_bits(bits).is_finite() || value.is_nan() || names_infinity).then_some(bits)
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest float32 is what is asked for")]
fn to_bits(value: f64) -> u32 {
    (value as f32).to_bits()
}

/// Adds the integers of a text with commas; their number, none if one of them is no integer.
pub(super) fn add_integers(text: &[u8], values: &mut Vec<Int>) -> Option<usize> {
    add(text, values, integer)
}

/// Adds the floats of a text with commas; their number, none if one of them is no float.
pub(super) fn add_floats(text: &[u8], values: &mut Vec<u32>) -> Option<usize> {
    add(text, values, float)
}

fn add<T>(text: &[u8], values: &mut Vec<T>, parse: fn(&[u8]) -> Option<T>) -> Option<usize> {
    let before = values.len();
    for piece in text.split(|b| *b == b',') {
        values.push(parse(piece)?);
    }
    Some(values.len() - before)
}

/// `lengths[i]` values for each sample to `length` values for each, with the code for the end of a vector between.
pub(super) fn pad<T: Copy>(values: &[T], lengths: &[usize], length: usize, end: T) -> Vec<T> {
    let mut padded = Vec::with_capacity(lengths.len().saturating_mul(length));
    let mut rest = values;
    for own in lengths {
        let (these, after) = rest.split_at_checked(*own).unwrap_or((rest, &[]));
        padded.extend_from_slice(these);
        padded.extend(std::iter::repeat_n(end, length.saturating_sub(these.len())));
        rest = after;
    }
    padded
}
