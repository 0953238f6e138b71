//! Left-normalization of a record as one unit: trims what all its alleles share and moves it as far left as its
//! sequence allows. In: start, end, REF, ALT and the bases of the contig. Out: the same in normal form, or "unchanged".
//! A record of many ALT alleles is never split. Knows no VCF and no files.

#[doc(hidden)]
pub mod laws;

use std::io;
use std::ops::Range;

/// Most bases that a record moves to the left. One that could move further is left as it is.
pub const MAX_MOVE: u64 = 1 << 20;

/// Bases fetched when a record first moves beyond its own alleles; each further step fetches four times as many.
const FIRST_WINDOW: u64 = 64;

/// The bases of one contig.
pub trait Bases {
    /// Replaces `out` by the bases `range` (0-based, half-open, inside the contig), in upper case.
    fn read(&mut self, range: Range<u64>, out: &mut Vec<u8>) -> io::Result<()>;
}

/// A contig held in memory.
impl Bases for &[u8] {
    fn read(&mut self, range: Range<u64>, out: &mut Vec<u8>) -> io::Result<()> {
        let bounds = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        let bases = bounds.and_then(|(start, end)| self.get(start..end)).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.clear();
        out.extend(bases.iter().map(u8::to_ascii_uppercase));
        Ok(())
    }
}

/// A record's place and alleles. Coordinates are 0-based and half-open; alleles are upper-case bases, none empty.
#[derive(Debug, Clone, Copy)]
pub struct Variant<'a> {
    pub start: u64,
    /// The end column: that of REF, or what INFO END says.
    pub end: u64,
    pub reference: &'a [u8],
    pub alternates: &'a [&'a [u8]],
}

/// A record in normal form; the alleles keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normal {
    pub start: u64,
    pub end: u64,
    pub reference: String,
    pub alternates: Vec<String>,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in normal form, or has no other allele than REF.
    Unchanged,
    Changed(Normal),
    /// It could move more than [`MAX_MOVE`] bases.
    TooFar,
}

/// Whether normalization applies to an allele: bases and IUPAC codes in either case, nothing else.
pub fn is_sequence(allele: &[u8]) -> bool {
    let is_code = |b: &u8| b"ACGTNRYKMSWBDHV".contains(&b.to_ascii_uppercase());
    !allele.is_empty() && allele.iter().all(is_code)
}

/// Whether [`normalize`] might change a record of these alleles (in either case). Most records are told apart here.
pub fn may_change<'a>(reference: &[u8], alternates: impl Iterator<Item = &'a [u8]>) -> bool {
    let same = |a: Option<&u8>, b: Option<&u8>| a.zip(b).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    let (mut tails, mut heads) = (true, reference.len() > 1);
    for allele in alternates {
        tails &= same(allele.last(), reference.last());
        heads &= allele.len() > 1 && same(allele.first(), reference.first());
    }
    tails || heads
}

/// Trims and left-aligns a record against its contig.
///
/// While all alleles end in the same base it is cut; where an allele would become empty, all are extended on the left
/// by bases of the reference (codes other than A, C, G, T, N become N). At the first base of the contig the last common
/// base stays, as an anchor on the right. Then common first bases are cut while every allele keeps one. `end` moves
/// with the bases cut on the right.
///
/// - Work: linear in the alleles and in the bases moved, which [`MAX_MOVE`] bounds.
/// - Errors: those of `bases`.
/// - Source: Tan, Abecasis and Kang 2015, doi:10.1093/bioinformatics/btv112; at the first base as `bcftools norm`.
pub fn normalize(variant: Variant<'_>, bases: &mut dyn Bases) -> io::Result<Outcome> {
    let mut alleles: Vec<&[u8]> = variant.alternates.to_vec();
    alleles.push(variant.reference);
    // Shortest first: two different alleles of one length then bound the comparison of all longer ones.
    alleles.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    alleles.dedup();
    let shortest = alleles.first().map_or(0, |allele| allele.len());
    if alleles.len() < 2 || shortest == 0 {
        return Ok(Outcome::Unchanged);
    }
    let Some((cut_right, left)) = cut_on_the_right(&alleles, shortest, variant.start, bases)? else {
        return Ok(Outcome::TooFar);
    };
    let added = (cut_right + 1).saturating_sub(shortest);
    let cut_left = if added > 0 { 0 } else { common_prefix(&alleles, shortest - cut_right - 1) };
    if cut_right == 0 && cut_left == 0 {
        return Ok(Outcome::Unchanged);
    }
    let padding: String = left.iter().skip(left.len().saturating_sub(added)).map(|base| char::from(*base)).collect();
    let normal = |allele: &[u8]| {
        let kept = (added + allele.len()).saturating_sub(cut_right + cut_left);
        let bases = allele.iter().map(|base| char::from(*base));
        padding.chars().chain(bases).skip(cut_left).take(kept).collect()
    };
    let count = |bases: usize| u64::try_from(bases).unwrap_or(u64::MAX);
    Ok(Outcome::Changed(Normal {
        start: variant.start.saturating_sub(count(added)).saturating_add(count(cut_left)),
        end: variant.end.saturating_sub(count(cut_right)),
        reference: normal(variant.reference),
        alternates: variant.alternates.iter().map(|allele| normal(allele)).collect(),
    }))
}

