//! Values to vectors and back.

use super::*;
use proptest::prelude::*;

fn encode(kind: ValueKind, texts: &[Option<&str>]) -> Vec<u8> {
    let mut builder = VectorBuilder::new(kind);
    texts.iter().for_each(|t| builder.push(t.map(str::as_bytes)));
    let mut out = Vec::new();
    builder.finish(&mut out);
    out
}

fn decode(bytes: &[u8], samples: usize) -> Vec<Option<String>> {
    let view = VectorView::parse(bytes, samples).unwrap();
    (0..samples).map(|i| view.text(i).map(Cow::into_owned)).collect()
}

#[test]
fn values_take_the_narrowest_form_that_loses_nothing() {
    let ints = |texts: &[Option<&str>]| encode(ValueKind::Integer, texts);
    assert_eq!(ints(&[Some("1"), Some("."), None]), [0x11, 1, 0x80, 0x81]);
    assert_eq!(ints(&[Some("1,2"), Some(".")]), [0x21, 1, 2, 0x80, 0x81]);
    assert_eq!(ints(&[Some("-121")]), [0x12, 0x87, 0xff]);
    assert_eq!(ints(&[Some("40000")]), [0x13, 0x40, 0x9c, 0, 0]);
    assert_eq!(ints(&[Some("007"), None]), [0x07, 4, b'0', b'0', b'7', 0]);
    let floats = |texts: &[Option<&str>]| encode(ValueKind::Float, texts);
    assert_eq!(floats(&[Some("0.5"), Some(".")]), [0x15, 0, 0, 0, 0x3f, 1, 0, 0x80, 0x7f]);
    assert_eq!(floats(&[Some("0.1")]), [0x07, 4, b'0', b'.', b'1']);
    assert_eq!(floats(&[Some("5e-1")]).first(), Some(&0x07));
}

#[test]
fn one_long_sample_does_not_blow_up_the_others() {
    let long = vec!["1"; 1000].join(",");
    let mut texts = vec![Some("1"); 1000];
    texts.push(Some(&long));
    assert!(encode(ValueKind::Integer, &texts).len() < 10_000);
}

#[test]
fn damaged_vectors_are_refused() {
    for bytes in [&[][..], &[0x11], &[0x11, 1, 2, 3], &[0x07, 9, 1], &[0xf1, 0x13, 1], &[0x4f, 0, 0], &[0x01]] {
        assert!(VectorView::parse(bytes, 2).is_err(), "{bytes:x?}");
    }
}

fn cell() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        any::<i32>().prop_map(|v| Some(v.to_string())),
        (-130..130_i32).prop_map(|v| Some(v.to_string())),
        any::<f32>().prop_map(|v| Some(v.to_string())),
        (0..64_u8).prop_map(|v| Some((f64::from(v) / 8.0).to_string())),
        "[0-9.,eE+-]{0,6}".prop_map(Some),
        "[^\t:\n]{0,4}".prop_map(Some),
        Just(Some(".".to_owned())),
    ]
}

proptest! {
    #[test]
    fn text_comes_back_as_written(
        cells in prop::collection::vec(cell(), 0..20),
        numeric in prop::collection::vec("(\\.|-?[0-9]{1,5}(,(\\.|[0-9]{1,3})){0,20})", 0..20),
    ) {
        let numeric: Vec<_> = numeric.into_iter().map(Some).collect();
        for (cells, kind) in [&cells, &numeric].into_iter().flat_map(|c| {
            [ValueKind::Integer, ValueKind::Float, ValueKind::String].map(|kind| (c, kind))
        }) {
            let texts: Vec<_> = cells.iter().map(Option::as_deref).collect();
            prop_assert_eq!(&decode(&encode(kind, &texts), cells.len()), cells);
        }
    }
}
