//! Stored bytes to text: plain, BGZF, gzip, zstd or bzip2 (of these three any number of members), told apart by content,
//! never by name. In: a reader. Out: decompressed bytes with their positions. A cut or damaged stream, or bytes after
//! its end, are an error, never an early end. Does not know lines.

mod bgzf;
mod blocks;
mod members;

use crate::fault::{Cause, Corruption};
use bgzf::Bgzf;
use members::{Bzip2, Gzip, Members, Zstd};
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The empty block that ends a BGZF file.
pub const BGZF_EOF: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x06, 0x00, 0x42, 0x43, 0x02, 0x00, 0x1b, 0x00, 0x03,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];

/// Bytes of a BGZF block before its compressed data.
pub(crate) const BGZF_HEADER: usize = 18;

/// How a file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    Plain,
    Gzip,
    Bgzf,
    Zstd,
    Bzip2,
}

impl Compression {
    /// Bytes of the start of a file that are enough to [`detect`](Self::detect) it.
    pub const PREFIX: u64 = 64;

    /// Whether reading can begin in the middle of a file.
    pub fn can_be_split(self) -> bool {
        match self {
            Self::Plain | Self::Bgzf => true,
            Self::Gzip | Self::Zstd | Self::Bzip2 => false,
        }
    }

    /// Told from the first bytes of a file; 18 are enough.
    pub fn detect(prefix: &[u8]) -> Self {
        if block_size(prefix).is_some() {
            Self::Bgzf
        } else if prefix.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if members::begins_zstd(prefix) {
            Self::Zstd
        } else if members::begins_bzip2(prefix) {
            Self::Bzip2
        } else {
            Self::Plain
        }
    }
}

/// Size in bytes of the BGZF block that starts with `header`; none if this is not the start of a block.
pub(crate) fn block_size(header: &[u8]) -> Option<usize> {
    let header: &[u8; BGZF_HEADER] = header.first_chunk()?;
    let [0x1f, 0x8b, 8, 4, _, _, _, _, _, _, 6, 0, b'B', b'C', 2, 0, low, high] = *header else { return None };
    let size = usize::from(u16::from_le_bytes([low, high])) + 1;
    (size >= BGZF_HEADER + 8).then_some(size)
}

/// Whether a whole block has the length and the checksum that it says.
pub(crate) fn is_sound_block(block: &[u8]) -> bool {
    bgzf::is_sound(block)
}

/// The decompressed bytes of `input`. Errors are those of `input`, or stand for damaged data
/// ([`Fault::from_io`](crate::Fault::from_io) tells them apart).
pub fn decode(input: Box<dyn Read + Send>, compression: Compression) -> Box<dyn BufRead + Send> {
    Box::new(Decoder::new(input, compression))
}

/// What is known about the stored bytes while a decoder owns their reader.
#[derive(Debug, Default)]
struct Stored {
    bytes: AtomicU64,
    failed: AtomicBool,
}

/// Counts the stored bytes, and remembers that an error came from below and not from the decoder.
struct Source {
    input: Box<dyn Read + Send>,
    stored: Arc<Stored>,
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(out);
        match &read {
            Ok(n) => {
                let n = u64::try_from(*n).unwrap_or(u64::MAX);
                self.stored.bytes.fetch_add(n, Ordering::Relaxed);
            }
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.stored.failed.store(true, Ordering::Relaxed);
            }
            Err(_) => {}
        }
        read
    }
}

/// A fault of the file. Never of the kind `UnexpectedEof`, which the block reader takes for the end of the file.
fn corrupt(cause: Cause, detail: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Corruption { cause, detail: detail.to_owned() })
}

enum Form {
    Plain(BufReader<Source>),
    Gzip(Box<BufReader<Members<Gzip>>>),
    Zstd(Box<BufReader<Members<Zstd>>>),
    Bzip2(Box<BufReader<Members<Bzip2>>>),
    Bgzf(Box<Bgzf>),
}

/// A decompressing reader that knows where it stands in the stored and in the decompressed bytes.
pub(crate) struct Decoder {
    form: Form,
    stored: Arc<Stored>,
    /// Decompressed bytes consumed.
    position: u64,
    /// Stored offset, relative to the first byte of the input, whose decompressed position is asked for.
    mark: Option<u64>,
    mark_position: Option<u64>,
}

const BUFFER: usize = 1 << 18;

