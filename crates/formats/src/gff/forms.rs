//! How the values of GFF3's own attributes, and of `##sequence-region`, are written. In: a text. Out: whether it is as the
//! specification has it. Changes nothing, and compares nothing with other lines.
//! Source: Generic Feature Format Version 3, 1.26, "Column 9: attributes", "The Gap Attribute", "Directives and Meta-Data".

use crate::fault::Cause;

/// What is wrong with the form of a value of a tag as written; tags in another case are not GFF3's own.
pub(super) fn fault(tag: &str, value: &str) -> Option<Cause> {
    match tag {
        "Target" => (!is_target(value)).then_some(Cause::TargetForm),
        "Gap" => (!is_gap(value)).then_some(Cause::GapForm),
        "Dbxref" | "Ontology_term" => {
            let mut values = value.split(',').filter(|value| !value.is_empty()); // said already
            (!values.all(is_cross_reference)).then_some(Cause::CrossReferenceForm)
        }
        _ => None,
    }
}

/// `target_id start end [strand]`, from 1, one blank between them; only one.
fn is_target(value: &str) -> bool {
    let mut words = value.split(' ');
    let id = words.next().is_some_and(|id| !id.is_empty());
    let range = is_range(words.next(), words.next());
    let strand = words.next().is_none_or(|strand| matches!(strand, "+" | "-"));
    id && range && strand && words.next().is_none()
}

/// Operations with their lengths, `M8 D3 M6`.
fn is_gap(value: &str) -> bool {
    let is_operation = |text: &str| {
        let length = text.strip_prefix(['M', 'I', 'D', 'F', 'R']);
        length.is_some_and(|length| !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()))
    };
    value.split(' ').all(is_operation)
}

/// `DBTAG:ID`; the colon may be percent-encoded.
fn is_cross_reference(value: &str) -> bool {
    let separators = [":", "%3A", "%3a"];
    let parts = separators.iter().find_map(|separator| value.split_once(separator));
    parts.is_some_and(|(database, id)| !database.is_empty() && !id.is_empty())
}

/// What follows `##sequence-region`: `seqid start end`, blanks between them.
pub(super) fn is_region(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    words.next().is_some() && is_range(words.next(), words.next()) && words.next().is_none()
}

/// Two positions, from 1, in order.
fn is_range(start: Option<&str>, end: Option<&str>) -> bool {
    let position = |text: Option<&str>| {
        let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        digits.and_then(|digits| digits.parse::<u64>().ok())
    };
    matches!((position(start), position(end)), (Some(start), Some(end)) if 0 < start && start <= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tag: &str, good: &[&str], bad: &[&str]) {
        for value in good {
            assert_eq!(fault(tag, value), None, "{tag}={value}");
        }
        for value in bad {
            assert!(fault(tag, value).is_some(), "{tag}={value}");
        }
    }

    #[test]
    fn values_have_the_form_of_their_tag() {
        check(
            "Target",
            &["EST23 1 21", "EST23 1 21 +", "a%20b 5 5 -", "mjm1123.5 5 506"],
            &[
                "est",
                "est 1",
                "est 0 5",
                "est 6 5",
                "est 1 x",
                "est 1 5 .",
                "est 1 5 + x",
                " 1 5",
                "est  1 5",
                "a 1 5 +,b 1 5 +",
            ],
        );
        check("Gap", &["M8 D3 M6 I1 M6", "M3 F1 R2"], &["M301 D", "Y23", "M301 Df1499", "M8  D3", "m8", "xxx", "8M"]);
        check(
            "Dbxref",
            &["EMBL:AA816246", "a:b,c:d:e", "UniSTS%3A277840", "\"GO:1\""],
            &["foo", "a:b,c", ":1", "a:", "%3a1"],
        );
        check("Ontology_term", &["GO:0046703"], &["0046703"]);
        check("target", &["anything"], &[]);
        check("Note", &["anything"], &[]);
    }

    #[test]
    fn regions_have_a_seqid_and_a_range() {
        for good in [" ctg123 1 1497228", "   1 1 1", "\tc\t5\t6 "] {
            assert!(is_region(good), "{good}");
        }
        for bad in [
            "",
            " c",
            " c 1",
            " c x",
            " c 1 x",
            " c 2 1",
            " c 0 5",
            " c -1 5",
            " c 1 -5",
            " c 1 5 6",
            " c 1 99999999999999999999",
        ] {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
