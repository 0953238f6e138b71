//! What must hold for every input, shared with the fuzz targets (fuzz/README.md), which include these files: each `check`
//! takes the bytes of a fuzzer, or of any file, and panics where a rule is broken. Knows no fuzzer. Here the oracles run
//! over the files that seed the fuzzers.

#![expect(unreachable_pub, reason = "the fuzz targets call them")]

mod annotation_rule;
mod bcf;
pub mod chance;
pub(crate) mod feature_rule;
mod gff;
mod header;
mod normalize;
mod outcome;
mod record;
mod rows;
mod stored;
mod tsv;
mod tsv_rule;
mod vep;

use crate::shared;
use std::path::Path;

/// Runs an oracle over every file of a shared directory, beginnings only of large ones.
fn check_all(directory: &str, oracle: fn(&[u8])) {
    let Some(root) = shared(directory) else { return };
    let mut directories = vec![root];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { directories.push(path) } else { check(&path, oracle) }
        }
    }
}

fn check(path: &Path, oracle: fn(&[u8])) {
    let bytes = std::fs::read(path).unwrap();
    let beginning = bytes.get(..20_000).unwrap_or(&bytes);
    println!("{}", path.display()); // shown when the oracle panics
    oracle(beginning);
}

#[test]
fn headers() {
    check_all("corpora", header::check);
}

#[test]
fn records() {
    check_all("corpora/hts-specs", record::check);
    check_all("corpora/bcftools", record::check);
}

#[test]
fn stored_bytes() {
    check_all("corpora/bcftools", stored::check);
    check_all("data", stored::check);
}

#[test]
fn bytes_that_are_no_bcf() {
    check_all("corpora/bcftools", bcf::check);
}

/// What BCF makes of a file's beginning.
fn check_as_bcf(text: &[u8]) {
    let end = text.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    if let Some(Ok(bcf)) = crate::bcf::encode(&text[..end]) {
        bcf::check(&bcf);
    }
}

#[test]
fn records_of_bcf() {
    check_all("corpora/hts-specs", check_as_bcf);
    check_all("corpora/bcftools", check_as_bcf);
}

/// Genotypes and integers with any byte another one: what is not taken as it is becomes text.
#[test]
fn vectors_of_bcf_with_changed_bytes() {
    let header = "##fileformat=VCFv4.V\n##contig=<ID=c1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">\n\
                  ##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"x\">\n\
                  ##FORMAT=<ID=PL,Number=G,Type=Integer,Description=\"x\">\n\
                  #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n";
    let records = "c1\t5\t.\tA\tC\t.\t.\t.\tGT:AD:PL\t0|1:3,4:0,10,300\t1/1:5,.:.\n\
                   c1\t6\t.\tA\tC,G\t.\t.\t.\tGT:AD\t./.:.\t1/2:70000,-1\n\
                   c1\t7\t.\tA\tC\t.\t.\t.\tGT\t0/0\t0/1\n\
                   c1\t8\t.\tA\tC\t.\t.\t.\tGT:PL\t1:1,2\t0|1:.\n\
                   c1\t9\t.\tA\tC\t.\t.\t.\tGT\t0\t1\n";
    for (version, key) in [("2", "PL"), ("4", "PL"), ("5", "LEN")] {
        let header = header.replace("4.V", &format!("4.{version}")).replace("ID=PL", &format!("ID={key}"));
        let records = records.replace("PL", key).replace("C,G", "C,<*>");
        let whole = crate::bcf::encode(format!("{header}{records}").as_bytes()).unwrap().unwrap();
        let start = crate::bcf::encode(header.as_bytes()).unwrap().unwrap().len();
        bcf::check(&whole);
        // Names that would make another line of it.
        for name in [&b"ID=P\t"[..], b"ID=P\r", b"ID=P:", b"ID=GT", b"ID=c\t"] {
            let old = if name[3] == b'c' { &b"ID=c1"[..] } else { b"ID=PL" };
            let mut renamed = whole.clone();
            if let Some(at) = whole.windows(5).position(|bytes| bytes == old) {
                renamed[at..at + 5].copy_from_slice(name);
            }
            bcf::check(&renamed);
        }
        for at in start..whole.len() {
            for byte in [0, 1, 3, 5, 6, 0x11, 0x7f, 0x80, 0x81, 0x82, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                bcf::check(&changed);
            }
        }
    }
}

