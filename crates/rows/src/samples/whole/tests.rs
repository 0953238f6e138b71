//! Both ways of the same records: what is kept and what is said of them is the same.

use super::*;
use crate::{Number, RecordShape, SampleError};
use arrow_array::ArrayRef;
use proptest::prelude::*;

const KEYS: [(&str, Number, ValueKind); 10] = [
    ("GT", Number::Count(1), ValueKind::String),
    ("AD", Number::R, ValueKind::Integer),
    ("DP", Number::Count(1), ValueKind::Integer),
    ("GQ", Number::Count(1), ValueKind::Integer),
    ("PL", Number::G, ValueKind::Integer),
    ("XX", Number::Unknown, ValueKind::Integer),
    ("FT", Number::Count(1), ValueKind::String),
    ("GP", Number::G, ValueKind::Float),
    ("LF", Number::Unknown, ValueKind::Float),
    ("CH", Number::Count(1), ValueKind::Character),
];

fn builder(samples: usize, version_4_5: bool) -> SampleColumnsBuilder {
    let format = |(id, number, kind): &(&str, Number, ValueKind)| FormatColumn {
        id: (*id).to_owned(),
        number: *number,
        kind: *kind,
        declared: true,
    };
    let shape = RecordShape {
        samples: (0..samples).map(|i| format!("S{i}")).collect(),
        formats: KEYS.iter().map(format).collect(),
    };
    let builder = SampleColumnsBuilder::new(&shape);
    if version_4_5 { builder.with_empty_lists() } else { builder }
}

/// A record for both ways; whether the short one took it.
fn push(
    short: &mut SampleColumnsBuilder,
    general: &mut SampleColumnsBuilder,
    format: &str,
    text: &str,
    alternates: usize,
) -> Result<bool, SampleError> {
    general.plan = general.plan(format, super::super::Genotype::Read)?;
    let expected = general.push_each(format, text.as_bytes(), alternates);
    short.plan = short.plan(format, super::super::Genotype::Read)?;
    let taken = short.push_whole(text.as_bytes(), alternates);
    let was_taken = taken.is_some();
    let found = match taken {
        Some(problems) => Ok(problems),
        None => short.push_each(format, text.as_bytes(), alternates),
    };
    assert_eq!(found, expected, "{format} {text}");
    expected.map(|_| was_taken)
}

fn same(short: &mut SampleColumnsBuilder, general: &mut SampleColumnsBuilder) {
    let (short, general): (Vec<ArrayRef>, Vec<ArrayRef>) = (short.finish(), general.finish());
    assert!(short == general, "{short:?}\n{general:?}");
}

fn both_ways(samples: usize, format: &str, text: &str, alternates: usize) -> bool {
    let (mut short, mut general) = (builder(samples, false), builder(samples, false));
    let taken = push(&mut short, &mut general, format, text, alternates).unwrap_or(false);
    same(&mut short, &mut general);
    taken
}

#[test]
fn usual_records_take_the_short_way() {
    let cases = [
        (2, "GT:AD:DP:GQ:PL", "0/0:37,0:37:99:0,111,1364\t0|1:15,21:36:99:643,0,408", 1),
        (2, "GT:AD:DP:GQ:PL", "0/2:42,0,0:42:99:0,126,1515,126,1515,1515\t./.:.:.:.:.", 2),
        (3, "GT:AD:DP", "0/1:1,2:3\t./.\t1/1:0,4", 1),
        (2, "GT:DP:AD", "0/1:1:1,2,3\t./.:7:.", 1),
        (2, "DP:GQ", "1234567:123456789\t12345678:.", 1),
        (2, "XX", "-5,.,2147483647\t-2147483640", 1),
        (1, "GT:DP", "0/1:0", 1),
        (1, "GT:PL", "0/1:0,1,2,3", 1),
        (3, "GT:DP", "0:1\t0/1:2\t.:.", 1),
        (2, "GT:DP:PL", "1:1:0,1\t0:2:0,1", 1),
        (2, "GT:FT:GP:CH", "0/1:PASS,é:0.5,0.25,1e-3:a\t0/1", 1),
        (2, "GT:FT:GP:DP", "0/1:PASS:0.5,0.25,1:.\t0|1:x:nan,0.10,many:7", 1),
        (2, "FT:CH", ":ab\t.:", 1),
    ];
    for (samples, format, text, alternates) in cases {
        assert!(both_ways(samples, format, text, alternates), "{text}");
    }
}

#[test]
fn every_other_record_is_left_to_the_general_way() {
    let cases = [
        (2, "GT:DP", "0:1\t0/0/1:2", 1),
        (2, "GT:DP", "0:1\t2:2", 1),
        (2, "GT:DP", "|0:1\t0:2", 1),
        (2, "GT:DP", "0/2:1\t0/1:2", 1),
        (2, "GT:DP", "0/1:01\t0/1:2", 1),
        (2, "GT:DP", "0/1:+1\t0/1:2", 1),
        (2, "GT:DP", "0/1:1.0\t0/1:2", 1),
        (2, "GT:DP", "0/1:\t0/1:2", 1),
        (2, "GT:DP", "0/1:1,\t0/1:2", 1),
        (2, "GT:DP", "0/1:1:\t0/1:2", 1),
        (2, "GT:DP", "0/1:1\t0/1:2\t", 1),
        (2, "GT:DP", "0/1:1\t0/1:2:", 1),
        (2, "GT:DP", "0/1:1", 1),
        (2, "GT:DP", "0/1:1\t0/1:2\t0/1:2", 1),
        (2, "GT:DP", "0/1,5\t0/1:2", 1),
        (2, "DP:GT", "1:0/1\t1", 1),
        (2, "GT:DP:YY", "0/1:1:2\t0/1:2:3", 1),
        (2, "GT:DP", "0/1:99999999999\t0/1:2", 1),
        (2, "GT:DP", "0/1:-2147483648\t0/1:2", 1),
        (2, "GT:DP", "0/1:é\t0/1:2", 1),
        (1, "FT", "", 1),
        (1, "FT:DP", "", 1),
    ];
    for (samples, format, text, alternates) in cases {
        assert!(!both_ways(samples, format, text, alternates), "{text}");
    }
}

