//! The rule for annotation fields (spec 9), written down plainly: texts in, values out, everything split and copied.

/// The members of the struct in its order, by VEP's names. What each is: text, list or pair.
const MEMBERS: [(&str, Kind); 23] = [
    ("Allele", Kind::Text),
    ("Consequence", Kind::List),
    ("IMPACT", Kind::Text),
    ("SYMBOL", Kind::Text),
    ("Gene", Kind::Text),
    ("Feature_type", Kind::Text),
    ("Feature", Kind::Text),
    ("BIOTYPE", Kind::Text),
    ("EXON", Kind::Pair),
    ("INTRON", Kind::Pair),
    ("HGVSc", Kind::Text),
    ("HGVSp", Kind::Text),
    ("cDNA_position", Kind::Text),
    ("CDS_position", Kind::Text),
    ("Protein_position", Kind::Text),
    ("Amino_acids", Kind::Pair),
    ("Codons", Kind::Pair),
    ("Existing_variation", Kind::List),
    ("DISTANCE", Kind::Text),
    ("STRAND", Kind::Text),
    ("FLAGS", Kind::List),
    ("SYMBOL_SOURCE", Kind::Text),
    ("HGNC_ID", Kind::Text),
];
/// Place of `extras`, behind the members.
const EXTRAS: usize = MEMBERS.len();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    List,
    Pair,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Text(String),
    /// Also the two members of a pair.
    List(Vec<Option<String>>),
    Map(Vec<(Option<String>, Option<String>)>),
}

/// The members, then `extras`.
pub type Entry = Vec<Value>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Vep,
    SnpEff,
    Csq,
}

/// What the sub-fields are.
#[derive(Debug)]
pub struct Layout {
    program: Program,
    /// For each sub-field its member, or its key among the extras.
    fields: Vec<Result<usize, String>>,
}

impl Layout {
    /// None if the description names no sub-fields.
    pub fn of(description: &str) -> Option<Self> {
        let list = match description.find("Format:") {
            Some(at) => &description[at + "Format:".len()..],
            None => &description[description.find(':')? + 1..],
        };
        if !description.contains("Format:") && !list.contains('|') {
            return None;
        }
        let quote = |c: char| c.is_whitespace() || c == '\'' || c == '"';
        let mut list = list.trim_matches(quote);
        let bracketed = list.starts_with(['[', '(']) && list.ends_with([']', ')']) && list.len() > 1;
        if bracketed {
            list = &list[1..list.len() - 1];
        }
        let list = list.trim();
        if list.is_empty() {
            return None;
        }
        let csq = description.contains("BCFtools/csq") || list.starts_with("Consequence|gene|transcript|");
        let list = if csq { list.replace(['[', ']', '*'], "") } else { list.to_owned() };
        let names: Vec<&str> = list.split('|').map(str::trim).collect();
        let program = match names.get(1) {
            _ if csq => Program::Csq,
            Some(&"Annotation") => Program::SnpEff,
            _ => Program::Vep,
        };
        Some(Self { program, fields: fields(program, &names) })
    }

    /// The entries of a field's text; empty if one of them does not fit.
    pub fn entries(&self, text: &str, percent: bool) -> Vec<Entry> {
        if matches!(text, "" | ".") {
            return Vec::new();
        }
        let texts: Vec<&str> = text.split(',').collect();
        let fits = |entry: &&str| match entry.split('|').count() {
            count if self.program == Program::Csq => count <= self.fields.len(),
            count => count == self.fields.len(),
        };
        if !texts.iter().all(fits) {
            return Vec::new();
        }
        texts.into_iter().map(|entry| self.entry(entry, percent)).collect()
    }

    fn entry(&self, text: &str, percent: bool) -> Entry {
        let mut entry = vec![Value::Null; EXTRAS + 1];
        let mut extras = Vec::new();
        if let Some(position) = text.strip_prefix('@').filter(|_| self.program == Program::Csq) {
            extras.push((Some("compound_position".to_owned()), Some(position.to_owned())));
        } else {
            for (value, field) in text.split('|').zip(&self.fields) {
                match field {
                    Ok(member) => entry[*member] = value_of(MEMBERS[*member].1, value, percent),
                    Err(key) => extras.push((Some(key.clone()), Some(decoded(value, percent)))),
                }
            }
        }
        if self.fields.iter().any(Result::is_err) {
            entry[EXTRAS] = Value::Map(extras);
        }
        entry
    }
}

/// A member is filled by the first sub-field of its name; keys of extras are in lower case and differ.
fn fields(program: Program, names: &[&str]) -> Vec<Result<usize, String>> {
    let (mut members, mut keys) = (Vec::new(), Vec::new());
    let mut fields = Vec::new();
    for name in names {
        let member = vep_name(program, name).and_then(|own| MEMBERS.iter().position(|(member, _)| *member == own));
        fields.push(match member.filter(|member| !members.contains(member)) {
            Some(member) => {
                members.push(member);
                Ok(member)
            }
            None => {
                let name = name.to_lowercase();
                let numbered = (2..).map(|number| format!("{name}_{number}"));
                let key = std::iter::once(name.clone()).chain(numbered).find(|key| !keys.contains(key));
                let key = key.unwrap_or_default();
                keys.push(key.clone());
                Err(key)
            }
        });
    }
    fields
}

fn vep_name(program: Program, name: &str) -> Option<&str> {
    match (program, name) {
        (Program::Vep, name) => Some(name),
        (Program::SnpEff, "Allele") => Some("Allele"),
        (Program::SnpEff, "Annotation") | (Program::Csq, "Consequence" | "consequence") => Some("Consequence"),
        (Program::SnpEff, "Annotation_Impact") => Some("IMPACT"),
        (Program::SnpEff, "Gene_Name") | (Program::Csq, "gene") => Some("SYMBOL"),
        (Program::SnpEff, "Gene_ID") => Some("Gene"),
        (Program::SnpEff, "Feature_Type") => Some("Feature_type"),
        (Program::SnpEff, "Feature_ID") | (Program::Csq, "transcript") => Some("Feature"),
        (Program::SnpEff, "Transcript_BioType") | (Program::Csq, "biotype") => Some("BIOTYPE"),
        (Program::SnpEff, "HGVS.c") => Some("HGVSc"),
        (Program::SnpEff, "HGVS.p") => Some("HGVSp"),
        (Program::SnpEff, "cDNA.pos / cDNA.length") => Some("cDNA_position"),
        (Program::SnpEff, "CDS.pos / CDS.length") => Some("CDS_position"),
        (Program::SnpEff, "AA.pos / AA.length") => Some("Protein_position"),
        (Program::SnpEff, "Distance") => Some("DISTANCE"),
        (Program::Csq, "strand") => Some("STRAND"),
        _ => None,
    }
}

fn value_of(kind: Kind, text: &str, percent: bool) -> Value {
    let blank = text.chars().all(char::is_whitespace);
    match kind {
        Kind::Text => Value::Text(decoded(text, percent)),
        _ if blank => Value::Null,
        Kind::List => Value::List(text.split('&').map(|part| Some(decoded(part, percent))).collect()),
        Kind::Pair => {
            let mut parts = text.splitn(2, '/').map(|part| decoded(part, percent));
            Value::List(vec![parts.next(), parts.next()])
        }
    }
}

/// `%3B` and the like, from VCF 4.3 on; the text as it is where that gives no UTF-8.
fn decoded(text: &str, percent: bool) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code =
            after.first_chunk::<2>().filter(|code| percent && *first == b'%' && code.iter().all(u8::is_ascii_hexdigit));
        let digits = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(digits.unwrap_or(*first));
        rest = if digits.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
