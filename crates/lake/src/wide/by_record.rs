//! Records to one row each, or one for each of its different genotypes, with the number of samples that it stands for. In:
//! vectors of records, and which samples and genotypes pass. Out: for each row a sample whose values are those of all.

use super::genotypes::{GenotypeFilter, damaged};
use super::rows::Chosen;
use super::selection::Passed;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use datafusion::common::Result;
use varberg_rows::{GenotypeVector, RecordShape, SampleSubset, Tally};

/// The rows that records of one headerset give.
pub(super) struct ByRecord {
    pub(super) chosen: Chosen,
    /// For each row: how many rows of the contract it stands for.
    pub(super) counts: Vec<i64>,
}

/// What is known of the samples of a headerset that pass; for any number of records.
pub(super) struct Samples<'a> {
    pub(super) shape: &'a RecordShape,
    pub(super) passed: &'a Passed,
    /// Those that pass, where some do not.
    pub(super) subset: Option<&'a SampleSubset>,
}

impl Samples<'_> {
    /// How many pass, and the first of them. A headerset without samples gives one row.
    fn all(&self) -> Tally {
        match self.passed {
            Passed::All => Tally { samples: self.shape.samples.len().max(1) as u64, first: 0 },
            Passed::None => Tally::default(),
            Passed::These(own) => Tally { samples: own.len() as u64, first: own.first().copied().unwrap_or_default() },
        }
    }
}

impl ByRecord {
    /// `column`: the vectors, if the table has some and they were read; `with_genotype`: samples with different genotypes
    /// are rows of their own.
    pub(super) fn new(
        samples: &Samples<'_>,
        rows: &RecordBatch,
        column: Option<&ArrayRef>,
        mut filter: Option<&mut GenotypeFilter>,
        with_genotype: bool,
    ) -> Result<Self> {
        let all = samples.all();
        let number = samples.shape.samples.len();
        let is_needed = with_genotype || filter.is_some();
        let vectors = column.and_then(|column| column.as_binary_opt::<i32>()).filter(|_| is_needed && number > 0);
        let without = match &filter {
            Some(filter) => filter.passes_without(samples.shape)?,
            None => true,
        };
        let (mut positions, mut ends, mut counts) = (Vec::new(), Vec::with_capacity(rows.num_rows()), Vec::new());
        let mut tallies = Vec::new();
        for row in 0..rows.num_rows() {
            match vectors.filter(|vectors| vectors.is_valid(row)) {
                Some(vectors) => {
                    let vector = GenotypeVector::parse(vectors.value(row), number).map_err(|_| damaged())?;
                    let distinct = vector.distinct();
                    distinct.tally(samples.subset, &mut tallies);
                    if let Some(filter) = &mut filter {
                        let wanted = filter.wanted(&distinct)?;
                        tallies.iter_mut().zip(wanted.iter()).filter(|(_, w)| !**w).for_each(|(t, _)| t.samples = 0);
                    }
                    tallies.retain(|tally| tally.samples > 0);
                    tallies.sort_unstable_by_key(|tally| tally.first);
                    if !with_genotype {
                        let samples = tallies.iter().map(|tally| tally.samples).sum();
                        tallies.truncate(1);
                        tallies.iter_mut().for_each(|tally| tally.samples = samples);
                    }
                }
                None => {
                    tallies.clear();
                    tallies.extend(without.then_some(all));
                }
            }
            positions.extend(tallies.iter().map(|tally| tally.first));
            counts.extend(tallies.iter().map(|tally| i64::try_from(tally.samples).unwrap_or(i64::MAX)));
            ends.push(positions.len());
        }
        // Without samples there is one row for each record, whatever is chosen: all or none of the records pass.
        let chosen = match number == 0 && without {
            true => Chosen::All,
            false => Chosen::Each { positions, ends },
        };
        Ok(Self { chosen, counts })
    }
}
