//! Integer codes of BCF2 vectors (VCF specification, section on BCF): widths, missing and end-of-vector codes, type
//! descriptors. In: integers and bytes. Out: bytes and integers. Knows nothing of genotypes or of text forms.

/// A missing value, whatever the width stored.
pub(crate) const MISSING: i32 = i32::MIN;
/// The end of a vector that is shorter than the longest one, whatever the width stored.
pub(crate) const END: i32 = i32::MIN + 1;
/// The smallest value that is not one of BCF2's reserved codes.
pub(crate) const SMALLEST: i32 = i32::MIN + 8;

/// Bytes of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    One,
    Two,
    Four,
}

impl Width {
    /// The smallest width that holds all values from `least` to `greatest` beside the reserved codes.
    pub(crate) fn of(least: i32, greatest: i32) -> Self {
        let within = |low: i32, high: i32| least >= low && greatest <= high;
        if within(i32::from(i8::MIN) + 8, i32::from(i8::MAX)) {
            Self::One
        } else if within(i32::from(i16::MIN) + 8, i32::from(i16::MAX)) {
            Self::Two
        } else {
            Self::Four
        }
    }

    /// The width a BCF2 type code stands for.
    pub(crate) fn of_type(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            3 => Some(Self::Four),
            _ => None,
        }
    }

    pub(crate) fn type_code(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 3,
        }
    }

    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// Appends a value that this width holds, or a reserved code.
    pub(crate) fn put(self, value: i32, out: &mut Vec<u8>) {
        let reserved = |smallest: i32| if value < SMALLEST { smallest + (value - i32::MIN) } else { value };
        // The low bytes of a value within the width are the value in that width.
        match self {
            Self::One => out.extend_from_slice(&reserved(i32::from(i8::MIN)).to_le_bytes()[..1]),
            Self::Two => out.extend_from_slice(&reserved(i32::from(i16::MIN)).to_le_bytes()[..2]),
            Self::Four => out.extend_from_slice(&value.to_le_bytes()),
        }
    }

    /// Appends values that this width holds, or reserved codes.
    pub(crate) fn put_all(self, values: &[i32], out: &mut Vec<u8>) {
        // No value below `smallest + 8` is held, so that all that is below is a code; four bytes pass as they are.
        let narrow = |value: i32, smallest: i32| if value < SMALLEST { smallest + (value - i32::MIN) } else { value };
        let start = out.len();
        out.resize(start + values.len() * self.bytes(), 0);
        let own = out.get_mut(start..).unwrap_or_default();
        match self {
            Self::One => {
                own.iter_mut().zip(values).for_each(|(own, v)| *own = narrow(*v, i32::from(i8::MIN)) as u8);
            }
            Self::Two => {
                let own = own.as_chunks_mut().0.iter_mut();
                own.zip(values).for_each(|(own, v)| *own = (narrow(*v, i32::from(i16::MIN)) as u16).to_le_bytes());
            }
            Self::Four => {
                own.as_chunks_mut().0.iter_mut().zip(values).for_each(|(own, v)| *own = v.to_le_bytes());
            }
        }
    }
}

/// The values of one sample, padded with end codes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ints<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) width: Width,
}

impl<'a> Ints<'a> {
    /// The integers of a vector over one sample; none where it is not of integers or damaged.
    #[inline]
    pub(crate) fn of_one_sample(vector: &'a [u8]) -> Option<Self> {
        let (type_code, len, bytes) = descriptor(vector)?;
        let width = Width::of_type(type_code)?;
        (len > 0 && len.checked_mul(width.bytes()) == Some(bytes.len())).then_some(Self { bytes, width })
    }

    /// The values up to the end code, [`MISSING`] among them.
    pub(crate) fn iter(self) -> impl Iterator<Item = i32> + 'a {
        let width = self.width;
        self.bytes.chunks_exact(width.bytes()).map(move |c| widen(c, width)).take_while(|v| *v != END)
    }
}

fn widen(bytes: &[u8], width: Width) -> i32 {
    let (value, smallest) = match (width, bytes) {
        (Width::One, &[a]) => (i32::from(i8::from_le_bytes([a])), i32::from(i8::MIN)),
        (Width::Two, &[a, b]) => (i32::from(i16::from_le_bytes([a, b])), i32::from(i16::MIN)),
        (Width::Four, &[a, b, c, d]) => (i32::from_le_bytes([a, b, c, d]), i32::MIN),
        _ => (END, i32::MIN), // not reached: callers hand chunks of this width
    };
    if value < smallest + 8 { i32::MIN + (value - smallest) } else { value }
}

/// Appends a type descriptor: type in the low nibble, values per sample in the high one.
pub(crate) fn put_descriptor(type_code: u8, len: u32, out: &mut Vec<u8>) {
    match u8::try_from(len) {
        Ok(short) if short < 15 => out.push(short << 4 | type_code),
        _ => {
            out.push(0xf0 | type_code);
            let len = i32::try_from(len).unwrap_or(i32::MAX);
            let width = Width::of(0, len);
            out.push(0x10 | width.type_code());
            width.put(len, out);
        }
    }
}

/// Type code, values per sample, and what follows the descriptor; None where it is damaged.
pub(crate) fn descriptor(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (type_code, short) = (first & 0xf, usize::from(first >> 4));
    if short < 15 {
        return Some((type_code, short, rest));
    }
    let (&second, rest) = rest.split_first()?;
    let width = Width::of_type(second & 0xf).filter(|_| second >> 4 == 1)?;
    let (len, rest) = rest.split_at_checked(width.bytes())?;
    Some((type_code, usize::try_from(widen(len, width)).ok()?, rest))
}

/// Appends an unsigned number in 7-bit groups, low group first (LEB128).
pub(crate) fn put_leb128(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads a number written by [`put_leb128`] and what follows it.
pub(crate) fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    if let Some((&first, rest)) = bytes.split_first()
        && first < 0x80
    {
        return Some((usize::from(first), rest));
    }
    let mut value = 0_usize;
    for (i, &byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return bytes.get(i + 1..).map(|rest| (value, rest));
        }
    }
    None
}

/// Reads bytes that follow their length, and what follows them.
pub(crate) fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = leb128(bytes)?;
    rest.split_at_checked(len)
}

/// Appends a number in decimal.
pub(crate) fn put_decimal(value: i32, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 10];
    let mut at = digits.len();
    let mut left = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// The number a text is the decimal form of: no sign but `-`, no leading zeros, not a reserved code.
pub(crate) fn canonical_int(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 10 || (digits[0] == b'0' && (negative || digits.len() > 1)) {
        return None;
    }
    let mut value = 0_i64;
    for &d in digits {
        if !d.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(d - b'0');
    }
    i32::try_from(if negative { -value } else { value }).ok().filter(|v| *v >= SMALLEST)
}

/// The number a text means as an integer; signs and leading zeros allowed.
pub(crate) fn loose_int(text: &[u8]) -> Option<i32> {
    canonical_int(text).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}
