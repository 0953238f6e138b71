//! Tests of the lake at its boundary: data files, commits, queries, the gate, input files.

mod append;
mod gate;
mod query;
mod slt;
mod sources;
mod table;
mod world;
mod writer;
