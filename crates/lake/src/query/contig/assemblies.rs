//! Accessions of the chromosomes of human and common model assemblies.
//!
//! RefSeq and GenBank number the chromosomes of an assembly in a row, keep the accession of a chromosome from assembly to
//! assembly and raise its version, so one row here serves them all: `NC_000001` is human chromosome 1 in NCBI36 (version 9),
//! GRCh37 (10) and GRCh38 (11). As in NCBI's assembly reports of the assemblies named in each row.

/// Chromosomes whose accessions follow one another: those with numbers, from 1 up, then the others.
struct Series {
    /// Letters of the accession, with the underscore that RefSeq puts behind them.
    prefix: &'static str,
    /// Digits of the first accession.
    first: &'static str,
    numbered: u32,
    others: &'static [&'static str],
}

const fn series(prefix: &'static str, first: &'static str, numbered: u32, others: &'static [&'static str]) -> Series {
    Series { prefix, first, numbered, others }
}

const XY: &[&str] = &["X", "Y"];
const M: &[&str] = &["M"];
const YEAST: &[&str] =
    &["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI"];
const WORM: &[&str] = &["I", "II", "III", "IV", "V", "X"];
/// T2T-CHM13 was submitted backwards.
const CHM13: &[&str] = &[
    "M", "X", "22", "21", "20", "19", "18", "17", "16", "15", "14", "13", "12", "11", "10", "9", "8", "7", "6", "5",
    "4", "3", "2", "1",
];

const SERIES: &[Series] = &[
    // Human: NCBI36, GRCh37, GRCh38; the mitochondrion is the revised Cambridge sequence, or that of hg18 and hg19.
    series("NC_", "000001", 22, XY),
    series("CM", "000663", 22, XY),
    series("NC_", "012920", 0, M),
    series("NC_", "001807", 0, M),
    series("J", "01415", 0, M),
    // Human: T2T-CHM13v2.0, with the Y of HG002.
    series("NC_", "060925", 22, XY),
    series("CP", "068254", 0, CHM13),
    series("CP", "086569", 0, &["Y"]),
    // Mouse: GRCm38, GRCm39.
    series("NC_", "000067", 19, XY),
    series("CM", "000994", 19, XY),
    series("NC_", "005089", 0, M),
    series("AY", "172335", 0, M),
    // Rat: Rnor_6.0, mRatBN7.2, GRCr8.
    series("NC_", "005100", 20, &["X"]),
    series("NC_", "024475", 0, &["Y"]),
    series("NC_", "051336", 20, XY),
    series("CM", "026974", 20, XY),
    series("NC_", "086019", 20, XY),
    series("NC_", "001665", 0, M),
    series("AY", "172581", 0, M),
    // Zebrafish: GRCz10, GRCz11.
    series("NC_", "007112", 25, &[]),
    series("CM", "002885", 25, &[]),
    series("NC_", "002333", 0, M),
    // Fly: BDGP6 (release 6).
    series("NT_", "033777", 0, &["3R", "2R", "2L"]),
    series("NT_", "037436", 0, &["3L"]),
    series("NC_", "004353", 0, &["4", "X"]),
    series("NC_", "024511", 0, &["M", "Y"]),
    series("AE", "013599", 0, &["2R"]),
    series("AE", "014134", 0, &["2L", "4"]),
    series("AE", "014296", 0, &["3L", "3R", "X"]),
    series("CP", "007106", 0, &["Y"]),
    series("KJ", "947872", 0, M),
    // Worm: WBcel235.
    series("NC_", "003279", 0, WORM),
    series("BX", "284601", 0, WORM),
    series("NC_", "001328", 0, M),
    series("X", "54252", 0, M),
    // Yeast: R64; GenBank has VIII before I.
    series("NC_", "001133", 0, YEAST),
    series("BK", "006934", 0, &["VIII", "I", "II", "III", "IV", "V", "VI", "VII"]),
    series("BK", "006942", 0, &["IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI"]),
    series("NC_", "001224", 0, M),
    series("AJ", "011856", 0, M),
    // Dog: CanFam3.1.
    series("NC_", "006583", 38, &["X"]),
    series("NC_", "002008", 0, M),
    // Cow: ARS-UCD1.2; Y of ARS-UCD2.0.
    series("NC_", "037328", 29, &["X"]),
    series("NC_", "082638", 0, &["Y"]),
    series("NC_", "006853", 0, M),
    // Pig: Sscrofa10.2, Sscrofa11.1.
    series("NC_", "010443", 18, XY),
    series("NC_", "000845", 0, M),
    // Chicken: GRCg6a up to 28, GRCg7b.
    series("NC_", "006088", 28, &[]),
    series("NC_", "006126", 0, &["W", "Z"]),
    series("NC_", "052532", 39, &["W", "Z"]),
    series("NC_", "053523", 0, M),
];

/// Numbers of chromosomes, as text.
const NUMBERS: [&str; 39] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20",
    "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34", "35", "36", "37", "38", "39",
];

/// The chromosome that an accession names, with any version or none.
pub(super) fn chromosome(accession: &str) -> Option<&'static str> {
    let (accession, version) = accession.split_once('.').unwrap_or((accession, "1"));
    let digits = accession.trim_start_matches(|letter: char| letter.is_ascii_uppercase() || letter == '_');
    let prefix = accession.strip_suffix(digits)?;
    if !super::is_number(digits) || !super::is_number(version) {
        return None;
    }
    SERIES.iter().filter(|series| series.prefix == prefix && series.first.len() == digits.len()).find_map(|series| {
        let at = digits.parse::<u32>().ok()?.checked_sub(series.first.parse().ok()?)?;
        match at.checked_sub(series.numbered) {
            Some(other) => series.others.get(usize::try_from(other).ok()?).copied(),
            None => NUMBERS.get(usize::try_from(at).ok()?).copied(),
        }
    })
}
