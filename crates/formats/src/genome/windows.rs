//! The bases that one thread works with: a few windows of contigs, the latest used first. A file sorted by position
//! reads each window once.

use super::Genome;
use crate::normalize::Bases;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Bases of a window: one request of a store, and little enough to be fetched for one record.
const WINDOW: u64 = 512 << 10;
/// Windows kept: a record at a border needs two, and overlapping sources of records alternate between a few.
const KEPT: usize = 4;

struct Window {
    contig: usize,
    /// Ordinal of the window in its contig.
    index: u64,
    bases: Vec<u8>,
}

/// Reads bases of a genome; one per thread.
pub struct GenomeReader {
    genome: Arc<Genome>,
    /// Latest used first.
    windows: Vec<Window>,
    text: Vec<u8>,
}

impl GenomeReader {
    pub fn new(genome: Arc<Genome>) -> Self {
        Self { genome, windows: Vec::new(), text: Vec::new() }
    }

    pub fn genome(&self) -> &Genome {
        &self.genome
    }

    /// The bases of one contig.
    pub fn contig(&mut self, contig: usize) -> ContigBases<'_> {
        ContigBases { reader: self, contig }
    }

    /// Makes the window the first of the kept ones.
    fn window(&mut self, contig: usize, index: u64) -> io::Result<&[u8]> {
        let is_it = |w: &Window| w.contig == contig && w.index == index;
        match self.windows.iter().position(is_it) {
            Some(0) => {}
            Some(place) => self.windows.get_mut(..=place).unwrap_or_default().rotate_right(1),
            None => {
                // The window used longest ago gives its memory.
                let last = if self.windows.len() < KEPT { None } else { self.windows.pop() };
                let mut bases = last.map(|window| window.bases).unwrap_or_default();
                self.load(contig, index, &mut bases)?;
                self.windows.insert(0, Window { contig, index, bases });
            }
        }
        Ok(self.windows.first().map(|w| w.bases.as_slice()).unwrap_or_default())
    }

    /// Replaces `bases` by those of a window.
    fn load(&mut self, contig: usize, index: u64, bases: &mut Vec<u8>) -> io::Result<()> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "beyond the end of the contig");
        let contig = self.genome.contig(contig).ok_or_else(outside)?;
        let start = index.saturating_mul(WINDOW);
        let end = contig.length.min(start.saturating_add(WINDOW));
        let last = end.checked_sub(1).filter(|last| *last >= start).ok_or_else(outside)?;
        let from = contig.text_offset(start);
        let bytes = contig.text_offset(last).saturating_add(1).saturating_sub(from);
        self.text.resize(usize::try_from(bytes).unwrap_or(usize::MAX), 0);
        self.genome.read_text(from, &mut self.text)?;
        bases.clear();
        bases.reserve(usize::try_from(end - start).unwrap_or(0));
        let mut line_left = contig.line_bases - start % contig.line_bases;
        let mut rest = self.text.as_slice();
        while !rest.is_empty() {
            let (line, after) = split(rest, line_left);
            bases.extend(line.iter().map(u8::to_ascii_uppercase));
            (_, rest) = split(after, contig.line_width - contig.line_bases);
            line_left = contig.line_bases;
        }
        Ok(())
    }
}

fn split(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

/// The bases of one contig, through the windows of a reader.
pub struct ContigBases<'a> {
    reader: &'a mut GenomeReader,
    contig: usize,
}

impl Bases for ContigBases<'_> {
    fn read(&mut self, range: Range<u64>, out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        let mut at = range.start;
        while at < range.end {
            let index = at / WINDOW;
            let window = self.reader.window(self.contig, index)?;
            let offset = |base: u64| usize::try_from(base.saturating_sub(index.saturating_mul(WINDOW)));
            let end = range.end.min(index.saturating_add(1).saturating_mul(WINDOW));
            let bounds = offset(at).ok().zip(offset(end).ok());
            let bases = bounds.and_then(|(from, to)| window.get(from..to)).ok_or(io::ErrorKind::UnexpectedEof)?;
            out.extend_from_slice(bases);
            at = end;
        }
        Ok(())
    }
}
