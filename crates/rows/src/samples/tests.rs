//! Sample columns to vectors: errors, problems, and text that comes back.

use super::*;
use crate::{GenotypeVector, Number, ValueKind, VectorView};
use arrow_array::Array;

fn shape(samples: usize, formats: &[(&str, Number, ValueKind)]) -> RecordShape {
    let format = |(id, number, kind): &(&str, Number, ValueKind)| FormatColumn {
        id: (*id).to_owned(),
        number: *number,
        kind: *kind,
        declared: true,
    };
    RecordShape {
        samples: (0..samples).map(|i| format!("S{i}")).collect(),
        formats: formats.iter().map(format).collect(),
    }
}

fn usual(samples: usize) -> SampleColumnsBuilder {
    let one = Number::Count(1);
    SampleColumnsBuilder::new(&shape(
        samples,
        &[
            ("DP", one, ValueKind::Integer),
            ("GT", one, ValueKind::String),
            ("AF", Number::A, ValueKind::Float),
            ("PS", one, ValueKind::Integer),
        ],
    ))
}

fn binary(array: &ArrayRef) -> &BinaryArray {
    array.as_any().downcast_ref().unwrap()
}

#[test]
fn values_land_under_their_keys() {
    let mut builder = usual(2);
    assert_eq!(builder.push(Some("GT:DP:AF"), b"0|1:7:0.1,.\t1|1", 2), Ok(vec![]));
    assert_eq!(builder.push(Some("GT"), b"0|1\t1|1", 1), Ok(vec![]));
    assert_eq!(builder.push(None, b"", 1), Err(SampleError::TooFewColumns { expected: 2, found: 0 }));
    let columns = builder.finish();
    assert_eq!(columns.len(), 5);
    assert!(columns.iter().all(|c| c.len() == 2));
    let [dp, gt, af, ps, undeclared] = [0, 1, 2, 3, 4].map(|i| binary(&columns[i]));
    assert_eq!(gt.value(0), gt.value(1));
    assert_eq!(GenotypeVector::parse(gt.value(0), 2).unwrap().text(1).as_deref(), Some("1|1"));
    assert_eq!(VectorView::parse(dp.value(0), 2).unwrap().text(0).as_deref(), Some("7"));
    assert_eq!(VectorView::parse(dp.value(0), 2).unwrap().text(1), None);
    assert_eq!(VectorView::parse(af.value(0), 2).unwrap().text(0).as_deref(), Some("0.1,."));
    assert!(dp.is_null(1) && af.is_null(1));
    assert_eq!((ps.null_count(), undeclared.null_count()), (2, 2));
    assert_eq!(builder.finish()[0].len(), 0);
}

#[test]
fn an_unreadable_record_leaves_nothing_behind() {
    use SampleError::*;
    let cases: [(&str, &[u8], SampleError); 10] = [
        ("GT", b"0|1", TooFewColumns { expected: 2, found: 1 }),
        ("GT", b"0|1\t0|1\t0|1", TooManyColumns { expected: 2, found: 3 }),
        ("GT:DP", b"0|1:1\t0|1:2:3", TooManyValues { column: 2 }),
        ("GT:DP:DP", b"0|1\t0|1", RepeatedKey),
        ("GT:X:X", b"0|1\t0|1", RepeatedKey),
        ("GT:", b"0|1\t0|1", EmptyKey),
        ("GT", b"0|1\t0|x", BadGenotype { column: 2 }),
        ("GT:DP", b"0|1:1\t", BadGenotype { column: 2 }),
        ("GT", b"0|1\t0|2", AlleleOutOfRange { column: 2 }),
        ("GT:DP", b"0|1:\xff\t0|1", NotText),
    ];
    let mut builder = usual(2);
    for (format, samples, error) in cases {
        assert_eq!(builder.push(Some(format), samples, 1), Err(error), "{format}");
    }
    assert_eq!(builder.push(Some("GT:DP"), b"0|1:1\t1|1:2", 1), Ok(vec![]));
    assert!(builder.finish().iter().all(|c| c.len() == 1));
}

