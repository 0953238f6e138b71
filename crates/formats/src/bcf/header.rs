//! The header of a BCF file: the text of a VCF header and the two dictionaries that its lines define. In: the bytes
//! after the magic. Out: text without `IDX` members, which the VCF header reader takes, and names by number.

use super::read_exactly;
use crate::fault::{Cause, Fault};
use crate::lines::{Limits, limit};
use std::collections::HashSet;
use std::io::BufRead;

/// Largest number of a dictionary: a header that jumps to a larger one is made to fill memory.
const MAX_INDEX: usize = 1 << 20;
/// Columns before those of the samples.
const COLUMNS: usize = 9;

/// The fault of a header that cannot be read.
pub(super) fn fault(detail: &str) -> Fault {
    Fault::new(Cause::BcfHeader).with_detail(detail)
}

/// The minor version of BCF 2 if these first 5 bytes of a file are those of BCF; none for other files.
///
/// Faults: a version that is not read.
pub(crate) fn read_magic(start: &[u8]) -> Result<Option<u8>, Fault> {
    match *start {
        [b'B', b'C', b'F', 2, minor @ (1 | 2)] => Ok(Some(minor)),
        [b'B', b'C', b'F', major @ 0..b' ', minor] => {
            let what = if major == 2 { format!("BCF 2.{minor}") } else { "BCF 1".to_owned() };
            Err(fault(&format!("{what} is not supported, BCF 2.1 and 2.2 are; convert it with bcftools view -Ob")))
        }
        _ => Ok(None),
    }
}

/// The first 5 bytes of a file, or as many as it has.
pub(crate) fn read_start(input: &mut (impl BufRead + ?Sized)) -> Result<Vec<u8>, Fault> {
    let mut start = Vec::new();
    read_exactly(input, &mut start, 5)?;
    Ok(start)
}

/// What a BCF file says before its records.
#[derive(Debug)]
pub(crate) struct BcfHeader {
    text: String,
    lines: u64,
    /// FILTER, INFO and FORMAT ids by number; some numbers have none.
    strings: Vec<Option<String>>,
    contigs: Vec<Option<String>>,
    samples: usize,
    pads_with_missing: bool,
    has_leading_phase: bool,
}

impl BcfHeader {
    /// Reads what follows the magic.
    pub(crate) fn read(input: &mut (impl BufRead + ?Sized), minor: u8, limits: &Limits) -> Result<Self, Fault> {
        let mut bytes = Vec::new();
        read_exactly(input, &mut bytes, 4)?;
        let Some(length) = bytes.first_chunk().map(|b| u32::from_le_bytes(*b)) else { return Err(cut_off()) };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > limits.max_header_bytes {
            return Err(limit(Cause::HeaderTooLong, limits.max_header_bytes, "max_header_bytes"));
        }
        read_exactly(input, &mut bytes, length)?;
        if bytes.len() < length {
            return Err(cut_off());
        }
        bytes.truncate(memchr::memchr(0, &bytes).unwrap_or(bytes.len()));
        let text = std::str::from_utf8(&bytes).map_err(|_| Fault::new(Cause::NotText))?;
        Self::of_text(text, minor)
    }

    /// The header of this text.
    pub(super) fn of_text(text: &str, minor: u8) -> Result<Self, Fault> {
        let mut strings = Dictionary::default();
        strings.add("PASS", None)?;
        let mut contigs = Dictionary::default();
        let mut header = Self {
            text: String::with_capacity(text.len()),
            lines: 0,
            strings: Vec::new(),
            contigs: Vec::new(),
            samples: 0,
            pads_with_missing: minor == 1,
            has_leading_phase: false,
        };
        for line in text.split_inclusive('\n') {
            header.lines = header.lines.saturating_add(1);
            // A carriage return belongs to the line end, of which the VCF twin has but one.
            let (line, end) = (line.trim_end_matches(['\n', '\r']), if line.ends_with('\n') { "\n" } else { "" });
            let at_line = |fault: Fault| fault.at_line(header.lines);
            let entry = Entry::of_line(line);
            match &entry {
                Some(entry) if entry.is_contig => contigs.add_entry(entry).map_err(at_line)?,
                Some(entry) => strings.add_entry(entry).map_err(at_line)?,
                None => {}
            }
            put_without_number(line, entry.as_ref(), &mut header.text);
            header.text.push_str(end);
            if line.starts_with("#CHROM") {
                header.samples = line.split('\t').count().saturating_sub(COLUMNS);
                break;
            }
            header.has_leading_phase |= line.trim_end().strip_prefix("##fileformat=").is_some_and(has_leading_phase);
        }
        header.strings = strings.names;
        header.contigs = contigs.names;
        Ok(header)
    }

