//! Functions over the genotypes of a record as one vector: the column `calls` of `"<store>$sites"`. In: vectors, and lists
//! of sample ids that restrict them. Out: counts, frequencies, tests, single calls, carriers. No row of a sample is made.
//!
//! What is counted how is said in `varberg_rows` (`GenotypeCounts`, `DiploidCounts`) and in docs/sql.md. Of a record without
//! GT, and of NULL samples, every function gives NULL.

mod calls;
mod counts;
mod one_sample;
mod samples;
pub(super) mod samples_where;

use arrow_schema::{DataType, Field};
use calls::Calls;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use samples::SampleLists;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use varberg_rows::HeaderSets;

/// The functions, over the vectors of tables whose samples are `headersets`.
pub(super) fn functions(headersets: &Arc<HeaderSets>) -> Vec<ScalarUDF> {
    let samples = Arc::new(SampleLists::new(Arc::clone(headersets)));
    let function = |what| {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::from(CohortFunction { what, signature, samples: Arc::clone(&samples) })
    };
    ALL.map(function).into()
}

/// What a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    AlleleCount,
    AlleleNumber,
    AlleleFrequency,
    HetCount,
    HomAltCount,
    MissingCount,
    Hwe,
    Carriers,
    Call,
    Dosage,
}

const ALL: [What; 10] = [
    What::AlleleCount,
    What::AlleleNumber,
    What::AlleleFrequency,
    What::HetCount,
    What::HomAltCount,
    What::MissingCount,
    What::Hwe,
    What::Carriers,
    What::Call,
    What::Dosage,
];

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::AlleleCount => "allele_count",
            Self::AlleleNumber => "allele_number",
            Self::AlleleFrequency => "allele_frequency",
            Self::HetCount => "het_count",
            Self::HomAltCount => "hom_alt_count",
            Self::MissingCount => "missing_count",
            Self::Hwe => "hwe",
            Self::Carriers => "carriers",
            Self::Call => "call",
            Self::Dosage => "dosage",
        }
    }

    fn answer(self) -> DataType {
        match self {
            Self::AlleleNumber | Self::HetCount | Self::HomAltCount | Self::MissingCount => DataType::Int64,
            Self::AlleleCount => list(DataType::Int64),
            Self::AlleleFrequency | Self::Hwe => list(DataType::Float64),
            Self::Carriers => list(DataType::Utf8),
            Self::Call => list(DataType::Int32),
            Self::Dosage => DataType::Int32,
        }
    }

    /// Whether it is of one sample, which is named.
    fn is_of_one_sample(self) -> bool {
        matches!(self, Self::Call | Self::Dosage)
    }

    fn usage(self) -> String {
        let name = self.name();
        if self.is_of_one_sample() {
            format!("write {name}(calls, 'SAMPLE'), with the column calls of \"<store>$sites\"")
        } else {
            format!(
                "write {name}(calls) with the column calls of \"<store>$sites\", or {name}(calls, ARRAY['SAMPLE', ...]), or \
                 {name}(calls, samples_where(table, condition))"
            )
        }
    }
}

fn list(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(element, true)))
}

#[derive(Debug)]
struct CohortFunction {
    what: What,
    signature: Signature,
    samples: Arc<SampleLists>,
}

impl PartialEq for CohortFunction {
    fn eq(&self, other: &Self) -> bool {
        self.what == other.what && Arc::ptr_eq(&self.samples, &other.samples)
    }
}

impl Eq for CohortFunction {}

impl Hash for CohortFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.what.hash(state);
    }
}

impl ScalarUDFImpl for CohortFunction {
    fn name(&self) -> &'static str {
        self.what.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.what.answer())
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let usage = || DataFusionError::Plan(self.what.usage());
        let calls = |given: &DataType| if calls::fits(given) { Ok(calls::data_type()) } else { Err(usage()) };
        match given {
            [vectors] if !self.what.is_of_one_sample() => Ok(vec![calls(vectors)?]),
            [vectors, sample] if self.what.is_of_one_sample() && is_text(sample) => {
                Ok(vec![calls(vectors)?, DataType::Utf8])
            }
            [vectors, samples] if !self.what.is_of_one_sample() && is_texts(samples) => {
                Ok(vec![calls(vectors)?, list(DataType::Utf8)])
            }
            _ => Err(usage()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let usage = || DataFusionError::Plan(self.what.usage());
        let (vectors, second) = args.args.split_first().ok_or_else(usage)?;
        let vectors = vectors.to_array(args.number_rows)?;
        let calls = Calls::new(&vectors, self.samples.headersets())?;
        let answer = match (self.what, second.first()) {
            (What::Call, Some(sample)) => one_sample::calls(&calls, sample, &self.samples)?,
            (What::Dosage, Some(sample)) => one_sample::dosages(&calls, sample, &self.samples)?,
            (What::Carriers, samples) => one_sample::carriers(&calls, samples, &self.samples)?,
            (what, samples) => counts::of(what, &calls, samples, &self.samples)?,
        };
        Ok(ColumnarValue::Array(answer))
    }
}

fn is_text(given: &DataType) -> bool {
    matches!(given, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
}

fn is_texts(given: &DataType) -> bool {
    match given {
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::FixedSizeList(element, _) => is_text(element.data_type()),
        DataType::Null => true,
        _ => false,
    }
}
