//! `formatOptions` of annotation import jobs (spec 3.9), as they were given.

use crate::read_options::ReadOptions;

/// How the file of an annotation import job is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatOptions {
    /// Also what jobs of GFF stores have: they need none.
    Vcf(VcfOptions),
    /// None where `readOptions` was not given, which is not the same as options without members (spec 12.3).
    Tsv(Option<ReadOptions>),
}

/// What of a VCF file is left out; what was not given is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VcfOptions {
    pub ignore_qual_field: Option<bool>,
    pub ignore_filter_field: Option<bool>,
}
