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

use crate::batches::{Bounds, Step};
use crate::bcf::{Record, SampleVectors};
use crate::compression::Compression;
use crate::fault::{Cause, Fault};
use crate::genome::Genome;
use crate::judge::{Judge, Stop};
use crate::lines::Limits;
use crate::normalizer::Normalizer;
use crate::policy::Policy;
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
    /// A batch is closed once its records have this many bytes of text, of vectors (BCF) and of annotations.
    pub batch_bytes: usize,
    /// The reference that records are compared with and left-normalized against; none: they stay as they are.
    pub normalize: Option<Arc<Genome>>,
    pub info: InfoForm,
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
            info: InfoForm::Attributes,
            annotations: None,
        }
    }
}

/// What becomes of INFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InfoForm {
    /// The attributes of each record.
    Attributes,
    /// The text, with attributes only where they do not follow from it (`varberg_rows::attributes`).
    Text,
}

/// Reads the records of one part of a VCF file.
pub struct Reader {
    header: Arc<Header>,
    schema: SchemaRef,
    lines: Source,
    bounds: Bounds,
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
            lines: source(input, compression, &part, options.limits)?,
            sites: SiteBuilder::new(&header, annotations, options.info),
            samples: Samples::new(&header, &shape),
            bounds: Bounds::new(options.batch_records, options.batch_bytes),
            normalizer: options.normalize.map(Normalizer::new),
            judge: Judge::new(options.policy, tally),
            header,
            records: 0,
            done: false,
        })
    }

    /// The next records; an empty batch where 1 MiB of lines had none, so that the caller can stop or tell how far it
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

    /// Reads the next line and adds its record, if it is one, to the builders.
    fn next_step(&mut self) -> Result<Step, Fault> {
        let line_number = self.lines.count().saturating_add(1);
        if self.lines.is_open() {
            self.judge.judge_file(Cause::NoFinalNewline)?;
        }
        let Some(record) = self.lines.next_record()? else { return Ok(Step::End) };
        self.judge.line = line_number;
        let length = record.line.len().saturating_add(record.vectors.as_ref().map_or(0, SampleVectors::length));
        let skipped = Step::NoRow(length.saturating_add(1));
        let normalizer = self.normalizer.as_mut();
        match read_record(&record, &self.header, &mut self.sites, &mut self.samples, normalizer, &mut self.judge) {
            Ok(true) => {
                self.records = self.records.saturating_add(1);
                Ok(Step::Row(length.saturating_add(self.sites.annotation_bytes())))
            }
            Ok(false) => Ok(skipped),
            Err(Stop::File(fault)) => Err(*fault),
            Err(Stop::Record) => {
                self.judge.tally.rejected = self.judge.tally.rejected.saturating_add(1);
                Ok(skipped)
            }
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
        columns.push(site.info);
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
    record: &Record<'_>,
    header: &Header,
    sites: &mut SiteBuilder,
    samples: &mut Samples,
    normalizer: Option<&mut Normalizer>,
    judge: &mut Judge,
) -> Result<bool, Stop> {
    let line = match record.line.strip_suffix(b"\r") {
        Some(line) => {
            judge.judge_line(Cause::CarriageReturn)?;
            line
        }
        None => record.line,
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
        return Err(judge.refuse(Cause::NotText, None));
    };
    let site = Site::parse(text, header, judge)?;
    let mut judged = sites.read(&site, header, judge)?;
    if let Some(normalizer) = normalizer
        && let Some(normal) = normal_form(normalizer, &site, judged.end(), judge)?
    {
        judged.put_into(normal);
    }
    samples.push(&site, record.vectors.as_ref(), judge)?;
    sites.push(&site, &judged);
    Ok(true)
}

/// A `#CHROM` line must be the header's own: another one would give the samples other places.
fn check_columns_line(line: &[u8], header: &Header, judge: &mut Judge) -> Result<(), Stop> {
    if line.starts_with(b"#CHROM") && line != header.columns_line().as_bytes() {
        return Err(judge.refuse(Cause::SecondHeader, None));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
