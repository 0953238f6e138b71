//! The VCF header: versions, declarations and columns to column rules (spec 7.2). In: text up to the `#CHROM` line.
//! Out: [`Header`]. Faults that HealthOmics names clearly end the reading; odd declarations are counted and read as
//! `Number=.,Type=String`.

pub(crate) mod declaration;
mod standard;

pub(crate) use declaration::is_contig_name;
pub(crate) use standard::{standard_formats, standard_info};

use crate::bcf::{self, BcfHeader};
use crate::fault::{Cause, Fault};
use crate::lines::{Limits, limit};
use crate::policy::{Policy, Verdict};
use crate::tally::Tally;
use declaration::{Declaration, Section};
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Read};
use std::sync::Arc;
use varberg_model::InfoType;
use varberg_rows::{FormatColumn, Number, RecordShape, ValueKind};

pub(super) const COLUMNS: [&str; 8] = ["CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"];

/// The header of a VCF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    text: String,
    is_bcf: bool,
    version: (u32, u32),
    samples: Arc<[String]>,
    /// Whether the `#CHROM` line has a FORMAT column.
    has_format: bool,
    formats: Vec<FormatColumn>,
    infos: HashMap<String, InfoColumn>,
    tally: Tally,
}

/// A declared INFO field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfoColumn {
    pub number: Number,
    pub kind: ValueKind,
}

impl Header {
    /// What the record batches of this file look like.
    pub fn shape(&self) -> RecordShape {
        RecordShape { samples: Arc::clone(&self.samples), formats: self.formats.clone() }
    }

    /// Sample names, in column order.
    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    /// Major and minor version, as in `VCFv4.2`.
    pub fn version(&self) -> (u32, u32) {
        self.version
    }

    /// The header as written, the `#CHROM` line and all line ends included; of BCF without the `IDX` members, as VCF has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The declaration of an INFO key, after the standard-field repair.
    pub fn info(&self, key: &str) -> Option<&InfoColumn> {
        self.infos.get(key)
    }

    /// Lines of the header and what was odd in them. The reader of the first part counts the same lines again.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether the records after it are those of BCF.
    pub fn is_bcf(&self) -> bool {
        self.is_bcf
    }

    /// Whether the header itself has a line for a FORMAT key.
    pub(crate) fn declares_format(&self, key: &str) -> bool {
        self.formats.iter().any(|format| format.declared && format.id == key)
    }

    /// Line number and description of every INFO line of an id, in order; no text where a line has no description.
    pub(crate) fn info_descriptions(&self, id: &str) -> impl Iterator<Item = (u64, String)> {
        let described = move |(line, text): (u64, &str)| {
            let (own, description) = declaration::description(text.strip_prefix("##INFO=")?)?;
            (own == id).then_some((line, description))
        };
        (1..).zip(self.text.lines()).filter_map(described)
    }

    /// Whether the `#CHROM` line has a FORMAT column.
    pub fn has_format(&self) -> bool {
        self.has_format
    }

    /// The `#CHROM` line, without its line end.
    pub(crate) fn columns_line(&self) -> &str {
        self.text.lines().next_back().unwrap_or_default()
    }

    /// The INFO keys that tables have columns for, with their types: numbers and flags, in the order of their names.
    pub fn typed_infos(&self) -> Vec<(String, InfoType)> {
        let kind = |column: &InfoColumn| match (column.kind, column.number) {
            (ValueKind::Integer, Number::Count(1)) => Some(InfoType::Integer),
            (ValueKind::Float, Number::Count(1)) => Some(InfoType::Float),
            (ValueKind::Integer, _) => Some(InfoType::Integers),
            (ValueKind::Float, _) => Some(InfoType::Floats),
            (ValueKind::Flag, _) => Some(InfoType::Flag),
            (ValueKind::Character | ValueKind::String, _) => None,
        };
        let mut typed: Vec<_> = self.infos().filter_map(|(key, own)| Some((key.to_owned(), kind(own)?))).collect();
        typed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        typed
    }