fn members<M: members::Member>(source: BufReader<Source>) -> Box<BufReader<Members<M>>> {
    Box::new(BufReader::with_capacity(BUFFER, Members::new(source)))
}

impl Decoder {
    pub(crate) fn new(input: Box<dyn Read + Send>, compression: Compression) -> Self {
        let stored = Arc::new(Stored::default());
        let source = BufReader::with_capacity(BUFFER, Source { input, stored: Arc::clone(&stored) });
        let form = match compression {
            Compression::Plain => Form::Plain(source),
            Compression::Gzip => Form::Gzip(members(source)),
            Compression::Zstd => Form::Zstd(members(source)),
            Compression::Bzip2 => Form::Bzip2(members(source)),
            Compression::Bgzf => Form::Bgzf(Box::new(Bgzf::new(source))),
        };
        Self { form, stored, position: 0, mark: None, mark_position: None }
    }

    /// The decoder, asked for the decompressed position of a stored offset (both relative to the start of the input).
    pub(crate) fn with_mark(mut self, offset: Option<u64>) -> Self {
        self.mark = offset;
        self.mark_position = match self.form {
            Form::Plain(_) => offset,
            Form::Gzip(_) | Form::Zstd(_) | Form::Bzip2(_) | Form::Bgzf(_) => None,
        };
        self
    }

    /// Decompressed bytes consumed so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Whether the position stands behind that of the mark. Never in a file that cannot be split.
    pub(crate) fn is_past_mark(&self) -> bool {
        self.mark_position.is_some_and(|mark| self.position > mark)
    }

    /// Offset in the stored bytes of the BGZF block that is in the buffer.
    pub(crate) fn block_start(&self) -> Option<u64> {
        match &self.form {
            Form::Bgzf(reader) => Some(reader.start()),
            Form::Plain(_) | Form::Gzip(_) | Form::Zstd(_) | Form::Bzip2(_) => None,
        }
    }

    /// Stored bytes read so far; buffers read ahead.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.stored.bytes.load(Ordering::Relaxed)
    }

    /// Fills the buffer if it is empty and returns how much it holds; 0 at the end.
    fn fill(&mut self) -> io::Result<usize> {
        loop {
            let filled = match &mut self.form {
                Form::Plain(reader) => reader.fill_buf().map(<[u8]>::len),
                Form::Gzip(reader) => reader.fill_buf().map(<[u8]>::len),
                Form::Zstd(reader) => reader.fill_buf().map(<[u8]>::len),
                Form::Bzip2(reader) => reader.fill_buf().map(<[u8]>::len),
                Form::Bgzf(reader) => reader.fill(),
            };
            match filled {
                Ok(length) => {
                    self.place_mark();
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
    }

    /// In BGZF the mark is where the first block at or behind it begins; blocks are loaded one at a time.
    fn place_mark(&mut self) {
        if let (Form::Bgzf(reader), Some(mark), None) = (&self.form, self.mark, self.mark_position)
            && reader.start() >= mark
        {
            self.mark_position = Some(self.position);
        }
    }

    /// Tells errors of the decoder, which are faults of the file, from errors of the input.
    fn explain(&self, error: io::Error) -> io::Error {
        let known = error.get_ref().is_some_and(|e| e.is::<Corruption>());
        if known || matches!(self.form, Form::Plain(_)) || self.stored.failed.load(Ordering::Relaxed) {
            return error;
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => corrupt(Cause::Truncated, "it ends inside compressed data"),
            _ => corrupt(Cause::Damaged, &error.to_string()),
        }
    }
}

impl Read for Decoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let n = available.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Decoder {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        match &mut self.form {
            Form::Plain(reader) => Ok(reader.buffer()),
            Form::Gzip(reader) => Ok(reader.buffer()),
            Form::Zstd(reader) => Ok(reader.buffer()),
            Form::Bzip2(reader) => Ok(reader.buffer()),
            Form::Bgzf(reader) => Ok(reader.buffer()),
        }
    }

    fn consume(&mut self, n: usize) {
        self.position = self.position.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        match &mut self.form {
            Form::Plain(reader) => reader.consume(n),
            Form::Gzip(reader) => reader.consume(n),
            Form::Zstd(reader) => reader.consume(n),
            Form::Bzip2(reader) => reader.consume(n),
            Form::Bgzf(reader) => reader.consume(n),
        }
    }
}

#[cfg(test)]
mod tests;