#[test]
fn records_in_normal_form() {
    for input in [
        "GGGCACACACAGGGTTTTTA\n7 CA C\n7 CAC C,CACAC\n9 CA CACA\n0 GG G\n2 G GG\n15 TT T\n3 CACAC CAC,T",
        "ARYaaaACGTNnnnACACAC\n5 AA A\n4 a aa,aaa\n18 AC ACAC\n19 C CAC\n11 NN N",
        "AAAAAAAAAAAAAAAAAAAA\n19 A AA\n0 A AA\n10 AAA A,AA,AAAA\n10 AAA CAA,AAC",
    ] {
        normalize::check(input.as_bytes());
    }
    check_all("corpora/bcftools", normalize::check);
}

#[test]
fn annotation_fields() {
    for input in [
        "Consequence annotations from Ensembl VEP. Format: Allele|Consequence|EXON|FLAGS|SIFT|sift\nT|a&b|1/2||x|y,T|||||\nT|a",
        "Functional annotations: 'Allele | Annotation | Gene_Name | Rank'\nT|a&b||1/2\n.",
        "BCFtools/csq. Format: Consequence|gene|transcript|biotype|strand|dna_change\nx|G,@77\n%26|%ff",
    ] {
        vep::check(input.as_bytes());
    }
    check_all("corpora/hts-specs", vep::check);
}

#[test]
fn features() {
    check_all("corpora/gff3", gff::check);
    check_all("data", gff::check);
}

/// Bytes that mean something in GFF3, in places where they should not be. A few of each file: the fuzz target goes on.
#[test]
fn features_with_odd_bytes() {
    let Some(folder) = shared("corpora/gff3") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let mut chance = chance::Chance::of(&bytes);
        let end = bytes.len().min(1000);
        for _ in 0..6 {
            let mut odd = bytes.get(..end).unwrap_or_default().to_vec();
            for _ in 0..1 + chance.below(8) {
                let odd_bytes = b"%;=,_. \t\n\r#>\"A2\x00\xff";
                let (at, byte) = (chance.below(odd.len() + 1), odd_bytes[chance.below(odd_bytes.len())]);
                if chance.one_in(2) || at == odd.len() { odd.insert(at, byte) } else { odd[at] = byte }
            }
            println!("{}", String::from_utf8_lossy(&odd)); // shown when the oracle panics
            gff::check(&odd);
        }
    }
}

/// Texts of delimited fields from a few pieces, in orders that chance makes. Some thousands: the fuzz target goes on.
#[test]
fn delimited_texts() {
    let pieces = [
        "\t",
        "\t",
        ",",
        ",",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\"",
        "\"",
        "'",
        "\\",
        "a",
        "b",
        "1",
        "-7",
        "2.5",
        "NaN",
        "true",
        "é",
        "#",
        " ",
        "||",
        ";",
        "99999999999",
        "\u{feff}",
        "chr1",
        "CAC",
        "A,AA",
    ];
    let mut chance = chance::Chance::of(b"delimited");
    for _ in 0..12_000 {
        let length = chance.below(40);
        let text: String = (0..length).map(|_| pieces[chance.below(pieces.len())]).collect();
        tsv::check(text.as_bytes());
    }
    // Rows of a reference: of the types that have alleles they move, of others they do not.
    for _ in 0..2_000 {
        let fields =
            ["c1", "chr1", "1", "8", "7", "10", "CAC", "CACAC", "C", "C,CACAC", "cac", "AAA", "A,AAAA", "-", ""];
        let width = 4 + chance.below(3);
        let line = |chance: &mut chance::Chance| {
            let mut fields: Vec<&str> = (0..width).map(|_| fields[chance.below(fields.len())]).collect();
            fields[0] = ["c1", "chr1", "1"][chance.below(3)];
            fields[1] = ["1", "4", "8", "9"][chance.below(4)];
            fields.join("\t")
        };
        let lines: Vec<String> = (0..chance.below(12)).map(|_| line(&mut chance)).collect();
        tsv::check(lines.join("\n").as_bytes());
    }
    for _ in 0..3_000 {
        let width = 1 + chance.below(4);
        let sep = ["\t", ","][chance.below(2)];
        let fields = ["a", "", "1", "\"x\"", "\"x,\t'\"", "\"a\"\"b\"", "\"a\\\"b\"", "\"\"", "-3", "0.5", "12"];
        let line = |chance: &mut chance::Chance| {
            (0..width).map(|_| fields[chance.below(fields.len())]).collect::<Vec<_>>().join(sep)
        };
        let lines: Vec<String> = (0..chance.below(12)).map(|_| line(&mut chance)).collect();
        tsv::check(lines.join(["\n", "\r\n", "\r"][chance.below(3)]).as_bytes());
    }
    check_all("corpora", tsv::check);
}
