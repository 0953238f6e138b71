//! Wide tables behind the SQL doors: the rows of the contract, made while they are read.
//!
//! `contract.rs` is the table as statements see it and decides what is read; `spec.rs` says what is made of it, `exec.rs` runs; `selection.rs` and `genotypes.rs`
//! find the samples that filters ask for, so that rows of other samples are never made.

mod contract;
mod exec;
mod genotypes;
mod selection;
mod spec;

pub(crate) use contract::ContractScan;
