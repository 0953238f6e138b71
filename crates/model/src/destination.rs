//! What an import job writes to, whatever kind of store it belongs to.

use crate::store::{Layout, StoreId};
use crate::table_schema::TableSchema;
use crate::tsv_store_options::{FormatKey, TsvStoreOptions};

/// The table of a variant store, or of a version of an annotation store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Of the variant store, or of the version.
    pub id: StoreId,
    pub namespace: String,
    /// The name that SQL finds the table by.
    pub table: String,
    /// The folder of the warehouse that holds the table's files and nothing else. No other table ever has it, whatever the
    /// names of tables are.
    pub directory: String,
    /// What records are normalized against.
    pub reference_arn: Option<String>,
    pub content: Content,
    pub layout: Layout,
}

/// What the rows of a table are, and with it the format of the files that are imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// VCF and BCF.
    Variants,
    /// GFF3.
    Features,
    /// TSV, CSV and their like.
    Delimited(TsvStoreOptions),
}

/// What the table of samples is called that goes with a wide table.
pub fn samples_table(table: &str) -> String {
    format!("{table}__samples")
}

impl Destination {
    /// Where the table lies below the warehouse.
    pub fn table_path(&self) -> String {
        format!("{}/{}", self.directory, self.table)
    }

    /// What the table of samples is called that goes with the table if it is wide.
    pub fn samples_table(&self) -> String {
        samples_table(&self.table)
    }

    /// Where the table of samples lies below the warehouse.
    pub fn samples_path(&self) -> String {
        format!("{}/{}", self.directory, self.samples_table())
    }
}

impl Content {
    /// Whether rows have alleles, which can be normalized; other jobs ask for it without effect (spec 12.2, 12.3).
    pub fn has_alleles(&self) -> bool {
        match self {
            Self::Variants => true,
            Self::Features => false,
            Self::Delimited(options) => options.annotation_type().keys().contains(&FormatKey::Ref),
        }
    }

    /// The columns of the table.
    pub fn schema(&self) -> TableSchema {
        match self {
            Self::Variants => TableSchema::variants_long(),
            Self::Features => TableSchema::annotations_gff(),
            Self::Delimited(options) => TableSchema::annotations_tsv(options),
        }
    }
}
