//! Iceberg's metrics from the footer of a Parquet file.

use super::present::Present;
use super::{Bound, ColumnMetrics};
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::statistics::Statistics;
use std::collections::BTreeMap;

/// Iceberg's `truncate(16)`: characters kept of a string bound.
const STRING_BOUND: usize = 16;

/// What was seen of a column of doubles. Parquet keeps no least and greatest of them (`encodings.rs`).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Doubles {
    nans: u64,
    range: Option<(f64, f64)>,
}

impl Doubles {
    pub(super) fn add(&mut self, value: f64) {
        if value.is_nan() {
            self.nans += 1;
            return;
        }
        let (least, greatest) = self.range.unwrap_or((value, value));
        self.range = Some((least.min(value), greatest.max(value)));
    }

    /// None with NaNs, because engines disagree about their place in the order. A zero is -0 below and +0 above.
    fn bounds(&self) -> Option<(Bound, Bound)> {
        let (least, greatest) = self.range.filter(|_| self.nans == 0)?;
        let zero = |value: f64, zero: f64| if value == 0.0 { zero } else { value };
        let bound = |value: f64| Bound::Double { bits: value.to_bits() };
        Some((bound(zero(least, -0.0)), bound(zero(greatest, 0.0))))
    }
}

/// Metrics by field id, and the offsets of the row groups. `doubles`: by position among top-level columns. `present`: what is
/// not null, because columns without statistics do not tell.
pub(super) fn column_metrics(
    metadata: &ParquetMetaData,
    doubles: &BTreeMap<usize, Doubles>,
    present: &Present,
) -> (BTreeMap<i32, ColumnMetrics>, Vec<i64>) {
    let mut columns = BTreeMap::<i32, Merged>::new();
    let doubles = by_field(metadata, doubles);
    for (leaf, chunk) in metadata.row_groups().iter().flat_map(|group| group.columns().iter().enumerate()) {
        let info = chunk.column_descr().self_type().get_basic_info();
        if info.has_id() {
            let column = columns.entry(info.id()).or_default();
            column.add(chunk);
            column.metrics.nulls = column.metrics.values.saturating_sub(present.values(leaf));
        }
    }
    let finish = |(id, merged): (i32, Merged)| (id, merged.finish(doubles.get(&id)));
    let offsets = metadata.row_groups().iter().filter_map(|group| group.columns().first().map(|c| c.byte_range().0));
    let offsets = offsets.filter_map(|offset| i64::try_from(offset).ok()).collect();
    (columns.into_iter().map(finish).collect(), offsets)
}

fn by_field(metadata: &ParquetMetaData, doubles: &BTreeMap<usize, Doubles>) -> BTreeMap<i32, Doubles> {
    let fields = metadata.file_metadata().schema().get_fields();
    let by_field = doubles.iter().filter_map(|(column, seen)| {
        let info = fields.get(*column)?.get_basic_info();
        info.has_id().then(|| (info.id(), *seen))
    });
    by_field.collect()
}

/// A column over the row groups seen so far.
#[derive(Default)]
struct Merged {
    metrics: ColumnMetrics,
    /// A row group had values but no bounds.
    unbounded: bool,
}

impl Merged {
    fn add(&mut self, chunk: &ColumnChunkMetaData) {
        let size = u64::try_from(chunk.compressed_size()).unwrap_or(0);
        let values = u64::try_from(chunk.num_values()).unwrap_or(0);
        let nulls = chunk.statistics().and_then(Statistics::null_count_opt).unwrap_or(0);
        self.metrics.size += size;
        self.metrics.values += values;
        if chunk.column_path().parts().len() > 1 || nulls == values {
            return;
        }
        match chunk.statistics().and_then(|statistics| bounds(chunk, statistics)) {
            Some((lower, upper)) => {
                widen(&mut self.metrics.lower, lower, |new, old| new < old);
                widen(&mut self.metrics.upper, upper, |new, old| new > old);
            }
            None => self.unbounded = true,
        }
    }

    fn finish(self, doubles: Option<&Doubles>) -> ColumnMetrics {
        if let Some(doubles) = doubles {
            let (lower, upper) = doubles.bounds().unzip();
            return ColumnMetrics { nans: Some(doubles.nans), lower, upper, ..self.metrics };
        }
        let ColumnMetrics { lower, upper, .. } = &self.metrics;
        let bounded = !self.unbounded;
        let truncate = |bound: &Option<Bound>, cut: fn(&str) -> Option<String>| match bound {
            Some(Bound::String(text)) => cut(text).map(Bound::String),
            other => other.clone(),
        };
        let lower = bounded.then(|| truncate(lower, truncate_lower)).flatten();
        let upper = bounded.then(|| truncate(upper, truncate_upper)).flatten();
        ColumnMetrics { lower, upper, ..self.metrics }
    }
}

fn widen(bound: &mut Option<Bound>, new: Bound, wider: fn(&Key<'_>, &Key<'_>) -> bool) {
    if bound.as_ref().is_none_or(|old| wider(&Key::of(&new), &Key::of(old))) {
        *bound = Some(new);
    }
}

/// A bound in the order of its type.
#[derive(PartialEq, PartialOrd)]
enum Key<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> Key<'a> {
    fn of(bound: &'a Bound) -> Self {
        match bound {
            Bound::Boolean(value) => Key::Number(i64::from(*value)),
            Bound::Int(value) => Key::Number(i64::from(*value)),
            Bound::Long(value) => Key::Number(*value),
            // Doubles are bounded elsewhere.
            Bound::Double { bits } => Key::Number(i64::from_ne_bytes(bits.to_ne_bytes())),
            Bound::String(value) => Key::Text(value),
        }
    }
}

fn bounds(chunk: &ColumnChunkMetaData, statistics: &Statistics) -> Option<(Bound, Bound)> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(|text| Bound::String(text.to_owned()));
    match statistics {
        Statistics::Boolean(s) => Some((Bound::Boolean(*s.min_opt()?), Bound::Boolean(*s.max_opt()?))),
        Statistics::Int32(s) => Some((Bound::Int(*s.min_opt()?), Bound::Int(*s.max_opt()?))),
        Statistics::Int64(s) => Some((Bound::Long(*s.min_opt()?), Bound::Long(*s.max_opt()?))),
        Statistics::ByteArray(s) if is_text(chunk) => Some((text(s.min_bytes_opt()?)?, text(s.max_bytes_opt()?)?)),
        _ => None,
    }
}

fn is_text(chunk: &ColumnChunkMetaData) -> bool {
    let descriptor = chunk.column_descr();
    descriptor.physical_type() == PhysicalType::BYTE_ARRAY
        && (descriptor.converted_type() == ConvertedType::UTF8
            || matches!(descriptor.logical_type_ref(), Some(LogicalType::String)))
}

/// A prefix is never greater than the whole.
fn truncate_lower(text: &str) -> Option<String> {
    Some(text.chars().take(STRING_BOUND).collect())
}

/// A prefix whose last character is replaced by the next one, so that it is greater than the whole; none if there is no
/// next one.
fn truncate_upper(text: &str) -> Option<String> {
    let mut prefix: Vec<char> = text.chars().take(STRING_BOUND).collect();
    if text.chars().nth(STRING_BOUND).is_none() {
        return Some(text.to_owned());
    }
    while let Some(last) = prefix.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'), // surrogates lie between
            _ => char::from_u32(u32::from(last).saturating_add(1)),
        };
        if let Some(next) = next {
            prefix.push(next);
            return Some(prefix.into_iter().collect());
        }
    }
    None
}