    pub(crate) fn infos(&self) -> impl Iterator<Item = (&str, &InfoColumn)> {
        self.infos.iter().map(|(key, column)| (key.as_str(), column))
    }
}

/// Reads the header of a VCF or BCF file, told apart by its first bytes; stops after the `#CHROM` line.
///
/// Faults: the codes E1 to E6, E10 and E11 of spec 11, the header limit, text that is not UTF-8, damaged compression;
/// a BCF header that cannot be read.
pub fn read_header(input: &mut dyn BufRead, limits: &Limits, policy: &Policy) -> Result<Header, Fault> {
    let start = bcf::read_start(input).map_err(|f| f.at_line(1))?;
    match bcf::read_magic(&start)? {
        Some(minor) => {
            let header = BcfHeader::read(input, minor, limits)?;
            let read = read_text(&mut header.text().as_bytes(), limits, policy)?;
            Ok(Header { is_bcf: true, ..read })
        }
        None => read_text(&mut start.chain(input), limits, policy),
    }
}

fn read_text(input: &mut dyn BufRead, limits: &Limits, policy: &Policy) -> Result<Header, Fault> {
    let mut parser = Parser::new(policy);
    let mut line = Vec::new();
    loop {
        line.clear();
        read_line(input, &mut line, limits, parser.text.len()).map_err(|f| f.at_line(parser.line + 1))?;
        if line.is_empty() {
            return Err(parser.no_columns());
        }
        parser.line += 1;
        let text = std::str::from_utf8(&line).map_err(|_| parser.not_text(&line))?;
        parser.text.push_str(text);
        if parser.read_line(text.trim_end_matches(['\n', '\r']))? {
            return parser.finish();
        }
    }
}

/// Reads through the next newline, under the header's limit.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>, limits: &Limits, before: usize) -> Result<(), Fault> {
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::from_io(&error)),
        };
        let newline = memchr::memchr(b'\n', buffer);
        let length = newline.map_or(buffer.len(), |end| end + 1);
        if before.saturating_add(line.len()).saturating_add(length) > limits.max_header_bytes {
            return Err(limit(Cause::HeaderTooLong, limits.max_header_bytes, "max_header_bytes"));
        }
        line.extend_from_slice(buffer.get(..length).unwrap_or_default());
        input.consume(length);
        if newline.is_some() || length == 0 {
            return Ok(());
        }
    }
}

struct Parser<'a> {
    policy: &'a Policy,
    text: String,
    line: u64,
    version: Option<(u32, u32)>,
    columns: Option<(bool, Vec<String>)>,
    formats: Vec<FormatColumn>,
    format_ids: HashSet<String>,
    infos: HashMap<String, InfoColumn>,
    tally: Tally,
}

impl<'a> Parser<'a> {
    fn new(policy: &'a Policy) -> Self {
        Self {
            policy,
            text: String::new(),
            line: 0,
            version: None,
            columns: None,
            formats: Vec::new(),
            format_ids: HashSet::new(),
            infos: HashMap::new(),
            tally: Tally::default(),
        }
    }

    fn judge(&mut self, cause: Cause, key: Option<&str>) -> Result<(), Fault> {
        match self.policy.verdict(cause) {
            Verdict::Accept => Ok(()),
            Verdict::Warn => {
                self.tally.warn(cause, self.line);
                Ok(())
            }
            Verdict::RejectRecord | Verdict::RejectFile => {
                let fault = Fault::new(cause).at_line(self.line);
                Err(match key {
                    Some(key) => fault.with_key(key.as_bytes()),
                    None => fault,
                })
            }
        }
    }

    /// The end of the input, or a record, before a `#CHROM` line.
    fn no_columns(&self) -> Fault {
        let cause = if self.text.is_empty() { Cause::NoHeader } else { Cause::MissingChromLine };
        Fault { line: (self.line > 0).then_some(self.line), ..Fault::new(cause) }
    }

