//! What one step of an export reads: some rows of one file, hidden columns included, in the order of its records.
//!
//! In: a [`Selection`], which the command line sends. Out: the statement that answers it. Not here: how a statement runs
//! (`query_pool.rs`) and what becomes of the rows (`cli/export.rs`). A step has a bounded number of rows, so that its sort
//! is small and it ends well within the time that a statement has.

use serde::{Deserialize, Serialize};
use varberg_model::{JobId, StoreName};

/// Rows of one file of a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selection {
    pub store_name: String,
    pub job_id: String,
    /// Position of the file in its job, from 0.
    pub item: u32,
    /// `_record` of the first record wanted.
    pub from_record: i64,
    /// `_record` of the first record that is not wanted any more.
    pub to_record: i64,
    /// Samples wanted; empty for all.
    #[serde(default)]
    pub samples: Vec<String>,
    /// The sample whose rows carry the columns of the site; they are null in the other rows. None: in all rows.
    #[serde(default)]
    pub site_sample: Option<String>,
    /// Places that records must overlap; empty for all records.
    #[serde(default)]
    pub regions: Vec<Region>,
}

/// A stretch of a contig.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    pub contig: String,
    /// 0-based.
    pub start: i64,
    /// 0-based, exclusive.
    pub end: i64,
}

/// Columns that every row carries.
const ROW_COLUMNS: [&str; 14] = [
    "_record",
    "_format",
    "_raw",
    "sampleid",
    "phased",
    "calls",
    "genotypelikelihoods",
    "phredlikelihoods",
    "alleledepths",
    "conditionalquality",
    "spl",
    "depth",
    "ps",
    "information",
];

/// Columns that are the same in all rows of a record.
const SITE_COLUMNS: [&str; 8] =
    ["contigname", "start", "names", "referenceallele", "alternatealleles", "qual", "filters", "attributes"];

impl Selection {
    /// The statement over the store's table.
    pub fn statement(&self, store: &StoreName, job: JobId) -> String {
        let mut columns: Vec<String> = ROW_COLUMNS.iter().map(|name| format!("\"{name}\"")).collect();
        columns.extend(SITE_COLUMNS.iter().map(|name| match &self.site_sample {
            Some(sample) => format!("CASE WHEN \"sampleid\" = {} THEN \"{name}\" END AS \"{name}\"", literal(sample)),
            None => format!("\"{name}\""),
        }));
        let mut conditions = vec![
            format!("\"importjobid\" = '{job}'"),
            format!("\"_item\" = {}", self.item),
            format!("\"_record\" >= {}", self.from_record),
            format!("\"_record\" < {}", self.to_record),
        ];
        if !self.samples.is_empty() {
            let names: Vec<String> = self.samples.iter().map(|name| literal(name)).collect();
            conditions.push(format!("\"sampleid\" IN ({})", names.join(", ")));
        }
        if !self.regions.is_empty() {
            let regions: Vec<String> = self.regions.iter().map(Region::condition).collect();
            conditions.push(format!("({})", regions.join(" OR ")));
        }
        format!(
            "SELECT {} FROM \"default\".\"{store}\" WHERE {} ORDER BY \"_record\"",
            columns.join(", "),
            conditions.join(" AND ")
        )
    }
}

impl Region {
    /// Overlap; a record without length (END before POS) counts as one base.
    fn condition(&self) -> String {
        let Self { contig, start, end } = self;
        let contig = literal(contig);
        format!("\"contigname\" = {contig} AND \"start\" < {end} AND (\"end\" > {start} OR \"start\" >= {start})")
    }
}

/// A text as a literal of SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
