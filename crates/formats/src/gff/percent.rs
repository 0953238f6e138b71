//! Percent-encoding in GFF3 ("Description of the Format"): `%` and two hexadecimal digits stand for a byte. In: text as
//! written. Out: what it means, or the text itself where that would not be text.

/// What a `%` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// It may begin a percent-encoding.
    Decoded,
    /// Nothing, or there is none.
    Kept,
}

/// Appends what `text` means; false where a `%` means nothing, which is then kept.
pub(super) fn put(text: &str, escapes: Escapes, out: &mut Vec<u8>) -> bool {
    match escapes {
        Escapes::Decoded => decode(text.as_bytes(), out),
        Escapes::Kept => {
            out.extend_from_slice(text.as_bytes());
            true
        }
    }
}

fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let (mut from, mut is_whole) = (0, true);
    for at in memchr::memchr_iter(b'%', text) {
        // The digits of an encoding hold no '%', so what stands before this one was not looked at yet.
        out.extend_from_slice(text.get(from..at).unwrap_or_default());
        match text.get(at + 1..at + 3).and_then(hex) {
            Some(byte) => {
                out.push(byte);
                from = at + 3;
            }
            None => {
                is_whole = false;
                from = at;
            }
        }
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    if std::str::from_utf8(out.get(start..).unwrap_or_default()).is_err() {
        out.truncate(start);
        out.extend_from_slice(text);
        return false;
    }
    is_whole
}

/// Two hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let [high, low] = digits else { return None };
    Some(digit(*high)? * 16 + digit(*low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_decoded_and_what_is_no_text_is_kept() {
        for (text, expected, is_whole) in [
            ("", "", true),
            ("a%20b", "a b", true),
            ("%3B%3d%2C%25", ";=,%", true),
            ("caf%C3%A9", "café", true),
            ("%253B", "%3B", true),
            ("100%", "100%", false),
            ("5%2", "5%2", false),
            ("%%41", "%A", false),
            ("%zz%41", "%zzA", false),
            ("%41%FF", "%41%FF", false),
        ] {
            let mut out = b"before".to_vec();
            assert_eq!(put(text, Escapes::Decoded, &mut out), is_whole, "{text}");
            assert_eq!(out.strip_prefix(b"before"), Some(expected.as_bytes()), "{text}");
            out.clear();
            assert!(put(text, Escapes::Kept, &mut out));
            assert_eq!(out, text.as_bytes());
        }
    }
}
