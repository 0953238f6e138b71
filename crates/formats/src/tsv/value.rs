//! The text of a field to a value of its column's type, as Spark's CSV reader has them (spec 12.3).

/// An integer: an optional sign and digits, nothing else.
#[inline]
pub(super) fn long(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut value = 0_i64;
    if digits.is_empty() {
        return None;
    }
    // Counted down, because the smallest number has no positive twin.
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if is_negative { Some(value) } else { value.checked_neg() }
}

#[inline]
pub(super) fn int(text: &[u8]) -> Option<i32> {
    long(text).and_then(|value| i32::try_from(value).ok())
}

/// A 64-bit float; blanks around it are dropped. A number too large for the type is none, where Spark makes it infinite.
#[inline]
pub(super) fn double(text: &[u8]) -> Option<f64> {
    match number(text)? {
        Number::Decimal(text) => fast_float2::parse::<f64, _>(text).ok().filter(|value| value.is_finite()),
        Number::Nan => Some(f64::NAN),
        Number::Infinity => Some(f64::INFINITY),
        Number::MinusInfinity => Some(f64::NEG_INFINITY),
    }
}

/// A 32-bit float, under the rules of [`double`].
#[inline]
pub(super) fn float(text: &[u8]) -> Option<f32> {
    match number(text)? {
        Number::Decimal(text) => fast_float2::parse::<f32, _>(text).ok().filter(|value| value.is_finite()),
        Number::Nan => Some(f32::NAN),
        Number::Infinity => Some(f32::INFINITY),
        Number::MinusInfinity => Some(f32::NEG_INFINITY),
    }
}

/// `true` or `false`, in any case.
#[inline]
pub(super) fn boolean(text: &[u8]) -> Option<bool> {
    if text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

enum Number<'a> {
    Decimal(&'a [u8]),
    Nan,
    Infinity,
    MinusInfinity,
}

/// Tells decimal text from names, of which fast-float2 takes more than Spark.
#[inline]
fn number(text: &[u8]) -> Option<Number<'_>> {
    let text = trim(text);
    let (first, rest) = text.split_first()?;
    let digit = if matches!(first, b'-' | b'+') { rest.first()? } else { first };
    match digit {
        b'0'..=b'9' | b'.' => Some(Number::Decimal(text)),
        _ => match text {
            b"NaN" => Some(Number::Nan),
            b"Inf" | b"Infinity" | b"+Infinity" => Some(Number::Infinity),
            b"-Inf" | b"-Infinity" => Some(Number::MinusInfinity),
            _ => None,
        },
    }
}

/// Text without blanks and control characters at both ends (Java's `trim`).
#[inline]
pub(super) fn trim(text: &[u8]) -> &[u8] {
    if let [first, .., last] = text
        && *first > b' '
        && *last > b' '
    {
        return text;
    }
    let is_text = |byte: &u8| *byte > b' ';
    let from = text.iter().position(is_text).unwrap_or(text.len());
    let to = text.iter().rposition(is_text).map_or(from, |last| last + 1);
    text.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_a_sign_and_digits() {
        for (text, value) in [
            ("0", Some(0)),
            ("+5", Some(5)),
            ("-007", Some(-7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("", None),
            ("-", None),
            ("1.0", None),
            (" 1", None),
            ("1e3", None),
            (".", None),
            ("NA", None),
            ("0x1", None),
        ] {
            assert_eq!(long(text.as_bytes()), value, "{text}");
        }
        assert_eq!(int(b"2147483647"), Some(i32::MAX));
        assert_eq!(int(b"-2147483648"), Some(i32::MIN));
        assert_eq!(int(b"2147483648"), None);
    }

    #[test]
    fn floats_are_decimal_or_named_as_in_spark() {
        for (text, value) in [
            ("0.1", Some(0.1)),
            ("+1.5", Some(1.5)),
            ("-1e-3", Some(-0.001)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            (" 2 ", Some(2.0)),
            ("1E5", Some(1e5)),
            ("1e-400", Some(0.0)),
            ("Inf", Some(f64::INFINITY)),
            ("-Inf", Some(f64::NEG_INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("1e400", None),
            ("inf", None),
            ("nan", None),
            ("NAN", None),
            ("-inf", None),
            ("", None),
            (" ", None),
            (".", None),
            ("-", None),
            ("+-1", None),
            ("NA", None),
            ("1,5", None),
            ("1d", None),
            ("0x1p3", None),
            ("1e", None),
        ] {
            assert_eq!(double(text.as_bytes()), value, "{text}");
        }
        assert!(double(b"NaN").is_some_and(f64::is_nan));
        assert!(float(b"NaN").is_some_and(f32::is_nan));
        assert_eq!(float(b"0.1"), Some(0.1_f32));
        assert_eq!(float(b"1e39"), None);
        assert_eq!(float(b"-Inf"), Some(f32::NEG_INFINITY));
    }

    #[test]
    fn booleans_are_in_any_case() {
        assert_eq!([boolean(b"true"), boolean(b"FALSE"), boolean(b"tRuE")], [Some(true), Some(false), Some(true)]);
        assert_eq!([boolean(b"1"), boolean(b"t"), boolean(b" true"), boolean(b"yes")], [None; 4]);
    }
}