#[test]
fn one_long_list_among_many_samples_is_left_to_the_general_way() {
    let text = format!("0/1:{}{}", vec!["1"; 1000].join(","), "\t0/1:1".repeat(999));
    assert!(!both_ways(1000, "GT:XX", &text, 1));
    let text = format!("0/1:{}{}", ["1"; 4].join(","), "\t0/1:1".repeat(999));
    assert!(both_ways(1000, "GT:XX", &text, 1));
}

fn integer() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => (0..150_u32).prop_map(|v| v.to_string()),
        6 => (0..40_000_u32).prop_map(|v| v.to_string()),
        2 => any::<i32>().prop_map(|v| v.to_string()),
        4 => "0[.](0|5|25|[0-9]{2})",
        2 => Just(".".to_owned()),
        1 => "[0-9.,:-]{0,12}",
        1 => "[^\t\n]{0,3}",
    ]
}

/// The values of a sample: as many as keys, or fewer.
fn sample() -> impl Strategy<Value = String> {
    let genotype = prop_oneof![
        20 => "[01][/|][01]",
        3 => "[0-3.][/|][0-3.]",
        3 => "[01.]",
        1 => "[0-2]|[0-1]/[0-1]/[0-1]|[/|][01]|",
    ];
    let cell = |usual: usize| {
        prop_oneof![
            12 => prop::collection::vec((0..150_u32).prop_map(|v| v.to_string()), usual),
            3 => prop::collection::vec(integer(), usual),
            1 => prop::collection::vec(integer(), 1..5),
            1 => Just(vec![".".to_owned()]),
        ]
    };
    let kept = prop_oneof![12 => Just(5_usize), 2 => 1..6_usize];
    (genotype, [cell(2), cell(1), cell(1), cell(3)], kept).prop_map(|(genotype, cells, kept)| {
        let mut values = vec![genotype];
        values.extend(cells.iter().map(|cell| cell.join(",")));
        values.truncate(kept);
        values.join(":")
    })
}

fn format() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        10 => Just("GT:AD:DP:GQ:PL"),
        1 => Just("GT:XX:DP:GQ:PL"),
        1 => Just("GT:AD:XX:DP"),
        1 => Just("AD:GT:DP:GQ:PL"),
        4 => Just("GT:GP:FT:DP:PL"),
        2 => Just("GT:AD:LF:CH:GP"),
        2 => Just("DP:LF:GP:FT:PL"),
        1 => Just("GT:AD:YY:GQ:PL"),
    ]
}

/// A sample a few times after itself: so that many values are as long as the others.
fn record() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec((sample(), 1..4_usize), 1..8)
        .prop_map(|runs| runs.into_iter().flat_map(|(sample, times)| vec![sample; times]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn the_short_way_is_the_general_one(
        records in prop::collection::vec((format(), record(), 0..4_usize), 1..6),
        samples in 1..20_usize,
        version_4_5: bool,
    ) {
        let (mut short, mut general) = (builder(samples, version_4_5), builder(samples, version_4_5));
        for (format, record, alternates) in records {
            let exact = record.iter().cycle().take(samples).map(String::as_str).collect::<Vec<_>>().join("\t");
            let _taken = push(&mut short, &mut general, format, &exact, alternates);
            let as_many_as_it_is = record.join("\t");
            let _taken = push(&mut short, &mut general, format, &as_many_as_it_is, alternates);
        }
        same(&mut short, &mut general);
    }
}

/// More of them than plans are kept.
fn any_format() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "GT", "GT:AD", "GT:AD:DP", "GT:DP", "DP", "DP:GT", "FT", "FT:DP", "GP:LF", "XX", "CH:XX:GT", "YY", "GT:YY",
        "DP:GT:XX",
    ])
}

/// Values for any of them: few, so that they often fit.
fn any_text() -> impl Strategy<Value = String> {
    let value =
        prop_oneof![4 => "[01][/|][01]", 2 => "[0-9]{0,2}", 1 => "[01]", 1 => "[.]?", 1 => "[0-9],[0-9]", 1 => "é?"];
    let sample = prop::collection::vec(value, 1..4).prop_map(|values| values.join(":"));
    prop::collection::vec(sample, 0..4).prop_map(|samples| samples.join("\t"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn whatever_way_a_record_takes_it_is_as_by_the_general_one(
        records in prop::collection::vec((any_format(), any_text(), prop::bool::weighted(0.1)), 1..40), samples in 1..4_usize,
    ) {
        let (mut own, mut general) = (builder(samples, false), builder(samples, false));
        for (format, text, takes_back) in records {
            let found = own.push(Some(format), text.as_bytes(), 1);
            general.plan = general.plan(format, super::super::Genotype::Read).unwrap();
            prop_assert_eq!(&found, &general.push_each(format, text.as_bytes(), 1), "{} {:?}", format, text);
            if takes_back && found.is_ok() {
                own.undo();
                general.undo();
            }
        }
        same(&mut own, &mut general);
    }
}
