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

    pub(super) fn text(&mut self, text: &[u8]) -> Result<(), Fault> {
        if self.bytes.len().saturating_add(text.len()) > self.limit {
            return Err(limit(Cause::LineTooLong, self.limit, "max_line_bytes"));
        }
        self.bytes.extend_from_slice(text);
        Ok(())
    }

    pub(super) fn byte(&mut self, byte: u8) -> Result<(), Fault> {
        self.text(&[byte])
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
        let text = shortest(value);
        self.text(text.as_bytes())
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
