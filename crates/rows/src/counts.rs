//! How many values the samples of a record have for a FORMAT key, and whether that is what the header says.

use crate::Number;

/// Beyond this ploidy the number of values of `Number=G` is not checked.
const MAX_PLOIDY: u32 = 16;

/// The fewest and the most values of a sample; samples without a value and with a lone `.` do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    fewest: u32,
    most: u32,
}

impl Counts {
    pub(crate) const NONE: Self = Self { fewest: u32::MAX, most: 0 };

    /// Those of samples with `count` values each, which are not lone `.`.
    pub(crate) fn exactly(count: u32) -> Self {
        Self { fewest: count, most: count }
    }

    /// Those of one sample with `count` values.
    pub(crate) fn of(text: &[u8], count: usize) -> Self {
        let mut counts = Self::NONE;
        counts.add(text, count);
        counts
    }

    /// Counts a sample with `count` values.
    pub(crate) fn add(&mut self, text: &[u8], count: usize) {
        if text != b"." {
            self.add_number(u32::try_from(count).unwrap_or(u32::MAX));
        }
    }

    /// Counts a sample with `count` values, which are not a lone `.`.
    pub(crate) fn add_number(&mut self, count: u32) {
        self.fewest = self.fewest.min(count);
        self.most = self.most.max(count);
    }

    /// Whether all samples have the declared number; `ploidies` are the smallest and the largest of the record's
    /// genotypes. Numbers that depend on more than that, and records without ALT, are not looked at: programs leave there
    /// what they wrote before they took the alleles away.
    pub(crate) fn fit(self, number: Number, alternates: usize, ploidies: Option<(u32, u32)>) -> bool {
        let exactly = |count: usize| [self.fewest, self.most].iter().all(|c| usize::try_from(*c) == Ok(count));
        match number {
            _ if self.most == 0 => true,
            Number::Count(count) => exactly(usize::try_from(count).unwrap_or(usize::MAX)),
            Number::A | Number::R | Number::G if alternates == 0 => true,
            Number::A => exactly(alternates),
            Number::R => exactly(alternates.saturating_add(1)),
            Number::G => {
                let (least, greatest) = ploidies.unwrap_or((1, 2));
                let possible = |count: u32| (least..=greatest).any(|p| genotypes(alternates, p) == Some(count));
                greatest > MAX_PLOIDY || (possible(self.fewest) && possible(self.most))
            }
            Number::Unknown | Number::Other => true,
        }
    }
}

/// Number of values of a list.
pub(crate) fn members(text: &[u8]) -> usize {
    1 + memchr::memchr_iter(b',', text).count()
}

/// Whether a list holds single characters only.
pub(crate) fn are_characters(text: &[u8]) -> bool {
    let is_character = |text: &str| text.chars().count() == 1;
    text.split(|b| *b == b',').all(|value| value.len() == 1 || std::str::from_utf8(value).is_ok_and(is_character))
}

/// Number of unordered genotypes of `ploidy` alleles, REF among them.
fn genotypes(alternates: usize, ploidy: u32) -> Option<u32> {
    let mut count: u64 = 1;
    for i in 1..=u64::from(ploidy) {
        count = count.checked_mul(u64::try_from(alternates).ok()?.checked_add(i)?)? / i;
    }
    u32::try_from(count).ok()
}