    /// The text through the `#CHROM` line, without `IDX` members.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn line_count(&self) -> u64 {
        self.lines
    }

    /// The FILTER, INFO or FORMAT id of this number.
    pub(super) fn string(&self, index: i32) -> Option<&[u8]> {
        name(&self.strings, index)
    }

    pub(super) fn contig(&self, index: i32) -> Option<&[u8]> {
        name(&self.contigs, index)
    }

    /// FILTER, INFO and FORMAT ids with their numbers.
    pub(super) fn strings(&self) -> impl Iterator<Item = (i32, &str)> {
        numbered(&self.strings)
    }

    /// Contigs with their numbers.
    pub(super) fn contigs(&self) -> impl Iterator<Item = (i32, &str)> {
        numbered(&self.contigs)
    }

    /// Samples of the `#CHROM` line.
    pub(super) fn samples(&self) -> usize {
        self.samples
    }

    /// BCF 2.1 has no code for the end of a vector.
    pub(super) fn pads_with_missing(&self) -> bool {
        self.pads_with_missing
    }

    /// From VCF 4.4 on, the first allele of a GT has a phase of its own.
    pub(super) fn has_leading_phase(&self) -> bool {
        self.has_leading_phase
    }
}

/// The lines of a VCF header without their `IDX` members, which number the names of one file.
pub(crate) fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.split_inclusive('\n').for_each(|line| put_without_number(line, Entry::of_line(line).as_ref(), &mut out));
    out
}

fn put_without_number(line: &str, entry: Option<&Entry<'_>>, out: &mut String) {
    let removed = entry.and_then(|entry| entry.index_place.clone());
    let parts = removed.and_then(|place| Some((line.get(..place.start)?, line.get(place.end..)?)));
    let (before, after) = parts.unwrap_or((line, ""));
    out.push_str(before);
    out.push_str(after);
}

fn cut_off() -> Fault {
    fault("the file ends inside it; it was cut off: copy or make it again")
}

fn name(names: &[Option<String>], index: i32) -> Option<&[u8]> {
    let index = usize::try_from(index).ok()?;
    names.get(index)?.as_ref().map(String::as_bytes)
}

fn numbered(names: &[Option<String>]) -> impl Iterator<Item = (i32, &str)> {
    (0..).zip(names).filter_map(|(index, name)| Some((index, name.as_deref()?)))
}

fn has_leading_phase(version: &str) -> bool {
    let minor = version.strip_prefix("VCFv4.").and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= 4)
}

/// Names by number.
#[derive(Debug, Default)]
struct Dictionary {
    names: Vec<Option<String>>,
    seen: HashSet<String>,
}

impl Dictionary {
    fn add_entry(&mut self, entry: &Entry<'_>) -> Result<(), Fault> {
        self.add(entry.id, entry.index)
    }

    /// Gives a name its number: the next one, or the one its line states. A name keeps its first number.
    fn add(&mut self, id: &str, index: Option<&str>) -> Result<(), Fault> {
        if id.contains('\t') || id.starts_with('#') {
            return Err(fault("an ID contains a tab or begins with #"));
        }
        if !self.seen.insert(id.to_owned()) {
            return Ok(());
        }
        let index = match index {
            Some(text) => text.parse().map_err(|_| fault("an IDX is not a number"))?,
            None => self.names.len(),
        };
        if index >= MAX_INDEX {
            return Err(fault(&format!("an IDX or the number of IDs is larger than {MAX_INDEX}")));
        }
        if index >= self.names.len() {
            self.names.resize(index + 1, None);
        }
        match self.names.get_mut(index) {
            Some(place @ None) => *place = Some(id.to_owned()),
            _ => return Err(fault(&format!("two IDs have the IDX {index}"))),
        }
        Ok(())
    }
}

/// A header line that gives a name a number.
pub(super) struct Entry<'a> {
    pub(super) is_contig: bool,
    pub(super) id: &'a str,
    index: Option<&'a str>,
    /// The bytes of the line that are the `IDX` member and the comma that sets it off.
    index_place: Option<std::ops::Range<usize>>,
}

