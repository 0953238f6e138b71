//! `contig(name)`: one name for a contig that tables call by different ones, so that they can be joined.
//!
//! It bridges names, not assemblies: `NC_000001.10` (GRCh37) and `NC_000001.11` (GRCh38) are both `chr1`, although positions
//! in them differ. Whoever joins tables of two assemblies has to lift positions over first.

mod aliases;
mod assemblies;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The function, with the names that references bring; they come before everything built in.
pub(super) fn function(references: &[BTreeMap<String, String>]) -> ScalarUDF {
    let aliases = aliases::canonical_names(references);
    let text = [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View];
    let signature = Signature::new(TypeSignature::Uniform(1, text.to_vec()), Volatility::Immutable);
    ScalarUDF::from(Contig { signature, aliases })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Contig {
    signature: Signature,
    aliases: BTreeMap<String, String>,
}

impl ScalarUDFImpl for Contig {
    fn name(&self) -> &'static str {
        "contig"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [names] = args.args.as_slice() else {
            return Err(DataFusionError::Plan("contig takes one name".to_owned()));
        };
        match names {
            ColumnarValue::Array(names) => Ok(ColumnarValue::Array(self.of_array(names)?)),
            ColumnarValue::Scalar(name) => {
                let name = name.try_as_str().flatten().map(|name| self.of_name(name).into_owned());
                Ok(ColumnarValue::Scalar(ScalarValue::Utf8(name)))
            }
        }
    }
}

impl Contig {
    fn of_array(&self, names: &ArrayRef) -> Result<ArrayRef> {
        match names.data_type() {
            DataType::Utf8 => Ok(self.of_names(names.as_string::<i32>().iter())),
            DataType::LargeUtf8 => Ok(self.of_names(names.as_string::<i64>().iter())),
            DataType::Utf8View => Ok(self.of_names(names.as_string_view().iter())),
            other => Err(DataFusionError::Plan(format!("contig takes text, not {other}"))),
        }
    }

    /// Names repeat, mostly in runs: each is looked up once for a batch.
    fn of_names<'a>(&self, names: impl ExactSizeIterator<Item = Option<&'a str>>) -> ArrayRef {
        let mut known: HashMap<&str, Cow<'a, str>> = HashMap::new();
        let mut canonical = StringBuilder::with_capacity(names.len(), names.len().saturating_mul(5));
        let mut last: Option<(&str, Cow<'a, str>)> = None;
        for name in names {
            let Some(name) = name else {
                canonical.append_null();
                continue;
            };
            match &last {
                Some((same, found)) if *same == name => canonical.append_value(found),
                _ => {
                    let found = known.entry(name).or_insert_with(|| self.of_name(name)).clone();
                    canonical.append_value(&found);
                    last = Some((name, found));
                }
            }
        }
        let canonical: StringArray = canonical.finish();
        Arc::new(canonical)
    }

    fn of_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if let Some(known) = self.aliases.get(name) {
            return Cow::Owned(known.clone());
        }
        built_in(name).map_or(Cow::Borrowed(name), Cow::Owned)
    }
}

/// The canonical name of a contig that is known without a reference.
fn built_in(name: &str) -> Option<String> {
    match chromosome(name).or_else(|| assemblies::chromosome(name)) {
        Some(chromosome) => Some(format!("chr{chromosome}")),
        None => scaffold(name),
    }
}

/// Chromosomes that are called by Roman numbers, by the arm, or by letters. `X` is the letter and yeast's tenth in one:
/// within one species they are never both.
const NAMED: [&str; 24] = [
    "X", "Y", "W", "Z", "M", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "XI", "XII", "XIII", "XIV", "XV",
    "XVI", "2L", "2R", "3L", "3R",
];
/// The mitochondrial genome, as Ensembl, WormBase, FlyBase and SGD call it.
const MITOCHONDRION: [&str; 6] = ["MT", "MtDNA", "mt", "Mito", "mitochondrion", "mitochondrion_genome"];
/// Numbers beyond that are not chromosomes but names of something else.
const MOST_CHROMOSOMES: u8 = 99;

/// The chromosome that a plain name means, with or without `chr` before it.
fn chromosome(name: &str) -> Option<&str> {
    let bare = ["chr", "Chr", "CHR"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    if MITOCHONDRION.contains(&bare) {
        return Some("M");
    }
    let number = !bare.starts_with(['0', '+']) && bare.parse::<u8>().is_ok_and(|number| number <= MOST_CHROMOSOMES);
    (number || NAMED.contains(&bare)).then_some(bare)
}

/// The accession in UCSC's name of a scaffold, an alternative or a patch: `chr1_KI270706v1_random` is `KI270706.1`,
/// `chr1_gl000191_random` of hg19, which leaves the version out where it is 1, is `GL000191.1`.
fn scaffold(name: &str) -> Option<String> {
    let (_, rest) = name.strip_prefix("chr")?.split_once('_')?;
    let rest = ["_random", "_alt", "_fix"].iter().find_map(|suffix| rest.strip_suffix(suffix)).unwrap_or(rest);
    if let Some(digits) = rest.strip_prefix("gl")
        && digits.len() == 6
        && is_number(digits)
    {
        return Some(format!("GL{digits}.1"));
    }
    let (accession, version) = rest.rsplit_once('v')?;
    let digits = accession.trim_start_matches(|letter: char| letter.is_ascii_uppercase() || letter == '_');
    let fits = digits.len() < accession.len() && digits.len() >= 5 && is_number(digits) && is_number(version);
    fits.then(|| format!("{accession}.{version}"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
