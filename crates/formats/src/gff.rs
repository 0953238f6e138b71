//! GFF3 to record batches: one row per feature, in the shape of `varberg_rows::feature_schema`. In: the stored bytes of
//! one part of a file. Out: batches bounded in features and bytes, and a tally.
//!
//! Source: Generic Feature Format Version 3, 1.26 (The Sequence Ontology); columns and spellings: spec 6.3, 12.2.
//!
//! - Coordinates become 0-based and half-open; `.` is null; texts are percent-decoded, lists being split before.
//! - Tags are matched ignoring case and underscores; those without a column go to `information`, key in lower case. A tag
//!   that stands twice has its values joined, so that none is lost. An attribute without `=` is a key without a value.
//! - Lines that begin with `#` are skipped but for `##gff-version`, which must be 3; `##FASTA` or `>` end the features.
//! - Each line is judged by itself, because others may lie in other parts. What only several lines together show is not
//!   found: a Parent that is not in the file, is the feature's own child, lies on another sequence or behind `###`; an ID of
//!   several features that are not one; phases that do not follow from those before; a second `##sequence-region` of a
//!   sequence, and features outside of it. Nor is what only a vocabulary knows: types that are not in the Sequence
//!   Ontology, names of databases. Target and Gap are not compared with the feature.

mod attributes;
mod builder;
mod feature;
mod forms;
mod percent;
mod tag;

use crate::batches::{Bounds, Step};
use crate::compression::Compression;
use crate::fault::{Cause, Fault};
use crate::judge::{Judge, Stop};
use crate::lines::{Limits, Lines};
use crate::policy::Policy;
use crate::split::Part;
use crate::tally::Tally;
use arrow_array::RecordBatch;
use attributes::{Attributes, Line};
use builder::FeatureBuilder;
use feature::Feature;
use percent::Escapes;
use std::io::Read;
use std::sync::Arc;
use tag::Tag;

/// How attributes become columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// As the GFF3 specification says.
    Gff3,
    /// As HealthOmics does (spec 12.2): no percent-decoding, blanks kept; a tag fills its column only if it is spelled
    /// like it but for case, so that `Derives_from` and `Ontology_term` go to `information`, lists as `[a, b]`.
    HealthOmics,
}

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    pub limits: Limits,
    pub policy: Policy,
    pub dialect: Dialect,
    /// Most features of a batch.
    pub batch_records: usize,
    /// A batch is closed once its lines have this many bytes.
    pub batch_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            policy: Policy::lenient(),
            dialect: Dialect::Gff3,
            batch_records: 16_384,
            batch_bytes: 8 << 20,
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What was read from a line.
enum Outcome {
    Feature,
    NoFeature,
    /// The features end here.
    End,
}

/// Reads the features of one part of a GFF3 file.
pub struct Reader {
    lines: Lines,
    dialect: Dialect,
    bounds: Bounds,
    is_first_part: bool,
    attributes: Attributes,
    features: FeatureBuilder,
    judge: Judge,
    records: u64,
    done: bool,
    has_ended: bool,
}

impl Reader {
    /// `input` begins at `part.start` of the stored file and goes on to its end; it is read lazily, a little beyond the
    /// end of the part.
    ///
    /// Faults: a part of a file that cannot be entered in its middle.
    pub fn new(
        input: Box<dyn Read + Send>,
        compression: Compression,
        part: Part,
        options: ReadOptions,
    ) -> Result<Self, Fault> {
        if !compression.can_be_split() && part != Part::WHOLE {
            return Err(Fault::new(Cause::Io).with_detail("a file in this compression cannot be read in parts"));
        }
        Ok(Self {
            lines: Lines::new(input, compression, &part, options.limits),
            is_first_part: part.start == 0,
            attributes: Attributes::default(),
            features: FeatureBuilder::new(),
            dialect: options.dialect,
            bounds: Bounds::new(options.batch_records, options.batch_bytes),
            judge: Judge::new(options.policy, Tally::default()),
            records: 0,
            done: false,
            has_ended: false,
        })
    }

