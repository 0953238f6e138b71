//! Annotation fields to structs: the vectors of spec 9, SnpEff and bcftools csq, and the law that nothing is lost.

use crate::vcf::{ReadOptions, Reader, read_header};
use crate::{Cause, Compression, Fault, Part, Policy, Tally, Verdict};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::io::Cursor;
use std::sync::Arc;
use varberg_rows::record_columns;

const VEP: &str = "Consequence annotations from Ensembl VEP. Format: ";
const SNPEFF: &str = "Functional annotations: 'Allele | Annotation | Annotation_Impact | Gene_Name | Gene_ID | \
                      Feature_Type | Feature_ID | Transcript_BioType | Rank | HGVS.c | HGVS.p | \
                      cDNA.pos / cDNA.length | CDS.pos / CDS.length | AA.pos / AA.length | Distance | \
                      ERRORS / WARNINGS / INFO' ";
const BCSQ: &str = "Local consequence annotation from BCFtools/csq, see \
                    http://samtools.github.io/bcftools/howtos/csq-calling.html for details. Format: \
                    Consequence|gene|transcript|biotype|strand|amino_acid_change|dna_change";

/// A file whose field `CSQ` has the description, with a record for each INFO.
fn file(description: &str, infos: &[&str]) -> String {
    let records: String = infos.iter().map(|info| format!("1\t5\t.\tC\tT\t.\t.\t{info}\n")).collect();
    format!(
        "##fileformat=VCFv4.2\n##INFO=<ID=CSQ,Number=.,Type=String,Description=\"{description}\">\n\
         ##INFO=<ID=DP,Number=1,Type=Integer,Description=\"x\">\n\
         #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{records}"
    )
}

struct Read {
    batches: Vec<RecordBatch>,
    tally: Tally,
}

fn read_with(text: &str, options: ReadOptions) -> Result<Read, Fault> {
    let header = read_header(&mut text.as_bytes(), &options.limits, &options.policy)?;
    let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let mut reader = Reader::new(Arc::new(header), input, Compression::Plain, Part::WHOLE, options)?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        batches.push(batch);
    }
    Ok(Read { batches, tally: reader.tally() })
}

fn options() -> ReadOptions {
    ReadOptions { annotations: Some("CSQ".to_owned()), ..ReadOptions::default() }
}

fn read(text: &str) -> Read {
    read_with(text, options()).unwrap()
}

fn causes(read: &Read) -> Vec<Cause> {
    read.tally.warnings.iter().map(|w| w.cause).collect()
}

/// The lists of all records; None where the struct or its list is null.
fn lists(read: &Read) -> Vec<Option<StructArray>> {
    let of = |batch: &RecordBatch| {
        let column = batch.column(record_columns::ANNOTATIONS).as_struct().clone();
        let lists = column.column(0).as_list::<i32>().clone();
        let entries = |row| (column.is_valid(row) && lists.is_valid(row)).then(|| lists.value(row).as_struct().clone());
        (0..batch.num_rows()).map(entries).collect::<Vec<_>>()
    };
    read.batches.iter().flat_map(of).collect()
}

