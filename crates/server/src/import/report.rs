//! What was found in a file while it was read: whole for the catalog, in short for the item's message, and whether more
//! records were left out than the configuration allows.

use super::message::{MAX_MESSAGE, shorten};
use varberg_formats::{Cause, Fault, Policy, Tally, Warning};
use varberg_model::{ItemReport, ItemWarning};

/// All of it, for the catalog.
pub(super) fn of(tally: &Tally, policy: &Policy) -> ItemReport {
    let warning = |w: &Warning| ItemWarning {
        cause: w.cause.name().to_owned(),
        code: w.cause.code().as_str().to_owned(),
        message: policy.verdict(w.cause).tell(w.cause),
        verdict: policy.verdict(w.cause).as_str().to_owned(),
        count: w.count,
        first_line: w.first_line,
    };
    ItemReport { rejected: tally.rejected, warnings: tally.warnings.iter().map(warning).collect() }
}

/// How contigs were matched, and one sentence per kind of warning: what, how often, and where first (true line of the file).
pub(super) fn warnings_text(tally: &Tally, policy: &Policy) -> String {
    let mut said: Vec<String> = Vec::new();
    match tally.rejected {
        0 => {}
        1 => said.push(format!("1 of {} records was left out", all_records(tally))),
        n => said.push(format!("{n} of {} records were left out", all_records(tally))),
    }
    let told = |w: &Warning| policy.verdict(w.cause).tell(w.cause);
    said.extend(tally.warnings.iter().map(|w| match w.count {
        1 => format!("{} (line {})", told(w), w.first_line),
        n => format!("{} ({n} times, first on line {})", told(w), w.first_line),
    }));
    let warnings = (!said.is_empty()).then(|| format!("warnings: {}", said.join("; ")));
    let texts: Vec<String> = aliases_text(tally).into_iter().chain(warnings).collect();
    shorten(&texts.join(". "), MAX_MESSAGE)
}

/// That contigs were taken for others of the reference, with the first of them.
fn aliases_text(tally: &Tally) -> Option<String> {
    let (name, other) = tally.contig_aliases.first_key_value()?;
    let contigs = match tally.contig_aliases.len() {
        1 => "1 contig".to_owned(),
        n => format!("{n} contigs"),
    };
    Some(format!("contig names were matched to the reference as {name} = {other} ({contigs})"))
}

/// Whether no more records were left out than `max_share` of all; else the text that says so.
pub(super) fn check_share(tally: &Tally, policy: &Policy, max_share: f64) -> Result<(), String> {
    // Counts of records are far below 2^52, where doubles are exact.
    let (rejected, all) = (tally.rejected as f64, all_records(tally) as f64);
    if rejected <= max_share * all {
        return Ok(());
    }
    let what = warnings_text(tally, policy);
    let share = format!("{} of {} records; {max_share} is allowed", tally.rejected, all_records(tally));
    Err(shorten(&format!("{}; {what}", Fault::new(Cause::RejectedShare).with_detail(&share)), MAX_MESSAGE))
}

fn all_records(tally: &Tally) -> u64 {
    tally.records.saturating_add(tally.rejected)
}
