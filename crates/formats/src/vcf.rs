//! VCF to record batches: one row per record, in the shape of `varberg_rows::RecordShape`. In: the stored bytes of one
//! part of a file, text or BCF, and its header. Out: batches bounded in records and bytes, and a tally. Expands nothing per sample.

mod allele;
mod annotations;
mod extent;
mod genotype;
mod header;
mod info;
mod normalizer;
mod percent;
mod site;
mod source;
mod value;
mod write;

pub(crate) use header::declaration;
pub use header::{Header, InfoColumn, read_header};
pub use write::{MergedHeader, merge_headers, put_columns_line, put_record};

use crate::compression::Compression;
use crate::fault::{Cause, Fault};
use crate::genome::Genome;
use crate::lines::Limits;
use crate::normalizer::Normalizer;
use crate::policy::{Policy, Verdict};
use crate::split::Part;
use crate::tally::Tally;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};
use genotype::Samples;
use normalizer::normal_form;
use site::{Site, SiteBuilder};
use source::Source;
use std::io::Read;
use std::sync::Arc;
use varberg_rows::record_columns;

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    pub limits: Limits,
    pub policy: Policy,
    /// Most records of a batch.
    pub batch_records: usize,
    /// A batch is closed once its records have this many bytes of text and of annotations.
    pub batch_bytes: usize,
    /// The reference that records are compared with and left-normalized against; none: they stay as they are.
    pub normalize: Option<Arc<Genome>>,
    /// INFO field of VEP, SnpEff or bcftools csq to parse into the annotations column, which is null without one.
    pub annotations: Option<String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            policy: Policy::lenient(),
            batch_records: 16_384,
            batch_bytes: 8 << 20,
            normalize: None,
            annotations: None,
        }
    }
}

/// Largest `batch_bytes`: with the longest line on top, Arrow's 32-bit offsets still reach.
const MAX_BATCH_BYTES: usize = 256 << 20;
/// Bytes of lines without a record after which the caller gets its turn.
const MAX_IDLE_BYTES: usize = 1 << 20;

/// What was read from a line, with the bytes that count towards a bound.
enum Outcome {
    Record(usize),
    NoRecord(usize),
}

/// Reads the records of one part of a VCF file.
pub struct Reader {
    header: Arc<Header>,
    schema: SchemaRef,
    lines: Source,
    options: ReadOptions,
    sites: SiteBuilder,
    samples: Samples,
    normalizer: Option<Normalizer>,
    judge: Judge,
    records: u64,
    done: bool,
}

impl Reader {
    /// `input` begins at `part.start` of the stored file and goes on to its end; it is read lazily, a little beyond the
    /// end of the part. Whether it is text or BCF, the header knows.
    ///
    /// Faults: a part of a file that cannot be entered in its middle (BCF, gzip, zstd, bzip2); of BCF those of its header;
    /// a header that declares the annotation field twice, if the policy refuses that.
    pub fn new(
        header: Arc<Header>,
        input: Box<dyn Read + Send>,
        compression: Compression,
        part: Part,
        options: ReadOptions,
    ) -> Result<Self, Fault> {
        let source = if header.is_bcf() { Source::bcf } else { Source::text };
        let shape = header.shape();
        let annotations = options.annotations.as_deref();
        let mut tally = Tally::default();
        // The header belongs to the first part.
        if let Some(id) = annotations.filter(|_| part.start == 0) {
            annotations::check_header(&header, id, &options.policy, &mut tally)?;
        }
        Ok(Self {
            schema: shape.arrow_schema(),
            lines: source(input, compression, &part, options.limits.clone())?,
            sites: SiteBuilder::new(&header, annotations),
            samples: Samples::new(&header, &shape),
            normalizer: options.normalize.clone().map(Normalizer::new),
            judge: Judge { policy: options.policy.clone(), tally, line: 0 },
            options: ReadOptions { batch_bytes: options.batch_bytes.min(MAX_BATCH_BYTES), ..options },
            header,
            records: 0,
            done: false,
        })
    }

