//! How the files of a job are read, by what the rows of its table are; and what the beginning of a file says.

use super::plan::PlanError;
use crate::config::ImportConfig;
use std::io::Read;
use std::sync::Arc;
use varberg_formats::genome::Genome;
use varberg_formats::vcf::Header;
use varberg_formats::{Compression, Policy, Tally, gff, tsv, vcf};
use varberg_model::{Content, Dialect, FormatOptions, ImportJob, TsvStoreOptions, ValidationError, VcfOptions};

/// How to read the files of a job.
#[derive(Debug, Clone)]
pub(super) enum Format {
    Variants { options: vcf::ReadOptions, left_out: LeftOut },
    Features { options: gff::ReadOptions },
    Delimited { store: Arc<TsvStoreOptions>, dialect: Dialect, options: tsv::Options },
}

/// Columns of VCF files that are read and then left empty (`vcfOptions`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub qual: bool,
    pub filters: bool,
}

/// A file whose beginning has been read.
#[derive(Debug, Clone)]
pub(super) enum Opened {
    Variants { header: Arc<Header>, options: vcf::ReadOptions, left_out: LeftOut },
    Features { options: gff::ReadOptions },
    Delimited { store: Arc<TsvStoreOptions>, head: Arc<tsv::Head>, options: tsv::Options },
}

impl Format {
    /// `genome`: what records are normalized against, if the job asked for that.
    ///
    /// Errors: options that this version of the program refuses.
    pub(super) fn of(
        content: &Content,
        job: &ImportJob,
        config: &ImportConfig,
        genome: Option<Arc<Genome>>,
    ) -> Result<Self, ValidationError> {
        let (limits, policy) = (config.limits(), config.policy());
        Ok(match content {
            Content::Variants => Self::Variants {
                options: vcf::ReadOptions {
                    limits,
                    policy,
                    annotations: job.annotation_fields.vep().map(str::to_owned),
                    normalize: genome,
                    ..vcf::ReadOptions::default()
                },
                left_out: LeftOut::asked_by(job),
            },
            Content::Features => {
                let dialect = if config.strict { gff::Dialect::HealthOmics } else { gff::Dialect::Gff3 };
                Self::Features { options: gff::ReadOptions { limits, policy, dialect, ..gff::ReadOptions::default() } }
            }
            Content::Delimited(store) => Self::Delimited {
                store: Arc::new(store.clone()),
                dialect: dialect(job)?,
                options: tsv::Options { limits, policy, normalize: genome, ..tsv::Options::default() },
            },
        })
    }

    /// Reads the beginning of a file.
    pub(super) fn open(self, source: Box<dyn Read + Send>, compression: Compression) -> Result<Opened, PlanError> {
        Ok(match self {
            Self::Variants { options, left_out } => {
                let mut input = varberg_formats::decode(source, compression);
                let header = vcf::read_header(&mut *input, &options.limits, &options.policy)?;
                Opened::Variants { header: Arc::new(header), options, left_out }
            }
            Self::Features { options } => Opened::Features { options },
            Self::Delimited { store, dialect, options } => {
                let head = tsv::read_head(source, compression, &dialect, &options.limits)?;
                Opened::Delimited { store, head: Arc::new(head), options }
            }
        })
    }
}

/// What the job's `readOptions` mean; they were checked when the job started.
fn dialect(job: &ImportJob) -> Result<Dialect, ValidationError> {
    match job.annotation.as_ref().map(|annotation| &annotation.format) {
        Some(FormatOptions::Tsv(options)) => Dialect::new("readOptions", options.as_ref()),
        Some(FormatOptions::Vcf(_)) | None => Ok(Dialect::default()),
    }
}

impl LeftOut {
    fn asked_by(job: &ImportJob) -> Self {
        match job.annotation.as_ref().map(|annotation| &annotation.format) {
            Some(FormatOptions::Vcf(VcfOptions { ignore_qual_field, ignore_filter_field })) => {
                Self { qual: *ignore_qual_field == Some(true), filters: *ignore_filter_field == Some(true) }
            }
            Some(FormatOptions::Tsv(_)) | None => Self::default(),
        }
    }
}

impl Opened {
    /// Whether the file must be read in one piece: the records of BCF are walked from the first on.
    pub(super) fn is_one_part(&self) -> bool {
        matches!(self, Self::Variants { header, .. } if header.is_bcf())
    }

    /// Whether a part may begin at an offset of the stored file (in BGZF, of a block).
    pub(super) fn may_cut(&self, offset: u64) -> bool {
        match self {
            Self::Variants { .. } | Self::Features { .. } => true,
            Self::Delimited { head, .. } => head.may_cut(offset),
        }
    }

    /// Number of sample columns.
    pub(super) fn samples(&self) -> usize {
        self.header().map_or(0, |header| header.samples().len())
    }

    /// What is kept for export.
    pub(super) fn header(&self) -> Option<&Arc<Header>> {
        match self {
            Self::Variants { header, .. } => Some(header),
            Self::Features { .. } | Self::Delimited { .. } => None,
        }
    }

    /// Keeps INFO as text, for a wide table.
    pub(super) fn keep_info_text(&mut self) {
        if let Self::Variants { options, .. } = self {
            options.info = vcf::InfoForm::Text;
        }
    }

    /// What was counted in the beginning; its lines are counted by the first part.
    pub(super) fn tally(&self) -> Tally {
        self.header().map(|header| Tally { lines: 0, ..header.tally().clone() }).unwrap_or_default()
    }

    pub(super) fn policy(&self) -> &Policy {
        match self {
            Self::Variants { options, .. } => &options.policy,
            Self::Features { options } => &options.policy,
            Self::Delimited { options, .. } => &options.policy,
        }
    }
}
