//! Delimited text (TSV, CSV) to record batches in the shape of a TSV annotation store, as Spark's CSV reader reads it with
//! `mode = FAILFAST` (spec 12.3). In: the stored bytes of one part of a file. Out: batches bounded in rows and bytes, and
//! a tally. Columns are bound by position, never by the header's names.
//!
//! **Parts.** A value never spans lines (see `lines`), so parts may begin at any line of a plain or BGZF file in UTF-8 or
//! ASCII whose lines end with one of the usual ends or one byte: after the header line, which [`Head`] knows.
//!
//! **Left-normalization** of the three types that have alleles is done where a reference is given; see `normal`. Without
//! one, ALT is the text of the file.

mod columns;
mod fields;
mod head;
mod lines;
mod normal;
mod text;
mod value;

pub use head::{Head, read_head};

use crate::batches::{Bounds, Step};
use crate::compression::{Compression, Decoder};
use crate::fault::{Cause, Fault};
use crate::genome::Genome;
use crate::lines::Limits;
use crate::policy::{Policy, Verdict};
use crate::split::Part;
use crate::tally::Tally;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, SchemaRef};
use columns::Columns;
use fields::Splitter;
use lines::Lines;
use normal::RowNormalizer;
use std::io::Read;
use std::sync::Arc;
use text::Text;
use varberg_model::{Dialect, Encoding, TableSchema, TsvStoreOptions};
use varberg_rows::arrow_schema;

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    pub limits: Limits,
    pub policy: Policy,
    /// Most rows of a batch.
    pub batch_records: usize,
    /// A batch is closed once its lines have this many bytes.
    pub batch_bytes: usize,
    /// The reference that rows with alleles are compared with and left-normalized against; none: they stay as they are.
    pub normalize: Option<Arc<Genome>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            policy: Policy::lenient(),
            batch_records: 16_384,
            batch_bytes: 8 << 20,
            normalize: None,
        }
    }
}

/// Reads the rows of one part of a file.
pub struct Reader {
    schema: SchemaRef,
    lines: Lines,
    comment: Vec<u8>,
    awaits_header: bool,
    rows: Rows,
    policy: Policy,
    bounds: Bounds,
    tally: Tally,
    done: bool,
}

impl Reader {
    /// `input` begins at `part.start` of the stored file and goes on to its end; it is read lazily, a little beyond the
    /// end of the part.
    ///
    /// Faults: a part that begins or ends where [`Head`] allows no cut.
    pub fn new(
        store: &TsvStoreOptions,
        head: &Head,
        input: Box<dyn Read + Send>,
        compression: Compression,
        part: Part,
        options: Options,
    ) -> Result<Self, Fault> {
        let is_allowed = |cut: u64| compression.can_be_split() && head.may_cut(cut);
        if (part.start > 0 && !is_allowed(part.start)) || part.end.is_some_and(|end| !is_allowed(end)) {
            return Err(Fault::new(Cause::Io).with_detail("this file cannot be read in these parts"));
        }
        let mark = part.end.map(|end| end.saturating_sub(part.start));
        let text = Text::new(Decoder::new(input, compression).with_mark(mark), head.encoding());
        let dialect = head.dialect();
        let columns = Columns::new(store);
        Ok(Self {
            schema: batch_schema(store),
            lines: Lines::new(text, &dialect.line_sep, part.start, options.limits),
            comment: comment(dialect),
            awaits_header: dialect.header && part.start == 0,
            rows: Rows {
                is_ascii: head.encoding() == Encoding::UsAscii,
                leaves_out: options.policy.verdict(Cause::FieldValue) == Verdict::RejectRecord,
                splitter: Splitter::new(dialect, columns.len()),
                columns,
                normalizer: options.normalize.and_then(|genome| RowNormalizer::new(store, genome)),
            },
            bounds: Bounds::new(options.batch_records, options.batch_bytes),
            policy: options.policy,
            tally: Tally::default(),
            done: false,
        })
    }

