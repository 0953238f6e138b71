//! Vectors and the text that stands for them: what is kept and what is said of them is the same.

use super::*;
use crate::{FormatColumn, Number, RecordShape, ValueKind};
use proptest::prelude::*;

const KEYS: [(&str, Number, ValueKind); 5] = [
    ("GT", Number::Count(1), ValueKind::String),
    ("AD", Number::R, ValueKind::Integer),
    ("DP", Number::Count(1), ValueKind::Integer),
    ("PL", Number::G, ValueKind::Integer),
    ("AF", Number::A, ValueKind::Float),
];

fn builder(samples: usize) -> SampleColumnsBuilder {
    let format = |(id, number, kind): &(&str, Number, ValueKind)| FormatColumn {
        id: (*id).to_owned(),
        number: *number,
        kind: *kind,
        declared: true,
    };
    SampleColumnsBuilder::new(&RecordShape {
        samples: (0..samples).map(|i| format!("S{i}")).collect(),
        formats: KEYS.iter().map(format).collect(),
    })
}

/// The values of a key: as many for each sample, of this many bytes, with [`MISSING`] and [`END`].
#[derive(Debug, Clone)]
struct Stored {
    key: &'static str,
    width: Width,
    length: usize,
    values: Vec<i32>,
}

impl Stored {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.values.iter().for_each(|value| self.width.put(*value, &mut bytes));
        bytes
    }

    /// The text of a sample.
    fn text(&self, sample: usize) -> String {
        let own = &self.values[sample * self.length..][..self.length];
        let known = own.iter().take_while(|value| **value != END);
        if self.key != "GT" {
            let text = |value: &i32| if *value == MISSING { ".".to_owned() } else { value.to_string() };
            return known.map(text).collect::<Vec<_>>().join(",");
        }
        let mut text = String::new();
        for (at, code) in known.enumerate() {
            text += if at == 0 { "" } else { ["/", "|"][usize::from(code & 1 == 1)] };
            text += &(code >> 1).checked_sub(1).filter(|a| *a >= 0).map_or(".".to_owned(), |a| a.to_string());
        }
        text
    }
}

/// Whether the short way takes a record.
fn both_ways(
    short: &mut SampleColumnsBuilder,
    general: &mut SampleColumnsBuilder,
    record: &[Stored],
    samples: usize,
    alternates: usize,
) -> bool {
    let format = record.iter().map(|stored| stored.key).collect::<Vec<_>>().join(":");
    let sample = |at: usize| record.iter().map(|stored| stored.text(at)).collect::<Vec<_>>().join(":");
    let text = (0..samples).map(sample).collect::<Vec<_>>().join("\t");
    let bytes: Vec<Vec<u8>> = record.iter().map(Stored::bytes).collect();
    let vector =
        |(stored, bytes): (&Stored, _)| IntegerVector { width: stored.width.bytes(), length: stored.length, bytes };
    let vectors: Vec<_> = record.iter().zip(bytes.iter().map(Vec::as_slice)).map(vector).collect();
    let expected = general.push(Some(&format), text.as_bytes(), alternates);
    match short.push_vectors(&format, vectors.into_iter(), alternates) {
        Some(problems) => {
            assert_eq!(Ok(problems), expected, "{format} {text}");
            true
        }
        None => {
            assert_eq!(short.push(Some(&format), text.as_bytes(), alternates), expected, "{format} {text}");
            false
        }
    }
}

fn taken(samples: usize, record: &[Stored], alternates: usize) -> bool {
    let (mut short, mut general) = (builder(samples), builder(samples));
    let taken = both_ways(&mut short, &mut general, record, samples, alternates);
    assert_eq!(short.finish(), general.finish());
    taken
}

fn stored(key: &'static str, width: Width, length: usize, values: &[i32]) -> Stored {
    Stored { key, width, length, values: values.to_vec() }
}

#[test]
fn usual_vectors_are_taken() {
    use Width::{Four, One, Two};
    let genotypes = || stored("GT", One, 2, &[2, 4, 4, 5]);
    let cases: [&[Stored]; 9] = [
        &[genotypes()],
        &[genotypes(), stored("AD", One, 2, &[1, 2, -120, 127])],
        &[genotypes(), stored("DP", Two, 1, &[300, MISSING])],
        &[genotypes(), stored("DP", Four, 1, &[3, 4])],
        &[genotypes(), stored("PL", Two, 3, &[MISSING, END, END, 0, 3, 300])],
        &[stored("PL", Four, 3, &[1, END, END, 40_000, -1, MISSING]), genotypes()],
        &[stored("DP", One, 1, &[1, 2])],
        &[stored("GT", One, 1, &[2, 4]), stored("PL", One, 2, &[1, 2, 3, 4])],
        &[stored("GT", One, 2, &[2, END, 2, 2]), stored("PL", One, 2, &[1, 2, 3, 4])],
    ];
    for record in cases {
        assert!(taken(2, record, 1), "{record:?}");
    }
}

