//! Names that references bring. In: of each reference, other names of its contigs. Out: what `contig(name)` makes of names
//! that it does not know by itself, or knows otherwise.

use super::built_in;
use std::collections::BTreeMap;

/// All names of one contig get one canonical name: what its own name is known as, or else one of the others; if none of
/// them is known, its own. Names on which references disagree are left out.
pub(super) fn canonical_names(references: &[BTreeMap<String, String>]) -> BTreeMap<String, String> {
    let mut canonical: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for (contig, others) in references.iter().flat_map(contigs) {
        let names = || std::iter::once(contig).chain(others.iter().copied());
        let known = names().find_map(built_in).unwrap_or_else(|| contig.to_owned());
        for name in names() {
            let agreed = canonical.entry(name).or_insert_with(|| Some(known.clone()));
            if agreed.as_ref() != Some(&known) {
                *agreed = None;
            }
        }
    }
    let differs = |name: &str, canonical: &String| built_in(name).as_ref() != Some(canonical) && name != canonical;
    let agreed = canonical.into_iter().filter_map(|(name, canonical)| Some((name, canonical?)));
    agreed.filter(|(name, canonical)| differs(name, canonical)).map(|(name, c)| (name.to_owned(), c)).collect()
}

/// The contigs of a reference with their other names.
fn contigs(aliases: &BTreeMap<String, String>) -> BTreeMap<&str, Vec<&str>> {
    let mut contigs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (other, contig) in aliases {
        contigs.entry(contig).or_default().push(other);
    }
    contigs
}