#[test]
fn odd_values_are_kept_and_named() {
    let mut builder = usual(1);
    let bad = |key: &str| SampleProblem::BadValue { key: key.to_owned() };
    assert_eq!(builder.push(Some("GT:PS"), b"0|1:10_A_C", 1), Ok(vec![bad("PS")]));
    assert_eq!(builder.push(Some("GT:DP"), b"0|1:12.0", 1), Ok(vec![]));
    assert_eq!(builder.push(Some("GT:DP"), b"0|1:x", 1), Ok(vec![bad("DP")]));
    assert_eq!(builder.push(Some("GT:AF"), b"0|1:nan,1e-3", 2), Ok(vec![]));
    assert_eq!(builder.push(Some("GT:AF"), b"0|1:0.5,a", 2), Ok(vec![bad("AF")]));
    let undeclared = SampleProblem::UndeclaredKey { key: "ZZ".to_owned() };
    assert_eq!(builder.push(Some("GT:ZZ"), b"0|1:a,b", 1), Ok(vec![undeclared]));
    let columns = builder.finish();
    assert_eq!(binary(&columns[4]).value(5), b"\x01\x02ZZ\x05\x07\x04a,b");
}

#[test]
fn a_file_without_samples_has_null_columns() {
    let mut builder = SampleColumnsBuilder::new(&shape(0, &[]));
    assert_eq!(builder.push(None, b"", 1), Ok(vec![]));
    assert_eq!(builder.push(Some("GT"), b"", 1), Ok(vec![]));
    assert_eq!(builder.push(Some("GT"), b"0|1", 1), Err(SampleError::TooManyColumns { expected: 0, found: 1 }));
    assert_eq!(builder.finish()[0].null_count(), 2);
}

#[test]
fn a_short_line_cannot_stand_for_billions_of_values() {
    let mut builder = usual(2000);
    let keys: Vec<String> = (0..20_000).map(|i| format!("K{i}")).collect();
    let samples = vec!["0"; 2000].join("\t");
    assert_eq!(builder.push(Some(&keys.join(":")), samples.as_bytes(), 1), Err(SampleError::TooLarge));
    assert_eq!(builder.push(Some("GT"), samples.as_bytes(), 1), Ok(vec![]));
}

#[test]
fn an_undeclared_gt_that_is_no_genotype_is_kept_as_text() {
    let mut implied = shape(2, &[("GT", Number::Count(1), ValueKind::String)]);
    implied.formats[0].declared = false;
    let mut builder = SampleColumnsBuilder::new(&implied);
    let undeclared = |key: &str| SampleProblem::UndeclaredKey { key: key.to_owned() };
    assert_eq!(builder.push(Some("GT"), b"0/1\t./.", 1), Ok(vec![]));
    let bad = SampleProblem::BadValue { key: "GT".to_owned() };
    assert_eq!(builder.push(Some("GT"), b"0/1\t0/2", 1), Ok(vec![undeclared("GT"), bad.clone()]));
    assert_eq!(builder.push(Some("GT:XX"), b"A/B\t.:1", 1), Ok(vec![undeclared("GT"), bad, undeclared("XX")]));
    assert_eq!(builder.push(Some("GT:XX"), b"A/B:1:2\t.:1", 1), Err(SampleError::TooManyValues { column: 1 }));
    assert_eq!(builder.push(Some("GT:XX"), b"1/1\t.:1", 1), Ok(vec![undeclared("XX")]));
    let columns = builder.finish();
    let valid: Vec<bool> = (0..4).map(|row| binary(&columns[0]).is_valid(row)).collect();
    assert_eq!(valid, [true, false, false, true]);
}

