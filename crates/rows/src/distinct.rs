//! Names that differ from one another. In: names, some of them equal. Out: the later of two equal ones with `_2`, `_3`
//! and so on. The work is in proportion to the number of names, however many of them are equal.

use std::collections::{HashMap, HashSet};

/// The names given out so far.
#[derive(Debug, Default)]
pub struct DistinctNames {
    taken: HashSet<String>,
    /// For a name that was wanted twice, the number that is tried next.
    next: HashMap<String, usize>,
}

impl DistinctNames {
    /// `wanted` if it is free, else `wanted` with the first number from 2 on that makes it so.
    pub fn take(&mut self, wanted: &str) -> String {
        if self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let next = self.next.entry(wanted.to_owned()).or_insert(2);
        loop {
            let numbered = format!("{wanted}_{next}");
            *next += 1;
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_get_the_first_free_number() {
        let mut names = DistinctNames::default();
        let taken = ["af", "af", "af_3", "af", "af_2", "af"].map(|name| names.take(name));
        assert_eq!(taken, ["af", "af_2", "af_3", "af_4", "af_2_2", "af_5"]);
    }

    #[test]
    fn very_many_equal_names_take_no_longer_than_different_ones() {
        let mut names = DistinctNames::default();
        let last = (0..200_000).map(|_| names.take("a")).last();
        assert_eq!(last.as_deref(), Some("a_200000"));
    }
}
