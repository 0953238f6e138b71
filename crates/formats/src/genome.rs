//! A reference genome read at random: its contigs by name, and the bases of any range. In: the text of a `.fai`, the
//! stored FASTA (plain or BGZF) behind [`ReadAt`], and for BGZF its block index. Keeps no bases itself; each reader has
//! a few windows of them.

mod blocks;
mod names;
mod transcode;
mod windows;

pub use blocks::BlockIndex;
pub(crate) use blocks::BlockRecorder;
pub use transcode::{TranscodeError, to_bgzf};
pub use windows::GenomeReader;

use crate::compression::{Compression, Decoder};
use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

/// Stored bytes that are read at random, from several threads.
pub trait ReadAt: Send + Sync {
    /// Fills `out` with the bytes from `offset` on; fewer bytes there are an error.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
}

/// A file held in memory.
impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = start.checked_add(out.len()).and_then(|end| self.get(start..end));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Why a genome cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenomeError {
    #[error("line {line} of the index of the reference is damaged")]
    Index { line: usize },
    #[error("the block index of the reference is damaged")]
    Blocks,
}

/// How the FASTA is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    Plain,
    Bgzf(BlockIndex),
}

/// A sequence of the genome, as a line of a `.fai` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contig {
    pub name: String,
    /// Bases.
    pub length: u64,
    /// Offset of the first base in the decompressed text.
    offset: u64,
    line_bases: u64,
    line_width: u64,
}

impl Contig {
    /// Offset of a base in the decompressed text.
    fn text_offset(&self, base: u64) -> u64 {
        let line_bases = self.line_bases.max(1);
        let lines = (base / line_bases).saturating_mul(self.line_width);
        self.offset.saturating_add(lines).saturating_add(base % line_bases)
    }
}

/// A genome, shared by all its readers.
pub struct Genome {
    contigs: Vec<Contig>,
    by_name: HashMap<String, usize>,
    form: Form,
    /// Bytes as stored.
    size: u64,
    source: Arc<dyn ReadAt>,
}

impl std::fmt::Debug for Genome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Genome").field("contigs", &self.contigs.len()).field("size", &self.size).finish_non_exhaustive()
    }
}

impl Genome {
    /// `fai` as `samtools faidx` writes it, `size` the bytes of the stored file.
    pub fn new(fai: &str, form: Form, size: u64, source: Arc<dyn ReadAt>) -> Result<Self, GenomeError> {
        let contig = |(line, text)| parse_contig(text).ok_or(GenomeError::Index { line });
        let contigs = (1..).zip(fai.lines()).map(contig).collect::<Result<Vec<_>, _>>()?;
        let by_name = contigs.iter().enumerate().map(|(index, contig)| (contig.name.clone(), index)).collect();
        Ok(Self { contigs, by_name, form, size, source })
    }

    pub fn contig(&self, index: usize) -> Option<&Contig> {
        self.contigs.get(index)
    }

    /// The contig that a file means by `name`: the one of that name, else the only one whose name differs by `chr` or
    /// as M and MT do.
    pub fn find(&self, name: &str) -> Option<usize> {
        if let Some(index) = self.by_name.get(name) {
            return Some(*index);
        }
        let mut fitting = names::aliases(name).into_iter().filter_map(|alias| self.by_name.get(&alias).copied());
        let only = fitting.next()?;
        fitting.next().is_none().then_some(only)
    }

    /// Fills `out` with the decompressed text from `offset` on.
    fn read_text(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let Form::Bgzf(blocks) = &self.form else { return self.source.read_at(offset, out) };
        let end = offset.saturating_add(u64::try_from(out.len()).unwrap_or(u64::MAX));
        let (start, stop) = blocks.around(offset, end);
        let stored =
            Stored { source: Arc::clone(&self.source), at: start.stored, end: stop.map_or(self.size, |s| s.stored) };
        let mut decoder = Decoder::new(Box::new(stored), Compression::Bgzf);
        let mut skip = offset.saturating_sub(start.text);
        while skip > 0 {
            let available = decoder.fill_buf()?.len();
            let step = available.min(usize::try_from(skip).unwrap_or(usize::MAX));
            if step == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            decoder.consume(step);
            skip = skip.saturating_sub(u64::try_from(step).unwrap_or(u64::MAX));
        }
        decoder.read_exact(out)
    }
}

/// A range of the stored bytes as a stream.
struct Stored {
    source: Arc<dyn ReadAt>,
    at: u64,
    end: u64,
}

impl Read for Stored {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = out.len().min(left);
        let out = out.get_mut(..length).unwrap_or_default();
        self.source.read_at(self.at, out)?;
        self.at = self.at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        Ok(length)
    }
}

/// One line of a `.fai`: name, length, offset, bases per line, bytes per line.
fn parse_contig(line: &str) -> Option<Contig> {
    let mut columns = line.split('\t');
    let name = columns.next()?.to_owned();
    let mut number = || columns.next()?.parse::<u64>().ok();
    let contig = Contig { name, length: number()?, offset: number()?, line_bases: number()?, line_width: number()? };
    let ends = contig.line_width.checked_sub(contig.line_bases)?;
    (ends <= 2 && (contig.line_bases > 0 || contig.length == 0)).then_some(contig)
}

#[cfg(test)]
mod tests;
