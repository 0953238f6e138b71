use super::*;
use ValueType::{Double, Int, Long, String as Text};

fn schema(columns: &[(&str, ValueType)]) -> TsvSchema {
    TsvSchema::new("schema", columns.iter().map(|(n, k)| ((*n).to_owned(), *k)).collect()).unwrap()
}

fn full() -> TsvSchema {
    schema(&[("c", Text), ("p", Long), ("s", Int), ("e", Long), ("r", Text), ("a", Text), ("x", Double), ("end", Int)])
}

fn name_of(key: FormatKey) -> &'static str {
    match key {
        FormatKey::Chr => "c",
        FormatKey::Start => "s",
        FormatKey::End => "e",
        FormatKey::Ref => "r",
        FormatKey::Alt => "a",
        FormatKey::Pos => "p",
    }
}

fn map(pairs: &[(FormatKey, &str)]) -> BTreeMap<FormatKey, String> {
    pairs.iter().map(|(k, n)| (*k, (*n).to_owned())).collect()
}

#[track_caller]
fn check(kind: AnnotationType, pairs: &[(FormatKey, &str)], expected: Result<(), &str>) {
    let made = TsvStoreOptions::new("o", kind, map(pairs), full());
    let made = made.map(|_| ()).map_err(|e| format!("{}: {}", e.field, e.reason));
    assert_eq!(made, expected.map_err(str::to_owned));
}

#[test]
fn every_type_needs_exactly_its_keys() {
    for kind in AnnotationType::ALL {
        let all: Vec<_> = kind.keys().iter().map(|key| (*key, name_of(*key))).collect();
        check(kind, &all, Ok(()));
        for missing in kind.keys() {
            let rest: Vec<_> = all.iter().copied().filter(|(key, _)| key != missing).collect();
            let text = format!(
                "o.formatToHeader.{}: Member must not be null for annotationType {}",
                missing.as_str(),
                kind.as_str()
            );
            check(kind, &rest, Err(&text));
        }
    }
}

#[test]
fn keys_name_columns_of_a_fitting_type() {
    use FormatKey::{Chr, Pos, Ref};
    let kind = AnnotationType::ChrPos;
    check(kind, &[(Chr, "c"), (Pos, "q")], Err("o.formatToHeader.POS: Member must name a column of the schema"));
    check(kind, &[(Chr, "c"), (Pos, "P")], Err("o.formatToHeader.POS: Member must name a column of the schema"));
    let double = "o.formatToHeader.POS: Member must name a column of type LONG or INT; x is DOUBLE";
    check(kind, &[(Chr, "c"), (Pos, "x")], Err(double));
    check(
        kind,
        &[(Chr, "p"), (Pos, "p")],
        Err("o.formatToHeader.CHR: Member must name a column of type STRING; p is LONG"),
    );
    check(
        kind,
        &[(Chr, "c"), (Pos, "p"), (Ref, "c")],
        Err("o.formatToHeader.REF: Member must not name column c, which is that of CHR"),
    );
    let end = "o.formatToHeader.POS: Member must not name column end, which is computed for annotationType CHR_POS";
    check(kind, &[(Chr, "c"), (Pos, "end")], Err(end));
    check(
        AnnotationType::Generic,
        &[(Chr, "nope")],
        Err("o.formatToHeader.CHR: Member must name a column of the schema"),
    );
}

#[test]
fn a_key_that_the_type_does_not_use_plays_no_part() {
    let pairs = map(&[(FormatKey::Chr, "c"), (FormatKey::Pos, "p"), (FormatKey::Ref, "r")]);
    let options = TsvStoreOptions::new("o", AnnotationType::ChrPos, pairs, full()).unwrap();
    assert_eq!(options.position(FormatKey::Pos), Some(1));
    assert_eq!(options.position(FormatKey::Ref), None);
}

#[test]
fn names_are_those_of_the_api() {
    for kind in AnnotationType::ALL {
        assert_eq!(AnnotationType::parse("annotationType", kind.as_str()), Ok(kind));
    }
    for key in FormatKey::ALL {
        assert_eq!(FormatKey::parse("formatToHeader", key.as_str()), Ok(key));
    }
    assert!(AnnotationType::parse("annotationType", "CHR").is_err());
}
