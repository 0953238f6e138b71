//! How symbolic alleles and breakends are written (VCF 4.3, sections 1.4.5, 1.6.1 and 5.4).

/// Whether an allele with markup is `<ID>`, a breakend such as `G]17:198982]`, or a single breakend such as `G.`.
pub(crate) fn is_well_formed(allele: &str) -> bool {
    if let Some(id) = allele.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        return !id.is_empty() && !id.contains(['<', '>', ',', ' ']);
    }
    match allele.find(['[', ']']) {
        Some(_) => is_breakend(allele),
        None => {
            let bases = allele.strip_prefix('.').or_else(|| allele.strip_suffix('.'));
            bases.is_some_and(is_bases)
        }
    }
}

/// `t[p[`, `t]p]`, `]p]t` or `[p[t`, with bases t (or `.`, beyond the end of a contig) and a place p.
fn is_breakend(allele: &str) -> bool {
    let bracket = if allele.contains('[') { '[' } else { ']' };
    let mut parts = allele.split(bracket);
    let (Some(before), Some(place), Some(after), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let bases = if before.is_empty() { after } else { before };
    let one_side = before.is_empty() != after.is_empty();
    let position = place.rsplit_once(':').filter(|(contig, _)| !contig.is_empty()).map(|(_, position)| position);
    let has_place = position.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    one_side && has_place && (bases == "." || is_bases(bases))
}

pub(crate) fn is_bases(allele: &str) -> bool {
    !allele.is_empty() && allele.bytes().all(|b| matches!(b.to_ascii_uppercase(), b'A' | b'C' | b'G' | b'T' | b'N'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_told_from_what_only_looks_like_it() {
        for good in
            ["<DEL>", "<DUP:TANDEM>", "G]17:198982]", "]13:123456]AGTNNNNNCAT", "C[<ctg1>:329[", ".[13:1[", ".A", "G."]
        {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in [
            "<>",
            "<I<D>",
            "<A>B>",
            "<DEL,DUP>",
            "<A B>",
            "]13:123]",
            "A]13:123",
            "A]13]",
            "A]:5]",
            "A]13:x]T",
            "]1:2]X",
            "..",
            "A[1:2]",
        ] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
