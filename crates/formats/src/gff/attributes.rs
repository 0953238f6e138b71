//! Column 9: `tag=value;tag=value`. In: its text. Out: which attribute has which values, judged; where each goes, a column
//! or the information map, is decided here. The memory is kept from line to line.
//! Source: Generic Feature Format Version 3, 1.26, "Column 9: attributes"; spec 12.2.

use super::Dialect;
use super::feature::Place;
use super::forms;
use super::percent::{self, Escapes};
use super::tag::Tag;
use crate::fault::Cause;
use crate::judge::{Judge, Stop};
use std::collections::HashMap;
use std::ops::Range;

/// Attributes of a feature beyond which it is not read; RefSeq and GENCODE have less than 40.
const MOST: usize = 1 << 16;
/// Keys that are compared one by one; more are looked up.
const FEW: usize = 24;

/// An attribute as written, and the next one with the same tag.
#[derive(Debug)]
struct Entry {
    /// Within the keys.
    key: Range<usize>,
    /// Within column 9; none without `=`.
    value: Option<Range<usize>>,
    tag: Option<Tag>,
    next: Option<usize>,
    /// Of the first entry of a tag: the last one.
    tail: usize,
}

/// The attributes of one feature.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// Keys in lower case, one behind the other.
    keys: Vec<u8>,
    entries: Vec<Entry>,
    /// First entries of the tags that fill columns.
    columns: [Option<usize>; Tag::COUNT],
    /// First entries of the keys that go to the information map, in order.
    others: Vec<usize>,
    /// `others` by key, where they are not few.
    index: HashMap<Vec<u8>, usize>,
    is_circular: Option<bool>,
    scratch: Vec<u8>,
}

/// How a line is read, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) dialect: Dialect,
    pub(super) escapes: Escapes,
    pub(super) place: Place<'a>,
    /// Column 9.
    pub(super) text: &'a str,
}

impl Attributes {
    /// Reads column 9 of a line.
    pub(super) fn read(&mut self, line: &Line<'_>, judge: &mut Judge) -> Result<(), Stop> {
        self.clear();
        let bytes = line.text.as_bytes();
        let (mut start, mut equals, mut is_plain) = (0, None, true);
        for at in memchr::memchr2_iter(b';', b'=', bytes).chain([bytes.len()]) {
            if bytes.get(at) == Some(&b'=') {
                is_plain = equals.is_none();
                equals = equals.or(Some(at));
                continue;
            }
            let tag = line.text.get(start..equals.unwrap_or(at)).unwrap_or_default();
            if !is_plain {
                judge.judge(Cause::AttributeEquals, Some(&line.place), Some(tag))?;
            }
            // Nothing follows the last ';', as a rule.
            if at < bytes.len() || equals.is_some() || !trim(tag).is_empty() {
                self.entry(tag, equals.map(|equals| equals + 1..at), line, judge)?;
            }
            (start, equals, is_plain) = (at + 1, None, true);
        }
        self.check_circular(line, judge)
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.entries.clear();
        self.columns = [None; Tag::COUNT];
        self.others.clear();
        self.is_circular = None;
        if !self.index.is_empty() {
            self.index = HashMap::new();
        }
    }

    fn entry(
        &mut self,
        written: &str,
        value: Option<Range<usize>>,
        line: &Line<'_>,
        judge: &mut Judge,
    ) -> Result<(), Stop> {
        let trimmed = trim(written);
        if value.is_none() || trimmed.is_empty() {
            judge.judge(Cause::AttributeForm, Some(&line.place), Some(written))?;
        }
        if value.is_none() && trimmed.is_empty() {
            return Ok(());
        }
        if trimmed.len() != written.len() {
            judge.judge(Cause::AttributeBlank, Some(&line.place), Some(written))?;
        }
        let key = match line.dialect {
            Dialect::Gff3 => self.put_key(trimmed, line, judge)?,
            Dialect::HealthOmics => self.put_key(written, line, judge)?,
        };
        let tag = self.keys.get(key.clone()).and_then(Tag::of);
        if tag.is_none() && trimmed.starts_with(|c: char| c.is_ascii_uppercase()) {
            judge.judge(Cause::ReservedTag, Some(&line.place), Some(written))?;
        }
        let text = value.clone().and_then(|value| line.text.get(value));
        if let Some(cause) = text.and_then(|text| self.value_fault(text, tag, line.escapes)) {
            judge.judge(cause, Some(&line.place), Some(written))?;
        }
        if let Some(cause) =
            text.filter(|text| tag.is_some() && !text.is_empty()).and_then(|text| forms::fault(trimmed, text))
        {
            judge.judge(cause, Some(&line.place), Some(written))?;
        }
        if self.entries.len() >= MOST {
            return Err(judge.refuse(Cause::TooManyAttributes, Some(&line.place)));
        }
        let (at, has_value) = (self.entries.len(), value.is_some());
        self.entries.push(Entry { key, value, tag, next: None, tail: at });
        let is_first = match tag.filter(|tag| has_value && self.fills_column(*tag, at, line.dialect)) {
            Some(tag) => self.add_to_column(tag, at),
            None => self.add_to_others(at),
        };
        if is_first { Ok(()) } else { judge.judge(Cause::DuplicateTag, Some(&line.place), Some(written)) }
    }

    /// Appends the key that a tag means.
    fn put_key(&mut self, tag: &str, line: &Line<'_>, judge: &mut Judge) -> Result<Range<usize>, Stop> {
        let start = self.keys.len();
        if tag.is_ascii() && (line.escapes == Escapes::Kept || !tag.contains('%')) {
            self.keys.extend(tag.bytes().map(|byte| byte.to_ascii_lowercase()));
            return Ok(start..self.keys.len());
        }
        self.scratch.clear();
        if !percent::put(tag, line.escapes, &mut self.scratch) {
            judge.judge(Cause::PercentEncoding, Some(&line.place), Some(tag))?;
        }
        let lower = String::from_utf8_lossy(&self.scratch).to_lowercase();
        self.keys.extend_from_slice(lower.as_bytes());
        Ok(start..self.keys.len())
    }

