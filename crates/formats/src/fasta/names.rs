//! Other names of a sequence, as the line above it gives them. In: what follows the name. Out: names, in order.
//!
//! Sources: `AC:` as the headers of the GRCh38 analysis set have it; `AN:`, a list, the tag of SAM 1.6 for alternative
//! names; the definition lines of GenBank and RefSeq (`chromosome 1,`, `linkage group LG1,`, `mitochondrion,`) and of ENA
//! (`chromosome: 1`). What goes on without the comma (`chromosome 1 unlocalized genomic scaffold`) is a part or a variant of
//! that chromosome and does not name it.

/// Longest name.
const MAX_NAME_BYTES: usize = 255;

pub(super) fn other_names(description: &str) -> Vec<&str> {
    let tagged = description.split_ascii_whitespace().flat_map(|word| {
        let accession = word.strip_prefix("AC:").into_iter();
        let names = word.strip_prefix("AN:").into_iter().flat_map(|names| names.split(','));
        accession.chain(names)
    });
    let defined = ["chromosome ", "linkage group ", "chromosome: "].into_iter();
    let defined = defined.filter_map(|words| whole(after(description, words)?));
    let mitochondrion = after(description, "mitochondrion").filter(|rest| rest.is_empty() || rest.starts_with(','));
    let names = tagged.chain(defined).chain(mitochondrion.map(|_| "MT"));
    names.filter(|name| !name.is_empty() && name.len() <= MAX_NAME_BYTES).collect()
}

/// What follows the last place where a phrase begins a word.
fn after<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let begins = |at: &usize| text.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with(' '));
    let at = text.rmatch_indices(phrase).map(|(at, _)| at).find(begins)?;
    text.get(at + phrase.len()..)
}

/// The word before a comma, or the last one.
fn whole(text: &str) -> Option<&str> {
    let word = text.split_once(',').map_or(text, |(word, _)| word).trim_end();
    (!word.contains(' ')).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_archives_name_their_chromosomes() {
        for (description, names) in [
            ("AC:CM000663.2  gi:568336023  LN:248956422  rl:Chromosome  M5:6aef  AS:GRCh38", &["CM000663.2"][..]),
            ("AN:1,chr1,NC_000001.11 AC:CM000663.2", &["1", "chr1", "NC_000001.11", "CM000663.2"]),
            ("Homo sapiens chromosome 1, GRCh38.p14 Primary Assembly", &["1"]),
            ("Homo sapiens chromosome X, GRCh38.p14 Primary Assembly", &["X"]),
            ("Homo sapiens mitochondrion, complete genome", &["MT"]),
            ("Maylandia zebra isolate M1 linkage group LG23, M_zebra_UMD2a", &["LG23"]),
            ("Vulpes vulpes genome assembly, chromosome: 3", &["3"]),
            ("Vibrio cholerae strain 1 chromosome II, complete sequence", &["II"]),
            ("Mus musculus chromosome 1 clone RP23, chromosome 4, GRCm39", &["4"]),
        ] {
            assert_eq!(other_names(description), names, "{description}");
        }
    }

    #[test]
    fn parts_of_chromosomes_and_other_words_name_none() {
        for description in [
            "",
            "1",
            "dna:chromosome chromosome:GRCh38:1:1:248956422:1 REF",
            "Homo sapiens chromosome 1 unlocalized genomic scaffold, GRCh38.p14 Primary Assembly HSCHR1_CTG1_UNLOCALIZED",
            "Homo sapiens chromosome 1 genomic patch of type FIX, GRCh38.p14 PATCHES HG1342_HG2282_PATCH",
            "Homo sapiens BAC clone CTD-1 from chromosome",
            "Escherichia coli str. K-12 substr. MG1655, complete genome",
            "Gallus gallus mitochondrion-like sequence",
            "plastochromosome 3, whatever",
            "AC: AN:,",
        ] {
            assert!(other_names(description).is_empty(), "{description}: {:?}", other_names(description));
        }
    }
}