    fn not_text(&self, line: &[u8]) -> Fault {
        let fault = Fault::new(if self.line == 1 { Cause::NoHeader } else { Cause::NotText }).at_line(self.line);
        match other_format(line).filter(|_| self.line == 1) {
            Some(what) => fault.with_detail(what),
            None => fault,
        }
    }

    /// Reads a line without its end; true if it was the last one.
    fn read_line(&mut self, line: &str) -> Result<bool, Fault> {
        if let Some(meta) = line.strip_prefix("##") {
            if self.line == 1 && meta.starts_with("gff-version") {
                return Err(Fault::new(Cause::NoHeader).at_line(1).with_detail("this looks like GFF3"));
            }
            self.read_meta(meta)?;
            return Ok(false);
        }
        if let Some(columns) = line.strip_prefix('#') {
            if self.version.is_none() {
                self.judge(Cause::MissingFileformat, None)?;
            }
            self.read_columns(columns)?;
            return Ok(true);
        }
        if line.is_empty() && self.line > 1 {
            self.judge(Cause::HeaderBlankLine, None)?;
            return Ok(false);
        }
        let fault = Fault::new(if self.line == 1 { Cause::NoHeader } else { Cause::MissingChromLine });
        let detail = match self.line {
            1 => other_format(line.as_bytes()),
            _ => Some("this line begins with neither ## nor #CHROM"),
        };
        Err(detail.into_iter().fold(fault, |fault, detail| fault.with_detail(detail)).at_line(self.line))
    }

    fn read_meta(&mut self, meta: &str) -> Result<(), Fault> {
        let version = meta.strip_prefix("fileformat=").or_else(|| meta.strip_prefix("format="));
        if let Some(version) = version.filter(|version| !version.is_empty()) {
            return self.read_version(version.trim());
        }
        let (section, body) = match meta.split_once('=') {
            Some(("INFO", body)) => (Section::Info, body),
            Some(("FORMAT", body)) => (Section::Format, body),
            Some(("FILTER", body)) => (Section::Filter, body),
            Some(("contig", body)) => (Section::Contig, body),
            Some(("ALT", body)) => (Section::Alt, body),
            Some(("SAMPLE", body)) => (Section::Sample, body),
            Some(("PEDIGREE", body)) => (Section::Pedigree, body),
            Some(("META", body)) => (Section::Meta, body),
            Some((key, value)) if !key.is_empty() && !matches!(value, "" | "<>") => return Ok(()),
            _ => return self.judge(Cause::UnusedHeaderLine, None),
        };
        let read = declaration::parse(section, body, self.version.unwrap_or((4, 2)));
        for problem in read.problems {
            self.judge(problem, read.declaration.as_ref().map(|d| d.id.as_str()))?;
        }
        match (section, read.declaration) {
            (Section::Info, Some(declared)) => self.declare_info(declared),
            (Section::Format, Some(declared)) => self.declare_format(declared),
            _ => Ok(()),
        }
    }

    fn read_version(&mut self, text: &str) -> Result<(), Fault> {
        let numbers = text.strip_prefix("VCFv").or_else(|| text.strip_prefix("VCRv")).unwrap_or_default();
        let numbers = numbers.split_once('.').map(|(a, b)| (a.parse::<u32>(), b.parse::<u32>()));
        let version = match numbers {
            Some((Ok(major), Ok(minor))) => (major, minor),
            _ => (0, 0),
        };
        match version {
            (4, 0..=3) => {}
            (4, 4..=5) => self.judge(Cause::NewVersion, None)?,
            (1..=3, _) => self.judge(Cause::OldVersion, None)?,
            _ => self.judge(Cause::UnsupportedVersion, None)?,
        }
        self.version = Some(self.version.unwrap_or(version));
        Ok(())
    }

