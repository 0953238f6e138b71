//! VCF, BCF, GFF3, delimited text and FASTA bytes to record batches in table shape. Synchronous and pure: the same bytes
//! give the same batches; no files, no network, no clock, no environment. Every input is read under [`Limits`] and judged
//! by a [`Policy`].

pub mod bcf;
pub mod fasta;
pub mod genome;
pub mod gff;
pub mod normalize;
pub mod tsv;
pub mod vcf;

mod batches;
mod compression;
mod fault;
mod judge;
mod lines;
mod normalizer;
mod policy;
mod split;
mod tally;
#[cfg(test)]
mod testing;

pub use compression::{BGZF_EOF, Compression, decode};
pub use fault::{Cause, Code, Fault};
pub use lines::Limits;
pub use policy::{Policy, Verdict};
pub use split::{BLOCK_WINDOW, Part, find_block, plain_or_block_parts};
pub use tally::{Tally, Warning};
