//! INFO to the attributes map (spec 8.4). In: the text of one record. Out: keys in the order of the file, each once, with
//! values as written. Tells whether the map gives the text back, and what END says.

use super::header::standard_info;
use super::site::Site;
use super::value::ValueRule;
use super::{Header, percent};
use crate::fault::Cause;
use crate::judge::{Judge, Stop};
use std::collections::HashMap;
use std::ops::Range;
use varberg_rows::{Maps, ValueKind};

/// Reads the INFO of one record after the other; knows what the header declares.
pub(crate) struct InfoReader {
    declared: HashMap<String, usize>,
    keys: Vec<Key>,
    /// Keys of the record that the header does not declare, to their entries.
    undeclared: HashMap<String, usize>,
    /// Declared keys of the latest record by place: records of a file tend to have the same keys in the same order.
    order: Vec<usize>,
    /// The names of the keys in `order`, for as many of them as were needed.
    block: KeyBlock,
    /// Whether each entry of the latest record has the key that is expected in its place.
    regular: bool,
    /// Whether the map is what its text says at first sight: see [`is_simple`](Self::is_simple).
    simple: bool,
    entries: Vec<Entry>,
    record: u64,
    /// Number of ALT alleles of the record.
    alternates: usize,
    version: (u32, u32),
    end: Option<i64>,
}

/// Names of keys, one behind the other.
#[derive(Default)]
struct KeyBlock {
    text: String,
    /// Where each name ends.
    ends: Vec<usize>,
}

struct Key {
    name: String,
    is_flag: bool,
    /// Neither a flag nor END: a value of it is text and nothing else.
    is_plain: bool,
    rule: ValueRule,
    /// The latest record with this key, and its entry there.
    seen: (u64, usize),
}

struct Entry {
    key: Range<usize>,
    value: Value,
}

enum Value {
    Text(Range<usize>),
    Decoded(String),
    /// A flag.
    Empty,
    /// A key without a value that is no flag.
    Missing,
    /// `DB=0` of a flag: no entry.
    Dropped,
}

impl InfoReader {
    pub(crate) fn new(header: &Header) -> Self {
        let mut keys = Vec::new();
        let mut declared = HashMap::new();
        for (name, column) in header.infos() {
            declared.insert(name.to_owned(), keys.len());
            let is_flag = column.kind == ValueKind::Flag;
            let (is_plain, rule) = (!is_flag && name != "END", ValueRule::new(name, *column));
            keys.push(Key { name: name.to_owned(), is_flag, is_plain, rule, seen: (0, 0) });
        }
        Self {
            declared,
            keys,
            undeclared: HashMap::new(),
            order: Vec::new(),
            block: KeyBlock::default(),
            regular: false,
            simple: true,
            entries: Vec::new(),
            record: 0,
            alternates: 0,
            version: header.version(),
            end: None,
        }
    }

    /// END of the record that was read last, if it is a positive whole number.
    pub(crate) fn end(&self) -> Option<i64> {
        self.end
    }

    /// The value of a key of the record that was read last, `info` being its text; none where it has no such key or value.
    pub(crate) fn value<'a>(&'a self, info: &'a str, key: &str) -> Option<&'a str> {
        let own = self.entries.iter().find(|entry| info.get(entry.key.clone()) == Some(key))?;
        match &own.value {
            Value::Text(range) => info.get(range.clone()),
            Value::Decoded(text) => Some(text),
            Value::Empty | Value::Missing | Value::Dropped => None,
        }
    }

    /// Whether the map of the record that was read last follows from its text without a header: entries between `;`, each
    /// `key=value`, or a key alone for one with an empty value; no key twice; nothing for `.`.
    pub(crate) fn is_simple(&self) -> bool {
        self.simple
    }

    /// Reads a record; true if its map gives `info` back (key=value joined by `;`, a flag as its key alone, `.` for an
    /// empty map).
    pub(crate) fn read(&mut self, info: &str, site: &Site<'_>, judge: &mut Judge) -> Result<bool, Stop> {
        self.record += 1;
        self.entries.clear();
        self.undeclared.clear();
        self.end = None;
        self.regular = true;
        self.simple = true;
        self.alternates = site.alternate_count;
        if info == "." {
            return Ok(true);
        }
        if info.is_empty() {
            self.simple = false;
            judge.judge(Cause::EmptyInfo, Some(site), None)?;
            return Ok(false);
        }
        if memchr::memchr(b' ', info.as_bytes()).is_some() {
            judge.judge(Cause::InfoSpace, Some(site), None)?;
        }
        let mut exact = true;
        let mut start = 0;
        for place in 0.. {
            let end = match self.read_expected(info, start, place) {
                Some(end) => end,
                None => {
                    self.regular = false;
                    let rest = info.as_bytes().get(start..).unwrap_or_default();
                    let end = memchr::memchr(b';', rest).map_or(info.len(), |length| start + length);
                    exact &= self.read_entry(info, start..end, place, site, judge)?;
                    end
                }
            };
            if end == info.len() {
                break;
            }
            start = end + 1;
        }
        Ok(exact)
    }

