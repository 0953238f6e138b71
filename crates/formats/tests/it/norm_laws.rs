//! The laws of normalization on random records of small contigs full of repeats. The example `normalize_cases` checks
//! the same of millions.

use proptest::prelude::*;
use varberg_formats::normalize::{Variant, laws};

/// A contig of repeats of short units.
fn contig() -> impl Strategy<Value = String> {
    let unit = ("[ACGTNacgt]{1,3}", 1usize..6).prop_map(|(unit, times)| unit.repeat(times));
    proptest::collection::vec(unit, 1..5).prop_map(|units| units.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn every_record_keeps_its_meaning_and_ends_shortest_and_leftmost(
        contig in contig(),
        place in any::<prop::sample::Index>(),
        length in 1usize..7,
        alternates in proptest::collection::vec("[AC]{1,6}|[ACGTN]{1,3}", 1..4),
        beyond in 0u64..3,
    ) {
        let start = place.index(contig.len());
        let end = contig.len().min(start + length);
        let reference = contig[start..end].to_ascii_uppercase();
        let alternates: Vec<&[u8]> = alternates.iter().map(String::as_bytes).collect();
        let variant = Variant {
            start: start as u64,
            end: end as u64 + beyond,
            reference: reference.as_bytes(),
            alternates: &alternates,
        };
        prop_assert_eq!(laws::check(contig.as_bytes(), variant), Ok(()));
    }
}
