//! Files of members that follow one another: gzip, zstd (frames) and bzip2 (streams). In: stored bytes. Out: the text of
//! all members. What follows the last one is an error; only zeros after gzip are padding, as gzip itself has it.

use super::{Source, corrupt};
use crate::fault::Cause;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

/// The window a zstd frame may ask for, as a power of two: 128 MiB, the most that `zstd` itself allows unasked.
const WINDOW_LOG_MAX: u32 = 27;

/// The first bytes of a member, which were looked at, and those after them.
pub(super) type Input = Chain<Cursor<Vec<u8>>, BufReader<Source>>;

/// The decoder of one member.
pub(super) trait Member: Read + Sized {
    /// Where bytes after the last member are found, for messages.
    const PLACE: &'static str;

    /// A decoder of the member that begins `input`.
    fn start(input: Input) -> io::Result<Self>;

    /// What follows the member, once it was read to its end.
    fn into_input(self) -> Input;

    /// Whether the first bytes of a member, at most 4, are these.
    fn begins(bytes: &[u8]) -> bool;

    /// Whether zeros may follow the last member.
    fn may_be_padded() -> bool {
        false
    }
}

enum State<M> {
    /// Before the first member: that there is one, its first bytes have told.
    Start(Input),
    Inside(M),
    Between(Input),
    Ended,
    Failed,
}

/// The text of all members.
pub(super) struct Members<M> {
    state: State<M>,
}

impl<M: Member> Members<M> {
    pub(super) fn new(input: BufReader<Source>) -> Self {
        Self { state: State::Start(Cursor::new(Vec::new()).chain(input)) }
    }
}

impl<M: Member> Read for Members<M> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Failed) {
                State::Inside(mut member) => match member.read(out) {
                    Ok(0) => self.state = State::Between(member.into_input()),
                    read => {
                        self.state = State::Inside(member);
                        return read;
                    }
                },
                State::Start(input) => self.state = State::Inside(M::start(input)?),
                State::Between(input) => self.state = next(input)?,
                State::Ended => {
                    self.state = State::Ended;
                    return Ok(0);
                }
                State::Failed => return Err(io::Error::other("reading failed before")),
            }
        }
    }
}

/// The member that follows, or the end of the file.
fn next<M: Member>(input: Input) -> io::Result<State<M>> {
    let mut start = Vec::new();
    let mut input = input.take(4);
    input.read_to_end(&mut start)?; // goes on when interrupted
    let (_, mut rest) = input.into_inner().into_inner();
    if start.is_empty() {
        return Ok(State::Ended);
    }
    if M::begins(&start) {
        return M::start(Cursor::new(start).chain(rest)).map(State::Inside);
    }
    if M::may_be_padded() && is_zero(&start) && skip_zeros(&mut rest)? {
        return Ok(State::Ended);
    }
    Err(corrupt(Cause::TrailingBytes, M::PLACE))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Reads zeros to the end of the file; false where something else is.
fn skip_zeros(input: &mut BufReader<Source>) -> io::Result<bool> {
    loop {
        let buffer = match input.fill_buf() {
            Ok([]) => return Ok(true),
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if !is_zero(buffer) {
            return Ok(false);
        }
        let length = buffer.len();
        input.consume(length);
    }
}

/// Whether `bytes` are the beginning of `magic`, as far as they go.
fn agree(bytes: &[u8], magic: &[u8]) -> bool {
    bytes.iter().zip(magic).all(|(a, b)| a == b)
}

pub(super) struct Gzip(flate2::bufread::GzDecoder<Input>);

impl Member for Gzip {
    const PLACE: &'static str = "after the last gzip member";

    fn start(input: Input) -> io::Result<Self> {
        Ok(Self(flate2::bufread::GzDecoder::new(input)))
    }

    fn into_input(self) -> Input {
        self.0.into_inner()
    }

    fn begins(bytes: &[u8]) -> bool {
        agree(bytes, &[0x1f, 0x8b])
    }

    fn may_be_padded() -> bool {
        true
    }
}

impl Read for Gzip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

pub(super) struct Zstd(zstd::stream::read::Decoder<'static, Input>);

/// The magic of a frame, and those of frames to be skipped (RFC 8878, 3.1).
fn is_frame(bytes: &[u8]) -> bool {
    let skipped = bytes.first().is_some_and(|first| (0x50..=0x5f).contains(first));
    agree(bytes, &[0x28, 0xb5, 0x2f, 0xfd])
        || (skipped && agree(bytes.get(1..).unwrap_or_default(), &[0x2a, 0x4d, 0x18]))
}

/// Whether a file with these first bytes is zstd.
pub(super) fn begins_zstd(prefix: &[u8]) -> bool {
    prefix.len() >= 4 && is_frame(prefix)
}

impl Member for Zstd {
    const PLACE: &'static str = "after the last zstd frame";

    fn start(input: Input) -> io::Result<Self> {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?.single_frame();
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Ok(Self(decoder))
    }

    fn into_input(self) -> Input {
        self.0.finish()
    }

    fn begins(bytes: &[u8]) -> bool {
        is_frame(bytes)
    }
}

impl Read for Zstd {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(|error| {
            // libzstd tells its errors by their texts.
            if error.to_string().contains("too much memory") {
                return corrupt(Cause::ZstdWindow, "its window is larger than 128 MiB");
            }
            error
        })
    }
}

pub(super) struct Bzip2(bzip2::bufread::BzDecoder<Input>);

/// Whether a file with these first bytes is bzip2: `BZh`, the block size, and the mark of a block or of the end.
pub(super) fn begins_bzip2(prefix: &[u8]) -> bool {
    matches!(prefix, [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, ..])
}

impl Member for Bzip2 {
    const PLACE: &'static str = "after the last bzip2 stream";

    fn start(input: Input) -> io::Result<Self> {
        Ok(Self(bzip2::bufread::BzDecoder::new(input)))
    }

    fn into_input(self) -> Input {
        self.0.into_inner()
    }

    fn begins(bytes: &[u8]) -> bool {
        agree(bytes, b"BZh") && bytes.get(3).is_none_or(|size| (b'1'..=b'9').contains(size))
    }
}

impl Read for Bzip2 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}