#[test]
fn other_vectors_are_left_to_their_text() {
    use Width::{Four, One, Two};
    let genotypes = || stored("GT", One, 2, &[2, 4, 4, 5]);
    let cases: [&[Stored]; 8] = [
        &[stored("GT", One, 2, &[2, 6, 2, 2])],
        &[stored("GT", Two, 2, &[2, 2, 2, 2])],
        &[stored("GT", One, 1, &[2, 6])],
        &[stored("GT", One, 3, &[2, 2, 2, 2, 2, 2])],
        &[stored("GT", One, 2, &[2, END, 6, END])],
        &[genotypes(), stored("AD", One, 2, &[END, END, 1, 2])],
        &[genotypes(), stored("AF", Four, 1, &[1, 2])],
        &[genotypes(), stored("XX", Four, 1, &[1, 2])],
    ];
    for record in cases {
        assert!(!taken(2, record, 1), "{record:?}");
    }
}

#[test]
fn codes_without_a_meaning_and_vectors_of_other_sizes_are_not_taken() {
    let mut builder = builder(2);
    let mut push = |width: usize, length: usize, bytes: &[u8]| {
        let vector = IntegerVector { width, length, bytes };
        builder.push_vectors("DP", [vector].into_iter(), 1).is_some()
    };
    assert!(push(1, 1, &[1, 2]) && push(1, 2, &[1, 0x81, 2, 0xff]));
    assert!(
        !push(1, 1, &[1, 0x82])
            && !push(1, 2, &[1, 2])
            && !push(1, 0, &[])
            && !push(3, 1, &[0; 6])
            && !push(2, 1, &[1, 2])
    );
    assert!(!push(1, usize::MAX, &[1, 2]));
    let one = IntegerVector { width: 1, length: 1, bytes: &[1, 2] };
    assert!(builder.push_vectors("DP:AD", [one].into_iter(), 1).is_none());
    assert!(builder.push_vectors("DP:DP", [one, one].into_iter(), 1).is_none());
    assert!(builder.finish().iter().all(|column| column.len() == 2));
}

fn values(key: &'static str, length: usize, samples: usize) -> impl Strategy<Value = Stored> {
    let value = move |width: Width| {
        let least = [-120, -32_760, SMALLEST][width.bytes() / 2];
        let greatest = [127, 32_767, i32::MAX][width.bytes() / 2];
        prop_oneof![20 => 0..127_i32, 2 => least..=greatest, 1 => Just(MISSING), 1 => Just(END)]
    };
    prop_oneof![6 => Just(Width::One), 2 => Just(Width::Two), 1 => Just(Width::Four)].prop_flat_map(move |width| {
        prop::collection::vec(value(width), length * samples).prop_map(move |values| Stored {
            key,
            width,
            length,
            values,
        })
    })
}

fn record(samples: usize) -> impl Strategy<Value = Vec<Stored>> {
    let codes = prop_oneof![8 => 2..6_i32, 2 => 0..8_i32, 1 => 0..128_i32];
    let ended = |(codes, shorter): (Vec<i32>, Vec<bool>)| {
        let mut values = codes;
        let seconds = values.iter_mut().skip(1).step_by(2).zip(shorter);
        seconds.filter(|(_, shorter)| *shorter).for_each(|(code, _)| *code = END);
        values
    };
    let shorter = (any::<bool>(), prop::collection::vec(any::<bool>(), samples));
    let shorter = shorter.prop_map(|(some, shorter)| shorter.into_iter().map(|shorter| shorter && some).collect());
    let pairs = (prop::collection::vec(codes.clone(), 2 * samples), shorter).prop_map(ended);
    let genotypes = prop_oneof![
        4 => pairs.prop_map(|values| stored("GT", Width::One, 2, &values)),
        1 => prop::collection::vec(codes, samples).prop_map(|values| stored("GT", Width::One, 1, &values)),
    ];
    let others = (values("AD", 2, samples), values("DP", 1, samples), values("PL", 3, samples), 0..4_usize);
    (genotypes, others).prop_map(|(genotypes, (ad, dp, pl, kept))| {
        let mut record = vec![genotypes, ad, dp, pl];
        record.truncate(kept + 1);
        record
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn vectors_are_read_as_the_text_that_stands_for_them(
        (samples, records) in (1..12_usize).prop_flat_map(|samples| {
            (Just(samples), prop::collection::vec((record(samples), prop_oneof![0..4_usize, Just(60)]), 1..5))
        }),
    ) {
        let (mut short, mut general) = (builder(samples), builder(samples));
        for (record, alternates) in records {
            both_ways(&mut short, &mut general, &record, samples, alternates);
        }
        prop_assert_eq!(short.finish(), general.finish());
    }
}
