//! The column `calls`: for each record the genotypes of all samples as one vector, with what is needed to read it. In: an
//! array of that type. Out: vectors, checked.

use crate::query::QueryError;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, Int32Array, Int64Array, StructArray};
use arrow_schema::{DataType, Field, Fields};
use datafusion::common::{DataFusionError, Result};
use std::sync::Arc;
use varberg_rows::{GenotypeVector, HeaderSets, RecordShape};

const HEADERSET: &str = "headerset";
const VECTOR: &str = "vector";
const ALTERNATES: &str = "alternates";

/// The type of the column: the id of the list of samples, their genotypes as a vector, and the number of ALT alleles, which
/// a vector does not tell. Null, or with a null vector, where the record has no GT.
pub(in crate::query) fn data_type() -> DataType {
    DataType::Struct(Fields::from(vec![
        Field::new(HEADERSET, DataType::Int64, true),
        Field::new(VECTOR, DataType::Binary, true),
        Field::new(ALTERNATES, DataType::Int32, true),
    ]))
}

/// Whether a type is that of the column, or can be made so.
pub(super) fn fits(given: &DataType) -> bool {
    match given {
        DataType::Struct(fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            names == [HEADERSET, VECTOR, ALTERNATES]
        }
        other => *other == DataType::Null,
    }
}

/// The column, by its members.
pub(super) struct Calls<'a> {
    structs: &'a StructArray,
    headersets: &'a Int64Array,
    vectors: &'a BinaryArray,
    alternates: &'a Int32Array,
    known: &'a HeaderSets,
}

/// The genotypes of a record.
pub(super) struct Genotypes<'a> {
    pub(super) vector: GenotypeVector<'a>,
    pub(super) headerset: i64,
    pub(super) shape: &'a RecordShape,
    pub(super) alternates: usize,
}

impl<'a> Calls<'a> {
    pub(super) fn new(array: &'a ArrayRef, known: &'a HeaderSets) -> Result<Self> {
        let members = |array: &'a ArrayRef| {
            let structs = array.as_struct_opt()?;
            Some(Self {
                structs,
                headersets: structs.column_by_name(HEADERSET)?.as_primitive_opt::<Int64Type>()?,
                vectors: structs.column_by_name(VECTOR)?.as_binary_opt()?,
                alternates: structs.column_by_name(ALTERNATES)?.as_primitive_opt::<Int32Type>()?,
                known,
            })
        };
        members(array).ok_or_else(|| damaged("a column of calls has another type than it should"))
    }

    pub(super) fn len(&self) -> usize {
        self.structs.len()
    }

    /// The genotypes of each record; None where it has no GT.
    pub(super) fn iter(&self) -> impl Iterator<Item = Result<Option<Genotypes<'a>>>> {
        (0..self.len()).map(|row| self.get(row))
    }

    fn get(&self, row: usize) -> Result<Option<Genotypes<'a>>> {
        let members = [self.headersets as &dyn Array, self.vectors, self.alternates];
        if self.structs.is_null(row) || members.iter().any(|member| member.is_null(row)) {
            return Ok(None);
        }
        let headerset = self.headersets.value(row);
        let shape: &Arc<RecordShape> =
            self.known.get(headerset).ok_or_else(|| damaged("a record names a list of samples that is not known"))?;
        let vector = GenotypeVector::parse(self.vectors.value(row), shape.samples.len());
        let vector = vector.map_err(|_| damaged("a vector of genotypes is damaged"))?;
        let alternates = usize::try_from(self.alternates.value(row)).unwrap_or(0);
        Ok(Some(Genotypes { vector, headerset, shape, alternates }))
    }
}

/// What is stored cannot be read; the text names no sample and no genotype.
pub(super) fn damaged(text: &str) -> DataFusionError {
    DataFusionError::External(Box::new(QueryError::Internal(text.to_owned())))
}
