//! Annotations in the rows of the table.

use super::*;
use arrow_array::{ListArray, StructArray, new_null_array};
use arrow_buffer::{NullBuffer, OffsetBuffer};

/// Annotations of a record, each with a symbol alone.
#[derive(Default, Clone, Copy)]
pub(super) enum Parsed<'a> {
    #[default]
    NotAsked,
    Absent,
    Symbols(&'a [&'a str]),
}

pub(super) fn column<'a>(kind: &DataType, rows: &[Parsed<'a>]) -> ArrayRef {
    let DataType::Struct(outer) = kind else { unreachable!() };
    let DataType::List(element) = outer[0].data_type() else { unreachable!() };
    let DataType::Struct(fields) = element.data_type() else { unreachable!() };
    let symbols = |row: &Parsed<'a>| match row {
        Parsed::Symbols(symbols) => *symbols,
        _ => &[],
    };
    let texts: Vec<&str> = rows.iter().flat_map(symbols).copied().collect();
    let member = |name: &str, kind: &DataType| -> ArrayRef {
        if name == "symbol" { Arc::new(StringArray::from(texts.clone())) } else { new_null_array(kind, texts.len()) }
    };
    let members = fields.iter().map(|f| member(f.name(), f.data_type())).collect();
    let entries = Arc::new(StructArray::new(fields.clone(), members, None));
    let lists = ListArray::new(
        element.clone(),
        OffsetBuffer::from_lengths(rows.iter().map(|r| symbols(r).len())),
        entries,
        Some(rows.iter().map(|r| matches!(r, Parsed::Symbols(_))).collect::<NullBuffer>()),
    );
    let asked: NullBuffer = rows.iter().map(|r| !matches!(r, Parsed::NotAsked)).collect();
    Arc::new(StructArray::new(outer.clone(), vec![Arc::new(lists)], Some(asked)))
}

#[test]
fn annotations_are_repeated_for_every_sample() {
    let site = |annotations| Site { format: Some("GT"), samples: "0/1\t1/1", annotations, ..Site::default() };
    let sites = [site(Parsed::Symbols(&["BRCA1", "TP53"])), site(Parsed::Symbols(&[])), site(Parsed::Symbols(&["X"]))];
    let symbols = |batches: &[RecordBatch]| -> Vec<String> {
        let texts = |batch: &RecordBatch| {
            let column = batch.column_by_name("annotations").unwrap().as_struct().clone();
            let lists = column.column(0).as_list::<i32>().clone();
            let text = |row: usize| match (column.is_valid(row), lists.is_valid(row)) {
                (true, true) => {
                    let entries = lists.value(row);
                    let symbols = entries.as_struct().column_by_name("symbol").unwrap().as_string::<i32>().clone();
                    symbols.iter().map(|s| s.unwrap()).collect::<Vec<_>>().join(",")
                }
                (true, false) => "{null}".to_owned(),
                (false, _) => "null".to_owned(),
            };
            (0..batch.num_rows()).map(text).collect::<Vec<_>>()
        };
        batches.iter().flat_map(texts).collect()
    };
    let two = shape(&["a", "b"], usual());
    for max_rows in 1..8 {
        let rows = symbols(&rows(&two, &sites, max_rows));
        assert_eq!(rows, ["BRCA1,TP53", "BRCA1,TP53", "", "", "X", "X"], "{max_rows}");
    }
    let absent = [site(Parsed::Absent), site(Parsed::Absent)];
    assert_eq!(symbols(&rows(&two, &absent, 3)), ["{null}"; 4]);
    let mixed = [site(Parsed::Absent), site(Parsed::NotAsked)];
    assert_eq!(symbols(&rows(&two, &mixed, 3)), ["{null}", "{null}", "null", "null"]);
    let one = shape(&["a"], usual());
    let alone = sites.clone().map(|s| Site { samples: "0/1", ..s });
    for max_rows in 1..4 {
        assert_eq!(symbols(&rows(&one, &alone, max_rows)), ["BRCA1,TP53", "", "X"]);
    }
}