    /// What is wrong with a value, which is kept all the same.
    fn value_fault(&mut self, value: &str, tag: Option<Tag>, escapes: Escapes) -> Option<Cause> {
        let is_list = tag.is_some_and(Tag::is_list);
        if value.is_empty() || (is_list && has_empty_element(value)) {
            return Some(Cause::AttributeEmpty);
        }
        if escapes == Escapes::Kept || !value.contains('%') {
            return None;
        }
        let mut is_whole = |text: &str| {
            self.scratch.clear();
            percent::put(text, escapes, &mut self.scratch)
        };
        let is_whole = if is_list { value.split(',').all(is_whole) } else { is_whole(value) };
        (!is_whole).then_some(Cause::PercentEncoding)
    }

    /// Whether a tag fills its column. In HealthOmics it must be spelled like it.
    fn fills_column(&self, tag: Tag, entry: usize, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Gff3 => true,
            Dialect::HealthOmics => self.key(entry) == tag.column().as_bytes(),
        }
    }

    /// False if the tag was there before.
    fn add_to_column(&mut self, tag: Tag, entry: usize) -> bool {
        let Some(first) = self.columns.get_mut(tag as usize) else { return true };
        match *first {
            None => {
                *first = Some(entry);
                true
            }
            Some(first) => {
                self.link(first, entry);
                false
            }
        }
    }

    /// False if the key was there before.
    fn add_to_others(&mut self, entry: usize) -> bool {
        if let Some(first) = self.find_other(self.key(entry)) {
            self.link(first, entry);
            return false;
        }
        if self.others.len() == FEW {
            self.index = self.others.iter().map(|other| (self.key(*other).to_vec(), *other)).collect();
        }
        if self.others.len() >= FEW {
            let key = self.key(entry).to_vec();
            self.index.insert(key, entry);
        }
        self.others.push(entry);
        true
    }

    fn find_other(&self, key: &[u8]) -> Option<usize> {
        if self.others.len() > FEW {
            return self.index.get(key).copied();
        }
        self.others.iter().copied().find(|other| self.key(*other) == key)
    }

    /// Adds an entry, and those that follow it, behind those of `first`.
    fn link(&mut self, first: usize, entry: usize) {
        let Some(tail) = self.entries.get(entry).map(|entry| entry.tail) else { return };
        let Some(last) = self.entries.get_mut(first).map(|first| std::mem::replace(&mut first.tail, tail)) else {
            return;
        };
        if let Some(last) = self.entries.get_mut(last) {
            last.next = Some(entry);
        }
    }

    /// `Is_circular`, which goes to the information map where it is not a boolean.
    fn check_circular(&mut self, line: &Line<'_>, judge: &mut Judge) -> Result<(), Stop> {
        let Some(Some(first)) = self.columns.get(Tag::IsCircular as usize).copied() else { return Ok(()) };
        let mut text = Vec::new();
        if !join(self.column(Tag::IsCircular, line.text), line.escapes, &mut text) {
            return Ok(());
        }
        self.is_circular = match text.to_ascii_lowercase().as_slice() {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        };
        if self.is_circular.is_none() {
            judge.judge(Cause::CircularValue, Some(&line.place), None)?;
            self.add_to_others(first);
        }
        Ok(())
    }

    pub(super) fn is_circular(&self) -> Option<bool> {
        self.is_circular
    }

    /// The values of a tag that fills a column, those that are not empty.
    pub(super) fn column<'a>(&'a self, tag: Tag, text: &'a str) -> impl Iterator<Item = &'a str> {
        let first = self.columns.get(tag as usize).copied().flatten();
        first.into_iter().flat_map(move |first| self.values(first, text)).filter(|value| !value.is_empty())
    }

    /// Keys of the information map, with their tags and first entries.
    pub(super) fn others(&self) -> impl Iterator<Item = (&[u8], Option<Tag>, usize)> {
        self.others.iter().map(|first| (self.key(*first), self.entries.get(*first).and_then(|entry| entry.tag), *first))
    }

    /// The values of an entry and of those that follow it.
    pub(super) fn values<'a>(&'a self, first: usize, text: &'a str) -> impl Iterator<Item = &'a str> {
        let entry = |at: usize| self.entries.get(at);
        let chain = std::iter::successors(entry(first), move |at| at.next.and_then(entry));
        chain.filter_map(move |entry| text.get(entry.value.clone()?))
    }

    fn key(&self, entry: usize) -> &[u8] {
        let entry = self.entries.get(entry);
        entry.and_then(|entry| self.keys.get(entry.key.clone())).unwrap_or_default()
    }
}

/// Text without blanks around it, of which there are none as a rule.
fn trim(text: &str) -> &str {
    let has_blanks = text.as_bytes().first() == Some(&b' ') || text.as_bytes().last() == Some(&b' ');
    if has_blanks { text.trim_matches(' ') } else { text }
}

fn has_empty_element(value: &str) -> bool {
    value.starts_with(',') || value.ends_with(',') || value.contains(",,")
}

/// Appends values with commas between them; false if there are none.
pub(super) fn join<'a>(values: impl Iterator<Item = &'a str>, escapes: Escapes, out: &mut Vec<u8>) -> bool {
    let mut any = false;
    for value in values {
        if std::mem::replace(&mut any, true) {
            out.push(b',');
        }
        percent::put(value, escapes, out);
    }
    any
}
