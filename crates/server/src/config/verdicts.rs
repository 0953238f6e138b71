//! `import.verdicts`: what follows from single faults. In: names of causes and verdicts as users write them. Out: the
//! same, checked, so that a mistyped name is refused at start and told what it could have meant.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use varberg_formats::{Cause, Policy, Verdict};

/// How many names a refusal offers.
const OFFERED: usize = 3;

/// Causes and the verdicts that take the place of the preset's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Verdicts(BTreeMap<Cause, Verdict>);

impl Verdicts {
    pub(super) fn iter(&self) -> impl Iterator<Item = (Cause, Verdict)> {
        self.0.iter().map(|(cause, verdict)| (*cause, *verdict))
    }
}

impl From<Verdicts> for BTreeMap<String, String> {
    fn from(verdicts: Verdicts) -> Self {
        verdicts.iter().map(|(cause, verdict)| (cause.name().to_owned(), verdict.as_str().to_owned())).collect()
    }
}

impl TryFrom<BTreeMap<String, String>> for Verdicts {
    type Error = String;

    fn try_from(texts: BTreeMap<String, String>) -> Result<Self, String> {
        texts.iter().map(|(name, text)| parse(name, text)).collect::<Result<_, _>>().map(Self)
    }
}

fn parse(name: &str, text: &str) -> Result<(Cause, Verdict), String> {
    let Some(cause) = Cause::from_name(name) else {
        return Err(format!(
            "import.verdicts: there is no fault {name}; close to it are {}",
            close_to(name).join(", ")
        ));
    };
    let allowed = Policy::allowed(cause);
    match Verdict::parse(text).filter(|verdict| allowed.contains(verdict)) {
        Some(verdict) => Ok((cause, verdict)),
        None => {
            let allowed: Vec<String> = allowed.iter().map(|verdict| format!("\"{}\"", verdict.as_str())).collect();
            Err(format!("import.verdicts.{name} is \"{text}\" and must be {}", allowed.join(" or ")))
        }
    }
}

/// The names that need the fewest changes to become `name`.
fn close_to(name: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = Cause::ALL.iter().map(|cause| cause.name()).collect();
    names.sort_by_key(|known| distance(&known.to_lowercase(), &name.to_lowercase()));
    names.truncate(OFFERED);
    names
}

/// Characters to insert, delete or replace to make one text of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (right, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(left != *right)).min(before + 1).min(*above + 1);
            diagonal = std::mem::replace(above, cost);
            before = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
