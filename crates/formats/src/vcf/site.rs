//! CHROM to INFO of a record to the site columns (spec 8.2), and to `_raw` what they cannot give back. In: one line.
//! Out: arrays in the order of the record shape. What is odd goes to the judge; nothing is repaired silently.

mod checks;

use super::Header;
use super::InfoForm;
use super::annotations::Annotations;
use super::extent::Extents;
use super::info::InfoReader;
use crate::fault::{Cause, shown};
use crate::judge::{Judge, Located, Stop};
use crate::normalize::Normal;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use checks::{check_alleles, check_filters, check_id, is_contig};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;
use varberg_rows::{Maps, Numbers, StringLists, Strings, record_columns};

/// The columns of a record as written.
pub(crate) struct Site<'a> {
    pub(crate) contig: &'a str,
    position: &'a str,
    /// 0-based: POS - 1.
    pub(crate) start: i64,
    id: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) alternates: &'a str,
    /// Number of ALT alleles; 0 for `.`.
    pub(crate) alternate_count: usize,
    qual: &'a str,
    filter: &'a str,
    info: &'a str,
    /// Empty text is a FORMAT column too.
    pub(crate) format: Option<&'a str>,
    /// The line from after the FORMAT column on; none if it ends there.
    pub(crate) samples: Option<&'a str>,
}

impl Located for Site<'_> {
    fn place(&self) -> Option<String> {
        let position = if start(self.position).is_some() { self.position } else { "?" };
        Some(format!("{}:{position}", shown(self.contig.as_bytes())))
    }
}

impl<'a> Site<'a> {
    /// Splits a line; faults: too few columns, columns the header does not have, CHROM, POS.
    pub(crate) fn parse(line: &'a str, header: &Header, judge: &mut Judge) -> Result<Self, Stop> {
        let mut rest = Some(line);
        let mut next = || {
            let text = rest?;
            let (column, after) = match memchr::memchr(b'\t', text.as_bytes()) {
                Some(tab) => (text.get(..tab)?, text.get(tab + 1..)),
                None => (text, None),
            };
            rest = after;
            Some(column)
        };
        let contig = next().unwrap_or_default();
        let position = next().unwrap_or_default();
        let zero_based = start(position);
        let [id, reference, alternates, qual, filter] = [(); 5].map(|()| next().unwrap_or_default());
        let info = next();
        let format = next();
        let site = Self {
            contig,
            position,
            start: zero_based.unwrap_or(-1),
            id,
            reference,
            alternates,
            alternate_count: list_length(alternates),
            qual,
            filter,
            info: info.unwrap_or_default(),
            format,
            samples: rest,
        };
        let expected = if header.samples().is_empty() { info } else { info.and(format) };
        let extra = if header.has_format() { rest.is_some() } else { format.is_some() };
        let unreadable = if expected.is_none() {
            Cause::TooFewColumns
        } else if header.samples().is_empty() && extra {
            Cause::SampleColumns
        } else if zero_based.is_none() {
            Cause::Position
        } else if contig.is_empty() {
            Cause::EmptyContig
        } else {
            return Ok(site);
        };
        Err(judge.refuse(unreadable, Some(&site)))
    }

    /// ALT alleles; none for `.`.
    pub(crate) fn alternate_alleles(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let alleles = if self.alternates == "." { None } else { Some(self.alternates.split(',')) };
        alleles.into_iter().flatten()
    }

    /// Whether one base, in upper case, takes the place of another one.
    pub(crate) fn is_plain_snv(&self) -> bool {
        let is_base = |allele: &str| matches!(allele, "A" | "C" | "G" | "T");
        is_base(self.reference) && is_base(self.alternates) && self.reference != self.alternates
    }
}

/// POS to the 0-based start; 0 (before the first base) gives -1.
fn start(position: &str) -> Option<i64> {
    if !position.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    position.parse::<i64>().ok().map(|p| p - 1)
}

/// Number of the members of an ALT text.
fn list_length(alternates: &str) -> usize {
    match alternates.as_bytes() {
        b"." => 0,
        [byte] if *byte != b',' => 1,
        text => 1 + memchr::memchr_iter(b',', text).count(),
    }
}

/// What was made of a record before anything of it is kept.
pub(crate) struct Judged<'a> {
    end: i64,
    qual: Option<f64>,
    qual_is_exact: bool,
    reference: Cow<'a, str>,
    filters_are_exact: bool,
    info_is_exact: bool,
    /// In place of the site's start and alleles and of `end`.
    normal: Option<Normal>,
}

impl Judged<'_> {
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Puts the record into its normal form.
    pub(crate) fn put_into(&mut self, normal: Normal) {
        self.normal = Some(normal);
    }
}

/// The finished site columns of a batch.
pub(crate) struct SiteColumns {
    /// CONTIG to ATTRIBUTES.
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) format: ArrayRef,
    pub(crate) raw: ArrayRef,
    pub(crate) annotations: ArrayRef,
    pub(crate) info: ArrayRef,
}