#[test]
fn values_of_an_undeclared_key_are_compared_with_what_is_known_of_it() {
    let known = shape(0, &[("PL", Number::G, ValueKind::Integer), ("DP", Number::Count(1), ValueKind::Integer)]);
    let gt = shape(2, &[("GT", Number::Count(1), ValueKind::String)]);
    let mut builder = SampleColumnsBuilder::new(&gt).expecting(known.formats);
    let undeclared = |key: &str| SampleProblem::UndeclaredKey { key: key.to_owned() };
    let value = |key: &str| SampleProblem::BadValue { key: key.to_owned() };
    let count = |key: &str| SampleProblem::BadCount { key: key.to_owned() };
    let cases: [(&str, &[u8], &[SampleProblem]); 7] = [
        ("GT:PL", b"0/1:1,2,3\t0/1:.", &[undeclared("PL")]),
        ("GT:PL", b"0/1:1,2\t0/1:1,2,3", &[undeclared("PL"), count("PL")]),
        ("GT:PL", b"0:1,2\t1:1,2", &[undeclared("PL")]),
        ("GT:PL", b"0:1,2,3\t1:1,2", &[undeclared("PL"), count("PL")]),
        ("GT:PL", b"0/1:1,x\t0/1", &[undeclared("PL"), value("PL"), count("PL")]),
        ("GT:DP:XX", b"0/1:1.5:a,b\t0/1:.:", &[undeclared("DP"), undeclared("XX")]),
        ("GT:DP", b"0/1:many\t0/1", &[undeclared("DP"), value("DP")]),
    ];
    for (format, samples, expected) in cases {
        assert_eq!(builder.push(Some(format), samples, 1).as_deref(), Ok(expected), "{format}");
    }
    assert_eq!(binary(&builder.finish()[1]).value(0), b"\x01\x02PL\x09\x07\x061,2,3\x02.");
}

#[test]
fn a_text_of_no_length_is_a_list_from_version_4_5_on() {
    let formats = [
        ("LAA", Number::Unknown, ValueKind::Integer),
        ("LEC", Number::Other, ValueKind::Float),
        ("DP", Number::Count(1), ValueKind::Integer),
    ];
    let record: (_, &[u8]) = (Some("LAA:LEC:DP"), b"::1\t1,2:0.5:1\t1:");
    let shape = shape(3, &formats);
    let bad = |key: &str| SampleProblem::BadValue { key: key.to_owned() };
    let mut old = SampleColumnsBuilder::new(&shape);
    assert_eq!(old.push(record.0, record.1, 1), Ok(vec![bad("LAA"), bad("LEC")]));
    let mut new = SampleColumnsBuilder::new(&shape).with_empty_lists();
    assert_eq!(new.push(record.0, record.1, 1), Ok(vec![]));
    let columns = new.finish();
    let texts = |column: usize| {
        let vector = VectorView::parse(binary(&columns[column]).value(0), 3).unwrap();
        [0, 1, 2].map(|sample| vector.text(sample).map(|text| text.into_owned()))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(texts(0), [some(""), some("1,2"), some("1")]);
    assert_eq!(texts(1), [some(""), some("0.5"), some("")]);
    assert_eq!(new.push(Some("DP"), b"1\t\t1", 1), Ok(vec![bad("DP")]));
    assert_eq!(new.push(Some("LAA"), b"1,x\t\t1", 1), Ok(vec![bad("LAA")]));
}

fn value() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    prop_oneof![
        8 => "[0-9]{1,3}(,[0-9]{1,3}){0,3}",
        2 => "(0|[1-9][0-9]{0,9})",
        1 => "[0-9.,-]{0,4}",
        1 => "[^\t\n:]{0,3}",
        1 => Just(".".to_owned()),
    ]
}