    /// The next records; an empty batch where 1 MiB of lines had none, so that the caller can stop or tell how far it
    /// is; none after the last. After a fault nothing more is read.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Fault> {
        let (max_rows, max_bytes) = (self.options.batch_records.max(1), self.options.batch_bytes.max(1));
        let (mut rows, mut bytes, mut idle) = (0, 0, 0);
        while !self.done && rows < max_rows && bytes < max_bytes && idle < MAX_IDLE_BYTES {
            match self.next_outcome() {
                Ok(Some(Outcome::Record(length))) => {
                    rows += 1;
                    bytes += length;
                }
                Ok(Some(Outcome::NoRecord(length))) => idle += length,
                Ok(None) => self.done = true,
                Err(fault) => {
                    self.done = true;
                    return Err(fault);
                }
            }
        }
        match rows {
            0 if self.done => Ok(None),
            0 => Ok(Some(RecordBatch::new_empty(Arc::clone(&self.schema)))),
            _ => self.finish_batch().map(Some),
        }
    }

    /// What was counted so far.
    pub fn tally(&self) -> Tally {
        let aliases = self.normalizer.as_ref().map(Normalizer::aliases).cloned().unwrap_or_default();
        let counted = self.judge.tally.clone();
        Tally { lines: self.lines.count(), records: self.records, contig_aliases: aliases, ..counted }
    }

    /// Bytes of the stored file read so far; buffers read ahead.
    pub fn bytes_read(&self) -> u64 {
        self.lines.stored_bytes()
    }

    /// Reads the next line and adds its record, if it is one, to the builders; none at the end of the part.
    fn next_outcome(&mut self) -> Result<Option<Outcome>, Fault> {
        let line_number = self.lines.count().saturating_add(1);
        if self.lines.is_open() {
            self.judge_file(Cause::NoFinalNewline)?;
        }
        let Some(line) = self.lines.next_line()? else { return Ok(None) };
        self.judge.line = line_number;
        let length = line.len();
        let normalizer = self.normalizer.as_mut();
        match read_record(line, &self.header, &mut self.sites, &mut self.samples, normalizer, &mut self.judge) {
            Ok(true) => {
                self.records = self.records.saturating_add(1);
                Ok(Some(Outcome::Record(length.saturating_add(self.sites.annotation_bytes()))))
            }
            Ok(false) => Ok(Some(Outcome::NoRecord(length.saturating_add(1)))),
            Err(Stop::Record) => {
                self.judge.tally.rejected = self.judge.tally.rejected.saturating_add(1);
                Ok(Some(Outcome::NoRecord(length.saturating_add(1))))
            }
            Err(Stop::File(fault)) => Err(*fault),
        }
    }

    /// Judges a fault of the file as a whole, at the line that was read last.
    fn judge_file(&mut self, cause: Cause) -> Result<(), Fault> {
        match self.judge.judge(cause, None, None) {
            Err(Stop::File(fault)) => Err(*fault),
            Err(Stop::Record) | Ok(()) => Ok(()),
        }
    }

    fn finish_batch(&mut self) -> Result<RecordBatch, Fault> {
        let site = self.sites.finish().map_err(|e| unfit(&e))?;
        let rows = site.columns.first().map_or(0, |c| c.len());
        let first = self.records.saturating_sub(u64::try_from(rows).unwrap_or(0));
        let ordinals: Int64Array = (first..self.records).map(|r| i64::try_from(r).unwrap_or(i64::MAX)).collect();
        let mut columns: Vec<ArrayRef> = site.columns;
        debug_assert_eq!(columns.len(), record_columns::RECORD);
        columns.push(Arc::new(ordinals));
        columns.push(site.format);
        columns.push(site.raw);
        columns.push(site.annotations);
        columns.extend(self.samples.finish());
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|e| unfit(&e))
    }
}