impl<'a> Entry<'a> {
    /// None for other lines, and for lines without an ID.
    pub(super) fn of_line(line: &'a str) -> Option<Self> {
        let (section, body) = line.strip_prefix("##")?.split_once("=<")?;
        if !matches!(section, "FILTER" | "INFO" | "FORMAT" | "contig") {
            return None;
        }
        let start = line.len() - body.len();
        let members = members(line, start);
        let value = |key: &str| members.iter().find(|member| member.key == key);
        let index = value("IDX");
        let index_place = index.map(|member| {
            if member.start > start {
                member.start - 1..member.end
            } else {
                member.start..(member.end + 1).min(line.len())
            }
        });
        Some(Self {
            is_contig: section == "contig",
            id: value("ID")?.value,
            index: index.map(|m| m.value),
            index_place,
        })
    }
}

/// `key=value`, and where it stands in its line.
struct Member<'a> {
    key: &'a str,
    value: &'a str,
    start: usize,
    end: usize,
}

/// The members between `<`, which ends before `start`, and `>`. Commas and `>` within quotes separate nothing.
fn members(line: &str, start: usize) -> Vec<Member<'_>> {
    let mut members = Vec::new();
    let mut begin = start;
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b'>' if !quoted => {
                let member = line.get(begin..at).and_then(|text| text.split_once('='));
                members.extend(member.map(|(key, value)| Member { key: key.trim(), value, start: begin, end: at }));
                begin = at + 1;
                if byte == b'>' {
                    break;
                }
            }
            _ => {}
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: &Expect) {
        let shown = match BcfHeader::of_text(text, 2) {
            Ok(header) => {
                format!("{}\n{:?}\n{:?}\n{} samples\n", header.text, header.strings, header.contigs, header.samples)
            }
            Err(fault) => format!("{fault}\n"),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn line_ends_of_other_systems_are_those_of_the_twin() {
        let header = BcfHeader::of_text("##fileformat=VCFv4.4\r\n##FILTER=<ID=q,IDX=1>\r\n#CHROM\tPOS\r", 2).unwrap();
        assert_eq!(header.text, "##fileformat=VCFv4.4\n##FILTER=<ID=q>\n#CHROM\tPOS");
        assert!(header.has_leading_phase);
    }

    #[test]
    fn numbers_are_those_of_the_lines_or_of_idx() {
        check(
            "##fileformat=VCFv4.2\n##contig=<ID=1>\n##INFO=<ID=DP,Number=1>\n##FORMAT=<ID=DP>\n##FILTER=<ID=q\"10>\n\
             ##contig=<ID=X,IDX=3>\n##FILTER=<ID=PASS,Description=\"All, \\\"IDX=9\\\" <x>\",IDX=0>\n\
             ##INFO=<IDX=7,ID=AF>\n##FORMAT=<ID=GT,IDX=4,Number=1>\n##ALT=<ID=DEL,IDX=1>\n\
             #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\nrest",
            &expect![[r##"
                ##fileformat=VCFv4.2
                ##contig=<ID=1>
                ##INFO=<ID=DP,Number=1>
                ##FORMAT=<ID=DP>
                ##FILTER=<ID=q"10>
                ##contig=<ID=X>
                ##FILTER=<ID=PASS,Description="All, \"IDX=9\" <x>">
                ##INFO=<ID=AF>
                ##FORMAT=<ID=GT,Number=1>
                ##ALT=<ID=DEL,IDX=1>
                #CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	a	b

                [Some("PASS"), Some("DP"), None, None, Some("GT"), None, None, Some("AF")]
                [Some("1"), None, None, Some("X")]
                2 samples
            "##]],
        );
    }

    #[test]
    fn headers_that_contradict_themselves_are_faults() {
        let jump = format!("##INFO=<ID=DP,IDX={MAX_INDEX}>\n");
        check(
            &jump,
            &expect![[r#"
                E28: the BCF header cannot be read (an IDX or the number of IDs is larger than 1048576) (line 1)
            "#]],
        );
        check(
            "##x=y\n##INFO=<ID=DP,IDX=3>\n##FILTER=<ID=q,IDX=3>\n",
            &expect![[r#"
                E28: the BCF header cannot be read (two IDs have the IDX 3) (line 3)
            "#]],
        );
        check(
            "##INFO=<ID=DP,IDX=-1>\n",
            &expect![[r#"
                E28: the BCF header cannot be read (an IDX is not a number) (line 1)
            "#]],
        );
    }
}
