//! Counts of values that are not null, for every leaf column, because Parquet counts nulls only where it also keeps the
//! least and greatest values. In: record batches. Out: counts in the order of Parquet's leaves.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};
use arrow_schema::DataType;

/// Values that are not null, by leaf.
#[derive(Debug, Default)]
pub(super) struct Present(Vec<u64>);

impl Present {
    /// Counts the rows of a batch.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let mut leaf = 0;
        batch.columns().iter().for_each(|column| self.add_array(column, None, &mut leaf));
    }

    /// The count of a leaf.
    pub(super) fn values(&self, leaf: usize) -> u64 {
        self.0.get(leaf).copied().unwrap_or(0)
    }

    /// `above`: which values of `array` exist, if not all do.
    fn add_array(&mut self, array: &ArrayRef, above: Option<&NullBuffer>, leaf: &mut usize) {
        let nulls = NullBuffer::union(above, array.nulls());
        match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                self.add_elements(list.value_offsets(), nulls.as_ref(), list.values(), leaf);
            }
            DataType::Map(_, _) => {
                let map = array.as_map();
                let (offsets, entries) = (map.value_offsets(), map.entries());
                for column in entries.columns() {
                    self.add_elements(offsets, nulls.as_ref(), column, leaf);
                }
            }
            DataType::Struct(_) => {
                array.as_struct().columns().iter().for_each(|column| self.add_array(column, nulls.as_ref(), leaf));
            }
            _ => {
                let present = array.len() - nulls.map_or(0, |nulls| nulls.null_count());
                if self.0.len() <= *leaf {
                    self.0.resize(*leaf + 1, 0);
                }
                if let Some(count) = self.0.get_mut(*leaf) {
                    *count += present as u64;
                }
                *leaf += 1;
            }
        }
    }

    /// Counts the elements of lists; those of a null list do not exist.
    fn add_elements(&mut self, offsets: &[i32], nulls: Option<&NullBuffer>, elements: &ArrayRef, leaf: &mut usize) {
        let position = |offset: Option<&i32>| offset.and_then(|o| usize::try_from(*o).ok()).unwrap_or(0);
        let (first, last) = (position(offsets.first()), position(offsets.last()));
        let lengths = offsets.windows(2).map(|pair| position(pair.get(1)) - position(pair.first()));
        let hidden = |nulls: &NullBuffer| lengths.clone().zip(nulls).any(|(length, valid)| length > 0 && !valid);
        let exist = nulls.filter(|nulls| hidden(nulls)).map(|nulls| {
            let mut exist = BooleanBufferBuilder::new(last - first);
            lengths.clone().zip(nulls).for_each(|(length, valid)| exist.append_n(length, valid));
            NullBuffer::new(exist.finish())
        });
        self.add_array(&elements.slice(first, last - first), exist.as_ref(), leaf);
    }
}
