//! Rows of the long table back to records: the inverse of `explode`. In: rows of one file, those of a record side by
//! side, and what the file's header declares. Out: the text of each column of the VCF. Pure.
//!
//! The text of a column is the one in `_raw` if there is one, else follows from the columns: POS is `start` + 1; lists
//! are joined, null is `.`; QUAL is the shortest plain decimal of `qual`; INFO is `key=value` joined by `;`, a key alone
//! where the value is empty. The text of a sample follows from its row as `explode.rs` says.
//!
//! The columns of the site may be null in all rows of a record but one (any one): then they need not be fetched for
//! every sample. `_record`, `_format`, `_raw`, `sampleid` and the columns of samples must be there in each row.

mod columns;
mod sample;
mod site;

use crate::RecordShape;
use arrow_array::{Array, RecordBatch};
use columns::Columns;
use sample::{Keys, Plan};
use std::collections::HashMap;
use std::ops::Range;

/// Rows that are not those of whole records of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImplodeError {
    #[error("column {0} of the rows is missing or has another type than the table")]
    Column(&'static str),
    #[error("the rows do not come in the order of the records")]
    Order,
    #[error("a record has a row for a sample that the header does not list, or two for one")]
    Sample,
    #[error("a record lacks the row of a sample")]
    MissingSample,
    #[error("no row of a record has its site")]
    MissingSite,
    #[error("the text of a sample cannot be told from its row")]
    Damaged,
}

/// A record as text: CHROM to INFO, then FORMAT where the line has it, then one column for each sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordText {
    /// Place of the record in its file.
    pub record: i64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl RecordText {
    /// The columns in order, as UTF-8.
    pub fn columns(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let column = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            column
        })
    }

    fn push(&mut self, column: &[u8]) {
        self.text.extend_from_slice(column);
        self.ends.push(self.text.len());
    }
}

/// Turns the rows of one file into records.
#[derive(Debug)]
pub struct Implode {
    /// Samples to their places among the columns.
    positions: HashMap<String, usize>,
    names: Vec<String>,
    keys: Keys,
    plan: Plan,
    open: Option<Open>,
}

/// A record whose rows are still coming.
#[derive(Debug)]
struct Open {
    record: i64,
    site: Option<RecordText>,
    format: Option<String>,
    /// Texts of samples in the order of their rows.
    texts: Vec<u8>,
    /// Where in `texts` each sample's is.
    places: Vec<Option<Range<usize>>>,
    rows: usize,
}

impl Implode {
    /// `shape`: what the header declares. `samples`: the sample columns wanted, in their order; the rows must be those
    /// of these samples. Empty for a sites-only file.
    pub fn new(shape: &RecordShape, samples: &[String]) -> Self {
        Self {
            positions: samples.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect(),
            names: samples.to_vec(),
            keys: Keys::new(shape),
            plan: Plan::default(),
            open: None,
        }
    }

    /// Takes the next rows; gives the records that are complete with them.
    pub fn push(&mut self, rows: &RecordBatch) -> Result<Vec<RecordText>, ImplodeError> {
        let columns = Columns::new(rows)?;
        let mut done = Vec::new();
        for row in 0..rows.num_rows() {
            let record = columns.record.value(row);
            let open = match self.open.take() {
                Some(open) if open.record == record => open,
                before => {
                    if before.as_ref().is_some_and(|open| open.record > record) {
                        return Err(ImplodeError::Order);
                    }
                    done.extend(before.map(|open| self.close(open)).transpose()?);
                    self.begin(&columns, row, record)
                }
            };
            self.open = Some(self.add_row(open, &columns, row)?);
        }
        Ok(done)
    }

    /// The last record; after it, rows of another part of the file may follow.
    pub fn finish(&mut self) -> Result<Option<RecordText>, ImplodeError> {
        self.open.take().map(|open| self.close(open)).transpose()
    }

    fn begin(&mut self, columns: &Columns<'_>, row: usize, record: i64) -> Open {
        let format = columns.format.is_valid(row).then(|| columns.format.value(row));
        self.plan.set(format.unwrap_or_default(), &self.keys);
        Open {
            record,
            site: None,
            format: format.map(str::to_owned),
            texts: Vec::new(),
            places: vec![None; self.names.len()],
            rows: 0,
        }
    }

    fn add_row(&self, mut open: Open, columns: &Columns<'_>, row: usize) -> Result<Open, ImplodeError> {
        if open.site.is_none() && columns.contig.is_valid(row) {
            open.site = Some(site::texts(columns, row, open.record)?);
        }
        if !self.names.is_empty() {
            let sample = if columns.sample.is_valid(row) { columns.sample.value(row) } else { "" };
            // Rows come in the order of the samples, as a rule.
            let next = self.names.get(open.rows).filter(|name| *name == sample).map(|_| open.rows);
            let place = next.or_else(|| self.positions.get(sample).copied()).ok_or(ImplodeError::Sample)?;
            let slot = open.places.get_mut(place).filter(|slot| slot.is_none()).ok_or(ImplodeError::Sample)?;
            let start = open.texts.len();
            self.plan.put_sample(columns, row, &mut open.texts)?;
            *slot = Some(start..open.texts.len());
        } else if open.rows > 0 {
            return Err(ImplodeError::Sample);
        }
        open.rows += 1;
        Ok(open)
    }

    fn close(&self, open: Open) -> Result<RecordText, ImplodeError> {
        let mut text = open.site.ok_or(ImplodeError::MissingSite)?;
        if let Some(format) = &open.format {
            text.push(format.as_bytes());
        }
        text.ends.reserve(open.places.len());
        text.text.reserve(open.texts.len());
        for place in open.places {
            let own = open.texts.get(place.ok_or(ImplodeError::MissingSample)?).unwrap_or_default();
            text.push(own);
        }
        Ok(text)
    }
}
