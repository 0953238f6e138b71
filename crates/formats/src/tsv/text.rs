//! Decompressed bytes to UTF-8 text. Of a file in UTF-8 or ASCII the bytes themselves; others are recoded as they stream.
//! In: a decoder and an encoding. Out: a buffer to read from, as of `BufRead`. Does not check UTF-8, and knows no lines.

use crate::compression::Decoder;
use crate::fault::{Cause, Corruption};
use encoding_rs::{DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::{self, BufRead};
use varberg_model::Encoding;

/// Bytes of recoded text that are held.
const ROOM: usize = 1 << 16;

pub(super) struct Text {
    decoder: Decoder,
    /// Bytes taken from the decoder to see what they are; they come first.
    taken: Vec<u8>,
    recoded: Option<Recoded>,
}

struct Recoded {
    form: Form,
    text: Box<[u8]>,
    from: usize,
    to: usize,
    is_done: bool,
    is_malformed: bool,
}

enum Form {
    Latin1,
    Other(Box<encoding_rs::Decoder>),
}

impl Text {
    /// The text of a file, or of a part of one, in a known encoding.
    pub(super) fn new(decoder: Decoder, encoding: Encoding) -> Self {
        let other =
            |encoding: &'static encoding_rs::Encoding| Form::Other(Box::new(encoding.new_decoder_with_bom_removal()));
        let form = match encoding {
            Encoding::Utf8 | Encoding::UsAscii => None,
            Encoding::Utf16 | Encoding::Utf16Be => Some(other(UTF_16BE)),
            Encoding::Utf16Le => Some(other(UTF_16LE)),
            Encoding::Windows1252 => Some(other(WINDOWS_1252)),
            Encoding::Iso88591 => Some(Form::Latin1),
        };
        let recoded = form.map(|form| Recoded {
            form,
            text: vec![0; ROOM].into(),
            from: 0,
            to: 0,
            is_done: false,
            is_malformed: false,
        });
        Self { decoder, taken: Vec::new(), recoded }
    }

    /// The text of a file from its beginning, and its encoding: that which its mark says, where `encoding` leaves it open.
    pub(super) fn detect(mut decoder: Decoder, encoding: Encoding) -> io::Result<(Self, Encoding)> {
        let mut taken = Vec::new();
        while taken.len() < 2
            && let Some(byte) = decoder.fill_buf()?.first().copied()
        {
            decoder.consume(1);
            taken.push(byte);
        }
        let encoding = match (encoding, taken.as_slice()) {
            (Encoding::Utf8 | Encoding::Utf16, [0xff, 0xfe]) => Encoding::Utf16Le,
            (Encoding::Utf8 | Encoding::Utf16, [0xfe, 0xff]) | (Encoding::Utf16, _) => Encoding::Utf16Be,
            (encoding, _) => encoding,
        };
        Ok((Self { taken, ..Self::new(decoder, encoding) }, encoding))
    }

    /// Whether the bytes of the file are its text, so that reading can begin in its middle.
    pub(super) fn is_stored_as_read(&self) -> bool {
        self.recoded.is_none()
    }

    pub(super) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The text at hand; none at the end.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        let Some(recoded) = &mut self.recoded else {
            return if self.taken.is_empty() { self.decoder.fill_buf() } else { Ok(&self.taken) };
        };
        while recoded.from == recoded.to && !recoded.is_done {
            recoded.check()?;
            let input = if self.taken.is_empty() { self.decoder.fill_buf()? } else { &self.taken };
            let used = recoded.take(input)?;
            take(&mut self.taken, &mut self.decoder, used);
        }
        Ok(recoded.text.get(recoded.from..recoded.to).unwrap_or_default())
    }

    pub(super) fn consume(&mut self, n: usize) {
        match &mut self.recoded {
            Some(recoded) => recoded.from = recoded.from.saturating_add(n).min(recoded.to),
            None => take(&mut self.taken, &mut self.decoder, n),
        }
    }
}

fn take(taken: &mut Vec<u8>, decoder: &mut Decoder, n: usize) {
    if taken.is_empty() {
        decoder.consume(n);
    } else {
        taken.drain(..n.min(taken.len()));
    }
}

impl Recoded {
    fn check(&self) -> io::Result<()> {
        if !self.is_malformed {
            return Ok(());
        }
        let detail = "it is not in the encoding that readOptions.encoding says".to_owned();
        Err(io::Error::new(io::ErrorKind::InvalidData, Corruption { cause: Cause::NotText, detail }))
    }

    /// Recodes as much of `input` as there is room for, and returns how much that was. No input: the end.
    fn take(&mut self, input: &[u8]) -> io::Result<usize> {
        self.is_done = input.is_empty();
        let (used, written) = match &mut self.form {
            Form::Latin1 => {
                let input = input.get(..ROOM / 2).unwrap_or(input);
                (input.len(), encoding_rs::mem::convert_latin1_to_utf8(input, &mut self.text))
            }
            Form::Other(decoder) => {
                let (result, used, written) =
                    decoder.decode_to_utf8_without_replacement(input, &mut self.text, input.is_empty());
                // The text before it comes first, so that the line is known.
                self.is_malformed = matches!(result, DecoderResult::Malformed(..));
                self.is_done &= matches!(result, DecoderResult::InputEmpty);
                (used, written)
            }
        };
        (self.from, self.to) = (0, written);
        Ok(used)
    }
}
