//! What was typed, cut into statements and commands.

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// SQL without its `;`.
    Statement(String),
    /// A line that begins with a backslash, without it.
    Command(String),
}

/// Whether everything in `text` has ended: a statement with `;`, a command with its line.
pub(super) fn is_complete(text: &str) -> bool {
    let (_, rest) = cut(text);
    only_comments(rest)
}

/// The statements and commands of `text`. What comes after the last `;` is a statement too, whatever it lacks.
pub(super) fn split(text: &str) -> Vec<Input> {
    let (mut inputs, rest) = cut(text);
    if !only_comments(rest) {
        inputs.push(Input::Statement(rest.trim().to_owned()));
    }
    inputs
}

/// What has ended, and the rest.
fn cut(text: &str) -> (Vec<Input>, &str) {
    let (mut inputs, mut rest) = (Vec::new(), text);
    loop {
        let begin = rest.trim_start();
        if let Some(command) = begin.strip_prefix('\\') {
            let (line, after) = command.split_once('\n').unwrap_or((command, ""));
            inputs.push(Input::Command(line.trim().to_owned()));
            rest = after;
            continue;
        }
        let Some(end) = end_of_statement(rest) else { return (inputs, rest) };
        let (statement, after) = rest.split_at(end);
        if !only_comments(statement) {
            inputs.push(Input::Statement(statement.trim().to_owned()));
        }
        rest = after.get(1..).unwrap_or_default();
    }
}

/// Where the first `;` is that is not part of a text, a name or a comment.
fn end_of_statement(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(';') {
            return Some(at);
        }
        at += length_of_token(rest);
    }
    None
}

fn only_comments(text: &str) -> bool {
    let mut rest = text.trim_start();
    while rest.starts_with("--") || rest.starts_with("/*") {
        if rest.starts_with("/*") && !rest.contains("*/") {
            return false; // a comment that goes on
        }
        rest = rest.get(length_of_token(rest)..).unwrap_or_default().trim_start();
    }
    rest.is_empty()
}

/// Bytes of the text, name, comment or character that `text` begins with. What is not closed goes to the end.
fn length_of_token(text: &str) -> usize {
    let closed_by = |opening: &str, closing: &str| {
        let inside = text.get(opening.len()..).unwrap_or_default();
        inside.find(closing).map_or(text.len(), |end| opening.len() + end + closing.len())
    };
    match text.as_bytes() {
        // A doubled quote is read as the end of one text and the begin of the next: the same in the end.
        [b'\'', ..] => closed_by("'", "'"),
        [b'"', ..] => closed_by("\"", "\""),
        [b'`', ..] => closed_by("`", "`"),
        [b'-', b'-', ..] => closed_by("--", "\n"),
        [b'/', b'*', ..] => closed_by("/*", "*/"),
        _ => text.chars().next().map_or(1, char::len_utf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(text: &str) -> Input {
        Input::Statement(text.to_owned())
    }

    #[test]
    fn a_statement_ends_with_a_semicolon_outside_of_texts_names_and_comments() {
        for open in
            ["SELECT 1", "SELECT ';'", "SELECT \"a;b\"", "SELECT 1 -- ;", "SELECT /* ; */ 1", "SELECT 'it''s;", "/* a"]
        {
            assert!(!is_complete(open), "{open}");
        }
        for whole in ["SELECT 1;", "SELECT ';';\n", "", "  \n", "\\d", "SELECT 1; -- that was it\n", "-- only words\n"]
        {
            assert!(is_complete(whole), "{whole}");
        }
    }

    #[test]
    fn commands_and_statements_may_follow_each_other() {
        let inputs = split("\\timing off\nSELECT 'a;b';;\nSELECT\n 2; \\d cohort\n-- end\n");
        let command = |text: &str| Input::Command(text.to_owned());
        let expected = [command("timing off"), statement("SELECT 'a;b'"), statement("SELECT\n 2"), command("d cohort")];
        assert_eq!(inputs, expected);
    }
}
