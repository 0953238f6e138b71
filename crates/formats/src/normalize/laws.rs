//! What must hold for every record that is normalized, decided by brute force on small contigs. In: a contig and a
//! record of it. Out: the first law that is broken. For tests, the fuzz target and the example; nothing else calls it.

use super::{Normal, Outcome, Variant, normalize};

/// Checks one record, whose REF must be what `contig` (A, C, G, T and N in either case) has at its start:
/// it stands for the same sequences afterwards, normalizing again changes nothing, and of all records that stand for
/// these sequences it is a shortest one, and of those the leftmost.
pub fn check(contig: &[u8], variant: Variant<'_>) -> Result<(), String> {
    let outcome = normalize(variant, &mut &*contig).map_err(|error| error.to_string())?;
    let contig = contig.to_ascii_uppercase();
    let normal = match outcome {
        Outcome::TooFar => return Err("a short contig was too long".to_owned()),
        Outcome::Changed(normal) => normal,
        Outcome::Unchanged => as_it_was(variant),
    };
    let told = |law: &str| Err(format!("{law}: {normal:?} of {variant:?} on {}", String::from_utf8_lossy(&contig)));
    let start = usize::try_from(normal.start).unwrap_or(usize::MAX);
    let end = start.saturating_add(normal.reference.len());
    if contig.get(start..end) != Some(normal.reference.as_bytes()) {
        return told("REF is not what the contig has");
    }
    if variant.end.saturating_sub(normal.end)
        != place_of_end(variant).saturating_sub(place_of_end(borrowed(&normal, &[])))
    {
        return told("the end did not move with REF");
    }
    let before = sequences(&contig, variant);
    let alternates: Vec<&[u8]> = normal.alternates.iter().map(String::as_bytes).collect();
    let again = borrowed(&normal, &alternates);
    if sequences(&contig, again) != before {
        return told("it stands for other sequences");
    }
    if normalize(again, &mut contig.as_slice()).ok() != Some(Outcome::Unchanged) {
        return told("normalizing again changes it");
    }
    let is_variant = variant.alternates.iter().any(|allele| *allele != variant.reference);
    if is_variant && shortest_and_leftmost(&contig, &before) != Some((start, normal.reference.len())) {
        return told("another record is shorter, or as short and further left");
    }
    Ok(())
}

fn as_it_was(variant: Variant<'_>) -> Normal {
    let text = |allele: &[u8]| String::from_utf8_lossy(allele).into_owned();
    Normal {
        start: variant.start,
        end: variant.end,
        reference: text(variant.reference),
        alternates: variant.alternates.iter().map(|allele| text(allele)).collect(),
    }
}

fn borrowed<'a>(normal: &'a Normal, alternates: &'a [&'a [u8]]) -> Variant<'a> {
    Variant { start: normal.start, end: normal.end, reference: normal.reference.as_bytes(), alternates }
}

fn place_of_end(variant: Variant<'_>) -> u64 {
    variant.start.saturating_add(u64::try_from(variant.reference.len()).unwrap_or(u64::MAX))
}

/// The contig with each ALT allele in place of REF.
fn sequences(contig: &[u8], variant: Variant<'_>) -> Vec<Vec<u8>> {
    let start = usize::try_from(variant.start).unwrap_or(usize::MAX);
    let before = contig.get(..start).unwrap_or_default();
    let after = contig.get(start.saturating_add(variant.reference.len())..).unwrap_or_default();
    variant.alternates.iter().map(|allele| [before, allele, after].concat()).collect()
}

/// Start and length of REF of the shortest record that turns the contig into all of `sequences`, the leftmost of these.
fn shortest_and_leftmost(contig: &[u8], sequences: &[Vec<u8>]) -> Option<(usize, usize)> {
    let places = (1..=contig.len()).flat_map(|length| (0..=contig.len() - length).map(move |start| (start, length)));
    let stands_for = |start: usize, length: usize, sequence: &Vec<u8>| {
        let after = contig.get(start + length..).unwrap_or_default();
        sequence.len() > start + after.len()
            && contig.get(..start) == sequence.get(..start)
            && sequence.ends_with(after)
    };
    let mut fitting = places.filter(|(start, length)| sequences.iter().all(|s| stands_for(*start, *length, s)));
    fitting.next()
}
