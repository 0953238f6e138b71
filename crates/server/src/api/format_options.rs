//! `formatOptions` of annotation import jobs (spec 3.9, 12.1, 12.3).

use crate::wire::{self, Fields};
use serde_json::{Value, json};
use varberg_model::{Dialect, FormatOptions, ReadOptions, StoreFormat, ValidationError, VcfOptions};

const READ_OPTIONS: &str = "formatOptions.tsvOptions.readOptions";

/// The options in a request to import into a store of `format`. Stores of GFF take them without effect (spec 12.2).
pub(super) fn parse(fields: &Fields<'_>, format: StoreFormat) -> Result<FormatOptions, ValidationError> {
    let given = match fields.object("formatOptions")? {
        None => None,
        Some(options) => Some(options.union_object(&["tsvOptions", "vcfOptions"])?),
    };
    match (format, given) {
        (StoreFormat::Tsv, None) => Ok(FormatOptions::Tsv(None)),
        (StoreFormat::Tsv | StoreFormat::Gff, Some(("tsvOptions", options))) => parse_tsv(&options),
        (StoreFormat::Vcf | StoreFormat::Gff, None) => Ok(FormatOptions::Vcf(VcfOptions::default())),
        (StoreFormat::Vcf | StoreFormat::Gff, Some(("vcfOptions", options))) => parse_vcf(&options),
        (format, Some((member, _))) => {
            let reason = format!("Member must not be set for a store of format {}", format.as_str());
            Err(ValidationError::new(format!("formatOptions.{member}"), reason))
        }
    }
}

fn parse_tsv(options: &Fields<'_>) -> Result<FormatOptions, ValidationError> {
    let Some(fields) = options.object("readOptions")? else { return Ok(FormatOptions::Tsv(None)) };
    let text = |member: &str| Ok(fields.text(member)?.map(str::to_owned));
    let options = ReadOptions {
        sep: text("sep")?,
        encoding: text("encoding")?,
        quote: text("quote")?,
        quote_all: fields.optional_flag("quoteAll")?,
        escape: text("escape")?,
        escape_quotes: fields.optional_flag("escapeQuotes")?,
        comment: text("comment")?,
        header: fields.optional_flag("header")?,
        line_sep: text("lineSep")?,
    };
    Dialect::new(READ_OPTIONS, Some(&options))?;
    Ok(FormatOptions::Tsv(Some(options)))
}

fn parse_vcf(options: &Fields<'_>) -> Result<FormatOptions, ValidationError> {
    Ok(FormatOptions::Vcf(VcfOptions {
        ignore_qual_field: options.optional_flag("ignoreQualField")?,
        ignore_filter_field: options.optional_flag("ignoreFilterField")?,
    }))
}

/// The options as they were given.
pub(super) fn show(options: &FormatOptions) -> Value {
    match options {
        FormatOptions::Vcf(VcfOptions { ignore_qual_field, ignore_filter_field }) => {
            let mut shown = json!({});
            wire::show(&mut shown, "ignoreQualField", ignore_qual_field.map(Value::from));
            wire::show(&mut shown, "ignoreFilterField", ignore_filter_field.map(Value::from));
            json!({ "vcfOptions": shown })
        }
        FormatOptions::Tsv(options) => {
            let shown = options.as_ref().map_or_else(|| json!({}), show_read_options);
            json!({ "tsvOptions": { "readOptions": shown } })
        }
    }
}

fn show_read_options(options: &ReadOptions) -> Value {
    let mut shown = json!({});
    let texts = [
        ("sep", &options.sep),
        ("encoding", &options.encoding),
        ("quote", &options.quote),
        ("escape", &options.escape),
        ("comment", &options.comment),
        ("lineSep", &options.line_sep),
    ];
    for (member, text) in texts {
        wire::show(&mut shown, member, text.as_deref().map(Value::from));
    }
    let flags = [("quoteAll", options.quote_all), ("escapeQuotes", options.escape_quotes), ("header", options.header)];
    for (member, flag) in flags {
        wire::show(&mut shown, member, flag.map(Value::from));
    }
    shown
}
