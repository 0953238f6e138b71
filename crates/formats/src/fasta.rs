//! FASTA to its index, as `samtools faidx` writes it. In: stored bytes, plain or compressed. Out: the text of the `.fai`,
//! whose offsets are those of the decompressed text, other names of the sequences, the block index of BGZF, and the MD5 of
//! the stored bytes. Keeps no bases; a sequence may be one line of any length.

mod names;

use crate::compression::{Compression, Decoder};
use crate::fault::{Cause, Fault};
use crate::genome::BlockRecorder;
use crate::lines::{Limits, limit};
use md5::{Digest, Md5};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// The index of a FASTA file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FastaIndex {
    /// One line per sequence: name, length, offset of the first base, bases per line, bytes per line.
    pub fai: String,
    /// Sequences.
    pub contigs: usize,
    /// Bases of all sequences.
    pub bases: u64,
    /// Other names that the headers give (`names.rs`), each with the name of its sequence: at most 10,000, those of the first
    /// sequences. Names of sequences, and what is given to two of them, are not among them.
    pub aliases: BTreeMap<String, String>,
    /// MD5 of the file as stored, in hexadecimal digits.
    pub md5: String,
    /// Of a BGZF file: the bytes of its `.gzi`, the block index.
    pub gzi: Option<Vec<u8>>,
}

/// Most other names that are kept: assemblies in pieces may have millions.
const MAX_ALIASES: usize = 10_000;

/// Indexes a FASTA file.
///
/// Faults: a file that does not begin with `>`, an empty or repeated name, lines of different lengths within a sequence
/// (the last one may be shorter), names that are not UTF-8, damaged compression, passed limits.
pub fn index(input: Box<dyn Read + Send>, compression: Compression, limits: &Limits) -> Result<FastaIndex, Fault> {
    let digest = Arc::new(Mutex::new(Md5::new()));
    let input = Digested { input, digest: Arc::clone(&digest) };
    let mut decoder = Decoder::new(Box::new(input), compression);
    let mut scan = Scan::default();
    let mut name = Vec::new();
    let mut blocks = BlockRecorder::default();
    let mut block = None;
    loop {
        decoder.fill_buf().map_err(|e| Fault::from_io(&e).at_line(scan.line))?;
        if decoder.block_start() != block {
            block = decoder.block_start();
            blocks.note(block.unwrap_or(0), decoder.position());
        }
        let buffer = decoder.fill_buf().map_err(|e| Fault::from_io(&e).at_line(scan.line))?;
        if buffer.is_empty() {
            break;
        }
        let newline = memchr::memchr(b'\n', buffer);
        let piece = buffer.get(..newline.unwrap_or(buffer.len())).unwrap_or_default();
        if scan.at_line_start && buffer.first() == Some(&b'>') {
            scan.in_name = true;
        }
        if scan.in_name {
            if name.len().saturating_add(piece.len()) > limits.max_line_bytes {
                return Err(limit(Cause::LineTooLong, limits.max_line_bytes, "max_line_bytes").at_line(scan.line));
            }
            name.extend_from_slice(piece);
        } else {
            scan.add_piece(piece);
        }
        scan.at_line_start = false;
        let consumed = piece.len() + usize::from(newline.is_some());
        decoder.consume(consumed);
        if newline.is_some() {
            scan.end_line(&mut name, decoder.position(), true)?;
        }
        if decoder.position() > limits.max_total_bytes {
            return Err(limit(Cause::TooManyBytes, limits.max_total_bytes, "max_total_bytes").at_line(scan.line));
        }
    }
    if !scan.at_line_start {
        scan.end_line(&mut name, decoder.position(), false)?;
    }
    let mut index = scan.finish()?;
    let digest = std::mem::take(&mut *digest.lock().unwrap_or_else(PoisonError::into_inner));
    index.md5 = hex::encode(digest.finalize());
    index.gzi = (compression == Compression::Bgzf).then(|| blocks.finish());
    Ok(index)
}

/// Takes the digest of the bytes that a decoder reads.
struct Digested {
    input: Box<dyn Read + Send>,
    digest: Arc<Mutex<Md5>>,
}

impl Read for Digested {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(out)?;
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        digest.update(out.get(..n).unwrap_or_default());
        Ok(n)
    }
}

/// The sequence that is being read.
struct Sequence {
    name: String,
    length: u64,
    offset: u64,
    /// Bases and bytes of its first line, which those after it must have.
    line_bases: u64,
    line_width: u64,
    /// A shorter or blank line was seen: no other may follow.
    ended: bool,
}

