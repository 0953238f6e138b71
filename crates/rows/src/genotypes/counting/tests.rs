//! Counts of alleles and calls: definitions by example, and the law that every form counts as its texts say.

use super::super::cases::{ALTERNATES, Texts, alleles, records, texts, with_vector};
use super::*;
use proptest::prelude::*;

/// By the definitions, from the texts.
fn expected(record: &Texts, is_chosen: impl Fn(usize) -> bool) -> GenotypeCounts {
    expected_of(record, ALTERNATES, is_chosen)
}

fn expected_of(record: &Texts, alternates: usize, is_chosen: impl Fn(usize) -> bool) -> GenotypeCounts {
    let mut counts = GenotypeCounts { per_allele: vec![0; alternates + 1], ..GenotypeCounts::default() };
    for (_, call) in alleles(record).iter().enumerate().filter(|(sample, _)| is_chosen(*sample)) {
        let called: Vec<usize> = call.iter().flatten().copied().collect();
        let mut different = called.clone();
        different.sort_unstable();
        different.dedup();
        counts.samples += 1;
        counts.called += called.len() as u64;
        called.iter().for_each(|a| counts.per_allele[*a] += 1);
        counts.heterozygous += u64::from(different.len() > 1);
        let whole = called.len() == call.len() && called.len() > 1;
        counts.homozygous_alternate += u64::from(whole && different.len() == 1 && different[0] > 0);
        counts.missing += u64::from(called.is_empty());
        counts.carriers += u64::from(called.iter().any(|a| *a > 0));
    }
    counts
}

#[track_caller]
fn check(
    record: &[&str],
    [called, heterozygous, homozygous_alternate, missing, carriers]: [u64; 5],
    per_allele: &[u64],
) {
    with_vector(&texts(record), |vector| {
        let mut counts = GenotypeCounts::default();
        vector.count(per_allele.len() - 1, None, &mut counts).unwrap();
        let per_allele = per_allele.to_vec();
        let samples = record.len() as u64;
        let expected =
            GenotypeCounts { samples, called, per_allele, heterozygous, homozygous_alternate, missing, carriers };
        assert_eq!(counts, expected);
    });
}

#[test]
fn calls_count_as_the_definitions_say() {
    // Called alleles, heterozygous, homozygous for an ALT, missing, carriers; then the counts per allele.
    check(&["0|0", "0|1", "1|1"], [6, 1, 1, 0, 2], &[3, 3]);
    check(&["0", "1", "1"], [3, 0, 0, 0, 2], &[1, 2]);
    check(&["0/1", "./1", "./.", "2/2", "1/2"], [7, 2, 1, 1, 4], &[1, 3, 3]);
    check(&["0", ".", "2"], [2, 0, 0, 1, 1], &[1, 0, 1]);
    check(&["0/0/1", "1/1/1", "0/0/0"], [9, 1, 1, 0, 2], &[5, 4]);
    check(&["0/1/.", "1/1/.", "././."], [4, 1, 0, 1, 2], &[1, 3]);
    check(&["0/1", "1|1", "1", ".", "", "3|3"], [7, 1, 2, 2, 4], &[1, 4, 0, 2]);
    check(&["/0/1", "01|1"], [4, 1, 1, 0, 2], &[1, 3]);
    check(&[], [0, 0, 0, 0, 0], &[0, 0]);
    check(&["0/0"], [2, 0, 0, 0, 0], &[2]);
}

#[test]
fn an_allele_beyond_alt_and_a_subset_of_others_are_errors() {
    for record in [&["0/1"][..], &["0/2"], &["0/1", "0|2"], &["/1"]] {
        with_vector(&texts(record), |vector| {
            let mut counts = GenotypeCounts::default();
            assert_eq!(vector.count(0, None, &mut counts), Err(VectorError));
            assert_eq!(vector.count_alleles(0, None, &mut Vec::new()), Err(VectorError));
            let foreign = SampleSubset::new(record.len() + 1, [0]);
            assert_eq!(vector.count(9, Some(&foreign), &mut counts), Err(VectorError));
            assert_eq!(vector.count_alleles(9, Some(&foreign), &mut Vec::new()), Err(VectorError));
        });
    }
}