    fn declare_info(&mut self, declared: Declaration) -> Result<(), Fault> {
        let (number, kind) = declaration::repair(Section::Info, &declared);
        if self.infos.contains_key(&declared.id) {
            return self.judge(Cause::DuplicateDeclaration, Some(&declared.id));
        }
        self.infos.insert(declared.id, InfoColumn { number, kind });
        Ok(())
    }

    fn declare_format(&mut self, declared: Declaration) -> Result<(), Fault> {
        let (number, kind) = declaration::repair(Section::Format, &declared);
        if !self.format_ids.insert(declared.id.clone()) {
            return self.judge(Cause::DuplicateDeclaration, Some(&declared.id));
        }
        self.formats.push(FormatColumn { id: declared.id, number, kind, declared: true });
        Ok(())
    }

    fn read_columns(&mut self, line: &str) -> Result<(), Fault> {
        let names: Vec<&str> = line.split('\t').collect();
        let fixed = names.get(..COLUMNS.len()).unwrap_or(&names);
        if fixed.iter().any(|name| !COLUMNS.contains(name)) {
            return self.judge(Cause::HeaderColumnName, None);
        }
        if fixed.len() < COLUMNS.len() {
            return self.judge(Cause::TooFewHeaderColumns, None);
        }
        if fixed != COLUMNS {
            return self.judge(Cause::HeaderColumnOrder, None);
        }
        let mut rest = names.into_iter().skip(COLUMNS.len());
        let has_format = match rest.next() {
            None => false,
            Some("FORMAT") => true,
            Some(_) => return self.judge(Cause::HeaderColumnName, None),
        };
        let samples: Vec<String> = rest.map(str::to_owned).collect();
        if has_format && samples.is_empty() {
            self.judge(Cause::FormatWithoutSamples, None)?;
        }
        let mut seen = HashSet::new();
        if !samples.iter().all(|name| seen.insert(name.as_str())) {
            return self.judge(Cause::DuplicateSamples, None);
        }
        self.columns = Some((has_format, samples));
        Ok(())
    }

    fn finish(mut self) -> Result<Header, Fault> {
        // All faults above that leave no columns are final for every policy.
        let (has_format, samples) = self.columns.ok_or_else(|| Fault::new(Cause::MissingChromLine))?;
        if !samples.is_empty() && !self.format_ids.contains("GT") {
            self.formats.push(undeclared_genotype());
        }
        Ok(Header {
            text: self.text,
            is_bcf: false,
            version: self.version.unwrap_or((4, 2)),
            samples: samples.into(),
            has_format,
            formats: self.formats,
            infos: self.infos,
            tally: Tally { lines: self.line, ..self.tally },
        })
    }
}

/// GT of a file with samples whose header forgot it: every reader of VCF knows what it means.
fn undeclared_genotype() -> FormatColumn {
    FormatColumn { id: "GT".to_owned(), number: Number::Count(1), kind: ValueKind::String, declared: false }
}

/// What a first line that is no VCF's looks like.
fn other_format(line: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 8] = [
        (b"BAM\x01", "this looks like BAM"),
        (b"CRAM", "this looks like CRAM"),
        (b"@HD\t", "this looks like SAM"),
        (b"@SQ\t", "this looks like SAM"),
        (b">", "this looks like FASTA"),
        (b"track ", "this looks like BED"),
        (b"browser ", "this looks like BED"),
        (b"{", "this looks like JSON"),
    ];
    if let Some((_, what)) = STARTS.iter().find(|(start, _)| line.starts_with(start)) {
        return Some(what);
    }
    // `chr1 <tab> 100 <tab> 200`: a VCF record has no number in its third column, the ID, as a rule.
    let mut columns = line.split(|b| *b == b'\t').skip(1);
    let mut number = || columns.next().is_some_and(|c| !c.is_empty() && c.iter().all(u8::is_ascii_digit));
    (number() && number()).then_some("this looks like BED")
}

#[cfg(test)]
mod tests;
