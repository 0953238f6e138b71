//! What Tab may complete a word to.

use super::names::Names;
use std::collections::BTreeSet;

/// Words of SQL that are worth a Tab.
const KEYWORDS: [&str; 62] = [
    "all",
    "and",
    "array",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "cross",
    "default",
    "desc",
    "describe",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "false",
    "fetch",
    "filter",
    "first",
    "for",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "is",
    "join",
    "last",
    "left",
    "like",
    "limit",
    "map",
    "not",
    "null",
    "nulls",
    "of",
    "offset",
    "on",
    "or",
    "order",
    "ordinality",
    "outer",
    "over",
    "partition",
    "right",
    "rows",
    "select",
    "show",
    "tables",
    "then",
    "true",
    "union",
    "unnest",
    "using",
    "values",
    "when",
];

/// More words that come before others in a statement.
const MORE: [&str; 4] = ["where", "with", "timestamp", "columns"];

/// Functions that questions to variants use most; docs/sql.md has all.
const FUNCTIONS: [&str; 30] = [
    "any_match",
    "approx_percentile",
    "array_agg",
    "avg",
    "cardinality",
    "coalesce",
    "contains",
    "contig",
    "count",
    "count_if",
    "element_at",
    "hom_alt",
    "is_het",
    "json_extract_scalar",
    "lower",
    "map_agg",
    "max",
    "max_by",
    "min",
    "min_by",
    "reduce",
    "regexp_like",
    "round",
    "row_number",
    "split",
    "sum",
    "transform",
    "try",
    "try_cast",
    "upper",
];

/// Where the word at the end of `before` begins, and what it may become, in the order of the alphabet.
pub(super) fn complete(names: &Names, whole: &str, before: &str) -> (usize, Vec<String>) {
    let begin = before
        .rfind(|c: char| !is_of_name(c))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = before.get(begin..).unwrap_or_default();
    let earlier: Vec<String> = words(before.get(..begin).unwrap_or_default());
    let previous = earlier.last().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    if before.trim_start().starts_with("\\d") || ["from", "join", "describe"].contains(&&*previous) {
        return (begin, matching(names.tables().into_iter(), word));
    }
    if let Some((qualifier, part)) = word.rsplit_once('.') {
        let columns = columns_of(names, &words(whole), Some(qualifier));
        return (begin + qualifier.len() + 1, matching(columns.into_iter(), part));
    }
    if word.is_empty() {
        return (begin, Vec::new());
    }
    let upper = word.chars().all(|c| !c.is_ascii_lowercase());
    let keyword = |word: &&str| if upper { word.to_ascii_uppercase() } else { (*word).to_owned() };
    let keywords = KEYWORDS.iter().chain(&MORE).map(keyword);
    let functions = FUNCTIONS.iter().map(|name| (*name).to_owned());
    let columns = columns_of(names, &words(whole), None);
    let all = keywords.chain(functions).chain(columns).chain(names.tables());
    (begin, matching(all, word))
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '"')
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !is_of_name(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Columns of the tables that a statement names; of one of them if `qualifier` is its name or its alias.
fn columns_of(names: &Names, words: &[String], qualifier: Option<&str>) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let found = names.columns_with_types(word);
        if found.is_empty() {
            continue;
        }
        let mut following = words.iter().skip(at + 1).filter(|word| !word.eq_ignore_ascii_case("as"));
        let alias = following.next().map(String::as_str).unwrap_or_default();
        if qualifier.is_none_or(|name| name.eq_ignore_ascii_case(word) || name.eq_ignore_ascii_case(alias)) {
            columns.extend(found.into_iter().map(|(name, _)| quoted(&name)));
        }
    }
    columns
}

/// A column as it must be written: `end` is a word of SQL.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !KEYWORDS.contains(&name) { name.to_owned() } else { format!("\"{name}\"") }
}

fn matching(candidates: impl Iterator<Item = String>, word: &str) -> Vec<String> {
    let word = word.trim_start_matches('"').to_lowercase();
    let begins = |name: &String| name.trim_start_matches('"').to_lowercase().starts_with(&word);
    candidates.filter(begins).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, RecordBatch, StringArray};
    use std::sync::Arc;

    fn names() -> Names {
        let text = |values: &[&str]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
        let columns = [
            ("table_schema", text(&["default", "default", "default", "variant_1_2"])),
            ("table_name", text(&["cohort", "cohort", "clinvar", "cohort"])),
            ("column_name", text(&["contigname", "end", "clnsig", "contigname"])),
            ("data_type", text(&["varchar", "bigint", "varchar", "varchar"])),
        ];
        let names = Names::default();
        names.learn(&[RecordBatch::try_from_iter(columns).unwrap()]).unwrap();
        names
    }

    fn completed(text: &str) -> Vec<String> {
        complete(&names(), text, text).1
    }

    #[test]
    fn after_from_come_tables_elsewhere_columns_of_the_tables_named() {
        assert_eq!(completed("SELECT * FROM c"), ["clinvar", "cohort"]);
        assert_eq!(completed("\\d co"), ["cohort"]);
        assert_eq!(completed("SELECT * FROM cohort WHERE contign"), ["contigname"]);
        assert_eq!(completed("SELECT * FROM cohort v JOIN clinvar AS a ON v."), ["\"end\"", "contigname"]);
        assert_eq!(completed("SELECT * FROM cohort v JOIN clinvar AS a ON a."), ["clnsig"]);
        assert!(completed("SELECT ").is_empty());
    }

    #[test]
    fn keywords_are_written_as_one_began_them() {
        assert_eq!(completed("SEL"), ["SELECT"]);
        assert_eq!(completed("sel"), ["select"]);
    }
}
