//! A data file of ours in Iceberg's terms.

use crate::iceberg_schema::SORT_ORDER_ID;
use crate::{Bound, ColumnMetrics, DataFile, Error, Result};
use iceberg::spec::{DataContentType, DataFileBuilder, DataFileFormat, Datum, Struct};
use std::collections::HashMap;

pub(super) fn iceberg_file(file: &DataFile) -> Result<iceberg::spec::DataFile> {
    let each = |of: fn(&ColumnMetrics) -> Option<u64>| -> HashMap<i32, u64> {
        file.columns.iter().filter_map(|(id, m)| Some((*id, of(m)?))).collect()
    };
    let bounds = |of: fn(&ColumnMetrics) -> Option<&Bound>| -> HashMap<i32, Datum> {
        file.columns.iter().filter_map(|(id, m)| Some((*id, datum(of(m)?)))).collect()
    };
    let mut builder = DataFileBuilder::default();
    builder
        .content(DataContentType::Data)
        .file_path(file.path.clone())
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .record_count(file.rows)
        .file_size_in_bytes(file.bytes)
        .column_sizes(each(|m| Some(m.size)))
        .value_counts(each(|m| Some(m.values)))
        .null_value_counts(each(|m| Some(m.nulls)))
        .nan_value_counts(each(|m| m.nans))
        .lower_bounds(bounds(|m| m.lower.as_ref()))
        .upper_bounds(bounds(|m| m.upper.as_ref()))
        .split_offsets(Some(file.split_offsets.clone()));
    if file.sorted {
        builder.sort_order_id(SORT_ORDER_ID);
    }
    builder.build().map_err(|_| Error::Internal("a data file lacks a required property"))
}

fn datum(bound: &Bound) -> Datum {
    match bound {
        Bound::Boolean(value) => Datum::bool(*value),
        Bound::Int(value) => Datum::int(*value),
        Bound::Long(value) => Datum::long(*value),
        Bound::Double { bits } => Datum::double(f64::from_bits(*bits)),
        Bound::String(value) => Datum::string(value),
    }
}
