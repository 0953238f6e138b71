//! Other names of a contig: with or without `chr`, and M or MT for the mitochondrion.

/// Names under which a reference may have the contig `name`, itself excepted.
pub(super) fn aliases(name: &str) -> Vec<String> {
    let core = name.strip_prefix("chr").unwrap_or(name);
    let cores: &[&str] = if matches!(core, "M" | "MT") { &["M", "MT"] } else { &[core] };
    let forms = cores.iter().flat_map(|core| [(*core).to_owned(), format!("chr{core}")]);
    forms.filter(|form| form != name && !form.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_another_with_or_without_chr() {
        assert_eq!(aliases("1"), ["chr1"]);
        assert_eq!(aliases("chrX"), ["X"]);
        assert_eq!(aliases("MT"), ["M", "chrM", "chrMT"]);
        assert_eq!(aliases("chrM"), ["M", "MT", "chrMT"]);
        assert_eq!(aliases("chr"), ["chrchr"; 0]);
    }
}