    /// The next features; an empty batch where 1 MiB of lines had none, so that the caller can stop or tell how far it
    /// is; none after the last. After a fault nothing more is read.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Fault> {
        if self.done {
            return Ok(None);
        }
        let bounds = self.bounds;
        let filled = bounds.fill(|| self.next_step()).inspect_err(|_| self.done = true)?;
        self.done = filled.is_last;
        match filled.rows {
            0 if filled.is_last => Ok(None),
            0 => Ok(Some(RecordBatch::new_empty(Arc::clone(self.features.schema())))),
            rows => {
                let first = self.records.saturating_sub(u64::try_from(rows).unwrap_or(0));
                let batch = self.features.finish(first..self.records);
                // Offsets beyond 32 bits, which the limits are there to prevent.
                batch.map(Some).map_err(|e| Fault::new(Cause::BatchTooLarge).with_detail(&e.to_string()))
            }
        }
    }

    /// Whether the features end in this part, at `##FASTA` or a `>` line: of the parts that follow nothing counts, neither
    /// rows nor tallies nor faults. Known once [`next_batch`](Self::next_batch) gave none.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// What was counted so far.
    pub fn tally(&self) -> Tally {
        Tally { lines: self.lines.count(), records: self.records, ..self.judge.tally.clone() }
    }

    /// Bytes of the stored file read so far; buffers read ahead.
    pub fn bytes_read(&self) -> u64 {
        self.lines.stored_bytes()
    }

    /// Reads the next line and adds its feature, if it is one, to the builders.
    fn next_step(&mut self) -> Result<Step, Fault> {
        let number = self.lines.count().saturating_add(1);
        if self.lines.is_open() {
            self.judge.judge_file(Cause::NoFinalNewline)?;
        }
        let Some(mut line) = self.lines.next_line()? else { return Ok(Step::End) };
        self.judge.line = number;
        let length = line.len();
        let skipped = Step::NoRow(length.saturating_add(1));
        let read = if self.is_first_part && number == 1 { read_first_line(&mut line, &mut self.judge) } else { Ok(()) };
        let read = read
            .and_then(|()| read_line(line, self.dialect, &mut self.attributes, &mut self.features, &mut self.judge));
        match read {
            Ok(Outcome::Feature) => {
                self.records = self.records.saturating_add(1);
                Ok(Step::Row(length))
            }
            Ok(Outcome::NoFeature) => Ok(skipped),
            Ok(Outcome::End) => {
                self.has_ended = true;
                Ok(Step::End)
            }
            Err(Stop::File(fault)) => Err(*fault),
            Err(Stop::Record) => {
                self.judge.tally.rejected = self.judge.tally.rejected.saturating_add(1);
                Ok(skipped)
            }
        }
    }
}

/// What GFF3 asks of the first line of a file; a byte order mark is taken off it.
fn read_first_line(line: &mut &[u8], judge: &mut Judge) -> Result<(), Stop> {
    if let Some(rest) = line.strip_prefix(BYTE_ORDER_MARK) {
        *line = rest;
        judge.judge_line(Cause::ByteOrderMark)?;
    }
    if version(line).is_none() { judge.judge_line(Cause::MissingGffVersion) } else { Ok(()) }
}

/// What a `##gff-version` line says.
fn version(line: &[u8]) -> Option<&[u8]> {
    after(line, b"##gff-version").map(<[u8]>::trim_ascii)
}

/// What follows a directive; none if the line is another one.
fn after<'a>(line: &'a [u8], directive: &[u8]) -> Option<&'a [u8]> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    line.strip_prefix(directive).filter(|rest| rest.first().is_none_or(is_blank))
}

/// Reads one line.
fn read_line(
    line: &[u8],
    dialect: Dialect,
    attributes: &mut Attributes,
    features: &mut FeatureBuilder,
    judge: &mut Judge,
) -> Result<Outcome, Stop> {
    let line = match line.strip_suffix(b"\r") {
        Some(line) => {
            judge.judge_line(Cause::CarriageReturn)?;
            line
        }
        None => line,
    };
    match line.first() {
        Some(b'#') => return read_directive(line, judge),
        Some(b'>') => return Ok(Outcome::End),
        // "Blank lines should be ignored by parsers."
        None => return Ok(Outcome::NoFeature),
        Some(_) => {}
    }
    let Ok(text) = std::str::from_utf8(line) else { return Err(judge.refuse(Cause::NotText, None)) };
    if has_control(line) {
        judge.judge(Cause::ControlCharacter, None, None)?;
    }
    let escapes = match dialect {
        Dialect::Gff3 if memchr::memchr(b'%', line).is_some() => Escapes::Decoded,
        Dialect::Gff3 | Dialect::HealthOmics => Escapes::Kept,
    };
    let feature = Feature::parse(text, escapes, judge)?;
    let line = Line { dialect, escapes, place: feature.place, text: feature.attributes.unwrap_or_default() };
    attributes.read(&line, judge)?;
    features.push(&feature, &line, attributes);
    Ok(Outcome::Feature)
}

fn read_directive(line: &[u8], judge: &mut Judge) -> Result<Outcome, Stop> {
    if let Some(version) = version(line)
        && version != b"3"
        && !version.starts_with(b"3.")
    {
        judge.judge_line(Cause::GffVersion)?;
    }
    if let Some(region) = after(line, b"##sequence-region")
        && !std::str::from_utf8(region).is_ok_and(forms::is_region)
    {
        judge.judge_line(Cause::SequenceRegion)?;
    }
    let is_end = line.strip_prefix(b"##FASTA").is_some_and(|rest| rest.trim_ascii().is_empty());
    Ok(if is_end { Outcome::End } else { Outcome::NoFeature })
}

/// Whether a line has a control character other than the tab; without branches, so that many bytes are compared at once.
fn has_control(line: &[u8]) -> bool {
    line.iter().fold(false, |found, byte| found | ((*byte < b' ') & (*byte != b'\t')) | (*byte == 0x7f))
}

impl Line<'_> {
    /// Whether the values of a tag in the information map are shown as a list.
    fn shows_brackets(&self, tag: Tag) -> bool {
        self.dialect == Dialect::HealthOmics && tag.is_list()
    }
}

#[cfg(test)]
mod tests;
