//! Maps made of pairs, for `map_agg`, `histogram` and their like. A key that comes again keeps its first value; null is no
//! key. Source: trino.io/docs/current/functions/aggregate.html and map.html.

use super::argument;
use super::kernel::Kernel;
use super::members::{items, wrong};
use arrow_array::builder::{Int64Builder, UInt32Builder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ScalarUDF;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![of_pairs(), counts(), entries()]
}

fn map_type(key: &DataType, value: &DataType) -> DataType {
    let pair = vec![Field::new("key", key.clone(), false), Field::new("value", value.clone(), true)];
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(pair.into()), false)), false)
}

/// The members of the pairs that a type is a list of.
fn pair_of(kind: &DataType) -> Option<(&FieldRef, &FieldRef)> {
    let (DataType::List(item) | DataType::LargeList(item)) = kind else { return None };
    let DataType::Struct(members) = item.data_type() else { return None };
    let [key, value] = members.as_ref() else { return None };
    Some((key, value))
}

/// `map_from_entries(array of rows (key, value))`.
fn of_pairs() -> ScalarUDF {
    let kernel = Kernel {
        name: "map_from_entries",
        coerce: |types| match types {
            [kind] if pair_of(kind).is_some() => Ok(types.to_vec()),
            [other, ..] => wrong("map_from_entries takes an array of rows of a key and a value", other),
            [] => wrong("map_from_entries takes an array of rows of a key and a value", &DataType::Null),
        },
        answer: |types| match types.first().and_then(pair_of) {
            Some((key, value)) => Ok(map_type(key.data_type(), value.data_type())),
            None => wrong("map_from_entries takes an array of rows", &DataType::Null),
        },
        run: |args| {
            let lists = argument(args, 0)?;
            let Some((key, value)) = pair_of(lists.data_type()) else {
                return wrong("map_from_entries takes an array of rows", lists.data_type());
            };
            let mut maps = Maps::default();
            for row in 0..lists.len() {
                let pairs = items(lists, row)?;
                let pairs = pairs.as_ref().map(|pairs| pairs.as_struct());
                maps.append(pairs.map(|pairs| (pairs.column(0), pairs.column(1))))?;
            }
            maps.finish(key.data_type(), value.data_type())
        },
    };
    kernel.function()
}

/// How often each member of an array is there, as a map.
fn counts() -> ScalarUDF {
    let kernel = Kernel {
        name: "__counts",
        coerce: |types| Ok(types.to_vec()),
        answer: |types| match types {
            [DataType::List(item)] => Ok(map_type(item.data_type(), &DataType::Int64)),
            _ => wrong("an array is wanted", &DataType::Null),
        },
        run: |args| {
            let lists = argument(args, 0)?;
            let DataType::List(item) = lists.data_type() else { return wrong("an array is wanted", lists.data_type()) };
            let mut maps = Maps::default();
            for row in 0..lists.len() {
                let Some(values) = items(lists, row)? else {
                    maps.append(None)?;
                    continue;
                };
                let mut counts: HashMap<ScalarValue, i64> = HashMap::new();
                for at in 0..values.len() {
                    *counts.entry(ScalarValue::try_from_array(&values, at)?).or_default() += 1;
                }
                let mut numbers = Int64Builder::new();
                for at in 0..values.len() {
                    numbers.append_option(counts.get(&ScalarValue::try_from_array(&values, at)?).copied());
                }
                let numbers: ArrayRef = Arc::new(numbers.finish());
                maps.append(Some((&values, &numbers)))?;
            }
            maps.finish(item.data_type(), &DataType::Int64)
        },
    };
    kernel.function()
}

/// `map_entries(map)`: an array of rows (key, value).
fn entries() -> ScalarUDF {
    fn item(kind: &DataType) -> Result<FieldRef> {
        let DataType::Map(entries, _) = kind else { return wrong("map_entries takes a map", kind) };
        let DataType::Struct(members) = entries.data_type() else { return wrong("map_entries takes a map", kind) };
        let plain = members.iter().map(|member| Field::new(member.name(), member.data_type().clone(), true));
        Ok(Arc::new(Field::new_list_field(DataType::Struct(plain.collect()), true)))
    }
    let kernel = Kernel {
        name: "map_entries",
        coerce: |types| match types {
            [DataType::Map(..)] => Ok(types.to_vec()),
            other => wrong("map_entries takes a map", other.first().unwrap_or(&DataType::Null)),
        },
        answer: |types| item(types.first().unwrap_or(&DataType::Null)).map(DataType::List),
        run: |args| {
            let map = argument(args, 0)?.as_map();
            let item = item(map.data_type())?;
            let DataType::Struct(members) = item.data_type() else {
                return wrong("map_entries takes a map", map.data_type());
            };
            let rows = StructArray::try_new(members.clone(), map.entries().columns().to_vec(), None)?;
            let lists =
                arrow_array::ListArray::try_new(item, map.offsets().clone(), Arc::new(rows), map.nulls().cloned())?;
            Ok(Arc::new(lists))
        },
    };
    kernel.function()
}

/// Maps, as they are made of keys and values of single rows.
#[derive(Default)]
struct Maps {
    keys: Vec<ArrayRef>,
    values: Vec<ArrayRef>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Maps {
    fn append(&mut self, pairs: Option<(&ArrayRef, &ArrayRef)>) -> Result<()> {
        self.valid.push(pairs.is_some());
        let Some((keys, values)) = pairs else {
            self.lengths.push(0);
            return Ok(());
        };
        let mut seen = std::collections::HashSet::new();
        let mut kept = UInt32Builder::new();
        for at in 0..keys.len() {
            let key = ScalarValue::try_from_array(keys, at)?;
            if !key.is_null() && seen.insert(key) {
                kept.append_value(u32::try_from(at).unwrap_or(u32::MAX));
            }
        }
        let kept = kept.finish();
        self.lengths.push(kept.len());
        self.keys.push(arrow_select::take::take(keys, &kept, None)?);
        self.values.push(arrow_select::take::take(values, &kept, None)?);
        Ok(())
    }

    fn finish(self, key: &DataType, value: &DataType) -> Result<ArrayRef> {
        let joined = |arrays: &[ArrayRef], kind: &DataType| -> Result<ArrayRef> {
            if arrays.is_empty() {
                return Ok(arrow_array::new_empty_array(kind));
            }
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            Ok(arrow_select::concat::concat(&arrays)?)
        };
        let fields: Fields =
            vec![Field::new("key", key.clone(), false), Field::new("value", value.clone(), true)].into();
        let columns = vec![joined(&self.keys, key)?, joined(&self.values, value)?];
        let pairs = StructArray::try_new(fields.clone(), columns, None)?;
        let entries = Arc::new(Field::new("entries", DataType::Struct(fields), false));
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        let nulls: NullBuffer = self.valid.into();
        Ok(Arc::new(MapArray::try_new(entries, offsets, pairs, Some(nulls), false)?))
    }
}
