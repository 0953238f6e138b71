//! What can be wrong with a value of INFO beside its declaration (VCF 4.3, 1.4.2 and 1.6.1). In: the text of a value and
//! what its key's header line says. Out: the rule it breaks, if any. The text is kept as written all the same.

use super::InfoColumn;
use crate::fault::Cause;
use varberg_rows::{Number, ValueKind};

/// How the values of a key are checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueRule {
    number: Number,
    kind: ValueKind,
    range: Range,
}

/// Which of the values of its type a key can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    Any,
    /// A count or a frequency.
    NotNegative,
    /// Numbers and operations such as `2M1D`.
    Cigar,
    /// Judged where it is used.
    Unchecked,
}

impl ValueRule {
    pub(crate) fn new(key: &str, column: InfoColumn) -> Self {
        let range = match key {
            "AC" | "AF" | "AN" | "DP" | "MQ0" | "NS" => Range::NotNegative,
            "CIGAR" => Range::Cigar,
            "END" | "SVLEN" => Range::Unchecked,
            _ => Range::Any,
        };
        Self { number: column.number, kind: column.kind, range }
    }

    /// Checks the text after `=`; none for a key without `=`.
    #[inline]
    pub(crate) fn check(&self, value: Option<&str>, alternates: usize) -> Option<Cause> {
        if self.range == Range::Unchecked {
            return None;
        }
        let text = match (self.kind, value) {
            // HealthOmics takes DB=0 for an absent flag; programs that write that write DB=1 too.
            (ValueKind::Flag, None | Some("0" | "1")) | (_, Some(".")) => return None,
            (ValueKind::Flag, Some(_)) | (_, None | Some("")) => return Some(Cause::InfoValue),
            (_, Some(text)) => text,
        };
        let count = if self.kind == ValueKind::String && self.range == Range::Any {
            if self.number == Number::Unknown {
                return None;
            }
            1 + memchr::memchr_iter(b',', text.as_bytes()).count()
        } else {
            let mut count = 0;
            for value in text.split(',') {
                count += 1;
                if !self.is_possible(value) {
                    return Some(Cause::InfoValue);
                }
            }
            count
        };
        (!self.is_number(count, alternates)).then_some(Cause::InfoCount)
    }

    /// Length of a value up to `;`, if it is numbers in their usual spelling, of the declared type and number: at most nine
    /// digits each and, in floats, a point. None says nothing.
    #[inline]
    pub(crate) fn plain_numbers(&self, text: &[u8], alternates: usize) -> Option<usize> {
        let most_points = match (self.kind, self.range) {
            (ValueKind::Integer, Range::Any | Range::NotNegative) => 0,
            (ValueKind::Float, Range::Any | Range::NotNegative) => 1,
            _ => return None,
        };
        let (mut digits, mut points, mut count, mut length) = (0, 0, 1, 0);
        for byte in text {
            match byte {
                b'0'..=b'9' => digits += 1,
                b'.' => points += 1,
                b';' => break,
                b',' if (1..10).contains(&digits) && points <= most_points => {
                    count += 1;
                    (digits, points) = (0, 0);
                }
                _ => return None,
            }
            length += 1;
        }
        let good = (1..10).contains(&digits) && points <= most_points && self.is_number(count, alternates);
        good.then_some(length)
    }

    fn is_possible(&self, value: &str) -> bool {
        if value == "." {
            return true;
        }
        let typed = match self.kind {
            ValueKind::Integer => is_integer(value),
            ValueKind::Float => is_plain_decimal(value) || fast_float2::parse::<f64, _>(value).is_ok(),
            ValueKind::Character => value.chars().count() == 1,
            ValueKind::String | ValueKind::Flag => true,
        };
        typed
            && match self.range {
                Range::Any | Range::Unchecked => true,
                Range::NotNegative => !value.starts_with('-'),
                Range::Cigar => is_cigar(value),
            }
    }

    /// Whether the number of values is the declared one; numbers that depend on the ploidy are not looked at.
    fn is_number(&self, count: usize, alternates: usize) -> bool {
        match self.number {
            Number::Count(expected) => usize::try_from(expected) == Ok(count),
            // Without ALT, programs write what they wrote before they took the alleles away.
            Number::A | Number::R if alternates == 0 => true,
            Number::A => count == alternates,
            Number::R => count == alternates.saturating_add(1),
            Number::G | Number::Unknown | Number::Other => true,
        }
    }
}

