//! The manual of message codes is that of the causes.

use std::fmt::Write as _;
use std::path::Path;
use varberg_formats::{Cause, Policy, Verdict};

/// Codes that no cause of the readers has, with what they stand for.
const OTHERS: [(&str, &str, &str); 2] = [
    ("E20", "the file has no records; a file without data rows cannot be imported", "fails the file"),
    ("E30", "a record cannot be written as BCF; export it as VCF, with -O z or -O v", "fails the export"),
];

fn follows(policy: &Policy, cause: Cause) -> String {
    match policy.verdict(cause) {
        Verdict::Accept => "nothing".to_owned(),
        Verdict::Warn => format!("warning; {}", cause.tolerated().unwrap_or("the file is imported")),
        Verdict::RejectRecord => "leaves the record out".to_owned(),
        Verdict::RejectFile => "fails the file".to_owned(),
    }
}

#[test]
fn the_manual_of_messages_is_that_of_the_causes() {
    let mut rows: Vec<(&str, &str, String)> =
        OTHERS.iter().map(|(code, text, follows)| (*code, *text, format!("| {follows} | {follows} |"))).collect();
    rows.extend(Cause::ALL.iter().map(|cause| {
        let (lenient, strict) = (follows(&Policy::lenient(), *cause), follows(&Policy::strict(), *cause));
        (cause.code().as_str(), cause.text(), format!("`{}` | {lenient} | {strict} |", cause.name()))
    }));
    rows.sort_by_key(|(code, _, _)| code.trim_start_matches('E').parse::<u32>().unwrap());
    let mut manual = String::from(
        "# Messages of failed items\n\nThe message of an item or of a reference source begins with a code, says what is \
         wrong and what to do, and ends with line, place and key\nwhere there are any. E1 to E20 are those of \
         HealthOmics, from E21 on they are ours. A warning stands in the message of an item that was imported.\nWhat \
         follows from a fault by default, and with `import.strict = true`, is in the last two columns; \
         `import.verdicts` changes it under the fault's name.\nGenerated from `crates/formats/src/fault.rs` and \
         `policy.rs` by a test: `UPDATE_EXPECT=1 make test`.\n\n| code | message | name | by default | strict \
         |\n|---|---|---|---|---|\n",
    );
    for (code, text, rest) in rows {
        writeln!(manual, "| {code} | {} | {rest}", text.replace('|', "\\|").replace('<', "&lt;")).unwrap();
    }
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/messages.md");
    expect_test::expect_file![place].assert_eq(&manual);
}
