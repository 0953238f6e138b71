//! Genotype vectors: forms, and the law that text comes back.

use super::*;
use crate::vector::VectorError;
use proptest::prelude::*;
use std::borrow::Cow;

fn slow(texts: &[Option<&str>], alternates: usize) -> Result<Vec<u8>, BadGenotype> {
    let mut builder = GenotypeVectorBuilder::new();
    for text in texts {
        builder.push(text.map(str::as_bytes), alternates)?;
    }
    let mut out = Vec::new();
    builder.finish(&mut out);
    Ok(out)
}

fn fast(columns: &str, samples: usize, alternates: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    GenotypeVectorBuilder::encode_all(columns.as_bytes(), samples, alternates, &mut out).then_some(out)
}

#[test]
fn genotypes_take_the_smallest_form_that_loses_nothing() {
    let texts = |t: &[&'static str]| slow(&t.iter().map(|t| Some(*t)).collect::<Vec<_>>(), 300).unwrap();
    assert_eq!(texts(&["0|1", "1|1"]), [0x58, 0b1110]);
    assert_eq!(texts(&["0/1", "1/1"]), [0x48, 0b1110]);
    assert_eq!(texts(&["0/1", "./2"]), [0x49, 0b1011_0100]);
    assert_eq!(texts(&["1", "0"]), [0x28, 0b01]);
    assert_eq!(texts(&["0/1/1", "0/0/1"]), [0x68, 0b10_0110]);
    assert_eq!(texts(&["0/1", "0|1"]), [0x21, 2, 4, 2, 5]);
    assert_eq!(texts(&["0/1", "1"]), [0x21, 2, 4, 4, 0x81]);
    assert_eq!(texts(&["0/70"]), [0x22, 2, 0, 142, 0]);
    assert_eq!(texts(&["/0/1"]), [0x07, 5, b'/', b'0', b'/', b'1']);
}

#[test]
fn what_is_no_genotype_of_the_record_is_refused() {
    for text in ["", "0/", "|", "a", "0:1", "-1", "0//1", "0/x", "+1"] {
        assert_eq!(slow(&[Some(text)], 9), Err(BadGenotype::NotAGenotype), "{text}");
    }
    for text in ["0/2", "2", "99999999999|0", "0|0|0|2"] {
        assert_eq!(slow(&[Some(text)], 1), Err(BadGenotype::OutOfRange), "{text}");
    }
    assert_eq!(fast("0|1\t0|2", 2, 1), None);
    assert_eq!(fast("0|1", 1, 0), None);
    assert_eq!(fast("0/1\t0|4", 2, 3), None);
    assert_eq!(fast("0|1\t0|11", 2, 20), None);
    assert_eq!(fast("0|1 0|1", 2, 1), None);
    assert_eq!(fast("0|1:0|1", 2, 1), None);
    assert_eq!(fast("0|1\t0|1\t", 2, 1), None);
}

#[test]
fn calls_and_phase_follow_the_contract() {
    let texts = [Some("0/1"), Some("1|0"), Some("./."), Some("."), Some("1"), Some("0/1|2"), Some("|1"), None];
    let bytes = slow(&texts, 2).unwrap();
    let vector = GenotypeVector::parse(&bytes, texts.len()).unwrap();
    let call = |alleles: &[i32], phased| Some(Call { alleles: alleles.to_vec(), phased });
    assert_eq!(vector.call(0), call(&[0, 1], false));
    assert_eq!(vector.call(1), call(&[1, 0], true));
    assert_eq!(vector.call(2), call(&[-1, -1], false));
    assert_eq!(vector.call(3), call(&[-1], false));
    assert_eq!(vector.call(4), call(&[1], false));
    assert_eq!(vector.call(5), call(&[0, 1, 2], true));
    assert_eq!(vector.call(6), call(&[1], true));
    assert_eq!(vector.call(7), None);
    assert_eq!(vector.call(8), None);
    assert_eq!(GenotypeVector::parse(&[0x58], 1).err(), Some(VectorError));
    assert_eq!(GenotypeVector::parse(&[0x18, 0], 1).err(), Some(VectorError));
}

fn genotype() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        4 => "[01][|][01]".prop_map(Some),
        4 => "[012.]/[012.]".prop_map(Some),
        1 => "[|/]?([0-9]{1,3}|\\.)([|/]([0-9]{1,3}|\\.)){0,8}".prop_map(Some),
        1 => Just(None),
    ]
}

fn check(genotypes: &[Option<String>], alternates: usize) -> Result<(), TestCaseError> {
    let texts: Vec<_> = genotypes.iter().map(Option::as_deref).collect();
    let bytes = slow(&texts, alternates).unwrap();
    let vector = GenotypeVector::parse(&bytes, texts.len()).unwrap();
    for (i, genotype) in genotypes.iter().enumerate() {
        prop_assert_eq!(&vector.text(i).map(Cow::into_owned), genotype);
        let mut alleles = Vec::new();
        let seen = vector.cursor(i).next_cell().put_alleles(&mut alleles);
        prop_assert_eq!(seen.is_some(), genotype.is_some());
        let names: Vec<_> = alleles.iter().map(|a| if *a < 0 { ".".to_owned() } else { a.to_string() }).collect();
        if let (Some(seen), Some(text)) = (seen, genotype) {
            prop_assert_eq!(seen.phased, text.contains('|'));
            prop_assert_eq!(seen.exact, names.join(if seen.phased { "|" } else { "/" }) == *text);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_genotypes_come_back(
        mixed in prop::collection::vec(genotype(), 0..20),
        haploid in prop::collection::vec("[01]", 0..20),
        triploid in prop::collection::vec("[012.][|][012.][|][012.]", 0..20),
        half in prop::collection::vec("[01.]/[01.]", 0..20),
    ) {
        check(&mixed, 999)?;
        for uniform in [haploid, triploid, half] {
            check(&uniform.into_iter().map(Some).collect::<Vec<_>>(), 2)?;
        }
    }

    #[test]
    fn the_fast_path_gives_the_same_bytes(
        bits in prop::collection::vec("[01][|][01]", 1..40),
        pairs in prop::collection::vec("[012.]/[012.]", 1..40),
        codes in prop::collection::vec("[0-9.][|/][0-9.]", 1..40),
    ) {
        for texts in [bits, pairs, codes] {
            for alternates in [0, 1, 2, 9, 50] {
                let expected = slow(&texts.iter().map(|t| Some(t.as_str())).collect::<Vec<_>>(), alternates).ok();
                prop_assert_eq!(fast(&texts.join("\t"), texts.len(), alternates), expected);
            }
        }
    }

    #[test]
    fn alleles_unpack_from_any_sample_on(
        texts in prop::collection::vec("[012.]/[012.]/[01]", 1..40), from in 0..40_usize, count in 0..40_usize,
    ) {
        let bytes = slow(&texts.iter().map(|t| Some(t.as_str())).collect::<Vec<_>>(), 2).unwrap();
        let vector = GenotypeVector::parse(&bytes, texts.len()).unwrap();
        let from = from.min(texts.len());
        let count = count.min(texts.len() - from);
        let mut alleles = Vec::new();
        vector.put_uniform(from, count, &mut alleles);
        let expected: Vec<i32> = (from..from + count).flat_map(|i| vector.call(i).unwrap().alleles).collect();
        prop_assert_eq!(alleles, expected);
    }
}