proptest! {
    #[test]
    fn every_form_counts_as_its_texts_say(record in records(), chosen in prop::collection::vec(0..200_usize, 0..60)) {
        let subset = SampleSubset::new(record.len(), chosen.iter().copied());
        with_vector(&record, |vector| {
            let mut counts = GenotypeCounts::default();
            for (within, all) in [(None, expected(&record, |_| true)), (Some(&subset), expected(&record, |s| chosen.contains(&s)))] {
                vector.count(ALTERNATES, within, &mut counts).unwrap();
                assert_eq!(counts, all);
                let mut per_allele = vec![7];
                assert_eq!(vector.count_alleles(ALTERNATES, within, &mut per_allele), Ok(all.called));
                assert_eq!(per_allele, all.per_allele);
            }
        });
    }

    #[test]
    fn padding_bits_do_not_count(record in records(), garbage in 0..=255_u8) {
        let mut bytes = super::super::cases::vector_of(&record);
        let bits = match bytes[0] & 0xf {
            0x8 => usize::from(bytes[0] >> 5) * record.len(),
            0x9 => usize::from(bytes[0] >> 5) * record.len() * 2,
            _ => 0,
        };
        if bits % 8 > 0 && let Some(last) = bytes.last_mut() {
            *last |= garbage << (bits % 8);
        }
        let mut counts = GenotypeCounts::default();
        GenotypeVector::parse(&bytes, record.len()).unwrap().count(ALTERNATES, None, &mut counts).unwrap();
        prop_assert_eq!(counts, expected(&record, |_| true));
    }

    #[test]
    fn any_codes_of_a_byte_count_as_the_calls_that_are_read(
        ploidy in 1..=3_u8,
        codes in prop::collection::vec(prop_oneof![8 => 0..8_u8, 1 => 0..128_u8, 1 => 0x80..0x88_u8], 0..90),
        often in prop::bool::ANY,
    ) {
        let codes: Vec<u8> = codes.into_iter().map(|code| if often && code < 0x80 { code % 8 } else { code }).collect();
        let calls: Vec<&[u8]> = codes.chunks_exact(usize::from(ploidy)).collect();
        // A value after an end code is damage.
        let calls = calls.into_iter().filter(|call| call.windows(2).all(|pair| pair[0] != 0x81 || pair[1] == 0x81));
        let bytes: Vec<u8> = std::iter::once(ploidy << 4 | 1).chain(calls.flatten().copied()).collect();
        let samples = (bytes.len() - 1) / usize::from(ploidy);
        let vector = GenotypeVector::parse(&bytes, samples).unwrap();
        let texts: Texts = (0..samples)
            .map(|sample| {
                let name = |allele: i32| if allele < 0 { ".".to_owned() } else { allele.to_string() };
                vector.call(sample).map(|call| call.alleles.into_iter().map(name).collect::<Vec<_>>().join("/"))
            })
            .collect();
        let mut counts = GenotypeCounts::default();
        vector.count(63, None, &mut counts).unwrap();
        prop_assert_eq!(counts, expected_of(&texts, 63, |_| true));
    }

    #[test]
    fn foreign_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), samples in 0..40_usize) {
        if let Ok(vector) = GenotypeVector::parse(&bytes, samples) {
            let mut counts = GenotypeCounts::default();
            let _ = vector.count(2, None, &mut counts);
            let _ = vector.count(2, Some(&SampleSubset::new(samples, 0..samples / 2)), &mut counts);
            let _ = vector.count_diploid(2, None, &mut crate::DiploidCounts::default());
            let distinct = vector.distinct();
            let wanted: Vec<bool> = distinct.calls().map(|call| call.is_some()).collect();
            distinct.select(&wanted, &mut Vec::new());
        }
    }
}