    /// Reads the entry that begins at `start` if it has the key that the record before had in this place, and a value
    /// that is itself; returns where it ends. None, and nothing read, for every other entry.
    fn read_expected(&mut self, info: &str, start: usize, place: usize) -> Option<usize> {
        let key = self.keys.get_mut(*self.order.get(place)?)?;
        let value = info.as_bytes().get(start..)?.strip_prefix(key.name.as_bytes())?.strip_prefix(b"=")?;
        if !key.is_plain || key.seen.0 == self.record {
            return None;
        }
        let first = info.len() - value.len();
        let length = match key.rule.plain_numbers(value, self.alternates) {
            Some(length) => length,
            None => {
                let length = plain_length(value, self.version)?;
                key.rule.check(info.get(first..first + length), self.alternates).is_none().then_some(length)?
            }
        };
        key.seen = (self.record, self.entries.len());
        let value = Value::Text(first..first + length);
        self.entries.push(Entry { key: start..first - 1, value });
        Some(first + length)
    }

    /// Reads `key=value` or `key`; true if the entry gives its text back.
    fn read_entry(
        &mut self,
        info: &str,
        entry: Range<usize>,
        place: usize,
        site: &Site<'_>,
        judge: &mut Judge,
    ) -> Result<bool, Stop> {
        let text = info.get(entry.clone()).unwrap_or_default();
        if text.is_empty() {
            self.simple = false;
            return Ok(false);
        }
        let equals = memchr::memchr(b'=', text.as_bytes());
        let key_end = entry.start + equals.unwrap_or(text.len());
        let key = info.get(entry.start..key_end).unwrap_or_default();
        let value = equals.map(|at| entry.start + at + 1..entry.end);
        if key.is_empty() {
            judge.judge(Cause::EmptyInfoKey, Some(site), None)?;
        }
        let declared = self.find(key, place);
        let known = declared.and_then(|index| self.keys.get(index));
        let is_flag = known.map(|key| key.is_flag);
        let rule = match known {
            Some(key) => Some(key.rule),
            None => standard_info(key, self.version).map(|column| ValueRule::new(key, column)),
        };
        if is_flag.is_none() {
            judge.judge(Cause::UndeclaredInfo, Some(site), Some(key))?;
        }
        let value_text = value.clone().and_then(|range| info.get(range));
        if let Some(cause) = rule.and_then(|rule| rule.check(value_text, self.alternates)) {
            judge.judge(cause, Some(site), Some(key))?;
        }
        if key == "END" {
            self.read_end(value_text.unwrap_or_default(), site, judge)?;
        }
        // Undeclared keys without `=` are flags for bcftools; their text is kept besides, since no header says so.
        let (value, mut exact) = match (value, value_text) {
            (Some(_), Some("0")) if is_flag == Some(true) => (Value::Dropped, false),
            (Some(_), Some("")) => (if is_flag == Some(true) { Value::Empty } else { Value::Missing }, false),
            (Some(range), Some(text)) => match if self.version >= (4, 3) { percent::decoded(text) } else { None } {
                Some(decoded) => (Value::Decoded(decoded), false),
                None => (Value::Text(range), true),
            },
            _ if is_flag == Some(false) => (Value::Missing, false),
            _ => (Value::Empty, is_flag == Some(true)),
        };
        self.simple &= match value {
            Value::Text(_) => true,
            Value::Empty => equals.is_none(),
            Value::Decoded(_) | Value::Missing | Value::Dropped => false,
        };
        let index = self.entries.len();
        let entry = Entry { key: entry.start..key_end, value };
        match self.earlier(key, declared, index) {
            Some(earlier) => {
                judge.judge(Cause::DuplicateInfoKey, Some(site), Some(key))?;
                exact = false;
                self.simple = false;
                if let Some(slot) = self.entries.get_mut(earlier) {
                    *slot = entry;
                }
            }
            None => self.entries.push(entry),
        }
        Ok(exact)
    }

