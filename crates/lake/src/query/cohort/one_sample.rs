//! Single samples out of vectors: the call or the dosage of one that is named, the names of those that carry an ALT allele.

use super::calls::{Calls, Genotypes, damaged};
use super::samples::{Restriction, SampleLists, Within};
use crate::query::QueryError;
use arrow_array::builder::{Int32Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use std::sync::Arc;
use varberg_rows::Call;

/// Most bytes of the names of carriers in one batch.
const MAX_CARRIER_BYTES: usize = 1 << 28;

/// The alleles of a sample, -1 where missing, as the column `calls` of a store has them; null where it has no GT, or the
/// record's list has no such sample.
pub(super) fn calls(calls: &Calls<'_>, sample: &ColumnarValue, lists: &SampleLists) -> Result<ArrayRef> {
    let mut answers = ListBuilder::new(Int32Builder::with_capacity(2 * calls.len()));
    each_call(calls, sample, lists, |call| {
        answers.append_option(call.map(|call| call.alleles.into_iter().map(Some)));
    })?;
    Ok(Arc::new(answers.finish()))
}

/// The number of ALT alleles of a sample, whichever they are; null where any of its alleles is missing too.
pub(super) fn dosages(calls: &Calls<'_>, sample: &ColumnarValue, lists: &SampleLists) -> Result<ArrayRef> {
    let mut answers = Int32Builder::with_capacity(calls.len());
    each_call(calls, sample, lists, |call| {
        let complete = call.filter(|call| call.alleles.iter().all(|allele| *allele >= 0));
        let alternates = complete.map(|call| call.alleles.iter().filter(|allele| **allele > 0).count());
        answers.append_option(alternates.and_then(|count| i32::try_from(count).ok()));
    })?;
    Ok(Arc::new(answers.finish()))
}

fn each_call(
    calls: &Calls<'_>,
    sample: &ColumnarValue,
    lists: &SampleLists,
    mut each: impl FnMut(Option<Call>),
) -> Result<()> {
    let ids = sample.to_array(calls.len())?;
    let ids: &StringArray = ids.as_string_opt().ok_or_else(|| damaged("a sample is not named by a text"))?;
    let is_one = matches!(sample, ColumnarValue::Scalar(_));
    let mut last: Option<(i64, Option<usize>)> = None;
    for (row, genotypes) in calls.iter().enumerate() {
        let of_row = |genotypes: Genotypes<'_>| {
            let find = || lists.position(genotypes.headerset, genotypes.shape, ids.value(row));
            let position = match last {
                Some((headerset, position)) if is_one && headerset == genotypes.headerset => position,
                _ => find(),
            };
            last = Some((genotypes.headerset, position));
            genotypes.vector.call(position?)
        };
        each(genotypes?.filter(|_| ids.is_valid(row)).and_then(of_row));
    }
    Ok(())
}

/// The ids of the samples that have at least one ALT allele, in the order of the header.
pub(super) fn carriers(calls: &Calls<'_>, samples: Option<&ColumnarValue>, lists: &SampleLists) -> Result<ArrayRef> {
    let mut restriction = Restriction::new(samples, lists)?;
    let mut answers = ListBuilder::new(StringBuilder::new());
    let (mut positions, mut bytes) = (Vec::new(), 0_usize);
    // Which calls have an ALT allele, for the last form of vectors.
    let mut known: Option<(u8, Vec<bool>)> = None;
    for (row, genotypes) in calls.iter().enumerate() {
        let Some(Genotypes { vector, headerset, shape, .. }) = genotypes? else {
            answers.append_null();
            continue;
        };
        let within = restriction.of(row, headerset, shape)?;
        let is_chosen = |position: usize| match &within {
            Within::Subset(subset) => subset.contains(position),
            Within::All => true,
            Within::Null => false,
        };
        let distinct = vector.distinct();
        let carry = || distinct.calls().map(|call| call.is_some_and(|c| c.alleles.iter().any(|a| *a > 0))).collect();
        positions.clear();
        match (&known, distinct.form()) {
            (Some((last, wanted)), Some(form)) if *last == form => distinct.select(wanted, &mut positions),
            (_, form) => {
                let wanted: Vec<bool> = carry();
                distinct.select(&wanted, &mut positions);
                known = form.map(|form| (form, wanted));
            }
        }
        let positions = positions.iter().map(|position| *position as usize).filter(|position| is_chosen(*position));
        for id in positions.filter_map(|position| shape.samples.get(position)) {
            bytes = bytes.saturating_add(id.len() + size_of::<i32>());
            if bytes > MAX_CARRIER_BYTES {
                return Err(too_many());
            }
            answers.values().append_value(id);
        }
        answers.append(!matches!(within, Within::Null));
    }
    Ok(Arc::new(answers.finish()))
}

fn too_many() -> DataFusionError {
    let text = "the ids of carriers take more memory than they may; ask for rarer variants, or for fewer samples";
    DataFusionError::External(Box::new(QueryError::ResourcesExhausted(text.to_owned())))
}
