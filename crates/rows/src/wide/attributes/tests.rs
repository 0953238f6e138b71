//! The law that looking a key up gives what the map gives.

use super::*;
use proptest::prelude::*;

fn maps(texts: &[Option<&str>], given: &MapArray) -> ArrayRef {
    attributes(&StringArray::from(texts.to_vec()), given, given.data_type()).unwrap().unwrap()
}

/// Maps that are stored beside: null but for those given.
fn stored(rows: &[Option<Vec<(String, String)>>]) -> MapArray {
    let table = varberg_model::TableSchema::variants_wide();
    let kind = crate::arrow_type(&table.column("_attributes").unwrap().kind);
    let mut built = Maps::default();
    for row in rows {
        row.iter().flatten().for_each(|(key, value)| built.push(key, value));
        built.close_rows(row.as_ref().map_or(0, Vec::len), 1);
    }
    let map = built.finish(&kind).unwrap().unwrap_or_else(|| arrow_array::new_null_array(&kind, rows.len()));
    let valid = arrow_buffer::NullBuffer::from_iter(rows.iter().map(Option::is_some));
    let map = map.as_map();
    let DataType::Map(field, _) = &kind else { panic!("not a map") };
    MapArray::new(field.clone(), map.offsets().clone(), map.entries().clone(), Some(valid), false)
}

proptest! {
    #[test]
    fn looking_a_key_up_gives_what_the_map_gives(
        entries in prop::collection::vec(
            prop::option::of(prop::collection::btree_map("[AB]{1,3}", prop::option::of("[AB=1,]{0,3}"), 0..5)), 1..5,
        ),
        beside in prop::collection::vec(
            prop::option::of(prop::collection::btree_map("[AB]{1,3}", "[a-c]{0,2}", 0..3)), 5,
        ),
        key in "[AB]{1,3}|[AB=;]{1,4}",
    ) {
        let text = |entries: &std::collections::BTreeMap<String, Option<String>>| {
            let own = entries.iter().map(|(key, value)| match value {
                Some(value) => format!("{key}={value}"),
                None => key.clone(),
            });
            own.collect::<Vec<_>>().join(";")
        };
        let texts: Vec<Option<String>> = entries.iter().map(|e| e.as_ref().map(text).filter(|t| !t.is_empty())).collect();
        let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
        let rows: Vec<_> = beside.into_iter().take(texts.len()).map(|map| map.map(|map| map.into_iter().collect())).collect();
        let beside = stored(&rows);
        let all = maps(&texts, &beside);
        let found = info_values(&StringArray::from(texts.clone()), &beside, &key);
        for (row, text) in texts.iter().enumerate() {
            let expected = stored_value(all.as_map(), row, &key);
            let own = found.is_valid(row).then(|| found.value(row));
            prop_assert_eq!(own, expected, "{:?} {:?}", text, rows.get(row));
        }
    }
}
