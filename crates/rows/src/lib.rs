//! What a row of our tables is, in Arrow: table schemas, the shape of a read batch, packed sample values, `explode`
//! from one row per record to one row per record and sample, and `implode` from there to text. Pure: no I/O, no clock, no SQL.

mod builders;
mod counts;
mod distinct;
mod equal_rows;
mod explode;
mod feature;
mod genotypes;
mod hardy_weinberg;
mod headersets;
mod implode;
mod ints;
mod provenance;
mod record;
mod samples;
mod schema;
mod vector;
mod wide;

pub use builders::{Maps, Numbers, StringLists, Strings};
pub use distinct::DistinctNames;
pub use equal_rows::{EqualRows, NumberedRows, with_text_views};
pub use explode::{Explode, ExplodeError, Next, Origin, Selection};
pub use feature::{feature_columns, feature_schema};
pub use genotypes::{
    AlternateCounts, BadGenotype, Call, CallsPerSample, DiploidCounts, DistinctCalls, GenotypeCounts, GenotypeVector,
    GenotypeVectorBuilder, SampleSubset, Tally,
};
pub use hardy_weinberg::hardy_weinberg;
pub use headersets::{HeaderSetClash, HeaderSets, headerset_id};
pub use implode::{Implode, ImplodeError, RecordText};
pub use provenance::Provenance;
pub use record::{FormatColumn, Number, RecordShape, ValueKind, record_columns};
pub use samples::{IntegerVector, SampleColumnsBuilder, SampleError, SampleProblem, SampleProblems};
pub use schema::{FIELD_ID, RECORDS_PER_PART, arrow_schema, arrow_type};
pub use vector::{VectorBuilder, VectorError, VectorView, is_canonical_float};
pub use wide::{StoredRecords, WideRows, info_values, wide_columns, with_typed_info};
