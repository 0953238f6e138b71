//! What an interval join has to answer, the same for all its partitions; and how rows of both sides become its output.

use super::overlap::Overlap;
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array,
};
use arrow_schema::SchemaRef;
use arrow_select::filter::prep_null_mask_filter;
use arrow_select::take::take;
use datafusion::common::{DataFusionError, JoinSide, JoinType, NullEquality, Result};
use datafusion::physical_expr::PhysicalExprRef;
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinFilter};

/// A join; "left" is the build side, "right" the probe side.
#[derive(Debug)]
pub(super) struct JoinSpec {
    pub(super) join_type: JoinType,
    pub(super) build_keys: Vec<PhysicalExprRef>,
    pub(super) probe_keys: Vec<PhysicalExprRef>,
    pub(super) nulls: NullEquality,
    pub(super) overlap: Overlap,
    /// Of the output.
    pub(super) schema: SchemaRef,
    /// Where each column of the output comes from.
    pub(super) columns: Vec<ColumnIndex>,
    /// Rows of an output batch.
    pub(super) batch_size: usize,
}

impl JoinSpec {
    /// Whether it must be known which rows of the build side have a partner.
    pub(super) fn marks_build(&self) -> bool {
        use JoinType::{Full, Left, LeftAnti, LeftMark, LeftSemi};
        matches!(self.join_type, Full | Left | LeftAnti | LeftMark | LeftSemi)
    }

    /// Whether it must be known which rows of the probe side have a partner.
    pub(super) fn marks_probe(&self) -> bool {
        use JoinType::{Full, Right};
        matches!(self.join_type, Full | Right) || self.asks_whether()
    }

    /// Whether only the existence of a partner counts for a row of the probe side, not how many there are.
    pub(super) fn asks_whether(&self) -> bool {
        use JoinType::{RightAnti, RightMark, RightSemi};
        matches!(self.join_type, RightAnti | RightMark | RightSemi)
    }

    /// Whether rows of the probe side matter when the build side has nothing that they could meet.
    pub(super) fn needs_probe_rows(&self) -> bool {
        use JoinType::{Full, Right, RightAnti, RightMark};
        matches!(self.join_type, Full | Right | RightAnti | RightMark)
    }

    /// The output for `rows` rows.
    ///
    /// - `build`: rows of the build side, null for none.
    /// - `probe`: rows of the probe side; none at all where it is not given.
    /// - `mark`: the column that tells whether there is a partner, for mark joins.
    pub(super) fn output(
        &self,
        rows: usize,
        build: (&RecordBatch, &UInt32Array),
        probe: Option<(&RecordBatch, &UInt32Array)>,
        mark: Option<&ArrayRef>,
    ) -> Result<RecordBatch> {
        let columns =
            self.columns.iter().zip(self.schema.fields()).map(|(column, field)| match (column.side, probe, mark) {
                (JoinSide::Left, _, _) => Ok(take(build.0.column(column.index), build.1, None)?),
                (JoinSide::Right, Some((batch, rows)), _) => Ok(take(batch.column(column.index), rows, None)?),
                (JoinSide::None, _, Some(mark)) => Ok(mark.clone()),
                (JoinSide::Right | JoinSide::None, _, _) => Ok(new_null_array(field.data_type(), rows)),
            });
        batch_of(&self.schema, columns.collect::<Result<_>>()?, rows)
    }

    /// The output for all rows of a batch of the probe side.
    pub(super) fn output_of_probe(&self, batch: &RecordBatch, mark: &ArrayRef) -> Result<RecordBatch> {
        let columns = self.columns.iter().map(|column| match column.side {
            JoinSide::Right => batch.column(column.index).clone(),
            JoinSide::Left | JoinSide::None => mark.clone(),
        });
        batch_of(&self.schema, columns.collect(), batch.num_rows())
    }
}

/// Pairs of rows that overlap.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) build: Vec<u32>,
    /// Ascending.
    pub(super) probe: Vec<u32>,
}

impl Pairs {
    pub(super) fn with_capacity(pairs: usize) -> Self {
        Self { build: Vec::with_capacity(pairs), probe: Vec::with_capacity(pairs) }
    }

    /// The pairs for which `filter` is true.
    pub(super) fn filtered(self, filter: &JoinFilter, build: &RecordBatch, probe: &RecordBatch) -> Result<Self> {
        if self.build.is_empty() {
            return Ok(self);
        }
        let (build_rows, probe_rows) = (UInt32Array::from(self.build), UInt32Array::from(self.probe));
        let columns = filter.column_indices().iter().map(|column| match column.side {
            JoinSide::Left => take(build.column(column.index), &build_rows, None),
            JoinSide::Right | JoinSide::None => take(probe.column(column.index), &probe_rows, None),
        });
        let batch = batch_of(filter.schema(), columns.collect::<Result<_, _>>()?, build_rows.len())?;
        let answer = filter.expression().evaluate(&batch)?.into_array(batch.num_rows())?;
        let Some(answer) = answer.as_boolean_opt() else { return Err(internal("a join filter is not boolean")) };
        let kept = match answer.null_count() {
            0 => answer.clone(),
            _ => prep_null_mask_filter(answer),
        };
        let keep =
            |rows: &UInt32Array, kept: &BooleanArray| kept.values().set_indices().map(|at| rows.value(at)).collect();
        Ok(Self { build: keep(&build_rows, &kept), probe: keep(&probe_rows, &kept) })
    }
}

/// Values of `expressions` for each row of `batch`.
pub(super) fn evaluate(expressions: &[PhysicalExprRef], batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    expressions.iter().map(|expr| expr.evaluate(batch)?.into_array(batch.num_rows())).collect()
}

pub(super) fn evaluate_bound(expr: &PhysicalExprRef, batch: &RecordBatch) -> Result<Int64Array> {
    let values = expr.evaluate(batch)?.into_array(batch.num_rows())?;
    values.as_primitive_opt().cloned().ok_or_else(|| internal("a bound is not an integer"))
}

fn batch_of(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

fn internal(text: &str) -> DataFusionError {
    DataFusionError::Internal(text.to_owned())
}