/// The members of each entry that are not null, a line an entry.
fn show(read: &Read) -> String {
    let options = FormatOptions::default().with_null("null");
    let entry = |entries: &StructArray, row: usize| {
        let members = entries.fields().iter().zip(entries.columns()).filter(|(_, column)| column.is_valid(row));
        let text = |column: &ArrayRef| ArrayFormatter::try_new(column, &options).unwrap().value(row).to_string();
        members.map(|(field, column)| format!("{}={}", field.name(), text(column))).collect::<Vec<_>>().join(" ")
    };
    let record = |entries: &Option<StructArray>| match entries {
        None => "null".to_owned(),
        Some(entries) if entries.is_empty() => "[]".to_owned(),
        Some(entries) => (0..entries.len()).map(|row| entry(entries, row)).collect::<Vec<_>>().join("\n"),
    };
    lists(read).iter().map(record).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(description: &str, infos: &[&str], expected: &Expect) {
    let read = read(&file(description, infos));
    assert_eq!(causes(&read), []);
    expected.assert_eq(&show(&read));
}

#[test]
fn vectors_of_the_published_etl() {
    check(
        &format!("{VEP}Allele|Consequence|cancer_type"),
        &["CSQ=T|intron_variant&non_coding_transcript_variant|stage4,A|intron_variant|", "DP=3", "."],
        &expect![[r#"
            allele=T consequence=[intron_variant, non_coding_transcript_variant] extras={cancer_type: stage4}
            allele=A consequence=[intron_variant] extras={cancer_type: }
            []
            []"#]],
    );
    check(
        &format!("{VEP}Allele|SYMBOL|IMPACT"),
        &["CSQ=T|TP53|moderate"],
        &expect!["allele=T impact=moderate symbol=TP53"],
    );
}

#[test]
fn an_entry_of_another_length_empties_its_record_and_is_judged() {
    let text = file(&format!("{VEP}Allele|SYMBOL|IMPACT"), &["CSQ=T|TP53|LOW", "CSQ=T|TP53|LOW,T|TP53", "CSQ=T|||"]);
    let lenient = read(&text);
    expect![[r#"
        allele=T impact=LOW symbol=TP53
        []
        []"#]]
    .assert_eq(&show(&lenient));
    assert_eq!(causes(&lenient), [Cause::AnnotationEntry]);
    let policy = |verdict| Policy::lenient().with(Cause::AnnotationEntry, verdict);
    let left_out = read_with(&text, ReadOptions { policy: policy(Verdict::RejectRecord), ..options() }).unwrap();
    assert_eq!((show(&left_out).as_str(), left_out.tally.rejected), ("allele=T impact=LOW symbol=TP53", 2));
    let fault = read_with(&text, ReadOptions { policy: policy(Verdict::RejectFile), ..options() }).err().unwrap();
    assert_eq!((fault.cause, fault.line, fault.code.as_str()), (Cause::AnnotationEntry, Some(6), "E15"));
}

#[test]
fn lists_and_pairs_are_split_and_blank_ones_are_null() {
    check(
        &format!(
            "{VEP}Consequence|EXON|INTRON|Amino_acids|Codons|Existing_variation|FLAGS|STRAND|DISTANCE|cDNA_position"
        ),
        &["CSQ=a&b|2/10||K/N|aaA/aaC|rs1&COSV2||-1||5", "CSQ=||3/4|K|aaa||a&&b||7|", "CSQ=|1/2/3|/4||/|||||?"],
        &expect![[r#"
            consequence=[a, b] exon={rank: 2, total: 10} cdna_position=5 amino_acids={reference: K, variant: N} codons={reference: aaA, variant: aaC} existing_variation=[rs1, COSV2] distance= strand=-1
            intron={rank: 3, total: 4} cdna_position= amino_acids={reference: K, variant: null} codons={reference: aaa, variant: null} distance=7 strand= flags=[a, , b]
            exon={rank: 1, total: 2/3} intron={rank: , total: 4} cdna_position=? codons={reference: , variant: } distance= strand="#]],
    );
}

#[test]
fn a_file_without_the_field_has_null_lists() {
    let text = file("no list", &["CSQ=T|TP53", "DP=1"]);
    assert_eq!(show(&read(&text)), "null\nnull");
    let without = text.replace("ID=CSQ", "ID=CSQ_extra");
    let asked = read(&without);
    assert_eq!(show(&asked), "null\nnull");
    assert_eq!(asked.batches[0].column(record_columns::ANNOTATIONS).null_count(), 0);
    let not_asked = read_with(&text, ReadOptions::default()).unwrap();
    assert_eq!(not_asked.batches[0].column(record_columns::ANNOTATIONS).null_count(), 2);
}

#[test]
fn a_field_without_text_has_an_empty_list_and_of_two_the_last_holds() {
    let text = file(&format!("{VEP}Allele"), &["CSQ", "CSQ=", "CSQ=.", "CSQ=A;DP=1;CSQ=C,G", "DP=1;CSQ=T"]);
    expect![[r#"
        []
        []
        []
        allele=C
        allele=G
        allele=T"#]]
    .assert_eq(&show(&read(&text)));
}

#[test]
fn percent_codes_are_decoded_when_all_is_split() {
    let text = file(&format!("{VEP}HGVSp|Consequence|Codons|x"), &["CSQ=p.Thr%3D|a%26b&c|%2F/t%7C|%2C%,|||%zz"]);
    expect![[r#"
        consequence=[a%26b, c] hgvsp=p.Thr%3D codons={reference: %2F, variant: t%7C} extras={x: %2C%}
        hgvsp= extras={x: %zz}"#]]
    .assert_eq(&show(&read(&text)));
    expect![[r#"
        consequence=[a&b, c] hgvsp=p.Thr= codons={reference: /, variant: t|} extras={x: ,%}
        hgvsp= extras={x: %zz}"#]]
    .assert_eq(&show(&read(&text.replace("VCFv4.2", "VCFv4.3"))));
}

#[test]
fn snpeff_fills_the_members_it_has() {
    check(
        SNPEFF,
        &[
            "CSQ=T|missense_variant&splice_region_variant|MODERATE|BRCA1|ENSG1|transcript|ENST1.2|protein_coding|3/22|c.5C>T|p.Ala2Val|55/7094|5/5592|2/1863||,\
             T|intergenic_region|MODIFIER|A-B|A-B|intergenic_region|A-B|||n.5C>T||||||WARNING_X&INFO_Y",
        ],
        &expect![[r#"
            allele=T consequence=[missense_variant, splice_region_variant] impact=MODERATE symbol=BRCA1 gene=ENSG1 feature_type=transcript feature=ENST1.2 biotype=protein_coding hgvsc=c.5C>T hgvsp=p.Ala2Val cdna_position=55/7094 cds_position=5/5592 protein_position=2/1863 distance= extras={rank: 3/22, errors / warnings / info: }
            allele=T consequence=[intergenic_region] impact=MODIFIER symbol=A-B gene=A-B feature_type=intergenic_region feature=A-B biotype= hgvsc=n.5C>T hgvsp= cdna_position= cds_position= protein_position= distance= extras={rank: , errors / warnings / info: WARNING_X&INFO_Y}"#]],
    );
}

#[test]
fn bcftools_csq_may_leave_out_values_and_refer_to_other_records() {
    check(
        BCSQ,
        &[
            "CSQ=missense|G|ENST1|protein_coding|+|25S>25T|100A>C,intron|G||protein_coding,@200",
            "CSQ=*stop_gained&missense|G|T",
        ],
        &expect![[r#"
            consequence=[missense] symbol=G feature=ENST1 biotype=protein_coding strand=+ extras={amino_acid_change: 25S>25T, dna_change: 100A>C}
            consequence=[intron] symbol=G feature= biotype=protein_coding extras={}
            extras={compound_position: 200}
            consequence=[*stop_gained, missense] symbol=G feature=T extras={}"#]],
    );
    let long = read(&file(BCSQ, &["CSQ=a|b|c|d|e|f|g|h"]));
    assert_eq!((show(&long).as_str(), causes(&long)), ("[]", vec![Cause::AnnotationEntry]));
}

#[test]
fn a_second_header_line_of_the_field_is_judged_once() {
    let other = "##INFO=<ID=CSQ_extra,Number=.,Type=String,Description=\"x\">\n";
    let second = "##INFO=<ID=CSQ,Number=.,Type=String,Description=\"Format: SYMBOL\">\n";
    let text = file(&format!("{VEP}Allele"), &["CSQ=T"]);
    let with = |lines: &str| text.replace("##INFO=<ID=DP", &format!("{lines}##INFO=<ID=DP"));
    assert_eq!(causes(&read(&with(other))), []);
    let both = read(&with(&format!("{other}{second}")));
    assert_eq!((show(&both).as_str(), causes(&both)), ("allele=T", vec![Cause::DuplicateAnnotationLine]));
    let policy = Policy::lenient().with(Cause::DuplicateAnnotationLine, Verdict::RejectFile);
    let fault = read_with(&with(&format!("{other}{second}")), ReadOptions { policy, ..options() }).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.line), ("E13", Some(4)));
    assert!(fault.to_string().contains("CSQ"), "{fault}");
}

#[test]
fn entries_that_would_fill_memory_are_refused_before_they_are_built() {
    let long = "k".repeat(1 << 20);
    let info = format!("CSQ={}", "|,".repeat(300));
    let read = read(&file(&format!("{VEP}Allele|{long}"), &[info.trim_end_matches(',')]));
    assert_eq!((show(&read).as_str(), causes(&read)), ("[]", vec![Cause::AnnotationEntry]));
}

#[test]
fn a_batch_ends_early_where_annotations_are_large() {
    let long = "k".repeat(1 << 10);
    let text = file(&format!("{VEP}Allele|{long}"), &["CSQ=A|b"; 20]);
    let batches = read_with(&text, ReadOptions { batch_bytes: 5000, ..options() }).unwrap().batches;
    assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [4; 5]);
}

/// The text of a record, told from its entries under the names of a VEP header.
fn told(entries: &StructArray, names: &[&str]) -> String {
    let value = |name: &str, row: usize| {
        let Some(column) = entries.column_by_name(&name.to_lowercase()) else {
            let extras = entries.column_by_name("extras").unwrap().as_map().value(row);
            let keys = extras.column(0).as_string::<i32>();
            let at = keys.iter().position(|key| key == Some(name)).unwrap();
            return extras.column(1).as_string::<i32>().value(at).to_owned();
        };
        if column.is_null(row) {
            return String::new();
        }
        let joined = |texts: Vec<Option<String>>, by: &str| texts.into_iter().flatten().collect::<Vec<_>>().join(by);
        let text = |array: &ArrayRef, i: usize| array.is_valid(i).then(|| array.as_string::<i32>().value(i).to_owned());
        if let Some(lists) = column.as_list_opt::<i32>() {
            let members = lists.value(row);
            joined((0..members.len()).map(|i| text(&members, i)).collect(), "&")
        } else if let Some(pairs) = column.as_struct_opt() {
            joined(pairs.columns().iter().map(|member| text(member, row)).collect(), "/")
        } else {
            text(column, row).unwrap()
        }
    };
    let entry = |row| names.iter().map(|name| value(name, row)).collect::<Vec<_>>().join("|");
    (0..entries.len()).map(entry).collect::<Vec<_>>().join(",")
}

proptest! {
    #[test]
    fn the_text_can_be_told_from_the_entries(
        entries in prop::collection::vec(prop::collection::vec("[a-zA-Z0-9:>&/%.é-]{0,5}", 6), 1..5),
    ) {
        let names = ["Allele", "sift", "Consequence", "EXON", "Codons", "af"];
        let text = entries.iter().map(|values| values.join("|")).collect::<Vec<_>>().join(",");
        let read = read(&file(&format!("{VEP}{}", names.join("|")), &[&format!("CSQ={text}")]));
        prop_assert_eq!(causes(&read), []);
        prop_assert_eq!(told(lists(&read)[0].as_ref().unwrap(), &names), text);
    }

    #[test]
    fn no_text_makes_the_reader_fail(description in "[A-Za-z|:' /\\[\\]*]{0,40}", text in "[A-Za-z|,&/@*%.]{0,40}") {
        for description in [format!("{VEP}{description}"), description, BCSQ.to_owned()] {
            let read = read(&file(&description, &[&format!("CSQ={text}")]));
            prop_assert_eq!(lists(&read).len(), 1);
        }
    }
}
