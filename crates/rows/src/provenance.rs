//! Where rows came from: the columns that readers of features and delimited text leave to whoever writes the table.
//! In: their batches. Out: batches in the shape of the table.

use crate::ExplodeError;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::SchemaRef;
use std::sync::Arc;
use varberg_model::TableSchema;

/// Adds `importjobid` in front and `_item` before `_record`, and counts `_record` from the file's first row.
#[derive(Debug)]
pub struct Provenance {
    schema: SchemaRef,
    job: String,
    item: i32,
    first_record: i64,
}

impl Provenance {
    /// `item`: position of the file in its job; `first_record`: number of the file's records before this part.
    pub fn new(table: &TableSchema, import_job_id: &str, item: i32, first_record: i64) -> Self {
        Self { schema: crate::arrow_schema(table), job: import_job_id.to_owned(), item, first_record }
    }

    /// The rows of a batch whose last column is `_record`.
    pub fn rows(&self, batch: &RecordBatch) -> Result<RecordBatch, ExplodeError> {
        let rows = batch.num_rows();
        let last = batch.num_columns().saturating_sub(1);
        let records = batch.columns().last().and_then(|column| column.as_primitive_opt::<Int64Type>());
        let records = records.ok_or(ExplodeError::Column(last))?;
        let records: Int64Array = records.unary(|record| record.saturating_add(self.first_record));
        let job = StringArray::from_iter_values(std::iter::repeat_n(&self.job, rows));
        let mut columns: Vec<ArrayRef> = vec![Arc::new(job)];
        columns.extend(batch.columns().iter().take(last).cloned());
        columns.push(Arc::new(Int32Array::from_value(self.item, rows)));
        columns.push(Arc::new(records));
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|e| ExplodeError::Arrow(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature_schema;
    use arrow_array::new_null_array;

    #[test]
    fn rows_say_where_they_came_from() {
        let schema = feature_schema();
        let mut columns: Vec<ArrayRef> = schema.fields().iter().map(|f| new_null_array(f.data_type(), 2)).collect();
        *columns.last_mut().unwrap() = Arc::new(Int64Array::from(vec![5, 6]));
        let batch = RecordBatch::try_new(schema, columns).unwrap();
        let table = TableSchema::annotations_gff();
        let rows = Provenance::new(&table, "job", 3, 1 << 40).rows(&batch).unwrap();
        assert_eq!(rows.column_by_name("importjobid").unwrap().as_string::<i32>().value(1), "job");
        assert_eq!(rows.column_by_name("_item").unwrap().as_ref(), &Int32Array::from(vec![3, 3]));
        let records = Int64Array::from(vec![(1 << 40) + 5, (1 << 40) + 6]);
        assert_eq!(rows.column_by_name("_record").unwrap().as_ref(), &records);
        assert_eq!(rows.num_columns(), table.columns.len());
    }
}
