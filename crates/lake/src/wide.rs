//! Wide tables behind the SQL doors: the rows of the contract, made while they are read.
//!
//! `contract.rs` is the table as statements see it and decides what is read; `spec.rs` says what is made of it, `exec.rs` is the node of the plan, `rows.rs` runs; `selection.rs` and `genotypes.rs`
//! find the samples that filters ask for, so that rows of other samples are never made, and `typed_casts.rs` the columns that answer filters on INFO; what else is asked of INFO is looked up in its text by `lookups.rs`. Where only numbers of rows are wanted
//! (`query/counted.rs` decides), `by_record.rs` and `by_sample.rs` count them from the vectors.

mod by_record;
mod by_sample;
mod contract;
mod exec;
mod genotypes;
mod lookups;
mod rows;
mod selection;
mod spec;
mod typed_casts;

pub(crate) use contract::ContractScan;
pub(crate) use selection::{GENOTYPE, SAMPLE};
pub(crate) use spec::ROWS_COLUMN;
