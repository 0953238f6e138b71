//! One part of an item: read, make rows, write. A part in, data files and counts out; nothing from the process around it
//! but where to read, where to write and when to stop. Runs on a plain thread.

use super::control::{Control, Interrupt, ItemCounters};
use super::format::Opened;
use super::rows::Rows;
use super::stage::{Hold, Stage};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use varberg_formats::{Compression, Fault, Part, Tally};
use varberg_lake::{DataFile, DataFileWriter, Written};
use varberg_model::TableSchema;
use varberg_rows::ExplodeError;

/// Rows of one batch handed to the writer. A record of a large cohort is cut into several batches.
pub(super) const BATCH_ROWS: usize = 16_384;

/// What to read: all that a part needs to know of its job.
#[derive(Debug, Clone)]
pub(super) struct PartTask {
    pub job: String,
    pub item: u32,
    /// Ordinal of the part in its item, from 0.
    pub index: u32,
    pub part: Part,
    pub compression: Compression,
    pub format: Opened,
    /// The file's headerset, if the table is wide.
    pub headerset: Option<i64>,
}

/// What a part gave: its data files (on their way to the store, then there), and what was read.
#[derive(Debug)]
pub(super) struct PartResult<F> {
    pub files: F,
    pub tally: Tally,
    pub rows: u64,
    /// Nothing of the file counts that follows this part.
    pub ends_the_file: bool,
}

/// Why a part ended without a result.
#[derive(Debug, thiserror::Error)]
pub(super) enum PartError {
    /// The input is at fault; the tally counts what of the part came before.
    #[error("{fault}")]
    Malformed { fault: Box<Fault>, tally: Box<Tally> },
    #[error("cannot build rows: {0}")]
    Explode(#[from] ExplodeError),
    #[error("cannot store the rows: {0}")]
    Store(#[from] varberg_lake::Error),
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
    /// An earlier part of the item has a fault, so this one no longer matters.
    #[error("an earlier part of the file failed")]
    Superseded,
}

/// The signals a part listens to and the counters it feeds.
#[derive(Debug, Clone)]
pub(super) struct PartContext {
    pub control: Arc<Control>,
    pub counters: Arc<ItemCounters>,
    /// Index of the earliest part with a fault so far; later ones stop.
    pub first_fault: Arc<AtomicU32>,
    pub hold: Hold,
}

/// Imports one part: every record it owns becomes rows in the data files of `writer`.
pub(super) fn import_part(
    task: &PartTask,
    source: Box<dyn Read + Send>,
    mut writer: DataFileWriter,
    table: &TableSchema,
    context: &PartContext,
) -> Result<PartResult<Written>, PartError> {
    go_on(task, context)?;
    let mut reader = Rows::new(task, source, table).map_err(|fault| malformed(fault, Tally::default()))?;
    let mut seen = Seen::default();
    let mut rows = 0;
    let mut batches = 0;
    loop {
        go_on(task, context)?; // here too: where no line is a record, there are no rows to stop between
        let records = match reader.next_records() {
            Ok(Some(records)) => records,
            Ok(None) => break,
            Err(fault) => return Err(malformed(fault, reader.tally())),
        };
        for batch in reader.of(&records) {
            go_on(task, context)?;
            let batch = batch?;
            rows += u64::try_from(batch.num_rows()).unwrap_or(0);
            writer.write(batch)?;
        }
        batches += 1;
        seen.report(&reader, task.part, &context.counters);
        context.hold.reached_on_thread(Stage::Batch(batches));
    }
    go_on(task, context)?;
    seen.report(&reader, task.part, &context.counters);
    let files = writer.close()?;
    let ends_the_file = reader.end_the_file();
    Ok(PartResult { files, tally: reader.tally(), rows, ends_the_file })
}

impl PartResult<Written> {
    /// Waits until the data files are visible and durable.
    pub(super) async fn stored(self) -> Result<PartResult<Vec<DataFile>>, PartError> {
        let Self { files, tally, rows, ends_the_file } = self;
        Ok(PartResult { files: files.done().await?, tally, rows, ends_the_file })
    }
}

fn malformed(fault: Fault, tally: Tally) -> PartError {
    PartError::Malformed { fault: Box::new(fault), tally: Box::new(tally) }
}

fn go_on(task: &PartTask, context: &PartContext) -> Result<(), PartError> {
    context.control.check()?;
    if context.first_fault.load(Ordering::Acquire) < task.index {
        return Err(PartError::Superseded);
    }
    Ok(())
}

/// What this part has already added to the item's counters.
#[derive(Debug, Default)]
struct Seen {
    bytes: u64,
    records: u64,
}

impl Seen {
    fn report(&mut self, reader: &Rows, part: Part, counters: &ItemCounters) {
        // A part reads a little beyond its end; those bytes are the next part's.
        let length = part.end.map_or(u64::MAX, |end| end.saturating_sub(part.start));
        let bytes = reader.bytes_read().min(length);
        let records = reader.tally().records;
        counters.bytes_read.fetch_add(bytes.saturating_sub(self.bytes), Ordering::Relaxed);
        counters.records.fetch_add(records.saturating_sub(self.records), Ordering::Relaxed);
        *self = Self { bytes, records };
    }
}
