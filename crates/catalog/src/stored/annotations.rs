//! `tsv_options` of annotation stores and versions, and `format_options` of annotation import jobs.

use super::{VERSION, check_version, from_json, to_json};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use varberg_model::{
    AnnotationType, FormatKey, FormatOptions, ReadOptions, TsvSchema, TsvStoreOptions, ValidationError, ValueType,
    VcfOptions,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTsvOptions {
    v: u32,
    annotation_type: String,
    format_to_header: BTreeMap<String, String>,
    /// Name and type of each column, in order.
    schema: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFormatOptions {
    v: u32,
    format: StoredFormat,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum StoredFormat {
    Vcf { ignore_qual_field: Option<bool>, ignore_filter_field: Option<bool> },
    Tsv { read_options: Option<StoredReadOptions> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredReadOptions {
    sep: Option<String>,
    encoding: Option<String>,
    quote: Option<String>,
    quote_all: Option<bool>,
    escape: Option<String>,
    escape_quotes: Option<bool>,
    comment: Option<String>,
    header: Option<bool>,
    line_sep: Option<String>,
}

pub(crate) fn tsv_options_to_json(options: &TsvStoreOptions) -> Result<String> {
    let header = options.format_to_header().iter();
    let schema = options.schema().columns().iter();
    let stored = StoredTsvOptions {
        v: VERSION,
        annotation_type: options.annotation_type().as_str().to_owned(),
        format_to_header: header.map(|(key, name)| (key.as_str().to_owned(), name.clone())).collect(),
        schema: schema.map(|(name, kind)| (name.clone(), kind.as_str().to_owned())).collect(),
    };
    to_json("tsv_options", &stored)
}

pub(crate) fn tsv_options_from_json(text: &str) -> Result<TsvStoreOptions> {
    let stored: StoredTsvOptions = from_json("tsv_options", text)?;
    check_version("tsv_options", stored.v)?;
    checked(&stored).map_err(|source| Error::Stored { column: "tsv_options", source: Box::new(source) })
}

fn checked(stored: &StoredTsvOptions) -> Result<TsvStoreOptions, ValidationError> {
    let schema = stored.schema.iter().map(|(name, kind)| Ok((name.clone(), ValueType::parse("schema", kind)?)));
    let header = stored.format_to_header.iter();
    let header = header.map(|(key, name)| Ok((FormatKey::parse("formatToHeader", key)?, name.clone())));
    TsvStoreOptions::new(
        "tsv_options",
        AnnotationType::parse("annotationType", &stored.annotation_type)?,
        header.collect::<Result<_, ValidationError>>()?,
        TsvSchema::new("schema", schema.collect::<Result<_, ValidationError>>()?)?,
    )
}

pub(crate) fn format_options_to_json(options: &FormatOptions) -> Result<String> {
    let format = match options {
        FormatOptions::Vcf(VcfOptions { ignore_qual_field, ignore_filter_field }) => {
            StoredFormat::Vcf { ignore_qual_field: *ignore_qual_field, ignore_filter_field: *ignore_filter_field }
        }
        FormatOptions::Tsv(options) => StoredFormat::Tsv { read_options: options.as_ref().map(to_stored) },
    };
    to_json("format_options", &StoredFormatOptions { v: VERSION, format })
}

pub(crate) fn format_options_from_json(text: &str) -> Result<FormatOptions> {
    let stored: StoredFormatOptions = from_json("format_options", text)?;
    check_version("format_options", stored.v)?;
    Ok(match stored.format {
        StoredFormat::Vcf { ignore_qual_field, ignore_filter_field } => {
            FormatOptions::Vcf(VcfOptions { ignore_qual_field, ignore_filter_field })
        }
        StoredFormat::Tsv { read_options } => FormatOptions::Tsv(read_options.map(from_stored)),
    })
}

fn to_stored(options: &ReadOptions) -> StoredReadOptions {
    let ReadOptions { sep, encoding, quote, quote_all, escape, escape_quotes, comment, header, line_sep } =
        options.clone();
    StoredReadOptions { sep, encoding, quote, quote_all, escape, escape_quotes, comment, header, line_sep }
}

fn from_stored(stored: StoredReadOptions) -> ReadOptions {
    let StoredReadOptions { sep, encoding, quote, quote_all, escape, escape_quotes, comment, header, line_sep } =
        stored;
    ReadOptions { sep, encoding, quote, quote_all, escape, escape_quotes, comment, header, line_sep }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    fn form_1_of_tsv_options() {
        let columns = vec![("chr".to_owned(), ValueType::String), ("pos".to_owned(), ValueType::Long)];
        let names = BTreeMap::from([(FormatKey::Chr, "chr".to_owned()), (FormatKey::Pos, "pos".to_owned())]);
        let schema = TsvSchema::new("schema", columns).unwrap();
        let options = TsvStoreOptions::new("o", AnnotationType::ChrPos, names, schema).unwrap();
        let json = tsv_options_to_json(&options).unwrap();
        expect![[r#"{"v":1,"annotation_type":"CHR_POS","format_to_header":{"CHR":"chr","POS":"pos"},"schema":[["chr","STRING"],["pos","LONG"]]}"#]]
            .assert_eq(&json);
        assert_eq!(tsv_options_from_json(&json).unwrap(), options);
    }

    #[track_caller]
    fn check(options: &FormatOptions, expected: &Expect) {
        let json = format_options_to_json(options).unwrap();
        expected.assert_eq(&json);
        assert_eq!(&format_options_from_json(&json).unwrap(), options);
    }

    #[test]
    fn form_1_of_format_options() {
        let vcf = VcfOptions { ignore_qual_field: Some(true), ignore_filter_field: None };
        check(
            &FormatOptions::Vcf(vcf),
            &expect![[r#"{"v":1,"format":{"vcf":{"ignore_qual_field":true,"ignore_filter_field":null}}}"#]],
        );
        check(&FormatOptions::Tsv(None), &expect![[r#"{"v":1,"format":{"tsv":{"read_options":null}}}"#]]);
        let read = ReadOptions { sep: Some("\t".to_owned()), header: Some(true), ..ReadOptions::default() };
        check(
            &FormatOptions::Tsv(Some(read)),
            &expect![[
                r#"{"v":1,"format":{"tsv":{"read_options":{"sep":"\t","encoding":null,"quote":null,"quote_all":null,"escape":null,"escape_quotes":null,"comment":null,"header":true,"line_sep":null}}}}"#
            ]],
        );
    }
}
