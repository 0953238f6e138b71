//! The law that counts for samples are what counting sample by sample gives.

use super::super::cases::{records, with_vector};
use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn counts_are_what_counting_sample_by_sample_gives(
        record in records(), classes in prop::collection::vec(prop::option::of(0_usize..3), 256), times in 1_usize..3,
    ) {
        with_vector(&record, |vector| {
            let distinct = vector.distinct();
            let classes: Vec<Option<usize>> = (0..distinct.len()).map(|at| classes[at % 256]).collect();
            let mut counts = CallsPerSample::new(record.len());
            (0..times).for_each(|_| counts.add(&distinct, &classes));
            counts.add_all(1);
            for class in 0..4 {
                let expected = |sample: usize| {
                    let has = classes[distinct.index(sample).unwrap()] == Some(class);
                    i64::from(has) * times as i64 + i64::from(class == 1)
                };
                assert!(counts.counts(class).eq((0..record.len()).map(expected)), "{class}");
            }
        });
    }
}
