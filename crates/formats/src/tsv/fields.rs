//! A line to its fields, as Spark's CSV reader (univocity, `STOP_AT_DELIMITER`) has them. In: a line. Out: places in the
//! line, or in a scratch buffer where quotes had to be taken out. Own code, because csv-core does not tell `""` from an
//! empty field, has separators of one byte only, and treats a stray quote otherwise.
//!
//! - A field that does not begin with the quote is text as it stands, later quotes and all.
//! - Inside quotes, the escape before a quote or before itself makes that text; before anything else it is text.
//!   An escape equal to the quote means that quotes are doubled.
//! - Blanks between the closing quote and the separator are dropped.
//! - Where anything else follows the closing quote, the field was not meant to be quoted: its opening quote, that quote and
//!   all up to the next separator are text (`"a"b` is `"a"b`, and `"a""b"` too unless quotes are doubled).
//! - A quoted value ends on its line, or is a fault. (Spark takes the rest of the line.)

use memchr::memmem::Finder;
use varberg_model::Dialect;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) text: &'a [u8],
    /// It stood in quotes, so that it is empty text and not missing if it is empty.
    pub(super) is_quoted: bool,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    from: usize,
    to: usize,
    is_quoted: bool,
    is_scratch: bool,
}

/// A quoted value does not end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenQuote;

pub(super) struct Splitter {
    sep: Vec<u8>,
    finder: Finder<'static>,
    /// Empty: none.
    quote: Vec<u8>,
    escape: Vec<u8>,
    /// Most fields that are kept.
    most: usize,
    spans: Vec<Span>,
    scratch: Vec<u8>,
}

