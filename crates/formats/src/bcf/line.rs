//! The line of VCF that a record becomes. In: pieces of text and numbers. Out: bytes, never more than the limit. Knows
//! no fields.

use crate::fault::{Cause, Fault};
use crate::lines::limit;
use std::io::Write;

/// A line that is being written.
#[derive(Debug)]
pub(super) struct Line {
    bytes: Vec<u8>,
    limit: usize,
}

impl Line {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes that still fit.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.bytes.len())
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    #[inline]
    pub(super) fn text(&mut self, text: &[u8]) -> Result<(), Fault> {
        if text.len() > self.room() {
            return Err(self.too_long());
        }
        self.bytes.extend_from_slice(text);
        Ok(())
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8) -> Result<(), Fault> {
        if self.room() == 0 {
            return Err(self.too_long());
        }
        self.bytes.push(byte);
        Ok(())
    }

    #[cold]
    fn too_long(&self) -> Fault {
        limit(Cause::LineTooLong, self.limit, "max_line_bytes")
    }

    pub(super) fn integer(&mut self, value: i64) -> Result<(), Fault> {
        match u8::try_from(value) {
            Ok(value @ 0..10) => self.byte(b'0' + value),
            Ok(value @ 10..100) => self.text(&[b'0' + value / 10, b'0' + value % 10]),
            _ => {
                let mut digits = [0; 20];
                let mut left = digits.as_mut_slice();
                let fits = write!(left, "{value}").is_ok();
                let length = 20 - left.len();
                debug_assert!(fits, "an i64 has at most 20 characters");
                self.text(digits.get(..length).unwrap_or_default())
            }
        }
    }

    /// A float as C's `%g` writes it, with as many digits as its float32 needs to be read back and at least 6.
    pub(super) fn float(&mut self, value: f32) -> Result<(), Fault> {
        match Decimal::of(value) {
            Some(decimal) => self.decimal(value, decimal),
            None => self.text(shortest(value).as_bytes()),
        }
    }

    /// Writes the decimal that `value` is.
    fn decimal(&mut self, value: f32, Decimal { mut digits, places }: Decimal) -> Result<(), Fault> {
        // A sign, six digits before the point, the point and as many behind it as there may be.
        let mut text = [b'0'; 8 + PLACES.len()];
        let mut at = text.len();
        let mut put = |byte: u8| {
            at -= 1;
            text[at] = byte;
        };
        for _ in 0..places {
            put(b'0' + (digits % 10) as u8);
            digits /= 10;
        }
        if places > 0 {
            put(b'.');
        }
        loop {
            put(b'0' + (digits % 10) as u8);
            digits /= 10;
            if digits == 0 {
                break;
            }
        }
        if value < 0.0 {
            put(b'-');
        }
        self.text(text.get(at..).unwrap_or_default())
    }
}

/// Powers of ten up to that of the most places behind the point.
const PLACES: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];

/// A number of few digits, as nearly all floats of files are, that needs no exponent: `digits` with the point before the
/// last `places` of them.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: u32,
    places: usize,
}

impl Decimal {
    /// The decimal of the fewest digits that gives `value` back and is the nearest of those; none where that has more than
    /// 6 places or 7 digits, or needs an exponent.
    fn of(value: f32) -> Option<Self> {
        if value == 0.0 {
            return value.is_sign_positive().then_some(Self { digits: 0, places: 0 });
        }
        let exact = f64::from(value.abs());
        if !(0.000_09..999_999.5).contains(&exact) {
            return None;
        }
        for (places, power) in PLACES.into_iter().enumerate() {
            // Exact: 24 bits times at most 20. Then the nearest integer.
            let digits = (exact * power).round();
            if digits >= 1e7 {
                return None;
            }
            // No number of 7 digits lies so close to the middle of two floats that it would be rounded twice.
            if ((digits / power) as f32) == value.abs() {
                let is_plain = digits / power < 1e6 && digits * 1e4 >= power;
                return is_plain.then_some(Self { digits: digits as u32, places });
            }
        }
        None
    }
}

