//! What became of a job's items: counts, messages, the final status, and the form in which a finished item is kept in
//! the catalog so that a restart does not redo it.

use super::item::StoredPart;
use super::message::{MAX_MESSAGE, shorten};
use super::report::warnings_text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use varberg_catalog::{ItemHeader, ItemOutcome, ItemResult, JobOutcome};
use varberg_formats::{Policy, Tally};
use varberg_lake::DataFile;
use varberg_model::{ImportItem, JobStatus, roll_up};

/// A good item as the catalog keeps it. `version` changes whenever the meaning of a field does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ImportedItem {
    pub version: u32,
    pub files: Vec<DataFile>,
    pub records: u64,
    pub rows: u64,
    pub message: String,
    /// Rows for the table of samples that goes with a wide table, unless that has them.
    #[serde(default)]
    pub headerset: Option<DataFile>,
    /// The file's header, until it is kept in a place of its own.
    #[serde(skip)]
    pub header: Option<ItemHeader>,
}

impl ImportedItem {
    const VERSION: u32 = 2;
    /// Before there were wide tables.
    const LONG_VERSION: u32 = 1;

    /// Joins the parts of an item, in order. `tally` is their sum and `rows_of_a_record` the number of rows that each record
    /// gives.
    ///
    /// The rows that the closed files say they hold must be the records read times that; anything else is a bug, and the
    /// item must not be published.
    pub(super) fn join(
        parts: Vec<StoredPart>,
        tally: &Tally,
        policy: &Policy,
        rows_of_a_record: usize,
    ) -> Result<Self, String> {
        let records = tally.records;
        let rows: u64 = parts.iter().map(|p| p.rows).sum();
        let stored: u64 = parts.iter().flat_map(|p| &p.files).map(|f| f.rows).sum();
        let expected = records.saturating_mul(u64::try_from(rows_of_a_record).unwrap_or(u64::MAX));
        if rows != expected || stored != expected {
            return Err(format!(
                "internal error: {records} records of {rows_of_a_record} rows gave {rows} rows, {stored} of them stored; \
                 nothing of this file was imported, please report it"
            ));
        }
        if records == 0 && tally.rejected > 0 {
            return Err(format!("E20: none of the {} records of the file could be imported", tally.rejected));
        }
        if records == 0 {
            return Err("E20: the file has no records; a file without data rows cannot be imported".to_owned());
        }
        let message = warnings_text(tally, policy);
        let files = parts.into_iter().flat_map(|p| p.files).collect();
        Ok(Self { version: Self::VERSION, files, records, rows, message, headerset: None, header: None })
    }

    /// The item, with one more sentence in its message.
    pub(super) fn noting(self, note: Option<&str>) -> Self {
        let texts: Vec<&str> =
            [self.message.as_str(), note.unwrap_or_default()].into_iter().filter(|t| !t.is_empty()).collect();
        let message = shorten(&texts.join(". "), MAX_MESSAGE);
        Self { message, ..self }
    }

    /// Reads what an earlier run of the job recorded.
    pub(super) fn from_payload(payload: &str) -> Result<Self, serde_json::Error> {
        let item: Self = serde_json::from_str(payload)?;
        if ![Self::VERSION, Self::LONG_VERSION].contains(&item.version) {
            return Err(serde::de::Error::custom(format!("an item result of version {} is not known", item.version)));
        }
        Ok(item)
    }
}

/// The items of one job: those already ended and those still to do.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    imported: BTreeMap<u32, ImportedItem>,
    failed: BTreeMap<u32, String>,
}

impl Outcome {
    /// Takes up what earlier runs of the job recorded.
    pub(super) fn resume(results: &[ItemResult]) -> Result<Self, serde_json::Error> {
        let mut outcome = Self::default();
        for result in results {
            match &result.outcome {
                ItemOutcome::Imported { payload } => {
                    outcome.imported.insert(result.position, ImportedItem::from_payload(payload)?);
                }
                ItemOutcome::Failed { message } => {
                    outcome.failed.insert(result.position, message.clone());
                }
            }
        }
        Ok(outcome)
    }

    pub(super) fn has(&self, position: u32) -> bool {
        self.imported.contains_key(&position) || self.failed.contains_key(&position)
    }

    pub(super) fn add_imported(&mut self, position: u32, item: ImportedItem) {
        self.imported.insert(position, item);
    }

    pub(super) fn add_failed(&mut self, position: u32, message: String) {
        self.failed.insert(position, message);
    }

    /// The data files of all good items.
    pub(super) fn files(&self) -> Vec<DataFile> {
        self.imported.values().flat_map(|item| item.files.iter().cloned()).collect()
    }

    /// The data files of the table of samples.
    pub(super) fn headersets(&self) -> Vec<DataFile> {
        self.imported.values().filter_map(|item| item.headerset.clone()).collect()
    }

    /// The job's final state and message and those of each item (spec 5.2).
    pub(super) fn conclude(&self, items: &[ImportItem]) -> JobOutcome {
        let ended: Vec<(u32, JobStatus, String)> = items.iter().map(|item| self.item(item.position)).collect();
        let status = roll_up(&ended.iter().map(|(_, status, _)| *status).collect::<Vec<_>>());
        JobOutcome { status, message: self.message(items), items: ended }
    }

    fn item(&self, position: u32) -> (u32, JobStatus, String) {
        match (self.imported.get(&position), self.failed.get(&position)) {
            (Some(item), _) => (position, JobStatus::Completed, item.message.clone()),
            (None, Some(message)) => (position, JobStatus::Failed, message.clone()),
            (None, None) => (position, JobStatus::Failed, "internal error: the item was not imported".to_owned()),
        }
    }

    fn message(&self, items: &[ImportItem]) -> String {
        let Some((position, message)) = self.failed.first_key_value() else { return String::new() };
        let name = items.iter().find(|i| i.position == *position).map_or("", |i| i.source.file_name());
        let text = format!("{} of {} items failed; the first is {name}: {message}", self.failed.len(), items.len());
        shorten(&text, MAX_MESSAGE)
    }
}
