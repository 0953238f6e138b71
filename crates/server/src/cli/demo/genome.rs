//! A small made-up genome: contigs of random bases, from a seed.

use rand::Rng;
use rand::rngs::SmallRng;

/// One contig: its name and its bases in upper case.
pub(super) struct Contig {
    pub(super) name: &'static str,
    pub(super) bases: Vec<u8>,
}

/// Bases that stand for one record on average: about the density of a cohort of a hundred people.
const BASES_PER_RECORD: usize = 200;

/// Two contigs, the first half as long again as the second, long enough for `records` records.
pub(super) fn genome(random: &mut SmallRng, records: usize) -> Vec<Contig> {
    let total = records.saturating_mul(BASES_PER_RECORD).max(4_000);
    let first = total / 5 * 3;
    vec![
        Contig { name: "chr1", bases: bases(random, first) },
        Contig { name: "chr2", bases: bases(random, total - first) },
    ]
}

/// Random bases with the GC content of a mammal: 41 %.
fn bases(random: &mut SmallRng, length: usize) -> Vec<u8> {
    (0..length)
        .map(|_| match random.random_range(0..200) {
            0..59 => b'A',
            59..118 => b'T',
            118..159 => b'C',
            _ => b'G',
        })
        .collect()
}

/// One of the three other bases: the transition (A and G, C and T) twice as often as the two transversions together.
pub(super) fn mutate(random: &mut SmallRng, base: u8) -> u8 {
    let transition = match base {
        b'A' => b'G',
        b'G' => b'A',
        b'C' => b'T',
        _ => b'C',
    };
    if random.random_range(0..3) < 2 {
        return transition;
    }
    let transversions = if matches!(base, b'A' | b'G') { [b'C', b'T'] } else { [b'A', b'G'] };
    if random.random() { transversions[0] } else { transversions[1] }
}
