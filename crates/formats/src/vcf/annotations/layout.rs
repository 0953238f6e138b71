//! What the sub-fields of an annotation field are, from the description of its INFO line (spec 9). In: the description.
//! Out: for each sub-field the member of the struct, or the key of `extras`, that it fills.
//!
//! Three programs are known by the names of their sub-fields: VEP, whose names are the struct's own; SnpEff and those who
//! write its `ANN` (<https://pcingola.github.io/SnpEff/adds/VCFannotationformat_v1.0.pdf>); and bcftools csq.

use std::collections::HashSet;
use varberg_rows::DistinctNames;

/// VEP's own names of the struct's members, in the struct's order; matched to the letter.
const MEMBERS: [&str; 23] = [
    "Allele",
    "Consequence",
    "IMPACT",
    "SYMBOL",
    "Gene",
    "Feature_type",
    "Feature",
    "BIOTYPE",
    "EXON",
    "INTRON",
    "HGVSc",
    "HGVSp",
    "cDNA_position",
    "CDS_position",
    "Protein_position",
    "Amino_acids",
    "Codons",
    "Existing_variation",
    "DISTANCE",
    "STRAND",
    "FLAGS",
    "SYMBOL_SOURCE",
    "HGNC_ID",
];

/// SnpEff's names, and VEP's for the same.
const SNPEFF: [(&str, &str); 14] = [
    ("Allele", "Allele"),
    ("Annotation", "Consequence"),
    ("Annotation_Impact", "IMPACT"),
    ("Gene_Name", "SYMBOL"),
    ("Gene_ID", "Gene"),
    ("Feature_Type", "Feature_type"),
    ("Feature_ID", "Feature"),
    ("Transcript_BioType", "BIOTYPE"),
    ("HGVS.c", "HGVSc"),
    ("HGVS.p", "HGVSp"),
    ("cDNA.pos / cDNA.length", "cDNA_position"),
    ("CDS.pos / CDS.length", "CDS_position"),
    ("AA.pos / AA.length", "Protein_position"),
    ("Distance", "DISTANCE"),
];

/// The names of bcftools csq, and VEP's for the same.
const BCSQ: [(&str, &str); 6] = [
    ("Consequence", "Consequence"),
    ("consequence", "Consequence"),
    ("gene", "SYMBOL"),
    ("transcript", "Feature"),
    ("biotype", "BIOTYPE"),
    ("strand", "STRAND"),
];

/// Key of `extras` that holds POS of the record to which an entry `@POS` of bcftools csq refers.
pub(super) const COMPOUND_POSITION: &str = "compound_position";

/// Where the values of a sub-field go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Position in the struct.
    Member(usize),
    /// Position in [`Layout::extras`].
    Extra(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// For each sub-field, in order.
    pub(super) targets: Vec<Target>,
    /// Keys of `extras`: names in lower case; where two would be equal the later gets `_2`, `_3` and so on.
    pub(super) extras: Vec<String>,
    /// bcftools csq: an entry may lack its last values, and `@POS` is an entry.
    pub(super) may_be_short: bool,
}

impl Layout {
    /// None if the description names no sub-fields.
    pub(super) fn of(description: &str) -> Option<Self> {
        let list = field_list(description)?;
        let may_be_short = description.contains("BCFtools/csq") || list.starts_with("Consequence|gene|transcript|");
        // Early versions wrote `[*]consequence|gene|transcript|biotype[|strand|amino_acid_change|dna_change]`.
        let list = if may_be_short { list.replace(['[', ']', '*'], "") } else { list.to_owned() };
        let names: Vec<&str> = list.split('|').map(str::trim).collect();
        let synonyms: &[(&str, &str)] = if may_be_short {
            &BCSQ
        } else if names.get(1) == Some(&"Annotation") {
            &SNPEFF
        } else {
            &[]
        };
        Some(Self::with_names(&names, synonyms, may_be_short))
    }

