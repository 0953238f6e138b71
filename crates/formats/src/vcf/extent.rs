//! How far a record without INFO END reaches. In: the site, its INFO and its sample columns. Out: `end`, 0-based and
//! exclusive. INFO END itself goes before all of this (spec 6.2) and is not looked at here.
//!
//! Below version 4.4 a record covers its REF allele: INFO SVLEN had other meanings there. From 4.4 on it reaches as far as
//! the farthest of its alleles (VCF 4.4, section 3, END; VCF 4.5, 1.6.1.8, where END is deprecated and computed from the
//! other fields):
//! - any record: POS + length of REF - 1;
//! - `<DEL>`, `<DUP>`, `<INV>`, `<CNV>` and their subtypes (`<DUP:TANDEM>`, `<CNV:TR>`): POS + SVLEN. POS is the base before
//!   the variant. SVLEN has a value for each ALT allele; files of older tools that say 4.4 write it negative for
//!   deletions, so its sign does not count. `<INS>` and breakends reach no farther than REF;
//! - from 4.5 on, `<*>` reference blocks (and `<NON_REF>` if the header declares LEN): POS + LEN - 1, for the greatest
//!   FORMAT LEN of the samples.

use super::Header;
use super::site::Site;
use crate::fault::Cause;
use crate::judge::{Judge, Stop};

/// What of a file's records tells their end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extents {
    structural: bool,
    blocks: bool,
    gatk_blocks: bool,
}

impl Extents {
    pub(crate) fn new(header: &Header) -> Self {
        let blocks = header.version() >= (4, 5);
        Self { structural: header.version() >= (4, 4), blocks, gatk_blocks: blocks && header.declares_format("LEN") }
    }

    /// The end of a record whose INFO has no valid END; `svlen` gives the text of INFO SVLEN.
    ///
    /// Faults: lengths that are no whole numbers, which are then left out.
    pub(crate) fn end<'a>(
        self,
        site: &Site<'_>,
        svlen: impl FnOnce() -> Option<&'a str>,
        judge: &mut Judge,
    ) -> Result<i64, Stop> {
        let reference = i64::try_from(site.reference.len()).unwrap_or(i64::MAX);
        let mut length = reference;
        if self.structural && memchr::memchr(b'<', site.alternates.as_bytes()).is_some() {
            if site.alternate_alleles().any(has_length) {
                length = length.max(structural_length(site, svlen().unwrap_or("."), judge)?);
            }
            if site.alternate_alleles().any(|allele| self.is_block(allele)) {
                length = length.max(block_length(site, judge)?);
            }
        }
        Ok(site.start.saturating_add(length))
    }

    fn is_block(self, allele: &str) -> bool {
        match allele {
            "<*>" => self.blocks,
            "<NON_REF>" => self.gatk_blocks,
            _ => false,
        }
    }
}

/// Whether SVLEN says how far an allele reaches on the reference.
fn has_length(allele: &str) -> bool {
    let name = allele.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
    matches!(name.split(':').next(), Some("DEL" | "DUP" | "INV" | "CNV"))
}

/// Bases from POS to the farthest end that SVLEN tells; 0 if none.
fn structural_length(site: &Site<'_>, svlen: &str, judge: &mut Judge) -> Result<i64, Stop> {
    let mut longest = 0;
    let mut bad = false;
    for (allele, text) in site.alternate_alleles().zip(svlen.split(',')) {
        if !has_length(allele) || text == "." {
            continue;
        }
        match text.parse::<i64>() {
            Ok(length) => longest = longest.max(length.saturating_abs().saturating_add(1)),
            Err(_) => bad = true,
        }
    }
    if bad {
        judge.judge(Cause::LengthValue, Some(site), Some("SVLEN"))?;
    }
    Ok(longest)
}

