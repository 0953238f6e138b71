//! The samples whose genotype passes a predicate. In: a predicate over `calls` and `phased`, vectors of records. Out: which
//! records give rows, and for which samples. The predicate is evaluated once for each different call.

use super::rows::Chosen;
use super::selection::{GENOTYPE, Passed, evaluate};
use arrow_array::builder::{BooleanBuilder, Int32Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use arrow_select::filter::filter_record_batch;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use std::collections::HashMap;
use std::sync::Arc;
use varberg_rows::{Call, DistinctCalls, GenotypeVector, RecordShape};

/// With fewer than one in so many records left, the others are taken out before their rows are made.
const SPARSE: usize = 4;

/// A predicate over genotypes, with what is known of it.
#[derive(Debug)]
pub(super) struct GenotypeFilter {
    predicate: Arc<dyn PhysicalExpr>,
    /// The contract.
    schema: SchemaRef,
    /// By form of vector: which of the calls that it can hold pass.
    known: HashMap<u8, Arc<[bool]>>,
}

impl GenotypeFilter {
    pub(super) fn new(predicate: Arc<dyn PhysicalExpr>, schema: SchemaRef) -> Self {
        Self { predicate, schema, known: HashMap::new() }
    }

    /// The records of `rows` that give rows, and for which samples; none where no record does. `passed`: samples that may
    /// give rows; `column`: the vectors, if the table has some.
    pub(super) fn choose(
        &mut self,
        shape: &RecordShape,
        rows: RecordBatch,
        column: Option<&ArrayRef>,
        passed: &Passed,
    ) -> Result<Option<(RecordBatch, Chosen)>> {
        let samples = shape.samples.len();
        let without = self.passes_without(shape)?;
        let vectors = column.and_then(|column| column.as_binary_opt::<i32>());
        let Some(vectors) = vectors.filter(|_| samples > 0) else {
            return Ok(without.then(|| (rows, Chosen::of(passed))));
        };
        let (mut positions, mut ends, mut kept) = (Vec::new(), Vec::with_capacity(rows.num_rows()), Vec::new());
        for row in 0..rows.num_rows() {
            let before = positions.len();
            if vectors.is_valid(row) {
                let vector = GenotypeVector::parse(vectors.value(row), samples).map_err(|_| damaged())?;
                self.select(&vector, samples, passed, &mut positions)?;
            } else if without {
                add_all(passed, samples, &mut positions);
            }
            kept.push(positions.len() > before);
            ends.push(positions.len());
        }
        let left = kept.iter().filter(|kept| **kept).count();
        if left == 0 {
            return Ok(None);
        }
        if left * SPARSE >= rows.num_rows() {
            return Ok(Some((rows, Chosen::Each { positions, ends })));
        }
        ends.dedup();
        let ends = if ends.first() == Some(&0) { ends.split_off(1) } else { ends };
        let rows = filter_record_batch(&rows, &BooleanArray::from(kept))?;
        Ok(Some((rows, Chosen::Each { positions, ends })))
    }

    /// Whether rows of records without GT pass.
    pub(super) fn passes_without(&self, shape: &RecordShape) -> Result<bool> {
        // Where there are samples, a record without GT has calls that are not phased.
        let declares = !shape.samples.is_empty() && shape.formats.iter().any(|format| format.id == "GT");
        Ok(self.passing(&[Seen { call: None, phased: declares.then_some(false) }])?.contains(&true))
    }

    /// Which of the different calls of a record pass.
    pub(super) fn wanted(&mut self, distinct: &DistinctCalls<'_>) -> Result<Arc<[bool]>> {
        if let Some(wanted) = distinct.form().and_then(|form| self.known.get(&form)) {
            return Ok(Arc::clone(wanted));
        }
        let seen = |call: Option<Call>| Seen { phased: Some(call.as_ref().is_some_and(|c| c.phased)), call };
        let calls: Vec<Seen> = distinct.calls().map(seen).collect();
        let wanted: Arc<[bool]> = self.passing(&calls)?.into();
        if let Some(form) = distinct.form() {
            self.known.insert(form, Arc::clone(&wanted));
        }
        Ok(wanted)
    }

    /// Adds the samples of one record that pass.
    fn select(
        &mut self,
        vector: &GenotypeVector<'_>,
        samples: usize,
        passed: &Passed,
        positions: &mut Vec<u32>,
    ) -> Result<()> {
        let distinct = vector.distinct();
        let wanted = self.wanted(&distinct)?;
        if wanted.iter().all(|wanted| *wanted) {
            add_all(passed, samples, positions);
        } else if wanted.contains(&true) {
            match passed {
                Passed::None => {}
                Passed::All => distinct.select(&wanted, positions),
                Passed::These(own) => {
                    let index = |at: u32| distinct.index(usize::try_from(at).ok()?);
                    let passes = |at: &u32| index(*at).and_then(|index| wanted.get(index)).copied().unwrap_or(false);
                    positions.extend(own.iter().copied().filter(passes));
                }
            }
        }
        Ok(())
    }

    /// Which calls pass.
    fn passing(&self, calls: &[Seen]) -> Result<Vec<bool>> {
        let [name_of_calls, name_of_phased] = GENOTYPE;
        let field = self.schema.field_with_name(name_of_calls)?;
        let DataType::List(element) = field.data_type() else { return Err(damaged()) };
        let mut lists = ListBuilder::new(Int32Builder::new()).with_field(Arc::clone(element));
        let mut phased = BooleanBuilder::new();
        for seen in calls {
            match &seen.call {
                Some(call) => lists.append_value(call.alleles.iter().map(|allele| Some(*allele))),
                None => lists.append_null(),
            }
            phased.append_option(seen.phased);
        }
        let columns: [(&str, ArrayRef); 2] =
            [(name_of_calls, Arc::new(lists.finish())), (name_of_phased, Arc::new(phased.finish()))];
        evaluate(&self.predicate, &self.schema, &columns)
    }
}

/// What a row shows of a genotype.
struct Seen {
    call: Option<Call>,
    phased: Option<bool>,
}

fn add_all(passed: &Passed, samples: usize, positions: &mut Vec<u32>) {
    match passed {
        Passed::None => {}
        Passed::All => positions.extend(0..u32::try_from(samples).unwrap_or(u32::MAX)),
        Passed::These(own) => positions.extend_from_slice(own),
    }
}

pub(super) fn damaged() -> DataFusionError {
    DataFusionError::Internal("a vector of genotypes is damaged".to_owned())
}