proptest::proptest! {
    #[test]
    fn one_sample_is_read_as_the_first_of_two(
        rows in proptest::collection::vec(
            ("[0-2.][/|][0-2.]|[01]|0/1/2", proptest::collection::vec(value(), 0..4), proptest::bool::ANY), 1..8,
        ),
    ) {
        let formats = [
            ("GT", Number::Count(1), ValueKind::String),
            ("AD", Number::R, ValueKind::Integer),
            ("FT", Number::Count(1), ValueKind::String),
            ("PL", Number::G, ValueKind::Integer),
        ];
        let (mut one, mut two) = (SampleColumnsBuilder::new(&shape(1, &formats)), SampleColumnsBuilder::new(&shape(2, &formats)));
        let mut kept = 0;
        for (genotype, values, all_keys) in rows {
            let keys = if all_keys { 3 } else { values.len().min(3) };
            let format = ["GT", "AD", "FT", "PL"][..=keys].join(":");
            let sample = [&[genotype], &values[..]].concat().join(":");
            let pushed = one.push(Some(&format), sample.as_bytes(), 2);
            let twice = two.push(Some(&format), format!("{sample}\t{sample}").as_bytes(), 2);
            proptest::prop_assert_eq!(&pushed, &twice);
            kept += usize::from(pushed.is_ok());
        }
        let (one, two) = (one.finish(), two.finish());
        let text = |array: &ArrayRef, samples, row, at| {
            let array = binary(array);
            (!array.is_null(row)).then(|| match at {
                0 => GenotypeVector::parse(array.value(row), samples).unwrap().text(0).map(|t| t.into_owned()),
                _ => VectorView::parse(array.value(row), samples).unwrap().text(0).map(|t| t.into_owned()),
            })
        };
        for (at, (one, two)) in one.iter().zip(&two).take(4).enumerate() {
            proptest::prop_assert_eq!(one.len(), kept);
            (0..kept).for_each(|row| assert_eq!(text(one, 1, row, at), text(two, 2, row, at), "{at} {row}"));
        }
    }
}

#[test]
fn numbers_of_values_are_compared_with_what_is_declared() {
    use Number::{A, Count, G, Other, R, Unknown};
    let problems = |number: Number, kind: ValueKind, samples: &str, alternates: usize| {
        let formats = [("GT", Count(1), ValueKind::String), ("X", number, kind)];
        let columns = samples.split('\t').count();
        let mut builder = SampleColumnsBuilder::new(&shape(columns, &formats));
        builder.push(Some("GT:X"), samples.as_bytes(), alternates).unwrap()
    };
    let integer = ValueKind::Integer;
    let good = [
        (Count(2), "0/1:1,2\t0/1:.\t0/1", 1),
        (A, "0/1:1,2", 2),
        (A, "0/0:1", 0),
        (R, "0/0:1,2", 0),
        (G, "0/0:1,2,3", 0),
        (R, "0/1:1,2,3\t./.:1,2,.", 2),
        (G, "0/1:1,2,3", 1),
        (G, "1:1,2\t0/1:1,2,3\t.:1,2,3", 1),
        (G, "0/1/1:1,2,3,4", 1),
        (Unknown, "0/1:1,2,3,4", 1),
        (Other, "0/1:1,2,3,4", 1),
    ];
    for (number, samples, alternates) in good {
        assert_eq!(problems(number, integer, samples, alternates), [], "{number:?} {samples}");
    }
    let bad = [
        (Count(2), "0/1:1,2\t0/1:1", 1),
        (Count(1), "0/1:1,2", 1),
        (A, "0/1:1", 2),
        (R, "0/1:1,2", 2),
        (G, "0/1:1,2", 1),
        (G, "1:1,2,3", 1),
        (G, "0/1:1,2,3,4", 1),
    ];
    for (number, samples, alternates) in bad {
        for kind in [integer, ValueKind::Float, ValueKind::String] {
            let expected = [SampleProblem::BadCount { key: "X".to_owned() }];
            assert_eq!(problems(number, kind, samples, alternates), expected, "{number:?} {samples}");
        }
    }
}

#[test]
fn a_record_can_be_taken_back() {
    let mut builder = usual(2);
    builder.undo();
    builder.push(Some("GT:DP"), b"0|1:7\t1|1:8", 1).unwrap();
    let kept = builder.finish();
    builder.push(Some("GT:DP"), b"0|1:7\t1|1:8", 1).unwrap();
    builder.push(Some("GT:XX:PS"), b"0|1:7:x\t1|1:8:3", 1).unwrap();
    builder.undo();
    assert_eq!(builder.finish(), kept);
}
