//! Counts, frequencies and tests: one value, or one for each ALT allele, for each record.

use super::What;
use super::calls::{Calls, Genotypes, damaged};
use super::samples::{Restriction, SampleLists, Within};
use arrow_array::ArrayRef;
use arrow_array::builder::{Float64Builder, Int64Builder, ListBuilder};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use std::sync::Arc;
use varberg_rows::{DiploidCounts, GenotypeCounts, SampleSubset, VectorError};

/// The answers of a function over `calls`, of the samples of a list if one is given.
pub(super) fn of(
    what: What,
    calls: &Calls<'_>,
    samples: Option<&ColumnarValue>,
    lists: &SampleLists,
) -> Result<ArrayRef> {
    let mut counts = Counts::new(what, calls.len());
    let mut restriction = Restriction::new(samples, lists)?;
    for (row, genotypes) in calls.iter().enumerate() {
        let Some(genotypes) = genotypes? else {
            counts.answers.append_null();
            continue;
        };
        let counted = match restriction.of(row, genotypes.headerset, genotypes.shape)? {
            Within::Null => {
                counts.answers.append_null();
                continue;
            }
            Within::All => counts.add(&genotypes, None),
            Within::Subset(subset) => counts.add(&genotypes, Some(&subset)),
        };
        counted.map_err(|_| damaged("a genotype names an allele that its record does not have"))?;
    }
    Ok(counts.answers.finish())
}

struct Counts {
    what: What,
    answers: Answers,
    genotypes: GenotypeCounts,
    diploid: DiploidCounts,
    per_allele: Vec<u64>,
}

impl Counts {
    fn new(what: What, rows: usize) -> Self {
        let answers = match what {
            What::AlleleCount => Answers::Integers(ListBuilder::new(Int64Builder::with_capacity(rows))),
            What::AlleleFrequency | What::Hwe => {
                Answers::Doubles(ListBuilder::new(Float64Builder::with_capacity(rows)))
            }
            _ => Answers::Integer(Int64Builder::with_capacity(rows)),
        };
        let (genotypes, diploid) = (GenotypeCounts::default(), DiploidCounts::default());
        Self { what, answers, genotypes, diploid, per_allele: Vec::new() }
    }

    fn add(&mut self, genotypes: &Genotypes<'_>, within: Option<&SampleSubset>) -> Result<(), VectorError> {
        let Genotypes { vector, alternates, .. } = genotypes;
        match (self.what, &mut self.answers) {
            (What::AlleleCount, Answers::Integers(lists)) => {
                vector.count_alleles(*alternates, within, &mut self.per_allele)?;
                lists.append_value(self.per_allele.iter().skip(1).map(|count| Some(integer(*count))));
            }
            (What::AlleleFrequency, Answers::Doubles(lists)) => {
                let called = vector.count_alleles(*alternates, within, &mut self.per_allele)?;
                let frequency = |count: &u64| Some(*count as f64 / called as f64);
                lists.append_option((called > 0).then(|| self.per_allele.iter().skip(1).map(frequency)));
            }
            (What::Hwe, Answers::Doubles(lists)) => {
                vector.count_diploid(*alternates, within, &mut self.diploid)?;
                lists.append_option(self.diploid.hardy_weinberg().map(|tests| tests.map(Some)));
            }
            (What::AlleleNumber, Answers::Integer(values)) => {
                values.append_value(integer(vector.count_alleles(*alternates, within, &mut self.per_allele)?));
            }
            (what, Answers::Integer(values)) => {
                vector.count(*alternates, within, &mut self.genotypes)?;
                values.append_value(integer(match what {
                    What::HetCount => self.genotypes.heterozygous,
                    What::HomAltCount => self.genotypes.homozygous_alternate,
                    _ => self.genotypes.missing,
                }));
            }
            (_, answers) => answers.append_null(), // not reached: `new` chose the answers by the function
        }
        Ok(())
    }
}

/// Values of the type that a function answers with.
enum Answers {
    Integer(Int64Builder),
    Integers(ListBuilder<Int64Builder>),
    Doubles(ListBuilder<Float64Builder>),
}

impl Answers {
    fn append_null(&mut self) {
        match self {
            Self::Integer(values) => values.append_null(),
            Self::Integers(lists) => lists.append_null(),
            Self::Doubles(lists) => lists.append_null(),
        }
    }

    fn finish(mut self) -> ArrayRef {
        match &mut self {
            Self::Integer(values) => Arc::new(values.finish()),
            Self::Integers(lists) => Arc::new(lists.finish()),
            Self::Doubles(lists) => Arc::new(lists.finish()),
        }
    }
}

fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