    fn with_names(names: &[&str], synonyms: &[(&str, &str)], may_be_short: bool) -> Self {
        let member = |name: &str| {
            let own = match synonyms {
                [] => name,
                _ => synonyms.iter().find(|(theirs, _)| *theirs == name)?.1,
            };
            MEMBERS.iter().position(|member| *member == own)
        };
        let mut layout = Self { targets: Vec::new(), extras: Vec::new(), may_be_short };
        let (mut filled, mut keys) = (HashSet::new(), DistinctNames::default());
        for name in names {
            // A name that stands twice fills its member once.
            let target = match member(name).filter(|position| filled.insert(*position)) {
                Some(position) => Target::Member(position),
                None => {
                    layout.extras.push(keys.take(&name.to_lowercase()));
                    Target::Extra(layout.extras.len() - 1)
                }
            };
            layout.targets.push(target);
        }
        layout
    }
}

/// The text that names the sub-fields: what follows the first `Format:`; without one, a list with `|` after a colon.
fn field_list(description: &str) -> Option<&str> {
    let list = match description.split_once("Format:") {
        Some((_, list)) => list,
        None => description.split_once(':').map(|(_, list)| list).filter(|list| list.contains('|'))?,
    };
    let list = list.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\'' | '"'));
    let list = match list.strip_prefix(['[', '(']) {
        // `[*]consequence|…` opens no bracket around the list.
        Some(inner) => inner.strip_suffix([']', ')']).unwrap_or(list),
        None => list,
    };
    let list = list.trim();
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(description: &str, expected: &Expect) {
        let Some(layout) = Layout::of(description) else { return expected.assert_eq("none") };
        let show = |target: &Target| match target {
            Target::Member(position) => MEMBERS[*position].to_owned(),
            Target::Extra(position) => format!("extras[{}]", layout.extras[*position]),
        };
        expected.assert_eq(&layout.targets.iter().map(show).collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn vep_names_are_matched_to_the_letter() {
        check(
            "Consequence annotations from Ensembl VEP. Format: Allele|Consequence|cancer_type|SYMBOL|symbol|sift|SIFT",
            &expect!["Allele Consequence extras[cancer_type] SYMBOL extras[symbol] extras[sift] extras[sift_2]"],
        );
        check("Format: HGNC_ID", &expect!["HGNC_ID"]);
        check("Format: Allele|Allele|Format: x", &expect!["Allele extras[allele] extras[format: x]"]);
    }

    #[test]
    fn lists_are_found_in_other_wordings() {
        check("ours. Format: 'Allele | Gene'", &expect!["Allele Gene"]);
        check("Format:\"Allele|Gene\" ", &expect!["Allele Gene"]);
        check("Format: [Allele|Gene]", &expect!["Allele Gene"]);
        check("Format: (Allele|Gene)", &expect!["Allele Gene"]);
        check("fields: Allele|Gene", &expect!["Allele Gene"]);
        for none in ["", "Format:", "Format: ' '", "effects of variants", "see: the manual"] {
            check(none, &expect!["none"]);
        }
    }

    #[test]
    fn snpeff_names_stand_for_those_of_vep() {
        check(
            "Functional annotations: 'Allele | Annotation | Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | \
             Feature_ID | Transcript_BioType | Rank | HGVS.c | HGVS.p | cDNA.pos / cDNA.length | CDS.pos / CDS.length | \
             AA.pos / AA.length | Distance | ERRORS / WARNINGS / INFO' ",
            &expect![
                "Allele Consequence IMPACT SYMBOL Gene Feature_type Feature BIOTYPE extras[rank] HGVSc HGVSp cDNA_position CDS_position Protein_position DISTANCE extras[errors / warnings / info]"
            ],
        );
    }

    #[test]
    fn csq_names_stand_for_those_of_vep() {
        check(
            "Local consequence annotation from BCFtools/csq, see http://samtools.github.io/bcftools/howtos/\
             csq-calling.html for details. Format: Consequence|gene|transcript|biotype|strand|amino_acid_change|dna_change",
            &expect!["Consequence SYMBOL Feature BIOTYPE STRAND extras[amino_acid_change] extras[dna_change]"],
        );
        check(
            "Haplotype-aware consequence annotation from BCFtools/csq. \
             Format: '[*]consequence|gene|transcript|biotype[|strand|amino_acid_change|dna_change]'",
            &expect!["Consequence SYMBOL Feature BIOTYPE STRAND extras[amino_acid_change] extras[dna_change]"],
        );
    }
}
