//! The names that records use and their header does not declare. In: a header's text, and lines. Out: the header with a
//! line for each of them, as bcftools adds it, since BCF can only write names that its header gives a number.

use super::super::header::Entry;
use super::info_entries;
use std::collections::{BTreeSet, HashSet};

/// Declared names, and those that were seen without a declaration.
#[derive(Debug, Default)]
pub struct Names {
    declared: HashSet<(Section, Vec<u8>)>,
    missing: BTreeSet<(Section, Vec<u8>)>,
    /// Columns that were looked at last: most records have the same.
    known: [Vec<u8>; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Section {
    Contig,
    Filter,
    Info,
    Format,
}

impl Names {
    /// The names of a header.
    pub fn of(header_text: &str) -> Self {
        let mut names = Self::default();
        names.declared.insert((Section::Filter, b"PASS".to_vec()));
        for line in header_text.lines() {
            let Some(entry) = Entry::of_line(line) else { continue };
            let section = match line.get(2..5) {
                Some("con") => Section::Contig,
                Some("FIL") => Section::Filter,
                Some("INF") => Section::Info,
                _ => Section::Format,
            };
            names.declared.insert((section, entry.id.as_bytes().to_vec()));
        }
        names
    }

    /// Notes the names of a record.
    pub fn see(&mut self, line: &[u8]) {
        let mut columns = line.splitn(10, |b| *b == b'\t');
        let mut column = |place: usize| columns.nth(place).unwrap_or_default();
        let (contig, filter, info, format) = (column(0), column(5), column(0), column(0));
        if self.is_new(0, contig) {
            self.add(Section::Contig, contig);
        }
        if filter != b"." && self.is_new(1, filter) {
            filter.split(|b| *b == b';').for_each(|name| self.add(Section::Filter, name));
        }
        info_entries(info.trim_ascii_end()).into_iter().for_each(|(key, _)| self.add(Section::Info, key));
        if format != b"." && self.is_new(2, format) {
            format.split(|b| *b == b':').for_each(|key| self.add(Section::Format, key));
        }
    }

    fn is_new(&mut self, column: usize, text: &[u8]) -> bool {
        match self.known.get_mut(column) {
            Some(known) if known == text => false,
            Some(known) => {
                known.clear();
                known.extend_from_slice(text);
                true
            }
            None => true,
        }
    }

    fn add(&mut self, section: Section, name: &[u8]) {
        if !name.is_empty() && !self.declared.contains(&(section, name.to_vec())) {
            self.missing.insert((section, name.to_vec()));
        }
    }

    /// The header with a line, before `#CHROM`, for every name that was seen without one.
    pub fn complete_header(&self, header_text: &str) -> String {
        let columns = header_text.rfind("\n#CHROM").map_or(0, |newline| newline + 1);
        let (before, after) = header_text.split_at_checked(columns).unwrap_or((header_text, ""));
        let mut text = before.to_owned();
        for (section, name) in &self.missing {
            let name = String::from_utf8_lossy(name);
            text.push_str(&match section {
                Section::Contig => format!("##contig=<ID={name}>\n"),
                Section::Filter => format!("##FILTER=<ID={name},Description=\"Dummy\">\n"),
                Section::Info => format!("##INFO=<ID={name},Number=1,Type=String,Description=\"Dummy\">\n"),
                Section::Format => format!("##FORMAT=<ID={name},Number=1,Type=String,Description=\"Dummy\">\n"),
            });
        }
        text + after
    }
}
