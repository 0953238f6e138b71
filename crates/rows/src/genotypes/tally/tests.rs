//! The law that tallies are what counting sample by sample gives.

use super::super::cases::{records, with_vector};
use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_tally_is_what_counting_sample_by_sample_gives(
        record in records(), choice in prop::collection::vec(prop::bool::ANY, 256), all in prop::bool::ANY,
    ) {
        with_vector(&record, |vector| {
            let distinct = vector.distinct();
            let chosen: Vec<usize> = (0..record.len()).filter(|at| all || choice[at % 256]).collect();
            let subset = SampleSubset::new(record.len(), chosen.iter().copied());
            let mut expected = vec![Tally::default(); distinct.len()];
            for sample in chosen {
                expected[distinct.index(sample).unwrap()].add(sample);
            }
            let mut tallies = vec![Tally { samples: 9, first: 9 }];
            distinct.tally((!all).then_some(&subset), &mut tallies);
            assert_eq!(tallies, expected);
        });
    }
}
