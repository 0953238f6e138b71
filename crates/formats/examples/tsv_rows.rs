//! Reads small delimited texts and prints their rows, so that another reader can be compared (`bench/tsv_oracle.py`).
//! A case is a line on stdin: `COLUMNS SEP QUOTE ESCAPE COMMENT HEADER TEXT`, the strings in hex, `-` for none. Its answer is
//! a line: `=` and rows after `;`, of fields (hex, `-` for null) before `,`; or the code of the fault.
//!
//! `cargo run -p varberg-formats --example tsv_rows < CASES`
#![expect(clippy::print_stdout, reason = "a command whose purpose is to print")]

use arrow_array::{Array, StringArray};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Cursor;
use varberg_formats::tsv::{Options, Reader, read_head};
use varberg_formats::{Compression, Fault, Limits, Part};
use varberg_model::{AnnotationType, Dialect, Encoding, LineSeparator, TsvSchema, TsvStoreOptions, ValueType};

fn main() -> Result<(), Box<dyn Error>> {
    for case in std::io::stdin().lines() {
        let case = case?;
        let words: Vec<&str> = case.split(' ').collect();
        let [columns, sep, quote, escape, comment, header, text] = words.as_slice() else {
            return Err(format!("not a case: {case}").into());
        };
        let dialect = Dialect {
            sep: String::from_utf8(hex::decode(sep)?)?,
            encoding: Encoding::Utf8,
            quote: character(quote)?,
            escape: character(escape)?,
            comment: character(comment)?,
            header: *header == "1",
            line_sep: LineSeparator::Any,
        };
        match rows(columns.parse()?, &dialect, hex::decode(text)?)? {
            Ok(rows) => println!("={rows}"),
            Err(fault) => println!("{}", fault.code),
        }
    }
    Ok(())
}

fn character(word: &str) -> Result<Option<char>, Box<dyn Error>> {
    Ok(if word == "-" { None } else { String::from_utf8(hex::decode(word)?)?.chars().next() })
}

fn rows(columns: usize, dialect: &Dialect, text: Vec<u8>) -> Result<Result<String, Fault>, Box<dyn Error>> {
    let schema = (0..columns).map(|i| (format!("c{i}"), ValueType::String)).collect();
    let schema = TsvSchema::new("schema", schema)?;
    let store = TsvStoreOptions::new("options", AnnotationType::Generic, BTreeMap::new(), schema)?;
    let plain = Compression::Plain;
    let head = read_head(Box::new(Cursor::new(text.clone())), plain, dialect, &Limits::default())?;
    let input = Box::new(Cursor::new(text));
    let mut reader = Reader::new(&store, &head, input, plain, Part::WHOLE, Options::default())?;
    let mut out = String::new();
    loop {
        let batch = match reader.next_batch() {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(Ok(out)),
            Err(fault) => return Ok(Err(fault)),
        };
        for row in 0..batch.num_rows() {
            out.push(';');
            for column in batch.columns().iter().take(columns) {
                let values = column.as_any().downcast_ref::<StringArray>().ok_or("not a column of text")?;
                out += &if values.is_null(row) { "-".to_owned() } else { hex::encode(values.value(row)) };
                out.push(',');
            }
        }
    }
}
