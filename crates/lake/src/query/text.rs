//! Places in the text of a statement.

use datafusion::sql::sqlparser::tokenizer::{Location, TokenWithSpan};
use std::ops::Range;

/// A text whose places are known by line and column.
pub(super) struct Text<'a> {
    text: &'a str,
    /// Where lines begin.
    lines: Vec<usize>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, lines: std::iter::once(0).chain(breaks).collect() }
    }

    /// Bytes from the begin of one token to the end of another.
    pub(super) fn range(&self, first: &TokenWithSpan, last: &TokenWithSpan) -> Range<usize> {
        self.offset(first.span.start)..self.offset(last.span.end)
    }

    fn offset(&self, place: Location) -> usize {
        let line = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(place.column).unwrap_or(1).saturating_sub(1);
        let begin = self.lines.get(line).copied().unwrap_or(self.text.len());
        let rest = self.text.get(begin..).unwrap_or_default();
        begin + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }
}