/// Whether a text is an integer of 32 bits that is none of BCF's eight reserved ones (VCF 4.3, 6.3.3).
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.strip_prefix('+').is_some_and(|t| !t.starts_with(['+', '-']) && is_integer(t));
    }
    digits.len() < 10 || text.parse::<i32>().is_ok_and(|value| value >= i32::MIN + 8)
}

/// Digits with at most one point among them: a number, without the cost of reading it.
fn is_plain_decimal(text: &str) -> bool {
    let points = text.bytes().filter(|b| *b == b'.').count();
    points <= 1 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.len() > points
}

/// A sequence of numbers, each with an operation (VCF 4.3, CIGAR; SAM 1.4.6).
fn is_cigar(text: &str) -> bool {
    let mut digits = 0;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'M' | b'I' | b'D' | b'N' | b'S' | b'H' | b'P' | b'X' | b'=' if digits > 0 => digits = 0,
            _ => return false,
        }
    }
    digits == 0 && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, number: Number, kind: ValueKind, value: &str, alternates: usize) -> Option<Cause> {
        let value = value.strip_prefix('=');
        ValueRule::new(key, InfoColumn { number, kind }).check(value, alternates)
    }

    #[test]
    fn values_of_the_declared_type_and_number_are_good() {
        use Number::{A, Count, G, R, Unknown};
        use ValueKind::{Character, Flag, Float, Integer, String};
        let good = [
            ("X", Count(1), Integer, "=-5", 1),
            ("X", Count(1), Integer, "=+2147483647", 1),
            ("X", Count(2), Float, "=1e-5,nan", 1),
            ("X", Count(1), Float, "=5.", 1),
            ("X", Count(1), Character, "=ä", 1),
            ("X", Unknown, String, "=a,b c", 1),
            ("X", Count(3), String, "=.", 1),
            ("X", Count(0), Flag, "", 1),
            ("X", Count(0), Flag, "=1", 1),
            ("X", R, Integer, "=1,2,3", 0),
            ("AC", A, Integer, "=1,.", 2),
            ("AC", A, Integer, "=0", 0),
            ("X", R, Integer, "=1,2,3", 2),
            ("X", G, Integer, "=1,2,3,4,5", 1),
            ("CIGAR", A, String, "=2M1D,3X", 2),
            ("END", Count(1), Integer, "=x", 1),
        ];
        for (key, number, kind, value, alternates) in good {
            assert_eq!(check(key, number, kind, value, alternates), None, "{key}{value}");
        }
    }

    #[test]
    fn other_values_are_told_apart_from_other_numbers_of_values() {
        use Number::{A, Count, R, Unknown};
        use ValueKind::{Character, Flag, Float, Integer, String};
        let values = [
            ("X", Count(1), Integer, "=5.0"),
            ("X", Count(1), Integer, "=abc"),
            ("X", Count(1), Integer, "=+-5"),
            ("X", Count(1), Integer, "=2147483648"),
            ("X", Count(1), Integer, "=-2147483647"),
            ("X", Count(1), Integer, "="),
            ("X", Count(1), String, ""),
            ("X", Unknown, Integer, "=1,,2"),
            ("X", Count(1), Float, "=high"),
            ("X", Count(1), Character, "=ab"),
            ("X", Count(0), Flag, "=2"),
            ("DP", Count(1), Integer, "=-3"),
            ("AF", A, Float, "=-0.1"),
            ("CIGAR", A, String, "=12"),
            ("CIGAR", A, String, "=2Z"),
        ];
        for (key, number, kind, value) in values {
            assert_eq!(check(key, number, kind, value, 1), Some(Cause::InfoValue), "{key}{value}");
        }
        let counts = [
            ("X", Count(1), String, "=a,b"),
            ("AC", A, Integer, "=1,2"),
            ("X", R, Integer, "=1"),
            ("X", Count(2), Float, "=1"),
        ];
        for (key, number, kind, value) in counts {
            assert_eq!(check(key, number, kind, value, 1), Some(Cause::InfoCount), "{key}{value}");
        }
    }
}