/// The fewest digits that give `value` back, laid out as C's `%g` does: `1e-07`, `0.25`, `1.5e+10`, `16777216`.
///
/// Where six digits are enough for a normal float32, they are the six that `%g` prints. Of a subnormal one `%g` prints
/// more than it needs; it is followed.
pub(super) fn shortest(value: f32) -> String {
    if value.is_nan() {
        return if value.is_sign_negative() { "-nan".to_owned() } else { "nan".to_owned() };
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf".to_owned() } else { "inf".to_owned() };
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".to_owned() } else { "0".to_owned() };
    }
    let six = value.is_subnormal().then(|| format!("{value:.5e}")).filter(|six| six.parse() == Ok(value));
    let scientific = six.unwrap_or_else(|| format!("{value:e}"));
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let digits: String = digits.chars().filter(|c| *c != '.').collect();
    let digits = match digits.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    lay_out(sign, digits, exponent.parse().unwrap_or(0))
}

/// `digits` with the point after the first one, times ten to the power of `exponent`.
fn lay_out(sign: &str, digits: &str, exponent: i32) -> String {
    let precision = digits.len().max(6);
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let Ok(whole) = usize::try_from(exponent) else {
        if exponent >= -4 {
            let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
            return format!("{sign}0.{zeros}{digits}");
        }
        return format!("{sign}{first}{}{rest}e-{:02}", point(rest), exponent.unsigned_abs());
    };
    if whole >= precision {
        return format!("{sign}{first}{}{rest}e+{whole:02}", point(rest));
    }
    match digits.split_at_checked(whole + 1) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, rest)) => format!("{sign}{whole}.{rest}"),
        None => format!("{sign}{digits}{}", "0".repeat(whole + 1 - digits.len())),
    }
}

fn point(fraction: &str) -> &'static str {
    if fraction.is_empty() { "" } else { "." }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_those_of_c_and_have_the_digits_they_need() {
        let cases = [
            (0.1, "0.1"),
            (0.25, "0.25"),
            (1.0, "1"),
            (-0.0, "-0"),
            (100.0, "100"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1e10, "1e+10"),
            (1.5e10, "1.5e+10"),
            (-1e-7, "-1e-07"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.000_123_456, "0.000123456"),
            (123_456.0, "123456"),
            (12_345.6, "12345.6"),
            (16_777_216.0, "16777216"),
            (123_456_789.0, "1.2345679e+08"),
            (0.123_456_79, "0.12345679"),
            (1_234.567_8, "1234.5677"),
            (f32::MAX, "3.4028235e+38"),
            (f32::MIN_POSITIVE, "1.1754944e-38"),
            (1e-45, "1.4013e-45"),
            (f32::NAN, "nan"),
            (-f32::NAN, "-nan"),
            (f32::INFINITY, "inf"),
            (f32::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in cases {
            assert_eq!(shortest(value), text);
        }
    }

    #[test]
    fn the_short_way_of_floats_writes_the_same() {
        let written = |value: f32| {
            let mut line = Line::new(100);
            line.float(value).unwrap();
            String::from_utf8(line.as_bytes().to_vec()).unwrap()
        };
        let mut short = 0;
        let mut check = |value: f32| {
            for value in [value, -value] {
                assert_eq!(written(value), shortest(value));
                short += u32::from(Decimal::of(value).is_some());
            }
        };
        (0..0x7f80_0000_u32).step_by(9973).for_each(|bits| check(f32::from_bits(bits)));
        // All decades that have a short way, and their ends.
        let (least, greatest) = (0.000_08_f32.to_bits(), 1_100_000_f32.to_bits());
        (least..greatest).step_by(631).for_each(|bits| check(f32::from_bits(bits)));
        for power in [1e-5_f32, 1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0, 1e5, 1e6, 1e7] {
            (-2000..2000_i32).for_each(|steps| check(f32::from_bits(power.to_bits().wrapping_add_signed(steps))));
        }
        for digits in 0..20_000_u16 {
            PLACES.into_iter().for_each(|power| check((f64::from(digits) / power) as f32));
            PLACES.into_iter().for_each(|power| check((f64::from(digits) * 97.0 / power) as f32));
        }
        assert!(short > 400_000, "{short}");
    }

    #[test]
    fn floats_are_read_back_as_they_were() {
        for bits in (0..0x7f80_0000_u32).step_by(9973) {
            let value = f32::from_bits(bits);
            assert_eq!(shortest(value).parse::<f32>().unwrap().to_bits(), bits);
        }
    }

    #[test]
    fn integers_are_written_and_no_line_is_longer_than_its_limit() {
        let mut line = Line::new(16);
        [-128, 0, 7, 42, 100].into_iter().for_each(|value| line.integer(value).unwrap());
        assert_eq!(line.as_bytes(), b"-1280742100");
        assert_eq!(line.integer(i64::MIN).unwrap_err().cause, Cause::LineTooLong);
    }
}
