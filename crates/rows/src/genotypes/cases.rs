//! Records to test counting with: genotypes as text, of all forms a vector can take.

use super::{GenotypeVector, GenotypeVectorBuilder};
use proptest::prelude::*;

/// Genotypes of the samples of a record as text; None for a sample without GT. At most nine ALT alleles.
pub(super) type Texts = Vec<Option<String>>;

pub(super) const ALTERNATES: usize = 9;

pub(super) fn texts(texts: &[&str]) -> Texts {
    texts.iter().map(|t| (!t.is_empty()).then(|| (*t).to_owned())).collect()
}

pub(super) fn vector_of(texts: &Texts) -> Vec<u8> {
    let (mut builder, mut out) = (GenotypeVectorBuilder::new(), Vec::new());
    for text in texts {
        builder.push(text.as_deref().map(str::as_bytes), ALTERNATES).unwrap();
    }
    builder.finish(&mut out);
    out
}

/// What each sample's text says: its alleles, None where missing; no alleles where there is no GT.
pub(super) fn alleles(texts: &Texts) -> Vec<Vec<Option<usize>>> {
    let of_text =
        |text: &String| text.trim_start_matches(['|', '/']).split(['|', '/']).map(|a| a.parse().ok()).collect();
    texts.iter().map(|text| text.as_ref().map(of_text).unwrap_or_default()).collect()
}

/// Records of up to 200 samples: every ploidy from 1 to 7 with alleles of one bit and of two, phased or not; of mixed
/// phases and ploidies; with samples without GT; with texts that no code stands for.
pub(super) fn records() -> impl Strategy<Value = Texts> {
    let uniform = (1..=7_usize, prop::bool::ANY, prop::sample::select(vec!["[01]", "[0012.]", "0", "[.]", "[12]"]));
    let uniform = uniform.prop_flat_map(|(ploidy, phased, allele)| {
        let text = vec![allele; ploidy].join(if phased { "[|]" } else { "/" });
        let genotype = prop::string::string_regex(&text).unwrap();
        let mostly_first =
            prop_oneof![3 => Just(vec!["0"; ploidy].join(if phased { "|" } else { "/" })), 1 => genotype];
        prop::collection::vec(mostly_first.prop_map(Some), 0..200)
    });
    let any = prop_oneof![
        6 => "0[/|]0".prop_map(Some),
        3 => "[0-9.][|/][0-9.]".prop_map(Some),
        1 => "[0-9.]".prop_map(Some),
        1 => "[0-3.]([|/][0-3.]){2,4}".prop_map(Some),
        1 => Just(None),
    ];
    let odd =
        prop_oneof![3 => "0/[0-9.]".prop_map(Some), 1 => "[|/]?0?[0-9][|/][0-9.]".prop_map(Some), 1 => Just(None)];
    prop_oneof![
        4 => uniform,
        2 => prop::collection::vec(any, 0..100),
        1 => prop::collection::vec("[0-9.][|/][0-9.]".prop_map(Some), 0..100),
        1 => prop::collection::vec(odd, 0..30),
    ]
}

/// Calls `check` with the vector of `texts`.
pub(super) fn with_vector(texts: &Texts, check: impl FnOnce(GenotypeVector<'_>)) {
    check(GenotypeVector::parse(&vector_of(texts), texts.len()).unwrap());
}
