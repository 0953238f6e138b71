//! Typed vectors of BCF, from text. In: the text of values as VCF writes them. Out: a descriptor and values, in the
//! smallest integers that hold them. What a type cannot hold becomes what bcftools makes of it: the number a text begins
//! with, else missing; the nearest float32.

const FLOAT_MISSING: u32 = 0x7f80_0001;
/// The padding of float vectors.
pub(super) const FLOAT_END: u32 = 0x7f80_0002;
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

/// The integer a text begins with.
pub(super) fn integer(text: &[u8]) -> Int {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let value = digits
        .iter()
        .take(length)
        .try_fold(0_i64, |value, digit| value.checked_mul(10)?.checked_add(i64::from(digit - b'0')));
    let value = value.filter(|_| length > 0).map(|value| if negative { -value } else { value });
    match value.filter(|value| *value >= LEAST).and_then(|value| i32::try_from(value).ok()) {
        Some(value) => Int::Value(value),
        None => Int::Missing,
    }
}

/// Bits of the float32 nearest to the number a text begins with.
pub(super) fn float(text: &[u8]) -> u32 {
    match fast_float2::parse_partial::<f64, _>(text) {
        // A double first, then the float32, as C programs do.
        Ok((value, length)) if length > 0 => to_bits(value),
        _ => FLOAT_MISSING,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest float32 is what is asked for")]
fn to_bits(value: f64) -> u32 {
    (value as f32).to_bits()
}

/// Adds the integers of a text with commas; their number.
pub(super) fn add_integers(text: &[u8], values: &mut Vec<Int>) -> usize {
    let before = values.len();
    values.extend(text.split(|b| *b == b',').map(integer));
    values.len() - before
}

/// Adds the floats of a text with commas; their number.
pub(super) fn add_floats(text: &[u8], values: &mut Vec<u32>) -> usize {
    let before = values.len();
    values.extend(text.split(|b| *b == b',').map(float));
    values.len() - before
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
