//! What accounts may have and how often they may call (spec 5.5).

use serde::{Deserialize, Serialize};
use varberg_catalog::Quotas;

/// Quotas and rates, all off by default. What is given counts; what is not is as `preset` says. 0 takes a quota of the preset away.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaConfig {
    /// `none`, or `aws` for the figures of HealthOmics.
    pub preset: Preset,
    /// Variant stores of an account. AWS: 10.
    pub variant_stores: Option<u32>,
    /// Annotation stores of an account. AWS: 10.
    pub annotation_stores: Option<u32>,
    /// Versions of an annotation store. AWS: 10.
    pub versions: Option<u32>,
    /// Variant and annotation import jobs of an account that wait or run. AWS: 5.
    pub import_jobs: Option<u32>,
    /// Bytes of one source of an import job, as stored. AWS: 20 GB.
    pub source_bytes: Option<u64>,
    /// Shares of one store. AWS: 10.
    pub shares: Option<u32>,
    /// Reference stores of an account. AWS: 1.
    pub reference_stores: Option<u32>,
    /// References of a reference store. AWS: 50.
    pub references: Option<u32>,
    /// Calls a second of each operation of stores, versions and import jobs, by each account. AWS: 1.
    pub rate_analytics: Option<u32>,
    /// The same of shares. AWS: 1.
    pub rate_shares: Option<u32>,
    /// The same of tags. AWS: 5.
    pub rate_tags: Option<u32>,
    /// The same of getting, listing and importing references. AWS: 5.
    pub rate_references: Option<u32>,
    /// The same of creating and deleting reference stores and deleting references. AWS: 1.
    pub rate_reference_changes: Option<u32>,
    /// The same of GetReference. AWS: 10.
    pub rate_downloads: Option<u32>,
}

/// Where figures come from that are not given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    #[default]
    None,
    Aws,
}

/// Operations that share a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateGroup {
    Analytics,
    Shares,
    Tags,
    References,
    ReferenceChanges,
    Downloads,
}

impl QuotaConfig {
    /// What the catalog counts.
    pub fn counted(&self) -> Quotas {
        Quotas {
            variant_stores: self.figure(self.variant_stores, 10),
            annotation_stores: self.figure(self.annotation_stores, 10),
            versions: self.figure(self.versions, 10),
            import_jobs: self.figure(self.import_jobs, 5),
            shares: self.figure(self.shares, 10),
            reference_stores: self.figure(self.reference_stores, 1),
            references: self.figure(self.references, 50),
        }
    }

    /// Most bytes of one source; none: any number.
    pub fn source_bytes(&self) -> Option<u64> {
        self.figure(self.source_bytes, 20_000_000_000)
    }

    /// Calls a second; none: any number.
    pub(crate) fn rate(&self, group: RateGroup) -> Option<u32> {
        match group {
            RateGroup::Analytics => self.figure(self.rate_analytics, 1),
            RateGroup::Shares => self.figure(self.rate_shares, 1),
            RateGroup::Tags => self.figure(self.rate_tags, 5),
            RateGroup::References => self.figure(self.rate_references, 5),
            RateGroup::ReferenceChanges => self.figure(self.rate_reference_changes, 1),
            RateGroup::Downloads => self.figure(self.rate_downloads, 10),
        }
    }

    fn figure<T: PartialEq + From<u8>>(&self, given: Option<T>, aws: T) -> Option<T> {
        let figure = given.or(match self.preset {
            Preset::None => None,
            Preset::Aws => Some(aws),
        });
        figure.filter(|figure| *figure != T::from(0))
    }
}
