//! What the columns of GFF3 features should be, by the plainest reading of the rules (spec 6.3, 12.2): slow, and without a
//! line of the reader's code. In: the text of a file. Out: one row for each feature, every column as text.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};

/// A row: every column but the ordinal, in order.
pub type Row = Vec<String>;

const NULL: &str = "(null)";

/// The features of a file, those left out that do not fit.
pub fn rows(text: &str) -> Vec<Row> {
    let is_end = |line: &&str| line.starts_with('>') || line.trim_end() == "##FASTA";
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    lines
        .take_while(|line| !is_end(line))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(row)
        .collect()
}

fn row(line: &str) -> Option<Row> {
    let columns: Vec<&str> = line.split('\t').collect();
    let &[seqid, source, kind, start, end, score, strand, phase, attributes] = columns.as_slice() else { return None };
    let text = |column: &str| if column.is_empty() || column == "." { NULL.to_owned() } else { decode(column) };
    let number = |column: &str, minus: i64| match column {
        "" | "." => Some(NULL.to_owned()),
        digits if !digits.chars().all(|c| c.is_ascii_digit()) => None,
        digits => digits.parse().ok().filter(|n: &i64| *n >= 1).map(|n| (n - minus).to_string()),
    };
    let score = score.parse::<f64>().ok().filter(|s| s.is_finite()).map_or(NULL.to_owned(), |s| s.to_string());
    let phase = phase.parse::<i32>().map_or(NULL.to_owned(), |p| p.to_string());
    let mut row = vec![text(seqid), text(source), text(kind), number(start, 1)?, number(end, 0)?, score];
    row.extend([text(strand), phase]);
    row.extend(attribute_columns(if attributes == "." { "" } else { attributes }));
    Some(row)
}

/// Tag or key in lower case, and the value as written.
type Pair<'a> = (String, Option<&'a str>);

fn attribute_columns(text: &str) -> Vec<String> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for entry in text.split(';').filter(|entry| !entry.trim_matches(' ').is_empty()) {
        let (tag, value) = entry.split_once('=').map_or((entry, None), |(tag, value)| (tag, Some(value)));
        pairs.push((decode(tag.trim_matches(' ')).to_lowercase(), value));
    }
    let values = |column: &str| -> Vec<&str> {
        let fits = |pair: &&Pair<'_>| pair.0.replace('_', "") == column.replace('_', "");
        pairs.iter().filter(fits).filter_map(|pair| pair.1).filter(|value| !value.is_empty()).collect()
    };
    let single = |column: &str| match values(column).as_slice() {
        [] => NULL.to_owned(),
        values => values.iter().map(|value| decode(value)).collect::<Vec<_>>().join(","),
    };
    let list = |column: &str| match values(column).as_slice() {
        [] => NULL.to_owned(),
        values => format!("{:?}", values.iter().flat_map(|value| value.split(',')).map(decode).collect::<Vec<_>>()),
    };
    let circular = single("is_circular").to_lowercase();
    let is_boolean = circular == "true" || circular == "false" || circular == NULL;
    let names = ["id", "name", "alias", "parent", "target", "gap", "derivesfrom", "note", "dbxref", "ontologyterm"];
    let mut columns: Vec<String> = names
        .iter()
        .map(
            |name| {
                if matches!(*name, "parent" | "note" | "dbxref" | "ontologyterm") { list(name) } else { single(name) }
            },
        )
        .collect();
    columns.push(if is_boolean { circular } else { NULL.to_owned() });
    let has_column = |key: &str| {
        let plain = key.replace('_', "");
        names.contains(&plain.as_str()) || (plain == "iscircular" && is_boolean)
    };
    columns.push(information(&pairs, has_column));
    columns
}

fn information(pairs: &[Pair<'_>], has_column: impl Fn(&str) -> bool) -> String {
    let mut map: Vec<(String, Option<String>)> = Vec::new();
    let fills = |key: &str, value: Option<&str>| value.is_some() && has_column(key);
    // A value of Is_circular that is no boolean comes last.
    let is_circular = |key: &str| key.replace('_', "") == "iscircular";
    let (circular, others): (Vec<_>, Vec<_>) =
        pairs.iter().partition(|(key, value)| is_circular(key) && value.is_some());
    let first_circular = circular.first().map(|(key, _)| key.clone());
    let circular =
        circular.into_iter().map(|(key, value)| (first_circular.clone().unwrap_or_else(|| key.clone()), *value));
    let others = others.into_iter().map(|(key, value)| (key.clone(), *value));
    for (key, value) in others.chain(circular) {
        if fills(&key, value) {
            continue;
        }
        let value = value.map(decode);
        match map.iter_mut().find(|(other, _)| *other == key) {
            None => map.push((key, value)),
            Some((_, old)) => {
                *old = match (old.take(), value) {
                    (Some(old), Some(new)) => Some(format!("{old},{new}")),
                    (old, new) => old.or(new),
                }
            }
        }
    }
    if map.is_empty() { NULL.to_owned() } else { format!("{map:?}") }
}

/// What a text means; the text itself where it would not be text.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let digits = after.get(..2).filter(|d| *first == b'%' && d.iter().all(u8::is_ascii_hexdigit));
        match digits.and_then(|d| u8::from_str_radix(std::str::from_utf8(d).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The rows of a batch in the same form.
pub fn shown(batch: &RecordBatch) -> Vec<Row> {
    let columns = batch.columns().get(..20).expect("the columns of features");
    (0..batch.num_rows()).map(|row| columns.iter().map(|column| value(column, row)).collect()).collect()
}

fn value(column: &dyn Array, row: usize) -> String {
    let texts = |array: &dyn Array| array.as_string::<i32>().iter().map(|t| t.map(str::to_owned)).collect::<Vec<_>>();
    if column.is_null(row) {
        NULL.to_owned()
    } else if let Some(array) = column.as_string_opt::<i32>() {
        array.value(row).to_owned()
    } else if let Some(array) = column.as_primitive_opt::<Int64Type>() {
        array.value(row).to_string()
    } else if let Some(array) = column.as_primitive_opt::<Int32Type>() {
        array.value(row).to_string()
    } else if let Some(array) = column.as_primitive_opt::<Float64Type>() {
        array.value(row).to_string()
    } else if let Some(array) = column.as_boolean_opt() {
        array.value(row).to_string()
    } else if let Some(array) = column.as_list_opt::<i32>() {
        format!("{:?}", texts(&array.value(row)).into_iter().flatten().collect::<Vec<_>>())
    } else {
        let entries = column.as_map().value(row);
        let keys = texts(entries.column(0)).into_iter().flatten();
        format!("{:?}", keys.zip(texts(entries.column(1))).collect::<Vec<_>>())
    }
}
