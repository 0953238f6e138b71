//! What fits a typed column, and what is said of that which does not.

use super::*;
use arrow_cast::display::{ArrayFormatter, FormatOptions};

fn table() -> TableSchema {
    let table = TableSchema::variants_wide();
    let keys = [
        ("DP", InfoType::Integer),
        ("AF", InfoType::Floats),
        ("AC", InfoType::Integers),
        ("MQ", InfoType::Float),
        ("DB", InfoType::Flag),
    ];
    let added = table.missing_info_columns(keys.into_iter());
    table.with_columns(added, 2000)
}

/// DP, AF, AC, MQ, DB, and what they lack.
fn typed(text: &str) -> String {
    let table = table();
    let schema = crate::arrow_schema(&table);
    let info = StringArray::from(vec![(text != ".").then_some(text)]);
    let none = arrow_array::new_null_array(schema.field_with_name("_attributes").unwrap().data_type(), 1);
    let columns = TypedInfo::of(&table).columns(&info, none.as_map(), &schema).unwrap();
    let options = FormatOptions::default().with_null("-");
    let shown = ["info_dp", "info_af", "info_ac", "info_mq", "info_db", INFO_UNFIT].map(|name| {
        let column = columns.get(name).unwrap();
        ArrayFormatter::try_new(&column, &options).unwrap().value(0).to_string()
    });
    shown.join(" | ")
}

#[test]
fn values_that_fit_their_column_are_in_it() {
    assert_eq!(typed("."), "- | - | - | - | - | -");
    assert_eq!(typed("DP=10;AF=0.5,1e-3;AC=1,.;MQ=60;DB"), "10 | [0.5, 0.001] | [1, -] | 60.0 | true | -");
    assert_eq!(typed("XX=1;DP=-7;YY"), "-7 | - | - | - | - | -");
    assert_eq!(typed("DP=1;DP=2"), "2 | - | - | - | - | -");
    assert_eq!(typed("DB=0;;MQ=-1.50E+2"), "- | - | - | -150.0 | - | -");
}

#[test]
fn what_is_missing_is_told_from_what_does_not_fit() {
    for missing in ["DP=.", "DP=", "DP", "AF=.", "MQ=.;AC="] {
        assert_eq!(typed(missing), "- | - | - | - | - | false", "{missing}");
    }
    for unfit in [
        "DP=+5",
        "DP=1.0",
        "DP=12345678901234567890",
        "DP=9999999999999999999",
        "DP=a",
        "DP=1,2",
        "AF=0.1,x",
        "MQ=nan",
        "MQ=1e999",
        "MQ=.5",
        "MQ=5.",
        "MQ=1e",
        "AC=1, 2",
        "DP=%31",
    ] {
        assert_eq!(typed(unfit), "- | - | - | - | - | true", "{unfit}");
    }
    assert_eq!(typed("DP=.;MQ=x"), "- | - | - | - | - | true");
}