impl Splitter {
    /// Keeps the first `most` fields of a line and counts the others.
    pub(super) fn new(dialect: &Dialect, most: usize) -> Self {
        let bytes = |c: Option<char>| c.map(String::from).unwrap_or_default().into_bytes();
        let sep = dialect.sep.clone().into_bytes();
        Self {
            finder: Finder::new(&sep).into_owned(),
            sep,
            quote: bytes(dialect.quote),
            escape: bytes(dialect.escape),
            most,
            spans: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Splits a line and returns its number of fields; at least 1.
    pub(super) fn split(&mut self, line: &[u8]) -> Result<usize, OpenQuote> {
        self.spans.clear();
        self.scratch.clear();
        let no_quotes = self.quote.first().is_none_or(|byte| memchr::memchr(*byte, line).is_none());
        match self.sep.as_slice() {
            [byte] if no_quotes => Ok(self.split_plain(*byte, line)),
            _ => self.split_quoted(line),
        }
    }

    /// A field of the line that was split last.
    #[inline]
    pub(super) fn field<'a>(&'a self, line: &'a [u8], index: usize) -> Option<Field<'a>> {
        let span = self.spans.get(index)?;
        let text = if span.is_scratch { &self.scratch } else { line };
        Some(Field { text: text.get(span.from..span.to)?, is_quoted: span.is_quoted })
    }

    fn split_plain(&mut self, sep: u8, line: &[u8]) -> usize {
        let (mut from, mut count) = (0, 0);
        for to in memchr::memchr_iter(sep, line).chain(std::iter::once(line.len())) {
            count += 1;
            if count <= self.most {
                self.spans.push(Span { from, to, is_quoted: false, is_scratch: false });
            }
            from = to + 1;
        }
        count
    }

    fn split_quoted(&mut self, line: &[u8]) -> Result<usize, OpenQuote> {
        let (mut at, mut count, mut kept) = (0, 0, 0);
        loop {
            count += 1;
            let (span, next) = if begins(line, at, &self.quote) {
                self.quoted(line, at)?
            } else {
                let to = self.next_sep(line, at);
                (Span { from: at, to, is_quoted: false, is_scratch: false }, to)
            };
            if count <= self.most {
                self.spans.push(span);
                kept = self.scratch.len();
            } else {
                self.scratch.truncate(kept);
            }
            if next >= line.len() {
                return Ok(count);
            }
            at = next + self.sep.len();
        }
    }

    /// The field whose opening quote is at `start`, and where it ends: at a separator, or with the line.
    fn quoted(&mut self, line: &[u8], start: usize) -> Result<(Span, usize), OpenQuote> {
        let scratch = self.scratch.len();
        let mut at = start + self.quote.len();
        loop {
            let special = self.next_special(line, at).ok_or(OpenQuote)?;
            let text = line.get(at..special).unwrap_or_default();
            if self.escape != self.quote && begins(line, special, &self.escape) {
                self.scratch.extend_from_slice(text);
                at = self.escaped(line, special + self.escape.len());
                continue;
            }
            let quotes = self.count_quotes(line, special);
            let after = special + quotes * self.quote.len();
            let is_doubled = self.escape == self.quote;
            let kept = if is_doubled { quotes / 2 } else { quotes - 1 };
            let is_open = is_doubled && quotes.is_multiple_of(2);
            let end = if is_open { None } else { self.closed_end(line, after) };
            if let (Some(end), 0, true) = (end, kept, self.scratch.len() == scratch) {
                // Nothing was taken out: `at` still stands behind the opening quote.
                return Ok((Span { from: at, to: special, is_quoted: true, is_scratch: false }, end));
            }
            self.scratch.extend_from_slice(text);
            (0..kept).for_each(|_| self.scratch.extend_from_slice(&self.quote));
            if is_open {
                at = after;
                continue;
            }
            let end = end.unwrap_or_else(|| self.take_as_text(line, scratch, after));
            return Ok((Span { from: scratch, to: self.scratch.len(), is_quoted: true, is_scratch: true }, end));
        }
    }

    /// Adds what an escape that ends at `at` stands for, and returns where to go on.
    fn escaped(&mut self, line: &[u8], at: usize) -> usize {
        if begins(line, at, &self.quote) {
            self.scratch.extend_from_slice(&self.quote);
            return at + self.quote.len();
        }
        self.scratch.extend_from_slice(&self.escape);
        if begins(line, at, &self.escape) { at + self.escape.len() } else { at }
    }

    /// Where a field ends whose closing quote ends at `at`; none if it is no closing quote.
    fn closed_end(&self, line: &[u8], at: usize) -> Option<usize> {
        let is_blank = |i: &usize| line.get(*i).is_some_and(|b| *b <= b' ') && !begins(line, *i, &self.sep);
        let mut end = at;
        while is_blank(&end) {
            end += 1;
        }
        (end >= line.len() || begins(line, end, &self.sep)).then_some(end)
    }

    /// Makes the value in the scratch buffer, from `scratch` on, the text of a field that is not quoted.
    fn take_as_text(&mut self, line: &[u8], scratch: usize, after: usize) -> usize {
        let value = self.scratch.split_off(scratch);
        let end = self.next_sep(line, after);
        self.scratch.extend_from_slice(&self.quote);
        self.scratch.extend_from_slice(&value);
        self.scratch.extend_from_slice(&self.quote);
        self.scratch.extend_from_slice(line.get(after..end).unwrap_or_default());
        end
    }

    fn next_sep(&self, line: &[u8], at: usize) -> usize {
        let rest = line.get(at..).unwrap_or_default();
        self.finder.find(rest).map_or(line.len(), |found| at + found)
    }

    /// The next quote or escape.
    fn next_special(&self, line: &[u8], at: usize) -> Option<usize> {
        let quote = self.quote.first().copied()?;
        let escape = self.escape.first().copied().unwrap_or(quote);
        let rest = line.get(at..)?;
        memchr::memchr2_iter(quote, escape, rest)
            .map(|found| at + found)
            .find(|found| begins(line, *found, &self.quote) || begins(line, *found, &self.escape))
    }

    fn count_quotes(&self, line: &[u8], at: usize) -> usize {
        let rest = line.get(at..).unwrap_or_default();
        rest.chunks(self.quote.len()).take_while(|chunk| *chunk == self.quote).count()
    }
}

/// Whether `text`, unless it is empty, stands at a place in the line.
#[inline]
fn begins(line: &[u8], at: usize, text: &[u8]) -> bool {
    !text.is_empty() && line.get(at..).is_some_and(|rest| rest.starts_with(text))
}

#[cfg(test)]
mod tests;