/// How many bases are cut on the right, and the bases of the reference before the record as far as they were needed;
/// none if the record could move too far.
fn cut_on_the_right(
    alleles: &[&[u8]],
    shortest: usize,
    start: u64,
    bases: &mut dyn Bases,
) -> io::Result<Option<(usize, Vec<u8>)>> {
    let mut left = Vec::new();
    let mut matched = 0;
    loop {
        let comparable = left.len() + shortest;
        matched = common_suffix(alleles, &left, matched, comparable);
        if matched < comparable {
            return Ok(Some((matched, left)));
        }
        let have = u64::try_from(left.len()).unwrap_or(u64::MAX);
        if have == start {
            return Ok(Some((matched - 1, left)));
        }
        if have >= MAX_MOVE {
            return Ok(None);
        }
        let wanted = have.saturating_mul(4).max(FIRST_WINDOW).min(start).min(MAX_MOVE);
        bases.read(start - wanted..start, &mut left)?;
        // As N before they are compared, or a record would move on when it is normalized again.
        left.iter_mut().for_each(|base| *base = padded(*base));
    }
}

/// Length of the common suffix of all alleles, each preceded by `left`; known to be at least `from`, looked for up to
/// `to`.
fn common_suffix(alleles: &[&[u8]], left: &[u8], from: usize, to: usize) -> usize {
    let Some((first, others)) = alleles.split_first() else { return from };
    others.iter().fold(to, |to, other| suffix_of_two(first, other, left, from, to))
}

fn suffix_of_two(a: &[u8], b: &[u8], left: &[u8], from: usize, to: usize) -> usize {
    let mut at = from;
    while at < to {
        let (x, y) = (before(a, left, at), before(b, left, at));
        let length = x.len().min(y.len()).min(to - at);
        let same = same_tail(tail(x, length), tail(y, length));
        at += same;
        if same < length || length == 0 {
            break;
        }
    }
    at
}

/// The piece of `left` and `allele` in one that ends `cut` bases before their end.
fn before<'a>(allele: &'a [u8], left: &'a [u8], cut: usize) -> &'a [u8] {
    let piece = match allele.len().checked_sub(cut) {
        Some(kept) if kept > 0 => allele.get(..kept),
        _ => left.get(..(left.len() + allele.len()).saturating_sub(cut)),
    };
    piece.unwrap_or_default()
}

fn tail(bases: &[u8], length: usize) -> &[u8] {
    bases.get(bases.len().saturating_sub(length)..).unwrap_or_default()
}

/// Length of the common suffix of two slices of one length.
fn same_tail(x: &[u8], y: &[u8]) -> usize {
    const CHUNK: usize = 256;
    let mut same = 0;
    for (x, y) in x.rchunks(CHUNK).zip(y.rchunks(CHUNK)) {
        if x != y {
            return same + x.iter().rev().zip(y.iter().rev()).take_while(|(x, y)| x == y).count();
        }
        same += x.len();
    }
    same
}

/// Length of the common prefix of all alleles, looked for up to `to`.
fn common_prefix(alleles: &[&[u8]], to: usize) -> usize {
    let Some((first, others)) = alleles.split_first() else { return 0 };
    let prefix = |to: usize, other: &&[u8]| first.iter().zip(other.iter()).take(to).take_while(|(a, b)| a == b).count();
    others.iter().fold(to, prefix)
}

/// VCF allows only A, C, G, T and N in alleles (VCF 4.5, 1.6.1.4).
fn padded(base: u8) -> u8 {
    if matches!(base, b'A' | b'C' | b'G' | b'T') { base } else { b'N' }
}

/// Whether REF is what the reference has. Codes other than A, C, G and T of either side count as N, as `bcftools norm`
/// has it; a code of the reference also stands for each of its bases (VCF 4.5, 1.6.1.4), except N, which stands for
/// itself.
pub fn agrees(allele: &[u8], reference: &[u8]) -> bool {
    let fits = |(a, r): (&u8, &u8)| base_agrees(a.to_ascii_uppercase(), r.to_ascii_uppercase());
    allele.len() == reference.len()
        && (allele.eq_ignore_ascii_case(reference) || allele.iter().zip(reference).all(fits))
}

fn base_agrees(allele: u8, reference: u8) -> bool {
    let is_base = |b: u8| matches!(b, b'A' | b'C' | b'G' | b'T');
    if allele == reference || (!is_base(allele) && !is_base(reference)) {
        return true;
    }
    let stands_for: &[u8] = match reference {
        b'R' => b"AG",
        b'Y' => b"CT",
        b'K' => b"GT",
        b'M' => b"AC",
        b'S' => b"CG",
        b'W' => b"AT",
        b'B' => b"CGT",
        b'D' => b"AGT",
        b'H' => b"ACT",
        b'V' => b"ACG",
        _ => b"",
    };
    stands_for.contains(&allele)
}

#[cfg(test)]
mod tests;
