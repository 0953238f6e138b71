//! Tests of the lake at its boundary: data files, commits, queries, the gate, input files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "everything here is a test; clippy knows only the functions")]

mod append;
mod cohort;
mod compaction;
mod contig;
mod expire;
mod gate;
mod interval_join;
mod query;
mod rewrite;
mod slt;
mod sources;
mod table;
mod travel;
mod world;
mod writer;