/// The greatest LEN of the samples; 0 if none has one.
fn block_length(site: &Site<'_>, judge: &mut Judge) -> Result<i64, Stop> {
    let place = site.format.and_then(|format| format.split(':').position(|key| key == "LEN"));
    let (Some(place), Some(samples)) = (place, site.samples) else { return Ok(0) };
    let mut longest = 0;
    let mut bad = false;
    for sample in samples.split('\t') {
        let text = sample.split(':').nth(place).unwrap_or(".");
        match text.parse::<i64>() {
            Ok(length) if length >= 0 => longest = longest.max(length),
            _ => bad |= text != ".",
        }
    }
    if bad {
        judge.judge(Cause::LengthValue, Some(site), Some("LEN"))?;
    }
    Ok(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compression, Part, vcf};
    use arrow_array::Int64Array;
    use std::io::Cursor;
    use std::sync::Arc;
    use varberg_rows::record_columns;

    const FORMATS: &str = "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">\n";
    const LEN: &str = "##FORMAT=<ID=LEN,Number=1,Type=Integer,Description=\"x\">\n";

    /// End of a record of two samples, and what was odd.
    fn end(version: &str, formats: &str, record: &str) -> (i64, Vec<Cause>) {
        let head = format!(
            "##fileformat=VCFv{version}\n##INFO=<ID=END,Number=1,Type=Integer,Description=\"x\">\n\
             ##INFO=<ID=SVLEN,Number=A,Type=Integer,Description=\"x\">\n{formats}\
             #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n"
        );
        let text = format!("{head}{}\n", record.replace(' ', "\t"));
        let options = vcf::ReadOptions::default();
        let header = vcf::read_header(&mut text.as_bytes(), &options.limits, &options.policy).unwrap();
        let input = Box::new(Cursor::new(text.into_bytes()));
        let mut reader = vcf::Reader::new(Arc::new(header), input, Compression::Plain, Part::WHOLE, options).unwrap();
        let batch = reader.next_batch().unwrap().unwrap();
        let ends = batch.column(record_columns::END).as_any().downcast_ref::<Int64Array>().unwrap();
        (ends.value(0), reader.tally().warnings.iter().map(|w| w.cause).collect())
    }

    #[track_caller]
    fn check(version: &str, formats: &str, cases: &[(&str, i64, &[Cause])]) {
        for (record, expected, warnings) in cases {
            assert_eq!(end(version, formats, record), (*expected, warnings.to_vec()), "{version} {record}");
        }
    }

    #[test]
    fn structural_variants_end_where_their_longest_allele_ends() {
        let bad = [Cause::LengthValue];
        check(
            "4.4",
            FORMATS,
            &[
                ("1 100 . A <DEL> . . SVLEN=50 GT 0/1 .", 150, &[]),
                ("1 100 . A <DEL> . . SVLEN=-50 GT 0/1 .", 150, &[]),
                ("1 100 . A <DUP:TANDEM>,<DEL:ME>,<INS> . . SVLEN=7,30,900 GT 0/1 .", 130, &[]),
                ("1 100 . A <CNV:TR> . . SVLEN=12 GT 0/1 .", 112, &[]),
                ("1 100 . A <INV> . . SVLEN=0 GT 0/1 .", 100, &[]),
                ("1 100 . ACGT <DUP> . . SVLEN=1 GT 0/1 .", 103, &[]),
                ("1 100 . A G,<DEL> . . SVLEN=.,9 GT 0/1 .", 109, &[]),
                ("1 100 . A <DEL>,<DUP> . . SVLEN=9 GT 0/1 .", 109, &[]),
                ("1 100 . A <INS> . . SVLEN=x GT 0/1 .", 100, &[]),
                ("1 100 . A <DEL> . . SVLEN=x GT 0/1 .", 100, &bad),
                ("1 100 . A <DEL>,<DUP> . . SVLEN=1.5,4 GT 0/1 .", 104, &bad),
                ("1 100 . A <DEL> . . SVLEN=9223372036854775807 GT 0/1 .", i64::MAX, &[]),
                ("1 100 . A <DEL> . . SVLEN=-9223372036854775808 GT 0/1 .", i64::MAX, &[]),
                ("1 100 . A <DEL> . . . GT 0/1 .", 100, &[]),
                ("1 100 . A <DELETION> . . SVLEN=50 GT 0/1 .", 100, &[]),
                ("1 100 . A A[2:200[ . . SVLEN=50 GT 0/1 .", 100, &[]),
                ("1 100 . A <DEL> . . END=120;SVLEN=50 GT 0/1 .", 120, &[]),
                ("1 100 . A <DEL> . . END=.;SVLEN=50 GT 0/1 .", 150, &[]),
                ("1 100 . A <DEL> . . END=x;SVLEN=50 GT 0/1 .", 150, &[Cause::EndNotInteger]),
                ("1 100 . A <*> . . . GT:GQ 0/0 .", 100, &[Cause::UndeclaredFormat]),
            ],
        );
    }

    #[test]
    fn before_version_4_4_lengths_say_nothing() {
        check("4.3", FORMATS, &[("1 100 . A <DEL> . . SVLEN=50 GT 0/1 .", 100, &[])]);
        check("4.2", LEN, &[("1 100 . A <*> . . . LEN 9 .", 100, &[])]);
        check("4.4", LEN, &[("1 100 . A <*> . . . LEN 9 .", 100, &[])]);
    }

    #[test]
    fn blocks_end_where_their_longest_sample_ends() {
        check(
            "4.5",
            LEN,
            &[
                ("1 100 . A <*> . . . LEN 10 25", 124, &[]),
                ("1 100 . A C,<*> . . . LEN . 3", 102, &[]),
                ("1 100 . ACGT <*> . . . LEN 2 .", 103, &[]),
                ("1 100 . A <*> . . . LEN . .", 100, &[]),
                ("1 100 . A <*> . . END=130 LEN 10 25", 130, &[]),
                ("1 100 . A <NON_REF> . . . LEN 10 .", 109, &[]),
                ("1 100 . A <DEL>,<*> . . SVLEN=50,. LEN 10 .", 150, &[]),
                ("1 100 . A <DEL>,<*> . . SVLEN=50,. LEN 90 .", 189, &[]),
                ("1 100 . A C . . . LEN 10 25", 100, &[]),
                ("1 100 . A <*> . . . LEN x 25", 124, &[Cause::LengthValue, Cause::SampleValue]),
                ("1 100 . A <*> . . . LEN -5 2", 101, &[Cause::LengthValue]),
            ],
        );
        check("4.5", FORMATS, &[("1 100 . A <*> . . . GT:LEN 0/0:10 .", 109, &[Cause::UndeclaredFormat])]);
        check("4.5", FORMATS, &[("1 100 . A <NON_REF> . . . GT:LEN 0/0:10 .", 100, &[Cause::UndeclaredFormat])]);
    }
}
