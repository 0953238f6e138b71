//! Ordered sample lists with the FORMAT keys declared beside them, known by an id. In: record shapes. Out: the same, by
//! id. A row of a wide table names the id instead of the samples. Holds no data of samples but their names.

use crate::{Number, RecordShape, ValueKind};
use std::collections::HashMap;
use std::sync::Arc;

/// Two different record shapes have the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another list of samples has the id {0} already")]
pub struct HeaderSetClash(pub i64);

/// The header sets of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderSets(HashMap<i64, Arc<RecordShape>>);

impl HeaderSets {
    /// Makes a shape known under `id`, as a rule that of [`headerset_id`]. Nothing changes where it is known already.
    ///
    /// Errors where another shape has the id: rows of one would be read with the sample names of the other.
    pub fn add(&mut self, id: i64, shape: &Arc<RecordShape>) -> Result<(), HeaderSetClash> {
        if *self.0.entry(id).or_insert_with(|| Arc::clone(shape)) == *shape { Ok(()) } else { Err(HeaderSetClash(id)) }
    }

    pub fn get(&self, id: i64) -> Option<&Arc<RecordShape>> {
        self.0.get(&id)
    }

    /// Ids and shapes, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Arc<RecordShape>)> {
        self.0.iter().map(|(id, shape)| (*id, shape))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The id of a sample list and its FORMAT keys: the same for equal shapes on every machine and in every version, from 1
/// on.
///
/// FNV-1a of 64 bits (RFC 9923), less its highest bit, over: the number of samples, each name, the number of FORMAT
/// keys, and for each its id, number, kind and whether it is declared. Numbers are 8 bytes, low byte first; texts follow
/// their length. Ids of different shapes may be equal, if hardly by chance: [`HeaderSets::add`] tells.
pub fn headerset_id(shape: &RecordShape) -> i64 {
    let mut hash = Fnv::new();
    hash.number(shape.samples.len());
    shape.samples.iter().for_each(|name| hash.text(name));
    hash.number(shape.formats.len());
    for format in &shape.formats {
        hash.text(&format.id);
        let (number, count) = number_code(format.number);
        hash.bytes(&[number, kind_code(format.kind), u8::from(format.declared)]);
        hash.bytes(&u64::from(count).to_le_bytes());
    }
    (hash.0 >> 1).cast_signed().max(1)
}

/// Never changes, since ids are stored.
fn number_code(number: Number) -> (u8, u32) {
    match number {
        Number::Count(count) => (0, count),
        Number::A => (1, 0),
        Number::R => (2, 0),
        Number::G => (3, 0),
        Number::Unknown => (4, 0),
        Number::Other => (5, 0),
    }
}

/// Never changes, since ids are stored.
fn kind_code(kind: ValueKind) -> u8 {
    match kind {
        ValueKind::Integer => 0,
        ValueKind::Float => 1,
        ValueKind::Flag => 2,
        ValueKind::Character => 3,
        ValueKind::String => 4,
    }
}

struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    }

    fn number(&mut self, number: usize) {
        self.bytes(&(number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.bytes(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FormatColumn;

    fn shape(samples: &[&str], formats: &[(&str, Number, ValueKind, bool)]) -> Arc<RecordShape> {
        let format = |(id, number, kind, declared): &(&str, Number, ValueKind, bool)| FormatColumn {
            id: (*id).to_owned(),
            number: *number,
            kind: *kind,
            declared: *declared,
        };
        let samples = samples.iter().map(|s| (*s).to_owned()).collect();
        Arc::new(RecordShape { samples, formats: formats.iter().map(format).collect() })
    }

    const GT: (&str, Number, ValueKind, bool) = ("GT", Number::Count(1), ValueKind::String, true);

    #[test]
    fn the_hash_is_the_published_one() {
        let hash = |bytes: &[u8]| {
            let mut hash = Fnv::new();
            hash.bytes(bytes);
            hash.0
        };
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn ids_are_stored_and_stay_what_they_are() {
        assert_eq!(headerset_id(&shape(&[], &[])), 4_904_437_434_734_850_610);
        assert_eq!(headerset_id(&shape(&["NA12878", "NA12891"], &[GT])), 5_497_744_461_613_926_460);
    }

    #[test]
    fn every_difference_of_shapes_makes_another_id() {
        let depth = |number, kind, declared| shape(&["A", "B"], &[GT, ("DP", number, kind, declared)]);
        let shapes = [
            shape(&[], &[]),
            shape(&[], &[GT]),
            shape(&["AB"], &[GT]),
            shape(&["A", "B"], &[GT]),
            shape(&["B", "A"], &[GT]),
            shape(&["A", "B"], &[("GT", Number::Count(1), ValueKind::String, false)]),
            depth(Number::Count(1), ValueKind::Integer, true),
            depth(Number::Count(2), ValueKind::Integer, true),
            depth(Number::A, ValueKind::Integer, true),
            depth(Number::R, ValueKind::Integer, true),
            depth(Number::G, ValueKind::Integer, true),
            depth(Number::Unknown, ValueKind::Integer, true),
            depth(Number::Other, ValueKind::Integer, true),
            depth(Number::Count(1), ValueKind::Float, true),
            depth(Number::Count(1), ValueKind::Integer, false),
        ];
        let mut sets = HeaderSets::default();
        for shape in &shapes {
            sets.add(headerset_id(shape), shape).unwrap();
        }
        assert_eq!(sets.len(), shapes.len());
    }

    #[test]
    fn a_shape_may_be_added_again_and_no_other_takes_its_place() {
        let (one, other) = (shape(&["A"], &[GT]), shape(&["B"], &[GT]));
        let mut sets = HeaderSets::default();
        assert!(sets.is_empty());
        assert_eq!(sets.add(7, &one), Ok(()));
        assert_eq!(sets.add(7, &shape(&["A"], &[GT])), Ok(()));
        assert_eq!(sets.add(7, &other), Err(HeaderSetClash(7)));
        assert_eq!(sets.get(7), Some(&one));
        assert_eq!(sets.get(8), None);
        assert_eq!(sets.iter().collect::<Vec<_>>(), [(7, &one)]);
    }
}