/// A batch that Arrow does not take: offsets beyond 32 bits, which the limits are there to prevent.
fn unfit(error: &ArrowError) -> Fault {
    Fault::new(Cause::BatchTooLarge).with_detail(&error.to_string())
}

/// Reads one line; false if it is no record.
fn read_record(
    line: &[u8],
    header: &Header,
    sites: &mut SiteBuilder,
    samples: &mut Samples,
    normalizer: Option<&mut Normalizer>,
    judge: &mut Judge,
) -> Result<bool, Stop> {
    let line = match line.strip_suffix(b"\r") {
        Some(line) => {
            judge.judge_line(Cause::CarriageReturn)?;
            line
        }
        None => line,
    };
    match line.first() {
        Some(b'#') => {
            check_columns_line(line, header, judge)?;
            return Ok(false);
        }
        Some(_) => {}
        None => {
            judge.judge_line(Cause::BlankLine)?;
            return Ok(false);
        }
    }
    let Ok(text) = std::str::from_utf8(line) else {
        judge.refuse(Cause::NotText, None)?;
        return Ok(false);
    };
    let site = Site::parse(text, header, judge)?;
    let mut judged = sites.read(&site, header, judge)?;
    if let Some(normalizer) = normalizer
        && let Some(normal) = normal_form(normalizer, &site, judged.end(), judge)?
    {
        judged.put_into(normal);
    }
    samples.push(&site, judge)?;
    sites.push(&site, &judged);
    Ok(true)
}

/// A `#CHROM` line must be the header's own: another one would give the samples other places.
fn check_columns_line(line: &[u8], header: &Header, judge: &mut Judge) -> Result<(), Stop> {
    if line.starts_with(b"#CHROM") && line != header.columns_line().as_bytes() {
        judge.refuse(Cause::SecondHeader, None)?;
    }
    Ok(())
}

/// Why a record was not read.
pub(crate) enum Stop {
    /// It is left out.
    Record,
    /// The file is refused.
    File(Box<Fault>),
}

/// Applies the policy to the faults of records and counts the tolerated ones.
pub(crate) struct Judge {
    policy: Policy,
    tally: Tally,
    line: u64,
}

impl Judge {
    /// Judges a fault after which the record can still be read.
    pub(crate) fn judge(&mut self, cause: Cause, site: Option<&Site<'_>>, key: Option<&str>) -> Result<(), Stop> {
        match self.policy.verdict(cause) {
            Verdict::Accept => Ok(()),
            Verdict::Warn => {
                self.tally.warn(cause, self.line);
                Ok(())
            }
            Verdict::RejectRecord => {
                self.tally.warn(cause, self.line);
                Err(Stop::Record)
            }
            Verdict::RejectFile => Err(self.fault(cause, site, key)),
        }
    }

    /// Judges a line that is no record: there is nothing that could be left out.
    fn judge_line(&mut self, cause: Cause) -> Result<(), Stop> {
        match self.judge(cause, None, None) {
            Err(Stop::Record) => Ok(()),
            judged => judged,
        }
    }

    /// Judges a fault after which the record cannot be read: never accepted.
    pub(crate) fn refuse(&mut self, cause: Cause, site: Option<&Site<'_>>) -> Result<(), Stop> {
        match self.policy.verdict(cause) {
            Verdict::RejectRecord => {
                self.tally.warn(cause, self.line);
                Err(Stop::Record)
            }
            Verdict::Accept | Verdict::Warn | Verdict::RejectFile => Err(self.fault(cause, site, None)),
        }
    }

    fn fault(&self, cause: Cause, site: Option<&Site<'_>>, key: Option<&str>) -> Stop {
        let mut fault = Fault::new(cause).at_line(self.line);
        if let Some(site) = site {
            fault = fault.with_place(site.place());
        }
        if let Some(key) = key {
            fault = fault.with_key(key.as_bytes());
        }
        Stop::File(Box::new(fault))
    }
}

#[cfg(test)]
mod tests;
