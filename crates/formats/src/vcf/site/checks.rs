//! What is judged of CHROM, ID, REF, ALT and FILTER of a record. In: its texts. Out: verdicts by the policy.

use super::super::allele::{is_bases, is_well_formed};
use super::super::header::is_contig_name;
use super::{Site, is_markup, upper};
use crate::fault::Cause;
use crate::judge::{Judge, Stop};
use std::borrow::Cow;
use std::collections::HashSet;

fn is_alternate(allele: &str) -> bool {
    is_bases(allele)
        || allele == "*"
        || (allele.starts_with('<') && allele.ends_with('>'))
        || allele.contains(['[', ']'])
        || (allele.len() > 1 && (allele.starts_with('.') || allele.ends_with('.')))
}

pub(super) fn check_alleles(site: &Site<'_>, judge: &mut Judge) -> Result<(), Stop> {
    if site.is_plain_snv() {
        return Ok(());
    }
    if site.reference.is_empty() {
        judge.judge(Cause::EmptyAllele, Some(site), None)?;
    } else if site.reference.starts_with('<') {
        judge.judge(Cause::SymbolicReference, Some(site), None)?;
    } else if !is_bases(site.reference) {
        let cause = if site.reference == "." { Cause::MissingReference } else { Cause::AlleleAlphabet };
        judge.judge(cause, Some(site), None)?;
    }
    for allele in site.alternate_alleles() {
        if allele.is_empty() {
            judge.judge(Cause::EmptyAllele, Some(site), None)?;
        } else if !is_alternate(allele) {
            judge.judge(Cause::AlleleAlphabet, Some(site), None)?;
        } else if allele.eq_ignore_ascii_case(site.reference) {
            judge.judge(Cause::AltEqualsRef, Some(site), None)?;
        } else if is_markup(allele) && !is_well_formed(allele) {
            judge.judge(Cause::AlleleForm, Some(site), None)?;
        }
    }
    if site.alternates.contains(',') {
        let mut seen = HashSet::new();
        let mut alleles = site.alternate_alleles().map(|a| if is_markup(a) { Cow::Borrowed(a) } else { upper(a) });
        if !alleles.all(|allele| seen.insert(allele)) {
            judge.judge(Cause::DuplicateAllele, Some(site), None)?;
        }
    }
    Ok(())
}

/// A contig, or `<ID>` of one of the assembly file.
pub(super) fn is_contig(name: &str, version: (u32, u32)) -> bool {
    let id = name.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    is_contig_name(id.unwrap_or(name), version)
}

pub(super) fn check_id(site: &Site<'_>, judge: &mut Judge) -> Result<(), Stop> {
    if site.id.is_empty() {
        return judge.judge(Cause::EmptyId, Some(site), None);
    }
    if memchr::memchr2(b' ', b';', site.id.as_bytes()).is_none() {
        return Ok(());
    }
    if site.id.contains(' ') {
        judge.judge(Cause::Blank, Some(site), Some("ID"))?;
    }
    if !site.id.contains(';') {
        return Ok(());
    }
    let mut seen = HashSet::new();
    let is_list = site.id.split(';').all(|name| !name.is_empty() && seen.insert(name));
    if is_list { Ok(()) } else { judge.judge(Cause::IdList, Some(site), None) }
}

/// Judges FILTER; false if names are listed twice, so that the list does not give the text back.
pub(super) fn check_filters(site: &Site<'_>, judge: &mut Judge) -> Result<bool, Stop> {
    if matches!(site.filter, "PASS" | ".") {
        return Ok(true);
    }
    if site.filter == "0" {
        judge.judge(Cause::FilterZero, Some(site), None)?;
    }
    if site.filter.split(';').any(str::is_empty) {
        judge.judge(Cause::EmptyFilter, Some(site), None)?;
    }
    if site.filter.contains(' ') {
        judge.judge(Cause::Blank, Some(site), Some("FILTER"))?;
    }
    if !site.filter.contains(';') {
        return Ok(true);
    }
    let mut seen = HashSet::new();
    let distinct = site.filter.split(';').all(|name| seen.insert(name));
    if !distinct || site.filter.split(';').any(|name| matches!(name, "PASS" | "." | "0")) {
        judge.judge(Cause::FilterList, Some(site), None)?;
    }
    Ok(distinct)
}