    /// The columns of the batches: those of the table without `importjobid` and `_item`, which the caller knows.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next rows; an empty batch where 1 MiB of lines had none, so that the caller can stop or tell how far it is; none
    /// after the last. After a fault nothing more is read.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Fault> {
        if self.done {
            return Ok(None);
        }
        let bounds = self.bounds;
        let filled = bounds.fill(|| self.next_step()).inspect_err(|_| self.done = true)?;
        self.done = filled.is_last;
        match filled.rows {
            0 if filled.is_last => Ok(None),
            0 => Ok(Some(RecordBatch::new_empty(self.schema()))),
            rows => self.finish_batch(rows).map(Some).inspect_err(|_| self.done = true),
        }
    }

    /// What was counted so far.
    pub fn tally(&self) -> Tally {
        let aliases = self.rows.normalizer.as_ref().map(RowNormalizer::aliases).cloned().unwrap_or_default();
        Tally { lines: self.lines.count(), contig_aliases: aliases, ..self.tally.clone() }
    }

    /// Bytes of the stored file read so far; buffers read ahead.
    pub fn bytes_read(&self) -> u64 {
        self.lines.stored_bytes()
    }

    /// Reads the next line and adds its row, if it has one, to the columns.
    fn next_step(&mut self) -> Result<Step, Fault> {
        let number = self.lines.count().saturating_add(1);
        let Some(line) = self.lines.next_line()? else { return Ok(Step::End) };
        let skipped = Step::NoRow(line.len().saturating_add(1));
        if self.awaits_header {
            self.awaits_header = is_before_header(line, &self.comment);
            return Ok(skipped);
        }
        if is_skipped(line, &self.comment) {
            return Ok(skipped);
        }
        match self.rows.read(line, &self.policy) {
            Ok(tolerated) => {
                tolerated.into_iter().for_each(|cause| self.tally.warn(cause, number));
                self.tally.records = self.tally.records.saturating_add(1);
                Ok(Step::Row(line.len().saturating_add(self.rows.columns.len())))
            }
            Err(fault) if self.policy.verdict(fault.cause) == Verdict::RejectRecord => {
                self.tally.warn(fault.cause, number);
                self.tally.rejected = self.tally.rejected.saturating_add(1);
                Ok(skipped)
            }
            Err(fault) => Err(fault.at_line(number)),
        }
    }

    fn finish_batch(&mut self, rows: usize) -> Result<RecordBatch, Fault> {
        let unfit = |error: ArrowError| Fault::new(Cause::BatchTooLarge).with_detail(&error.to_string());
        let mut arrays: Vec<ArrayRef> = self.rows.columns.finish().map_err(unfit)?;
        // `information`, unless it is declared, holds nothing (spec 6.4).
        if let Some(field) = self.schema.fields().get(arrays.len()).filter(|field| field.name() == "information") {
            arrays.push(new_null_array(field.data_type(), rows));
        }
        let first = self.tally.records.saturating_sub(u64::try_from(rows).unwrap_or(0));
        let ordinals = (first..self.tally.records).map(|r| i64::try_from(r).unwrap_or(i64::MAX));
        arrays.push(Arc::new(Int64Array::from_iter_values(ordinals)));
        RecordBatch::try_new(self.schema(), arrays).map_err(unfit)
    }
}

fn batch_schema(store: &TsvStoreOptions) -> SchemaRef {
    let mut table = TableSchema::annotations_tsv(store);
    table.columns.retain(|column| column.name != "importjobid" && column.name != "_item");
    arrow_schema(&table)
}

fn comment(dialect: &Dialect) -> Vec<u8> {
    dialect.comment.map(String::from).unwrap_or_default().into_bytes()
}

/// Whether a line is blank or a comment: no row.
#[inline]
fn is_skipped(line: &[u8], comment: &[u8]) -> bool {
    let is_blank = line.first().is_none_or(|first| *first <= b' ') && value::trim(line).is_empty();
    is_blank || (comment.first().is_some_and(|first| line.first() == Some(first)) && line.starts_with(comment))
}

/// Whether the header line is still to come after this one. Spark allows blanks before these comments, and only these.
fn is_before_header(line: &[u8], comment: &[u8]) -> bool {
    is_skipped(value::trim(line), comment)
}

/// Rows under construction.
struct Rows {
    is_ascii: bool,
    /// Rows with a wrong value are left out.
    leaves_out: bool,
    splitter: Splitter,
    columns: Columns,
    /// None unless it was asked for.
    normalizer: Option<RowNormalizer>,
}

impl Rows {
    /// Adds the row of a line to the columns, and returns what was tolerated with a warning.
    #[inline]
    fn read(&mut self, line: &[u8], policy: &Policy) -> Result<Option<Cause>, Fault> {
        if std::str::from_utf8(line).is_err() || (self.is_ascii && !line.is_ascii()) {
            return Err(Fault::new(Cause::NotText).with_detail("or name its encoding in readOptions.encoding"));
        }
        let count = self.splitter.split(line).map_err(|_| Fault::new(Cause::OpenQuote))?;
        if count != self.columns.len() {
            let detail = format!("it has {count}, the store has {}", self.columns.len());
            return Err(Fault::new(Cause::FieldCount).with_detail(&detail));
        }
        let field = |i| self.splitter.field(line, i);
        let fault = |detail: String| Fault::new(Cause::FieldValue).with_detail(&detail);
        // A row that is left out must not leave half of itself in the columns.
        if self.leaves_out {
            self.columns.check(field).map_err(fault)?;
        }
        let Some(normalizer) = &mut self.normalizer else {
            return self.columns.push(field).map(|()| None).map_err(fault);
        };
        let unfit = normalizer.read(field)?;
        let verdict = unfit.map(|cause| (cause, policy.verdict(cause)));
        if let Some((cause, Verdict::RejectRecord | Verdict::RejectFile)) = verdict {
            return Err(Fault::new(cause).with_place(normalizer.place(field)));
        }
        let field = |i| normalizer.field(i).or_else(|| field(i));
        if self.leaves_out {
            self.columns.check(field).map_err(fault)?;
        }
        self.columns.push(field).map_err(fault)?;
        Ok(verdict.filter(|(_, verdict)| *verdict == Verdict::Warn).map(|(cause, _)| cause))
    }
}

#[cfg(test)]
mod tests;