/// Builds the site columns of batches.
pub(crate) struct SiteBuilder {
    schema: SchemaRef,
    contigs: Strings,
    starts: Numbers<Int64Type>,
    ends: Numbers<Int64Type>,
    names: StringLists,
    references: Strings,
    alternates: StringLists,
    quals: Numbers<Float64Type>,
    filters: StringLists,
    attributes: Maps,
    /// INFO as written, where it is asked for.
    texts: Strings,
    keeps: InfoForm,
    formats: Strings,
    raw: Maps,
    annotations: Annotations,
    info: InfoReader,
    extents: Extents,
    number: String,
    /// The contig whose name was found good last.
    good_contig: String,
}

impl SiteBuilder {
    /// `annotations`: the INFO field to parse into the annotations, if any; `keeps`: what is made of INFO.
    pub(crate) fn new(header: &Header, annotations: Option<&str>, keeps: InfoForm) -> Self {
        let schema = header.shape().arrow_schema();
        Self {
            contigs: Strings::default(),
            starts: Numbers::default(),
            ends: Numbers::default(),
            names: StringLists::default(),
            references: Strings::default(),
            alternates: StringLists::default(),
            quals: Numbers::default(),
            filters: StringLists::default(),
            attributes: Maps::default(),
            texts: Strings::default(),
            keeps,
            formats: Strings::default(),
            raw: Maps::default(),
            annotations: Annotations::new(header, annotations, schema.field(record_columns::ANNOTATIONS).data_type()),
            info: InfoReader::new(header),
            extents: Extents::new(header),
            number: String::new(),
            good_contig: String::new(),
            schema,
        }
    }

    /// Bytes that the annotations of the record that was read last take besides their text.
    pub(crate) fn annotation_bytes(&self) -> usize {
        self.annotations.bytes()
    }

