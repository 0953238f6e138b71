//! The filter that is offered to scans.

use super::keys::Keys;
use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Schema};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Whether a row may meet another: its value is among the keys. True for all while nothing is known of them.
#[derive(Debug)]
pub(super) struct AmongKeys {
    /// Whole numbers of 64 bits.
    pub(super) value: Arc<dyn PhysicalExpr>,
    pub(super) keys: Arc<Keys>,
}

impl fmt::Display for AmongKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} among keys of the join", self.value)
    }
}

impl PartialEq for AmongKeys {
    fn eq(&self, other: &Self) -> bool {
        self.value.eq(&other.value) && Arc::ptr_eq(&self.keys, &other.keys)
    }
}

impl Eq for AmongKeys {}

impl Hash for AmongKeys {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
        Arc::as_ptr(&self.keys).hash(state);
    }
}

impl PhysicalExpr for AmongKeys {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(false)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let values = self.value.evaluate(batch)?.into_array(batch.num_rows())?;
        let numbers = values.as_any().downcast_ref::<Int64Array>();
        let numbers = numbers.ok_or_else(|| internal_datafusion_err!("a key of a join is not of its type"))?;
        Ok(match self.keys.passing(numbers) {
            Some(passing) => ColumnarValue::Array(Arc::new(passing)),
            None => ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))),
        })
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.value]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let value = children.into_iter().next().ok_or_else(|| internal_datafusion_err!("a filter without a value"))?;
        Ok(Arc::new(Self { value, keys: Arc::clone(&self.keys) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
