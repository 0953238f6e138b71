//! Percent-encoding in INFO values (VCF 4.3, 1.2). In: text. Out: what it means.

/// A value with its percent-encoding taken away; none if it has none, or would not be text without it.
pub(crate) fn decoded(value: &str) -> Option<String> {
    if !value.contains('%') {
        return None;
    }
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = if *first == b'%' { after.split_first_chunk::<2>() } else { None };
        match code.and_then(|(digits, after)| Some((hex(digits)?, after))) {
            Some((byte, after)) => {
                out.push(byte);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(out).ok().filter(|decoded| decoded != value)
}

/// Two hexadecimal digits.
fn hex(digits: &[u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let [high, low] = *digits;
    Some(digit(high)? * 16 + digit(low)?)
}
