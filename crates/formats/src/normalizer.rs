//! Records against the store's reference: is REF what it has there, and where does the record lie in normal form. In: a
//! record's place and alleles, as a file of any format has them. Out: its normal form if that differs, or why it does not
//! fit. Judges nothing.

use crate::fault::{Cause, Fault};
use crate::genome::{Genome, GenomeReader};
use crate::normalize::{self, Bases, Normal, Outcome, Variant, is_sequence, may_change};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Bases compared at a time: a REF may be as long as a line.
const COMPARED: usize = 64 << 10;

/// Where a record lies, 0-based and half-open, and its alleles in either case.
pub(crate) struct Record<'a, A> {
    pub(crate) contig: &'a str,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) reference: &'a [u8],
    pub(crate) alternates: A,
    /// All alleles are single bases, none of ALT that of REF.
    pub(crate) is_plain_snv: bool,
}

/// What became of a record.
pub(crate) enum Fit {
    /// It is in normal form, or has alleles that are no sequences.
    Same,
    Moved(Normal),
    /// It does not fit the reference.
    Not(Cause),
}

/// Normalizes the records of one part.
pub(crate) struct Normalizer {
    reader: GenomeReader,
    /// Contig of the latest record and its place in the reference.
    latest: (String, Option<usize>),
    /// Names of the file that are other names in the reference.
    aliases: BTreeMap<String, String>,
    bases: Vec<u8>,
}

impl Normalizer {
    pub(crate) fn new(genome: Arc<Genome>) -> Self {
        let reader = GenomeReader::new(genome);
        Self { reader, latest: (String::new(), None), aliases: BTreeMap::new(), bases: Vec::new() }
    }

    /// Contigs of the file, with the other names that the reference has for them.
    pub(crate) fn aliases(&self) -> &BTreeMap<String, String> {
        &self.aliases
    }

    /// Faults: the reference cannot be read.
    pub(crate) fn normalize<'a, A>(&mut self, record: &Record<'a, A>) -> Result<Fit, Fault>
    where
        A: Iterator<Item = &'a [u8]> + Clone,
    {
        let Some(contig) = self.find(record.contig) else { return Ok(Fit::Not(Cause::ReferenceContig)) };
        // VCF 4.5, 1.6.1.2: POS 0 and the position after the last base stand for the telomeres and have no base.
        let Ok(start) = u64::try_from(record.start) else { return Ok(Fit::Same) };
        if !record.is_plain_snv && !is_sequence(record.reference) {
            return Ok(Fit::Same);
        }
        if !self.agrees(contig, start, record.reference).map_err(|error| unreadable(&error))? {
            return Ok(Fit::Not(Cause::ReferenceMismatch));
        }
        if record.is_plain_snv {
            return Ok(Fit::Same); // no allele begins or ends like REF
        }
        let alternates = || record.alternates.clone();
        let all_bases = alternates().next().is_some() && alternates().all(is_sequence);
        let may_change = all_bases && may_change(record.reference, alternates());
        let Some(end) = u64::try_from(record.end).ok().filter(|_| may_change) else { return Ok(Fit::Same) };
        let reference = record.reference.to_ascii_uppercase();
        let alternates: Vec<Vec<u8>> = alternates().map(<[u8]>::to_ascii_uppercase).collect();
        let alternates: Vec<&[u8]> = alternates.iter().map(Vec::as_slice).collect();
        let variant = Variant { start, end, reference: &reference, alternates: &alternates };
        let outcome = normalize::normalize(variant, &mut self.reader.contig(contig));
        Ok(match outcome.map_err(|error| unreadable(&error))? {
            Outcome::Unchanged => Fit::Same,
            Outcome::Changed(normal) => Fit::Moved(normal),
            Outcome::TooFar => Fit::Not(Cause::MovesTooFar),
        })
    }

    fn find(&mut self, name: &str) -> Option<usize> {
        if self.latest.0 != name {
            let found = self.reader.genome().find(name);
            if let Some(contig) = found.and_then(|index| self.reader.genome().contig(index))
                && contig.name != name
            {
                self.aliases.insert(name.to_owned(), contig.name.clone());
            }
            self.latest = (name.to_owned(), found);
        }
        self.latest.1
    }

    /// Whether REF is what the reference has at `start`.
    fn agrees(&mut self, contig: usize, start: u64, reference: &[u8]) -> io::Result<bool> {
        let length = self.reader.genome().contig(contig).map_or(0, |contig| contig.length);
        if start == length && reference.eq_ignore_ascii_case(b"N") {
            return Ok(true);
        }
        let mut at = start;
        for piece in reference.chunks(COMPARED) {
            let end = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if end > length {
                return Ok(false);
            }
            self.reader.contig(contig).read(at..end, &mut self.bases)?;
            if !normalize::agrees(piece, &self.bases) {
                return Ok(false);
            }
            at = end;
        }
        Ok(true)
    }
}

/// The reference is not the file's fault, but the file cannot be read without it.
fn unreadable(error: &io::Error) -> Fault {
    Fault { message: format!("the store's reference cannot be read: {error}"), ..Fault::new(Cause::Io) }
}
