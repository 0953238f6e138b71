//! How many records each sample has with calls of some classes. In: the different calls of records, each with its class.
//! Out: a count for each class and sample.
//!
//! Of each record only the samples outside its most frequent class are looked at: for that class the record counts for all
//! samples, and is taken from those again. So rare variants cost next to nothing, however many samples there are.

use super::distinct::DistinctCalls;
use super::tally::Tally;

/// Counts for the samples of one header.
#[derive(Debug)]
pub struct CallsPerSample {
    samples: usize,
    classes: Vec<Class>,
    tallies: Vec<Tally>,
    positions: Vec<u32>,
}

#[derive(Debug, Default, Clone)]
struct Class {
    /// Records that count for every sample.
    all: i64,
    /// What each sample has beside; empty while no sample has anything.
    own: Vec<i64>,
}

impl CallsPerSample {
    /// Counts for `samples` samples.
    pub fn new(samples: usize) -> Self {
        Self { samples, classes: Vec::new(), tallies: Vec::new(), positions: Vec::new() }
    }

    /// Adds a record. `classes`: for each different call its class, from 0, None for a call that does not count.
    pub fn add(&mut self, distinct: &DistinctCalls<'_>, classes: &[Option<usize>]) {
        let mut tallies = std::mem::take(&mut self.tallies);
        distinct.tally(None, &mut tallies);
        let mut totals: Vec<(Option<usize>, u64)> = Vec::new();
        for (class, tally) in classes.iter().zip(&tallies).filter(|(_, tally)| tally.samples > 0) {
            match totals.iter_mut().find(|(own, _)| own == class) {
                Some((_, total)) => *total += tally.samples,
                None => totals.push((*class, tally.samples)),
            }
        }
        self.tallies = tallies;
        let Some((most_frequent, _)) = totals.iter().max_by_key(|(_, total)| *total).copied() else { return };
        if let Some(class) = most_frequent {
            self.class(class).all += 1;
        }
        for (class, _) in totals.iter().filter(|(class, _)| *class != most_frequent) {
            let wanted: Vec<bool> = classes.iter().map(|own| own == class).collect();
            let mut positions = std::mem::take(&mut self.positions);
            positions.clear();
            distinct.select(&wanted, &mut positions);
            self.add_to(*class, &positions, 1);
            self.add_to(most_frequent, &positions, -1);
            self.positions = positions;
        }
    }

    /// Adds a record in which all samples are of a class.
    pub fn add_all(&mut self, class: usize) {
        self.class(class).all += 1;
    }

    /// How many records each sample has of a class, in the order of the header.
    pub fn counts(&self, class: usize) -> impl Iterator<Item = i64> {
        let own = self.classes.get(class);
        let all = own.map_or(0, |class| class.all);
        (0..self.samples).map(move |sample| all + own.and_then(|class| class.own.get(sample)).copied().unwrap_or(0))
    }

    fn add_to(&mut self, class: Option<usize>, positions: &[u32], count: i64) {
        let Some(class) = class else { return };
        let samples = self.samples;
        let own = &mut self.class(class).own;
        own.resize(samples, 0);
        for position in positions {
            if let Some(own) = own.get_mut(*position as usize) {
                *own += count;
            }
        }
    }

    fn class(&mut self, class: usize) -> &mut Class {
        if self.classes.len() <= class {
            self.classes.resize_with(class + 1, Class::default);
        }
        &mut self.classes[class]
    }
}

#[cfg(test)]
mod tests;
