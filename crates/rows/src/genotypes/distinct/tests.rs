//! Different calls: by example, and the law that selection gives the samples whose call is wanted.

use super::super::cases::{records, texts, vector_of, with_vector};
use super::*;
use proptest::prelude::*;

#[test]
fn packed_calls_of_few_bits_are_known_without_a_look() {
    with_vector(&texts(&["0|0", "0|1"]), |vector| {
        let distinct = vector.distinct();
        let calls: Vec<Vec<i32>> = distinct.calls().map(|call| call.unwrap().alleles).collect();
        assert_eq!(calls, [[0, 0], [1, 0], [0, 1], [1, 1]]);
        assert!(distinct.calls().all(|call| call.unwrap().phased));
        assert_eq!((distinct.index(0), distinct.index(1), distinct.index(2)), (Some(0), Some(2), None));
    });
    let form =
        |record: &[&str]| GenotypeVector::parse(&vector_of(&texts(record)), record.len()).unwrap().distinct().form();
    assert_eq!(form(&["0|0", "0|1"]), form(&["1|1"]));
    assert_ne!(form(&["0|0"]), form(&["0/0"]));
    assert_ne!(form(&["0/0"]), form(&["0"]));
    assert_ne!(form(&["0/0"]), form(&["./0"]));
    assert_eq!(form(&["0/0", "0|0"]), None);
    assert_eq!(form(&["././././."]), None);
}

#[test]
fn other_calls_are_listed_as_they_occur() {
    with_vector(&texts(&["0/1", "0|1", "", "0/1", "1"]), |vector| {
        let distinct = vector.distinct();
        let call = |alleles: &[i32], phased| Some(Call { alleles: alleles.to_vec(), phased });
        let expected = [call(&[0, 1], false), call(&[0, 1], true), None, call(&[1], false)];
        assert_eq!(distinct.calls().collect::<Vec<_>>(), expected);
        let mut out = vec![9];
        distinct.select(&[true, false, true], &mut out);
        assert_eq!(out, [9, 0, 2, 3]);
    });
}

proptest! {
    #[test]
    fn selection_gives_the_samples_whose_call_is_wanted(
        record in records(), choice in prop::collection::vec(prop::bool::ANY, 256), sparse in prop::bool::ANY,
    ) {
        with_vector(&record, |vector| {
            let distinct = vector.distinct();
            let calls: Vec<Option<Call>> = distinct.calls().collect();
            assert_eq!(calls.len(), distinct.len());
            let of_sample = |s: usize| distinct.index(s).unwrap();
            for sample in 0..record.len() {
                assert_eq!(calls[of_sample(sample)], vector.call(sample));
            }
            let wanted: Vec<bool> = (0..calls.len())
                .map(|at| {
                    let carrier = calls[at].as_ref().is_some_and(|call| call.alleles.iter().any(|a| *a > 0));
                    if sparse { carrier } else { choice[at % 256] }
                })
                .collect();
            let mut out = Vec::new();
            distinct.select(&wanted, &mut out);
            let expected: Vec<u32> = (0..record.len()).filter(|s| wanted[of_sample(*s)]).map(|s| s as u32).collect();
            assert_eq!(out, expected);
        });
    }

    #[test]
    fn very_many_different_calls_are_told_apart(texts in prop::collection::vec("[0-9]/[0-9]/[0-9]", 1..300)) {
        let record = texts.iter().cloned().map(Some).collect();
        with_vector(&record, |vector| {
            let distinct = vector.distinct();
            let mut different = texts.clone();
            different.sort();
            different.dedup();
            if distinct.form().is_none() {
                assert_eq!(distinct.len(), different.len());
            }
            let calls: Vec<Option<Call>> = distinct.calls().collect();
            assert!((0..record.len()).all(|s| calls[distinct.index(s).unwrap()] == vector.call(s)));
        });
    }
}
