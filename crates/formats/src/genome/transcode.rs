//! A gzip, zstd or bzip2 file, which can only be read from its start, to BGZF of the same text, which can be read at
//! random. In: the stored bytes of any compression. Out: BGZF, and its block index.

use super::BlockRecorder;
use crate::compression::{Compression, decode};
use crate::fault::Fault;
use std::io::{self, Read, Write};

/// Text of one block, as `bgzip` cuts it.
const BLOCK_TEXT: u64 = 65_280;

/// Why a file could not be transcoded.
#[derive(Debug, thiserror::Error)]
pub enum TranscodeError {
    /// The input is damaged or cannot be read.
    #[error(transparent)]
    Input(#[from] Fault),
    /// The output cannot be written.
    #[error(transparent)]
    Output(io::Error),
}

/// Writes the text of `input` to `output` as BGZF; returns the bytes of its `.gzi`.
pub fn to_bgzf(
    input: Box<dyn Read + Send>,
    compression: Compression,
    output: &mut dyn Write,
) -> Result<Vec<u8>, TranscodeError> {
    let mut input = decode(input, compression);
    let mut writer = noodles_bgzf::io::Writer::new(Counted { output, bytes: 0 });
    let mut blocks = BlockRecorder::default();
    let mut block = Vec::new();
    let mut text = 0;
    loop {
        block.clear();
        let read = (&mut input).take(BLOCK_TEXT).read_to_end(&mut block);
        if read.map_err(|error| Fault::from_io(&error))? == 0 {
            break;
        }
        blocks.note(writer.get_ref().bytes, text);
        writer.write_all(&block).and_then(|()| writer.flush()).map_err(TranscodeError::Output)?;
        text += u64::try_from(block.len()).unwrap_or(u64::MAX);
    }
    writer.finish().map_err(TranscodeError::Output)?;
    Ok(blocks.finish())
}

struct Counted<'a> {
    output: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
