//! What VCF itself says of keys (VCF 4.3, sections 1.6.1 and 1.6.2; 4.1 and 4.2 agree where they have the key). In: a
//! key as declared. Out: whether Number and Type are those of the specification.

use super::InfoColumn;
use super::declaration::{self, Declaration, Section};
use varberg_rows::{FormatColumn, Number, ValueKind};

/// Whether Number and Type of a key are those of the specification; true of keys that it does not have.
pub(super) fn agrees(section: Section, id: &str, number: Number, kind: ValueKind, version: (u32, u32)) -> bool {
    match standard(section, id, version) {
        Some((standard, kinds)) => number == standard && kinds.contains(&kind),
        None => true,
    }
}

/// What the specification says of an INFO key, for files that use it without declaring it.
pub(crate) fn standard_info(id: &str, version: (u32, u32)) -> Option<InfoColumn> {
    let (number, kinds) = standard(Section::Info, id, version)?;
    kinds.first().map(|kind| InfoColumn { number, kind: *kind })
}

/// FORMAT keys but GT, each with the version from which on the specification has it (1.4.2 in 4.0 to 4.2, then 1.6.2).
const FORMATS: [(&str, (u32, u32)); 15] = [
    ("DP", (4, 0)),
    ("FT", (4, 0)),
    ("GL", (4, 0)),
    ("GQ", (4, 0)),
    ("HQ", (4, 0)),
    ("EC", (4, 1)),
    ("GLE", (4, 1)),
    ("GP", (4, 1)),
    ("MQ", (4, 1)),
    ("PL", (4, 1)),
    ("PQ", (4, 1)),
    ("PS", (4, 1)),
    ("AD", (4, 3)),
    ("ADF", (4, 3)),
    ("ADR", (4, 3)),
];

/// What the FORMAT keys of the specification are read as, for files that use them without declaring them.
pub(crate) fn standard_formats(version: (u32, u32)) -> Vec<FormatColumn> {
    let known = FORMATS.into_iter().filter(|(_, since)| *since <= version);
    let column = |id: &str| {
        let (number, kinds) = standard(Section::Format, id, version)?;
        let declared = Declaration { id: id.to_owned(), number, kind: *kinds.first()? };
        let (number, kind) = declaration::repair(Section::Format, &declared);
        Some(FormatColumn { id: declared.id, number, kind, declared: false })
    };
    known.filter_map(|(id, _)| column(id)).collect()
}

/// Number and possible types of a key. MQ of INFO is an integer for some and a float for others.
fn standard(section: Section, id: &str, version: (u32, u32)) -> Option<(Number, &'static [ValueKind])> {
    use Number::{A, Count, G, R};
    use ValueKind::{Flag, Float, Integer, String};
    Some(match (section, id) {
        (Section::Info, "AA") => (Count(1), &[String]),
        (Section::Info, "AC") => (A, &[Integer]),
        (Section::Info, "AF") => (A, &[Float]),
        (Section::Info, "AN" | "DP" | "END" | "MQ0" | "NS") => (Count(1), &[Integer]),
        (Section::Info, "BQ") => (Count(1), &[Float]),
        (Section::Info, "MQ") => (Count(1), &[Float, Integer]),
        (Section::Info, "CIGAR") => (A, &[String]),
        (Section::Info, "DB" | "H2" | "H3" | "SOMATIC" | "VALIDATED" | "1000G") => (Count(0), &[Flag]),
        (Section::Info | Section::Format, "AD" | "ADF" | "ADR") if version >= (4, 3) => (R, &[Integer]),
        (Section::Format, "DP" | "GQ" | "MQ" | "PQ" | "PS") => (Count(1), &[Integer]),
        (Section::Format, "EC") => (A, &[Integer]),
        (Section::Format, "FT" | "GT") => (Count(1), &[String]),
        (Section::Format, "GL" | "GP") => (G, &[Float]),
        (Section::Format, "GLE") if version < (4, 3) => (G, &[String]),
        (Section::Format, "HQ") => (Count(2), &[Integer]),
        (Section::Format, "PL") => (G, &[Integer]),
        _ => return None,
    })
}
