//! Records against the store's reference: is REF what it has there, and where does the record lie in normal form. In: a
//! site, before anything of it is kept. Out: its normal form if that differs. What does not fit goes to the judge.

use super::site::Site;
use super::{Judge, Stop};
use crate::fault::{Cause, Fault};
use crate::genome::{Genome, GenomeReader};
use crate::normalize::{self, Bases, Normal, Outcome, Variant, is_sequence, may_change};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Bases compared at a time: a REF may be as long as a line.
const COMPARED: usize = 64 << 10;

/// Normalizes the records of one part.
pub(crate) struct Normalizer {
    reader: GenomeReader,
    /// CHROM of the latest record and its place in the reference.
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

    /// The normal form of a record with the given `end`; none if it has it already, or does not fit the reference and
    /// is left as it is.
    pub(crate) fn normalize(&mut self, site: &Site<'_>, end: i64, judge: &mut Judge) -> Result<Option<Normal>, Stop> {
        let Some(contig) = self.find(site.contig) else {
            judge.judge(Cause::ReferenceContig, Some(site), None)?;
            return Ok(None);
        };
        let reference = site.reference.as_bytes();
        // VCF 4.5, 1.6.1.2: POS 0 and the position after the last base stand for the telomeres and have no base.
        let Ok(start) = u64::try_from(site.start) else { return Ok(None) };
        let is_plain_snv = site.is_plain_snv();
        if !is_plain_snv && !is_sequence(reference) {
            return Ok(None); // said already
        }
        let unreadable = |error: io::Error| Stop::File(Box::new(unreadable_reference(&error)));
        if !self.agrees(contig, start, reference).map_err(unreadable)? {
            judge.judge(Cause::ReferenceMismatch, Some(site), None)?;
            return Ok(None);
        }
        if is_plain_snv {
            return Ok(None); // no allele begins or ends like REF
        }
        let alternates = || site.alternate_alleles().map(str::as_bytes);
        let all_bases = site.alternate_alleles().next().is_some() && alternates().all(is_sequence);
        let Some(end) = u64::try_from(end).ok().filter(|_| all_bases && may_change(reference, alternates())) else {
            return Ok(None);
        };
        let reference = reference.to_ascii_uppercase();
        let alternates: Vec<Vec<u8>> = alternates().map(<[u8]>::to_ascii_uppercase).collect();
        let alternates: Vec<&[u8]> = alternates.iter().map(Vec::as_slice).collect();
        let variant = Variant { start, end, reference: &reference, alternates: &alternates };
        match normalize::normalize(variant, &mut self.reader.contig(contig)).map_err(unreadable)? {
            Outcome::Unchanged => Ok(None),
            Outcome::Changed(normal) => Ok(Some(normal)),
            Outcome::TooFar => {
                judge.judge(Cause::MovesTooFar, Some(site), None)?;
                Ok(None)
            }
        }
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
fn unreadable_reference(error: &io::Error) -> Fault {
    Fault { message: format!("the store's reference cannot be read: {error}"), ..Fault::new(Cause::Io) }
}

#[cfg(test)]
mod tests;
