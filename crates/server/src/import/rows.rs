//! The rows of one part, in the columns of the table, whatever the file is written in.

use super::format::{LeftOut, Opened};
use super::part::{BATCH_ROWS, PartTask};
use arrow_array::{RecordBatch, new_null_array};
use arrow_schema::ArrowError;
use std::io::Read;
use varberg_formats::{Cause, Fault, Tally, gff, tsv, vcf};
use varberg_model::TableSchema;
use varberg_rows::{Explode, ExplodeError, Provenance, RECORDS_PER_PART, WideRows, record_columns};

/// Reads records and makes rows of them.
pub(super) enum Rows {
    Variants { reader: Box<vcf::Reader>, maker: Maker, left_out: LeftOut },
    Features { reader: Box<gff::Reader>, provenance: Provenance },
    Delimited { reader: Box<tsv::Reader>, provenance: Provenance },
}

/// Makes the rows of records.
pub(super) enum Maker {
    /// One for each record and sample.
    Long(Box<Explode>),
    /// One for each record.
    Wide(Box<WideRows>),
}

impl Rows {
    pub(super) fn new(task: &PartTask, source: Box<dyn Read + Send>, table: &TableSchema) -> Result<Self, Fault> {
        let item = i32::try_from(task.item).unwrap_or(i32::MAX);
        let first_record = i64::from(task.index) * RECORDS_PER_PART;
        let provenance = || Provenance::new(table, &task.job, item, first_record);
        let (compression, part) = (task.compression, task.part);
        Ok(match &task.format {
            Opened::Variants { header, options, left_out } => {
                let reader = vcf::Reader::new(header.clone(), source, compression, part, options.clone())?;
                let shape = header.shape();
                let maker = match task.headerset {
                    Some(headerset) => {
                        let rows = WideRows::new(table, &shape, headerset, &task.job, item, first_record);
                        Maker::Wide(Box::new(rows))
                    }
                    None => Maker::Long(Box::new(Explode::new(&shape, &task.job, item, first_record, BATCH_ROWS))),
                };
                Self::Variants { reader: Box::new(reader), maker, left_out: *left_out }
            }
            Opened::Features { options } => {
                let reader = gff::Reader::new(source, compression, part, options.clone())?;
                Self::Features { reader: Box::new(reader), provenance: provenance() }
            }
            Opened::Delimited { store, head, options } => {
                let reader = tsv::Reader::new(store, head, source, compression, part, options.clone())?;
                Self::Delimited { reader: Box::new(reader), provenance: provenance() }
            }
        })
    }

    /// The next records; an empty batch where lines had none for a while; none after the last.
    pub(super) fn next_records(&mut self) -> Result<Option<RecordBatch>, Fault> {
        match self {
            Self::Variants { reader, left_out, .. } => {
                reader.next_batch()?.map(|records| left_out.without(&records)).transpose()
            }
            Self::Features { reader, .. } => reader.next_batch(),
            Self::Delimited { reader, .. } => reader.next_batch(),
        }
    }

    /// The rows of records, in batches of bounded size.
    pub(super) fn of<'a>(
        &'a self,
        records: &'a RecordBatch,
    ) -> Box<dyn Iterator<Item = Result<RecordBatch, ExplodeError>> + 'a> {
        match self {
            Self::Variants { maker: Maker::Long(explode), .. } => Box::new(explode.batches(records)),
            Self::Variants { maker: Maker::Wide(rows), .. } => {
                Box::new((records.num_rows() > 0).then(|| rows.rows(records)).into_iter())
            }
            Self::Features { provenance, .. } | Self::Delimited { provenance, .. } => {
                Box::new((records.num_rows() > 0).then(|| provenance.rows(records)).into_iter())
            }
        }
    }

    /// Whether nothing of the file counts that follows this part. Known once there are no more records.
    pub(super) fn end_the_file(&self) -> bool {
        matches!(self, Self::Features { reader, .. } if reader.has_ended())
    }

    pub(super) fn tally(&self) -> Tally {
        match self {
            Self::Variants { reader, .. } => reader.tally(),
            Self::Features { reader, .. } => reader.tally(),
            Self::Delimited { reader, .. } => reader.tally(),
        }
    }

    /// Bytes of the stored file read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        match self {
            Self::Variants { reader, .. } => reader.bytes_read(),
            Self::Features { reader, .. } => reader.bytes_read(),
            Self::Delimited { reader, .. } => reader.bytes_read(),
        }
    }
}

impl LeftOut {
    /// Records without what is left out.
    fn without(self, records: &RecordBatch) -> Result<RecordBatch, Fault> {
        let columns = [(self.qual, record_columns::QUAL), (self.filters, record_columns::FILTERS)];
        columns.into_iter().filter(|(out, _)| *out).try_fold(records.clone(), |records, (_, at)| empty(&records, at))
    }
}

/// Records with nulls in the column at `position`.
fn empty(records: &RecordBatch, position: usize) -> Result<RecordBatch, Fault> {
    let mut columns = records.columns().to_vec();
    if let Some(column) = columns.get_mut(position) {
        *column = new_null_array(column.data_type(), records.num_rows());
    }
    let unfit = |error: ArrowError| Fault::new(Cause::BatchTooLarge).with_detail(&error.to_string());
    RecordBatch::try_new(records.schema(), columns).map_err(unfit)
}