    /// Reads and judges a record; keeps nothing of it but the INFO that `push` will take.
    pub(crate) fn read<'a>(&mut self, site: &Site<'a>, header: &Header, judge: &mut Judge) -> Result<Judged<'a>, Stop> {
        if self.good_contig != site.contig {
            if is_contig(site.contig, header.version()) {
                site.contig.clone_into(&mut self.good_contig);
            } else {
                judge.judge(Cause::ContigName, Some(site), None)?;
            }
        }
        check_alleles(site, judge)?;
        check_id(site, judge)?;
        let filters_are_exact = check_filters(site, judge)?;
        if header.version() == (4, 0)
            && site.format.is_some_and(|f| !header.samples().is_empty() && f.split(':').next() != Some("GT"))
        {
            judge.judge(Cause::MissingGenotype, Some(site), None)?;
        }
        let (qual, qual_is_exact) = self.read_qual(site, judge)?;
        let info_is_exact = self.info.read(site.info, site, judge)?;
        let annotations = self.annotations.id().and_then(|id| self.info.text(site.info, id));
        self.annotations.read(annotations, site, judge)?;
        let end = match self.info.end() {
            Some(end) => {
                if end <= site.start {
                    judge.judge(Cause::EndBeforeStart, Some(site), Some("END"))?;
                }
                end
            }
            None => self.extents.end(site, || self.info.value(site.info, "SVLEN"), judge)?,
        };
        let reference = upper(site.reference);
        Ok(Judged { end, qual, qual_is_exact, reference, filters_are_exact, info_is_exact, normal: None })
    }

    /// QUAL, and whether its shortest text is the text of the file.
    fn read_qual(&mut self, site: &Site<'_>, judge: &mut Judge) -> Result<(Option<f64>, bool), Stop> {
        if site.qual == "." {
            return Ok((None, true));
        }
        let Ok(value) = fast_float2::parse::<f64, _>(site.qual) else {
            judge.judge(Cause::Quality, Some(site), None)?;
            return Ok((None, false));
        };
        if value == -1.0 {
            return Ok((None, false)); // missing, as VCF 3 wrote it
        }
        if value < 0.0 {
            judge.judge(Cause::NegativeQuality, Some(site), None)?;
        }
        if varberg_rows::is_canonical_float(site.qual.as_bytes()) {
            return Ok((Some(value), true));
        }
        if site.qual.ends_with('0') && site.qual.contains('.') {
            return Ok((Some(value), false)); // the shortest text has no such zero
        }
        self.number.clear();
        let exact = write!(self.number, "{value}").is_ok() && self.number == site.qual;
        Ok((Some(value), exact))
    }

    /// Adds a record that was read last.
    pub(crate) fn push(&mut self, site: &Site<'_>, judged: &Judged<'_>) {
        self.contigs.push(site.contig.as_bytes());
        push_list(&mut self.names, site.id);
        let (reference_is_exact, alternates_are_exact) = match &judged.normal {
            Some(normal) => self.push_normal(normal),
            None => self.push_as_written(site, judged),
        };
        self.quals.push(judged.qual);
        if judged.filters_are_exact {
            push_list(&mut self.filters, site.filter);
        } else {
            let mut seen = HashSet::new();
            let distinct = site.filter.split(';').filter(|name| seen.insert(*name));
            distinct.for_each(|name| self.filters.elements.push(name.as_bytes()));
            self.filters.close_row(true);
        }
        let info_is_exact = self.push_info(site, judged);
        let annotations = self.annotations.id().and_then(|id| self.info.text(site.info, id));
        self.annotations.push(annotations);
        self.formats.push_option(site.format);
        let position_is_exact = judged.normal.is_some() || site.position == "0" || !site.position.starts_with('0');
        let source = [
            ("POS", site.position, position_is_exact),
            ("REF", site.reference, reference_is_exact),
            ("ALT", site.alternates, alternates_are_exact),
            ("QUAL", site.qual, judged.qual_is_exact),
            ("FILTER", site.filter, judged.filters_are_exact),
            ("INFO", site.info, info_is_exact),
        ];
        source.iter().filter(|(_, _, exact)| !exact).for_each(|(key, text, _)| self.raw.push(key, text));
        self.raw.close_row();
    }

    /// INFO of a record; whether what is kept gives its text back.
    fn push_info(&mut self, site: &Site<'_>, judged: &Judged<'_>) -> bool {
        match self.keeps {
            InfoForm::Attributes => {
                self.info.push(site.info, &mut self.attributes);
                self.texts.push_nulls(1);
                judged.info_is_exact
            }
            InfoForm::Text => {
                if self.info.is_simple() {
                    self.attributes.push_nulls(1);
                } else {
                    self.info.push(site.info, &mut self.attributes);
                }
                self.texts.push_option((site.info != ".").then_some(site.info));
                true
            }
        }
    }

    /// Place and alleles of a record; whether REF and ALT are stored as they are written.
    fn push_as_written(&mut self, site: &Site<'_>, judged: &Judged<'_>) -> (bool, bool) {
        self.starts.push(Some(site.start));
        self.ends.push(Some(judged.end));
        self.references.push(judged.reference.as_bytes());
        if site.is_plain_snv() {
            self.alternates.elements.push(site.alternates.as_bytes());
            self.alternates.close_row(true);
            return (true, true);
        }
        let mut alternates_are_exact = true;
        for allele in site.alternate_alleles() {
            let stored = if is_markup(allele) { Cow::Borrowed(allele) } else { upper(allele) };
            alternates_are_exact &= matches!(stored, Cow::Borrowed(_));
            self.alternates.elements.push(stored.as_bytes());
        }
        self.alternates.close_row(site.alternates != ".");
        (matches!(judged.reference, Cow::Borrowed(_)), alternates_are_exact)
    }

    /// Place and alleles of a record in normal form, which needs no text beside it.
    fn push_normal(&mut self, normal: &Normal) -> (bool, bool) {
        self.starts.push(Some(i64::try_from(normal.start).unwrap_or(i64::MAX)));
        self.ends.push(Some(i64::try_from(normal.end).unwrap_or(i64::MAX)));
        self.references.push(normal.reference.as_bytes());
        normal.alternates.iter().for_each(|allele| self.alternates.elements.push(allele.as_bytes()));
        self.alternates.close_row(true);
        (true, true)
    }

    /// The columns of the records so far; the builder starts anew.
    pub(crate) fn finish(&mut self) -> Result<SiteColumns, ArrowError> {
        let schema = Arc::clone(&self.schema);
        let kind = |column: usize| schema.field(column).data_type();
        let contigs = self.contigs.take().finish()?;
        let rows = contigs.len();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(contigs),
            self.starts.take().finish(),
            self.ends.take().finish(),
            self.names.take().finish(kind(record_columns::NAMES))?,
            Arc::new(self.references.take().finish()?),
            self.alternates.take().finish(kind(record_columns::ALTERNATES))?,
            self.quals.take().finish(),
            self.filters.take().finish(kind(record_columns::FILTERS))?,
            finish_map(&mut self.attributes, kind(record_columns::ATTRIBUTES), rows)?,
        ];
        Ok(SiteColumns {
            columns,
            format: Arc::new(self.formats.take().finish()?),
            raw: finish_map(&mut self.raw, kind(record_columns::RAW), rows)?,
            annotations: self.annotations.finish(rows)?,
            info: Arc::new(self.texts.take().finish()?),
        })
    }
}

fn finish_map(map: &mut Maps, kind: &DataType, rows: usize) -> Result<ArrayRef, ArrowError> {
    Ok(map.take().finish(kind)?.unwrap_or_else(|| new_null_array(kind, rows)))
}

/// Adds the members of a list separated by `;`; null for `.`.
fn push_list(lists: &mut StringLists, text: &str) {
    if memchr::memchr(b';', text.as_bytes()).is_some() {
        text.split(';').for_each(|member| lists.elements.push(member.as_bytes()));
    } else if text != "." {
        lists.elements.push(text.as_bytes());
    }
    lists.close_row(text != ".");
}

/// Text in upper case; borrowed if it is already.
fn upper(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// Symbolic alleles and breakends, which are kept as written.
fn is_markup(allele: &str) -> bool {
    allele.bytes().any(|b| matches!(b, b'<' | b'>' | b'[' | b']' | b'.'))
}