    /// Index of a declared key.
    fn find(&mut self, key: &str, place: usize) -> Option<usize> {
        let guess = self.order.get(place).copied();
        if let Some(index) = guess
            && self.keys.get(index).is_some_and(|k| k.name == key)
        {
            return Some(index);
        }
        let index = self.declared.get(key).copied()?;
        if let Some(slot) = self.order.get_mut(place) {
            *slot = index;
            self.block = KeyBlock::default();
        } else if place == self.order.len() && place < 4096 {
            self.order.push(index);
        }
        Some(index)
    }

    /// The entry in which this record had the key before; else notes that it has it at `index`.
    fn earlier(&mut self, key: &str, declared: Option<usize>, index: usize) -> Option<usize> {
        if let Some(known) = declared.and_then(|declared| self.keys.get_mut(declared)) {
            if known.seen.0 == self.record {
                return Some(known.seen.1);
            }
            known.seen = (self.record, index);
            return None;
        }
        if let Some(earlier) = self.undeclared.get(key) {
            return Some(*earlier);
        }
        self.undeclared.insert(key.to_owned(), index);
        None
    }

    fn read_end(&mut self, value: &str, site: &Site<'_>, judge: &mut Judge) -> Result<(), Stop> {
        let end = value.parse::<i64>();
        self.end = end.as_ref().ok().copied().filter(|end| *end > 0);
        if self.end.is_some() || matches!(value, "." | "") {
            return Ok(());
        }
        let cause = if end.is_ok() { Cause::EndNotPositive } else { Cause::EndNotInteger };
        judge.judge(cause, Some(site), Some("END"))
    }

    /// The text of a declared key in the record that was read last, as written; none if the record does not have it.
    /// `info` is the record's text.
    pub(crate) fn text<'i>(&self, info: &'i str, key: &str) -> Option<&'i str> {
        let known = self.declared.get(key).and_then(|index| self.keys.get(*index))?;
        let (record, place) = known.seen;
        let entry = self.entries.get(place).filter(|_| record == self.record)?;
        let rest = info.get(entry.key.end..)?.strip_prefix('=')?;
        rest.get(..memchr::memchr(b';', rest.as_bytes()).unwrap_or(rest.len()))
    }

    /// Adds the record that was read last; `info` is its text.
    pub(crate) fn push(&mut self, info: &str, map: &mut Maps) {
        if self.regular {
            return self.push_regular(info, map);
        }
        let mut count = 0;
        for entry in &self.entries {
            let value = match &entry.value {
                Value::Text(range) => info.get(range.clone()).unwrap_or_default(),
                Value::Decoded(text) => text,
                Value::Empty => "",
                Value::Missing => ".",
                Value::Dropped => continue,
            };
            map.push(info.get(entry.key.clone()).unwrap_or_default(), value);
            count += 1;
        }
        map.close_rows(count, 1);
    }

    /// Adds a record with the expected keys only, whose names lie ready.
    fn push_regular(&mut self, info: &str, map: &mut Maps) {
        let count = self.entries.len();
        let (names, ends) = self.block.first(count, &self.order, &self.keys);
        map.keys.push_block(names, ends);
        for entry in &self.entries {
            let Value::Text(range) = &entry.value else { continue };
            map.values.push(info.as_bytes().get(range.clone()).unwrap_or_default());
        }
        map.close_rows(count, 1);
    }
}

impl KeyBlock {
    /// The names of the first `count` keys in `order`, and where each ends.
    fn first(&mut self, count: usize, order: &[usize], keys: &[Key]) -> (&[u8], &[usize]) {
        let missing = order.get(self.ends.len()..count).unwrap_or_default();
        for name in missing.iter().filter_map(|index| keys.get(*index)).map(|key| key.name.as_str()) {
            self.text.push_str(name);
            self.ends.push(self.text.len());
        }
        let ends = self.ends.get(..count).unwrap_or_default();
        let names = self.text.as_bytes().get(..ends.last().copied().unwrap_or(0));
        (names.unwrap_or_default(), ends)
    }
}

/// Length of a value up to `;`, if it is the text of a record and not empty or, from 4.3 on, percent-encoded.
fn plain_length(value: &[u8], version: (u32, u32)) -> Option<usize> {
    match memchr::memchr2(b';', b'%', value) {
        Some(0) => None,
        Some(at) if value.get(at) == Some(&b'%') && version >= (4, 3) => None,
        Some(at) if value.get(at) == Some(&b'%') => Some(memchr::memchr(b';', value).unwrap_or(value.len())),
        Some(at) => Some(at),
        None if value.is_empty() => None,
        None => Some(value.len()),
    }
}