struct Scan {
    line: u64,
    at_line_start: bool,
    in_name: bool,
    line_bytes: u64,
    ends_with_return: bool,
    sequence: Option<Sequence>,
    names: HashSet<String>,
    /// None for a name that several sequences are given.
    aliases: BTreeMap<String, Option<String>>,
    index: FastaIndex,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            line: 1,
            at_line_start: true,
            in_name: false,
            line_bytes: 0,
            ends_with_return: false,
            sequence: None,
            names: HashSet::new(),
            aliases: BTreeMap::new(),
            index: FastaIndex {
                fai: String::new(),
                contigs: 0,
                bases: 0,
                aliases: BTreeMap::new(),
                md5: String::new(),
                gzi: None,
            },
        }
    }
}

impl Scan {
    fn add_piece(&mut self, piece: &[u8]) {
        self.line_bytes = self.line_bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if let Some(last) = piece.last() {
            self.ends_with_return = *last == b'\r';
        }
    }

    /// Ends a line; `position` is that of the first byte after it, `newline` whether it had one.
    fn end_line(&mut self, name: &mut Vec<u8>, position: u64, newline: bool) -> Result<(), Fault> {
        if std::mem::take(&mut self.in_name) {
            self.start_sequence(name, position)?;
            name.clear();
        } else {
            self.end_bases(newline)?;
        }
        self.line = self.line.saturating_add(1);
        self.at_line_start = true;
        self.line_bytes = 0;
        self.ends_with_return = false;
        Ok(())
    }

    fn start_sequence(&mut self, line: &[u8], offset: u64) -> Result<(), Fault> {
        self.end_sequence();
        let text = line.strip_prefix(b">").unwrap_or(line);
        let name = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if name.is_empty() {
            return Err(Fault::new(Cause::FastaName).at_line(self.line));
        }
        let name = std::str::from_utf8(name).map_err(|_| Fault::new(Cause::NotText).at_line(self.line))?.to_owned();
        if !self.names.insert(name.clone()) {
            return Err(Fault::new(Cause::FastaDuplicateName).at_line(self.line).with_key(name.as_bytes()));
        }
        let description = text.get(name.len()..).map(String::from_utf8_lossy).unwrap_or_default();
        names::other_names(description.trim_ascii()).into_iter().for_each(|other| self.add_alias(other, &name));
        self.sequence = Some(Sequence { name, length: 0, offset, line_bases: 0, line_width: 0, ended: false });
        Ok(())
    }

    fn add_alias(&mut self, other: &str, name: &str) {
        if self.aliases.len() >= MAX_ALIASES && !self.aliases.contains_key(other) {
            return;
        }
        match self.aliases.entry(other.to_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(Some(name.to_owned()));
            }
            Entry::Occupied(mut entry) if entry.get().as_deref() != Some(name) => {
                entry.insert(None);
            }
            Entry::Occupied(_) => {}
        }
    }

    fn end_bases(&mut self, newline: bool) -> Result<(), Fault> {
        let bases = self.line_bytes.saturating_sub(u64::from(self.ends_with_return));
        let width = self.line_bytes.saturating_add(u64::from(newline));
        let Some(sequence) = &mut self.sequence else {
            return if bases == 0 { Ok(()) } else { Err(Fault::new(Cause::FastaStart).at_line(self.line)) };
        };
        if bases == 0 {
            sequence.ended = true;
            return Ok(());
        }
        if sequence.length == 0 && !sequence.ended {
            sequence.line_bases = bases;
            sequence.line_width = width;
        }
        let fits = bases < sequence.line_bases || (bases == sequence.line_bases && width <= sequence.line_width);
        if sequence.ended || !fits {
            let fault = Fault::new(Cause::FastaLineLength).at_line(self.line);
            return Err(fault.with_key(sequence.name.as_bytes()));
        }
        sequence.ended = bases < sequence.line_bases || width < sequence.line_width;
        sequence.length = sequence.length.saturating_add(bases);
        Ok(())
    }

    fn end_sequence(&mut self) {
        let Some(s) = self.sequence.take() else { return };
        let line = format!("{}\t{}\t{}\t{}\t{}\n", s.name, s.length, s.offset, s.line_bases, s.line_width);
        self.index.fai.push_str(&line);
        self.index.contigs += 1;
        self.index.bases = self.index.bases.saturating_add(s.length);
    }

    fn finish(mut self) -> Result<FastaIndex, Fault> {
        self.end_sequence();
        if self.index.contigs == 0 {
            return Err(Fault::new(Cause::FastaStart));
        }
        let aliases = self.aliases.into_iter().filter(|(other, _)| !self.names.contains(other));
        self.index.aliases = aliases.filter_map(|(other, name)| Some((other, name?))).collect();
        Ok(self.index)
    }
}

#[cfg(test)]
mod tests;
