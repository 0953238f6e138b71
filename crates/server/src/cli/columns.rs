//! The columns of a store of delimited text, as they are written on the command line.

use super::exit::UsageError;
use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value, json};
use varberg_model::{AnnotationType, FormatKey, ValueType};

/// What the columns of delimited files are.
#[derive(Debug, Clone, clap::Args)]
pub struct ColumnArgs {
    /// How rows are placed on the genome
    #[arg(long = "type", value_name = "TYPE", ignore_case = true,
          value_parser = PossibleValuesParser::new(AnnotationType::ALL.map(AnnotationType::as_str)))]
    kind: Option<String>,
    /// Names and types of the columns, in the order of the file: chr:string,pos:long. Types: string, int, long, float,
    /// double, boolean
    #[arg(long, value_name = "NAME:TYPE,...")]
    schema: Option<String>,
    /// Which column is CHR, POS, START, END, REF or ALT of the type; may be given several times. Left out, a column with that
    /// name in lower case is taken
    #[arg(long = "column", value_name = "KEY=NAME")]
    columns: Vec<String>,
}

impl ColumnArgs {
    pub(super) fn is_empty(&self) -> bool {
        self.kind.is_none() && self.schema.is_none() && self.columns.is_empty()
    }

    /// `tsvStoreOptions` or `tsvVersionOptions`; what was not given is left out.
    pub(super) fn options(&self) -> Result<Value, UsageError> {
        let mut options = Map::new();
        let kind = self.kind.as_deref().map(str::to_ascii_uppercase);
        let schema = self.schema.as_deref().map(parse_schema).transpose()?;
        let names = self.names(kind.as_deref(), schema.as_deref().unwrap_or_default())?;
        if let Some(kind) = kind {
            options.insert("annotationType".to_owned(), json!(kind));
        }
        if !names.is_empty() {
            options.insert("formatToHeader".to_owned(), Value::Object(names));
        }
        if let Some(schema) = schema {
            let columns = schema.into_iter().map(|(name, kind)| json!({ name: kind })).collect();
            options.insert("schema".to_owned(), columns);
        }
        Ok(Value::Object(options))
    }

    /// `formatToHeader`: what was given, then the columns that are called like a key of the type.
    fn names(&self, kind: Option<&str>, schema: &[(String, String)]) -> Result<Map<String, Value>, UsageError> {
        let mut names = Map::new();
        for column in &self.columns {
            let usage = || UsageError(format!("{column:?} is not written KEY=NAME, such as CHR=chromosome"));
            let (key, name) = column.split_once('=').ok_or_else(usage)?;
            names.insert(key.trim().to_ascii_uppercase(), json!(name.trim()));
        }
        let kind = kind.and_then(|kind| AnnotationType::parse("type", kind).ok());
        for key in kind.map(AnnotationType::keys).unwrap_or_default() {
            let name = key.as_str().to_ascii_lowercase();
            if !names.contains_key(key.as_str()) && schema.iter().any(|(column, _)| *column == name) {
                names.insert(FormatKey::as_str(*key).to_owned(), json!(name));
            }
        }
        Ok(names)
    }
}

/// Names and types, the latter as the API spells them.
fn parse_schema(text: &str) -> Result<Vec<(String, String)>, UsageError> {
    let types = ValueType::ALL.map(|kind| kind.as_str().to_ascii_lowercase());
    let column = |column: &str| {
        let usage = || UsageError(format!("{column:?} is not written NAME:TYPE with a type of {}", types.join(", ")));
        let (name, kind) = column.trim().split_once(':').ok_or_else(usage)?;
        let kind = ValueType::parse("schema", &kind.trim().to_ascii_uppercase()).map_err(|_| usage())?;
        Ok((name.trim().to_owned(), kind.as_str().to_owned()))
    };
    text.split(',').map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_called_like_a_key_need_not_be_named() {
        let args = ColumnArgs {
            kind: Some("chr_pos".to_owned()),
            schema: Some("chr:string, position:LONG".to_owned()),
            columns: vec!["pos=position".to_owned()],
        };
        let expected = json!({
            "annotationType": "CHR_POS",
            "formatToHeader": { "CHR": "chr", "POS": "position" },
            "schema": [{ "chr": "STRING" }, { "position": "LONG" }],
        });
        assert_eq!(args.options().unwrap(), expected);
    }
}
