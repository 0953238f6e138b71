//! Records of VCF against the store's reference. In: a site, before anything of it is kept. Out: its normal form if that
//! differs. What does not fit goes to the judge.

use super::site::Site;
use crate::judge::{Judge, Stop};
use crate::normalize::Normal;
use crate::normalizer::{Fit, Normalizer, Record};

/// The normal form of a record with the given `end`; none if it has it already, or does not fit the reference and is left
/// as it is.
pub(crate) fn normal_form(
    normalizer: &mut Normalizer,
    site: &Site<'_>,
    end: i64,
    judge: &mut Judge,
) -> Result<Option<Normal>, Stop> {
    let record = Record {
        contig: site.contig,
        start: site.start,
        end,
        reference: site.reference.as_bytes(),
        alternates: site.alternate_alleles().map(str::as_bytes),
        is_plain_snv: site.is_plain_snv(),
    };
    match normalizer.normalize(&record).map_err(|fault| Stop::File(Box::new(fault)))? {
        Fit::Same => Ok(None),
        Fit::Moved(normal) => Ok(Some(normal)),
        Fit::Not(cause) => judge.judge(cause, Some(site), None).map(|()| None),
    }
}

#[cfg(test)]
mod tests;
