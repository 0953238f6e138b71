//! Texts that are kept for users: of items, jobs and sources of reference imports.

/// Longest text kept for an item or a job (spec 3, `Msg1000`).
pub(super) const MAX_MESSAGE: usize = 1000;
/// Longest text kept for a source of a reference import (spec 3.9).
pub(super) const MAX_SOURCE_MESSAGE: usize = 127;

/// Cuts a text at `most` characters.
pub(super) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(shorten("åäö", 3), "åäö");
        assert_eq!(shorten("åäöü", 3), "åä…");
    }
}
