//! Regions as people write them: `chr20`, `chr20:5`, `chr20:5-`, `chr20:5-10`, 1-based and with both ends.

use crate::export::Region;

/// Parses a region. A whole text that is one of `contigs` is that contig, whatever colons it has.
///
/// Errors: a text that says what is wrong.
pub(super) fn parse(text: &str, contigs: &dyn Fn(&str) -> bool) -> Result<Region, String> {
    let whole = |contig: &str| Region { contig: contig.to_owned(), start: 0, end: i64::MAX };
    if contigs(text) {
        return Ok(whole(text));
    }
    let Some((contig, range)) = text.rsplit_once(':') else {
        return if text.is_empty() { Err("a region is empty".to_owned()) } else { Ok(whole(text)) };
    };
    let wrong = || format!("{text:?} is not a region; write CONTIG, CONTIG:POS, CONTIG:FROM- or CONTIG:FROM-TO");
    let number = |digits: &str| digits.replace(',', "").parse::<i64>().ok().filter(|n| *n >= 0).ok_or_else(wrong);
    let (from, to) = match range.split_once('-') {
        None => (number(range)?, number(range)?),
        Some((from, "")) => (number(from)?, i64::MAX),
        Some((from, to)) => (number(from)?, number(to)?),
    };
    if to < from {
        return Err(format!("the region {text:?} ends before it begins"));
    }
    if contig.is_empty() {
        return Err(wrong());
    }
    Ok(Region { contig: contig.to_owned(), start: (from - 1).max(-1), end: to })
}
