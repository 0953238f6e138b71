//! Columns 1 to 8 of a feature. In: a line of text. Out: its typed columns, judged, and the text of column 9.
//! Source: Generic Feature Format Version 3, 1.26, "Description of the Format"; spec 12.2.

use super::percent::{self, Escapes};
use crate::fault::{Cause, shown};
use crate::judge::{Judge, Located, Stop};

/// A feature without its attributes; none where a column is `.`.
#[derive(Debug)]
pub(super) struct Feature<'a> {
    pub(super) place: Place<'a>,
    /// As written.
    pub(super) seqid: Option<&'a str>,
    /// As written.
    pub(super) source: Option<&'a str>,
    /// As written.
    pub(super) kind: Option<&'a str>,
    /// 0-based.
    pub(super) start: Option<i64>,
    /// 0-based, exclusive.
    pub(super) end: Option<i64>,
    pub(super) score: Option<f64>,
    pub(super) strand: Option<&'a str>,
    pub(super) phase: Option<i32>,
    /// Column 9 as written.
    pub(super) attributes: Option<&'a str>,
}

/// Where a feature lies, as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    seqid: &'a str,
    start: &'a str,
}

impl Located for Place<'_> {
    fn place(&self) -> Option<String> {
        let place = || format!("{}:{}", shown(self.seqid.as_bytes()), shown(self.start.as_bytes()));
        (!self.seqid.is_empty()).then(place)
    }
}

impl<'a> Feature<'a> {
    pub(super) fn parse(line: &'a str, escapes: Escapes, judge: &mut Judge) -> Result<Self, Stop> {
        let Some(columns) = split(line) else { return Err(judge.refuse(Cause::FeatureColumns, Some(&begin(line)))) };
        let [seqid, source, kind, start, end, score, strand, phase, attributes] = columns;
        let place = Place { seqid, start };
        if is_gtf(attributes) {
            return Err(judge.refuse(Cause::Gtf, Some(&place)));
        }
        if columns.iter().any(|column| column.is_empty()) {
            judge.judge(Cause::EmptyColumn, Some(&place), None)?;
        }
        let text = |column: &'a str| (!matches!(column, "." | "")).then_some(column);
        let feature = Self {
            place,
            seqid: text(seqid),
            source: text(source),
            kind: text(kind),
            start: coordinate(text(start), place, judge)?.map(|first| first - 1),
            end: coordinate(text(end), place, judge)?,
            score: read_score(text(score), place, judge)?,
            strand: text(strand),
            phase: read_phase(text(phase), kind, place, judge)?,
            attributes: text(attributes),
        };
        feature.check(escapes, judge)?;
        Ok(feature)
    }

    /// Judges what can be kept as it is written.
    fn check(&self, escapes: Escapes, judge: &mut Judge) -> Result<(), Stop> {
        if !self.seqid.unwrap_or_default().bytes().all(|byte| is_seqid(byte, escapes)) {
            judge.judge(Cause::SeqidCharacter, Some(&self.place), None)?;
        }
        if matches!((self.start, self.end), (Some(start), Some(end)) if end <= start) {
            judge.judge(Cause::FeatureEndBeforeStart, Some(&self.place), None)?;
        }
        if !matches!(self.strand, None | Some("+" | "-" | "?")) {
            judge.judge(Cause::Strand, Some(&self.place), None)?;
        }
        if escapes == Escapes::Decoded {
            let mut scratch = Vec::new();
            for text in [self.seqid, self.source, self.kind, self.strand].into_iter().flatten() {
                scratch.clear();
                if text.contains('%') && !percent::put(text, escapes, &mut scratch) {
                    judge.judge(Cause::PercentEncoding, Some(&self.place), None)?;
                }
            }
        }
        Ok(())
    }
}

/// The nine columns; none if there are more or fewer.
fn split(line: &str) -> Option<[&str; 9]> {
    let mut columns = [""; 9];
    let (mut start, mut count) = (0, 0);
    for tab in memchr::memchr_iter(b'\t', line.as_bytes()) {
        *columns.get_mut(count)? = line.get(start..tab)?;
        (start, count) = (tab + 1, count + 1);
    }
    *columns.get_mut(count)? = line.get(start..)?;
    (count == 8).then_some(columns)
}

/// The place of a line with another number of columns, as far as it can be told.
fn begin(line: &str) -> Place<'_> {
    let mut columns = line.splitn(5, '\t');
    Place { seqid: columns.next().unwrap_or_default(), start: columns.nth(2).unwrap_or_default() }
}

/// Whether attributes begin as GTF and GFF 2 write them: a name, blanks, and a value that is quoted or belongs to one of
/// the two names that GTF demands.
fn is_gtf(attributes: &str) -> bool {
    let text = attributes.trim_start_matches(' ');
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let length = text.bytes().take_while(|byte| is_name(byte)).count();
    let Some((name, rest)) = text.split_at_checked(length).filter(|(_, rest)| rest.starts_with(' ')) else {
        return false;
    };
    let value = rest.trim_start_matches(' ');
    let is_required = matches!(name, "gene_id" | "transcript_id") && !value.is_empty() && !value.starts_with('=');
    !name.is_empty() && (value.starts_with('"') || is_required)
}

/// GFF3 allows `[a-zA-Z0-9.:^*$@!+_?-|]` in column 1, and escapes.
fn is_seqid(byte: u8, escapes: Escapes) -> bool {
    byte.is_ascii_alphanumeric() || b".:^*$@!+_?-|".contains(&byte) || (byte == b'%' && escapes == Escapes::Decoded)
}

/// A position, from 1.
fn coordinate(text: Option<&str>, place: Place<'_>, judge: &mut Judge) -> Result<Option<i64>, Stop> {
    let Some(text) = text else { return Ok(None) };
    match whole(text).filter(|position| *position > 0) {
        Some(position) => Ok(Some(position)),
        None => Err(judge.refuse(Cause::FeatureCoordinate, Some(&place))),
    }
}

/// A number of digits only.
fn whole(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn read_score(text: Option<&str>, place: Place<'_>, judge: &mut Judge) -> Result<Option<f64>, Stop> {
    let Some(text) = text else { return Ok(None) };
    let score = fast_float2::parse::<f64, _>(text).ok().filter(|score| score.is_finite());
    if score.is_none() {
        judge.judge(Cause::Score, Some(&place), None)?;
    }
    Ok(score)
}

fn read_phase(text: Option<&str>, kind: &str, place: Place<'_>, judge: &mut Judge) -> Result<Option<i32>, Stop> {
    let phase = match text {
        None => {
            if kind == "CDS" {
                judge.judge(Cause::CdsPhase, Some(&place), None)?;
            }
            return Ok(None);
        }
        Some(text) => text.parse::<i32>().ok(),
    };
    match phase {
        Some(0..=2) => {}
        Some(_) => judge.judge(Cause::PhaseRange, Some(&place), None)?,
        None => judge.judge(Cause::Phase, Some(&place), None)?,
    }
    Ok(phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gtf_is_told_from_gff3() {
        for text in [
            "gene_id \"x\"; transcript_id \"y\";",
            " gene_id \"a=b\";",
            "gene_id ENSG1; transcript_id ENST1",
            "transcript_id \"\"",
            "Sequence \"B0511.1\" ; Note \"x\"",
        ] {
            assert!(is_gtf(text), "{text}");
        }
        for text in
            ["", ".", "ID=x", "ID=gene_id \"x\"", "gene_id", "gene_id =x", "gene_id ", "Note a", "\"x\"", " =\""]
        {
            assert!(!is_gtf(text), "{text}");
        }
    }
}
