//! Diploid calls: by example, and the law that every form counts as its texts say.

use super::super::cases::{ALTERNATES, Texts, alleles, records, texts, with_vector};
use super::*;
use proptest::prelude::*;

fn expected(record: &Texts, is_chosen: impl Fn(usize) -> bool) -> DiploidCounts {
    let mut counts = DiploidCounts { calls: 0, alternates: vec![AlternateCounts::default(); ALTERNATES] };
    for (_, call) in alleles(record).iter().enumerate().filter(|(sample, _)| is_chosen(*sample)) {
        if let [Some(one), Some(other)] = call[..] {
            counts.calls += 1;
            for (at, own) in counts.alternates.iter_mut().enumerate() {
                match [one, other].iter().filter(|a| **a == at + 1).count() {
                    0 => {}
                    1 => own.one_copy += 1,
                    _ => own.two_copies += 1,
                }
            }
        }
    }
    counts
}

#[test]
fn only_complete_diploid_calls_count() {
    let counts = |record: &[&str]| {
        let mut counts = DiploidCounts::default();
        with_vector(&texts(record), |vector| vector.count_diploid(2, None, &mut counts).unwrap());
        let pairs = counts.alternates.iter().map(|a| (a.one_copy, a.two_copies)).collect::<Vec<_>>();
        (counts.calls, pairs)
    };
    assert_eq!(counts(&["0|0", "0|1", "1|1"]), (3, vec![(1, 1), (0, 0)]));
    assert_eq!(counts(&["0/1", "1/2", "2/2", "./1", "./."]), (3, vec![(2, 0), (1, 1)]));
    assert_eq!(counts(&["0", "1", "2"]), (0, vec![(0, 0), (0, 0)]));
    assert_eq!(counts(&["0/0/1", "1/1/1"]), (0, vec![(0, 0), (0, 0)]));
    assert_eq!(counts(&["0/1", "1", "", "1|1", "0/1/1"]), (2, vec![(1, 1), (0, 0)]));
}

#[test]
fn each_alternate_is_tested_against_all_others() {
    let mut counts = DiploidCounts::default();
    with_vector(&texts(&["0/0", "1/1", "0/2"]), |vector| vector.count_diploid(2, None, &mut counts).unwrap());
    let tests: Vec<f64> = counts.hardy_weinberg().unwrap().collect();
    assert_eq!(tests, [hardy_weinberg(0, 1, 2), hardy_weinberg(1, 0, 2)]);
    with_vector(&texts(&["0", "1"]), |vector| vector.count_diploid(2, None, &mut counts).unwrap());
    assert!(counts.hardy_weinberg().is_none());
}

proptest! {
    #[test]
    fn every_form_counts_as_its_texts_say(record in records(), chosen in prop::collection::vec(0..200_usize, 0..60)) {
        let subset = SampleSubset::new(record.len(), chosen.iter().copied());
        with_vector(&record, |vector| {
            let mut counts = DiploidCounts::default();
            vector.count_diploid(ALTERNATES, None, &mut counts).unwrap();
            assert_eq!(counts, expected(&record, |_| true));
            vector.count_diploid(ALTERNATES, Some(&subset), &mut counts).unwrap();
            assert_eq!(counts, expected(&record, |s| chosen.contains(&s)));
        });
    }
}
