//! What can be wrong with an input file: a cause (one rule), its code (what a user looks up; spec 11), and the fault that
//! ends the reading. Texts say what is wrong, where, and what to do; never genotypes, never sample names.

use std::fmt;
use std::io;

/// Stable code of a family of causes. E1 to E20 are those of HealthOmics (spec 11); from E21 on they are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    E1,
    E2,
    E3,
    E4,
    E5,
    E6,
    E7,
    E8,
    E9,
    E10,
    E11,
    E12,
    E13,
    E14,
    E15,
    E16,
    E17,
    E18,
    E19,
    /// No data rows. Decided by the caller from the tallies of all parts.
    E20,
    /// The file ends before its compressed data do.
    E21,
    /// The compressed data are damaged.
    E22,
    /// A limit was passed.
    E23,
    /// The file is not UTF-8 text.
    E24,
    /// The file cannot be read.
    E25,
    /// The FASTA file is malformed.
    E26,
    /// The record does not fit the store's reference.
    E27,
    /// The BCF file is malformed.
    E28,
    /// Too many records were left out.
    E29,
    /// A record cannot be written as BCF.
    E30,
    /// The file is not GFF3.
    E31,
}

impl Code {
    /// The code as users see it, for instance `E14`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::E1 => "E1",
            Self::E2 => "E2",
            Self::E3 => "E3",
            Self::E4 => "E4",
            Self::E5 => "E5",
            Self::E6 => "E6",
            Self::E7 => "E7",
            Self::E8 => "E8",
            Self::E9 => "E9",
            Self::E10 => "E10",
            Self::E11 => "E11",
            Self::E12 => "E12",
            Self::E13 => "E13",
            Self::E14 => "E14",
            Self::E15 => "E15",
            Self::E16 => "E16",
            Self::E17 => "E17",
            Self::E18 => "E18",
            Self::E19 => "E19",
            Self::E20 => "E20",
            Self::E21 => "E21",
            Self::E22 => "E22",
            Self::E23 => "E23",
            Self::E24 => "E24",
            Self::E25 => "E25",
            Self::E26 => "E26",
            Self::E27 => "E27",
            Self::E28 => "E28",
            Self::E29 => "E29",
            Self::E30 => "E30",
            Self::E31 => "E31",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Declares [`Cause`], with the code, the text and the stable name of each, and after `=>` what is done where it is
/// tolerated.
macro_rules! causes {
    ($($(#[doc = $doc:literal])? $name:ident $code:ident $text:literal $(=> $done:literal)?;)*) => {
        /// One rule that a file can break. The policy decides what follows; the text is for the user.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause { $($(#[doc = $doc])? $name,)* }

        impl Cause {
            /// Every cause, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code under which users look it up.
            pub fn code(self) -> Code {
                match self { $(Self::$name => Code::$code,)* }
            }

            /// What is wrong and what to do, in one line.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What is done where the cause is tolerated, if anything.
            pub fn tolerated(self) -> Option<&'static str> {
                match self { $(Self::$name => [$($done)?].first().copied(),)* }
            }

            /// The name of the rule, for machines.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The rule of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|cause| cause.name() == name)
            }
        }
    };
}

causes! {
    // Header (spec 7.2)
    MissingFileformat E1 "there is no ##fileformat line with a version before #CHROM; add one such as ##fileformat=VCFv4.2 as the first line";
    MissingChromLine E2 "the #CHROM line is missing, or a line before it is not of the header";
    TooFewHeaderColumns E3 "the #CHROM line has fewer than the 8 required columns";
    HeaderColumnName E4 "the #CHROM line has an unknown column name, or blanks in place of tabs";
    HeaderColumnOrder E5 "the columns of the #CHROM line are out of order";
    UnsupportedVersion E6 "the VCF version is not supported; versions 4.0 to 4.5 are";
    NewVersion E6 "the VCF version is newer than 4.3, the newest that HealthOmics reads; convert the file to VCF 4.3 or set import.strict = false";
    UnknownType E7 "an INFO or FORMAT line has an unknown Type" => "it is read as String, a standard field (docs/schema.md) as what it always is";
    BadNumber E8 "an INFO or FORMAT line has a Number that is not allowed" => "it is read as Number=., a standard field (docs/schema.md) as what it always is";
    NullHeaderField E9 "a structured header line lacks a value it must have";
    NoHeader E10 "the file has no VCF header";
    OldVersion E11 "VCF 3 and older are not supported; convert the file to VCF 4.2";
    MissingDescription E11 "an INFO or FORMAT line has no Description";
    HeaderLine E11 "a structured header line cannot be parsed";
    FormatWithoutSamples E11 "the #CHROM line has FORMAT but no samples; cut the file to its first 8 columns";
    DuplicateDeclaration E11 "an INFO or FORMAT id is declared twice" => "the first line holds";
    HeaderOrder E11 "an INFO or FORMAT line does not have ID, Number, Type and Description in this order";
    UnquotedDescription E11 "a Description is not in double quotes";
    HeaderId E11 "the id of a header line is empty or has characters that VCF does not allow";
    StandardDeclaration E11 "an INFO or FORMAT line declares a flag, or a key of the VCF specification, with another Number or Type than that allows";
    UnusedHeaderLine E11 "a header line that is not used is malformed" => "it is kept as written";
    SecondHeader E11 "a second, different #CHROM line stands between the records; import the files one by one";
    DuplicateAnnotationLine E13 "the INFO line of the annotation field stands twice" => "the first line holds";
    DuplicateSamples E12 "two sample columns have the same name; rename one of them";
    HeaderBlankLine E12 "the header has a blank line";
    // Records (spec 7.3)
    AlleleAlphabet E14 "an allele is neither bases (A C G T N), *, <symbolic> nor a breakend";
    AlleleForm E14 "a symbolic allele or a breakend is not written as VCF says" => "it is kept as written";
    EmptyAllele E15 "an allele is empty";
    MissingReference E15 "REF is missing (.); write its bases, or N";
    SymbolicReference E15 "REF is symbolic";
    DuplicateAllele E15 "an ALT allele is listed twice";
    AltEqualsRef E15 "an ALT allele equals REF";
    TooFewColumns E16 "a record has too few columns";
    SampleColumns E15 "a record does not have one column for each sample of the #CHROM line";
    Position E15 "POS is not a whole number from 0 on";
    EmptyContig E15 "CHROM is empty";
    ContigName E15 "CHROM has characters that VCF does not allow" => "it is kept as written";
    EmptyId E15 "ID is empty; write . where there is none";
    IdList E15 "ID has an empty or a repeated member" => "it is kept as written";
    Blank E15 "ID, FILTER or FORMAT contains a blank" => "it is kept as written";
    Quality E18 "QUAL is not a number" => "it is read as missing";
    NegativeQuality E15 "QUAL is negative" => "it is kept as written";
    FilterZero E15 "FILTER is 0; VCF 4 writes PASS or .";
    EmptyFilter E15 "FILTER has an empty name";
    FilterList E15 "FILTER has a name twice, or PASS, 0 or . beside a name";
    EmptyInfo E15 "INFO is empty; write . where there is none";
    InfoSpace E15 "INFO contains a space";
    EmptyInfoKey E15 "INFO has an entry without a key";
    DuplicateInfoKey E15 "an INFO key stands twice" => "the last value holds";
    InfoValue E15 "an INFO value is not of the type that its header line, or else VCF, says, or is not possible for its key" => "it is kept as written";
    InfoCount E15 "an INFO key has another number of values than its header line, or else VCF, says" => "they are kept as written";
    EndNotInteger E15 "INFO END is not a whole number" => "it is ignored for the end column";
    EndNotPositive E15 "INFO END is zero or negative" => "it is ignored for the end column";
    EndBeforeStart E15 "INFO END is smaller than POS";
    LengthValue E15 "INFO SVLEN or FORMAT LEN is not a whole number" => "it is ignored for the end column";
    AnnotationEntry E15 "an entry of the annotation field has another number of values than its INFO line names" => "the record's annotations are empty";
    UndeclaredInfo E17 "an INFO key is not declared in the header" => "it is kept as written";
    UndeclaredFormat E17 "a FORMAT key is not declared in the header" => "its values are kept as written";
    DuplicateFormatKey E15 "a FORMAT key stands twice";
    EmptyFormatKey E15 "FORMAT has an empty key";
    FormatKey E15 "a FORMAT key has characters that VCF does not allow" => "it is kept as written";
    GenotypeNotFirst E15 "FORMAT has GT, but not as its first key";
    MissingGenotype E15 "a record has no GT, which VCF 4.0 requires";
    TooManyValues E15 "a sample has more values than FORMAT has keys";
    GenotypeIndex E18 "a GT names an allele that the record does not have, or is not a genotype";
    SampleValue E18 "a FORMAT value is not what its header line, or else VCF, says" => "its text is kept";
    SampleCount E15 "a FORMAT key has another number of values than its header line, or else VCF, says" => "they are kept as written";
    BatchTooLarge E23 "the records of one batch are too large";
    // Against the store's reference, when left-normalization was asked for
    ReferenceContig E27 "the contig is not in the store's reference" => "the record is left as it is";
    ReferenceMismatch E27 "REF is not what the store's reference has there" => "the record is left as it is";
    MovesTooFar E27 "the variant lies in a repeat of more than 1,048,576 bases" => "the record is left as it is";
    // Delimited text
    FieldCount E19 "a row does not have one field for each column of the store; check sep, quote and header of readOptions";
    FieldValue E19 "a value is not of the type of its column";
    OpenQuote E19 "a quoted value does not end on its line; if quotes are text in this file, set readOptions.quote to another character";
    // BCF
    BcfHeader E28 "the BCF header cannot be read";
    BcfRecord E28 "a BCF record cannot be read";
    // GFF3 (spec 12.2)
    GffVersion E31 "the ##gff-version is not 3; convert the file to GFF3 (for instance with gffread or AGAT)";
    MissingGffVersion E31 "the first line is not ##gff-version 3" => "the file is read as GFF3";
    Gtf E31 "the file is GTF or GFF 2 (its attributes look like gene_id \"x\";), not GFF3; convert it, for instance with gffread in.gtf -o out.gff3";
    SequenceRegion E31 "a ##sequence-region line is not written ##sequence-region seqid start end" => "it is skipped, as they all are";
    FeatureColumns E16 "a line of a GFF3 file does not have 9 columns separated by tabs";
    EmptyColumn E19 "a column is empty; write . where there is nothing" => "it is read as missing";
    SeqidCharacter E19 "seqid has characters that GFF3 allows only percent-encoded" => "it is kept as written";
    FeatureCoordinate E19 "start or end is neither a whole number from 1 on nor .";
    FeatureEndBeforeStart E19 "end is smaller than start" => "both are kept as written";
    Score E19 "score is not a number" => "it is read as missing";
    Strand E19 "strand is none of + - ? and ." => "it is kept as written";
    Phase E19 "phase is not a whole number" => "it is read as missing";
    PhaseRange E19 "phase is none of 0, 1 and 2" => "it is kept as written";
    CdsPhase E19 "a CDS has no phase" => "it is read as missing";
    AttributeForm E19 "an attribute is not written tag=value" => "it is kept in information";
    AttributeBlank E19 "a blank stands before or after the tag of an attribute";
    AttributeEquals E19 "the value of an attribute has a '=' that is not percent-encoded" => "it is kept as written";
    AttributeEmpty E19 "an attribute has no value, or an empty one in its list";
    ReservedTag E19 "a tag begins with a capital letter, which GFF3 reserves for its own" => "it is kept in information";
    DuplicateTag E19 "a feature has a tag twice" => "the values are joined, in text with a comma";
    CircularValue E19 "Is_circular is neither true nor false" => "it is kept in information";
    TargetForm E19 "Target is not written target_id start end [strand], and only once" => "it is kept as written";
    GapForm E19 "Gap is not written as operations M, I, D, F or R with their lengths, such as M8 D3 M6" => "it is kept as written";
    CrossReferenceForm E19 "Dbxref or Ontology_term is not written DBTAG:ID" => "it is kept as written";
    PercentEncoding E19 "a '%' does not begin a percent-encoding, or one that is not UTF-8 text" => "it is kept as written";
    TooManyAttributes E23 "a feature has more than 65,536 attributes";
    ByteOrderMark E24 "the file begins with a byte order mark" => "it is skipped";
    ControlCharacter E24 "a line has a control character; write it percent-encoded";
    // Lines and text
    BlankLine E15 "a line is blank" => "it is skipped";
    CarriageReturn E15 "lines end with CR LF" => "the CR is dropped";
    NoFinalNewline E21 "the last line does not end with a newline; make sure that the file was not cut off";
    NotText E24 "a line is not UTF-8 text; convert the file to UTF-8";
    // The file as a whole
    Truncated E21 "the compressed file ends too early; it was cut off: copy or make it again";
    Damaged E22 "the compressed data are damaged; copy or make the file again";
    TrailingBytes E22 "bytes follow the end of the compressed data; copy or make the file again";
    LineTooLong E23 "a line is longer than the limit";
    HeaderTooLong E23 "the header is longer than the limit";
    TooManyBytes E23 "the decompressed file is larger than the limit";
    ZstdWindow E23 "the zstd file needs too much memory to be read; compress it again without --long";
    Io E25 "the file cannot be read";
    RejectedShare E29 "more records were left out than import.max_rejected_share allows";
    // FASTA
    FastaStart E26 "the file does not begin with a '>' line; is it FASTA?";
    FastaName E26 "a '>' line has no name";
    FastaDuplicateName E26 "two sequences have the same name";
    FastaLineLength E26 "the lines of a sequence differ in length; re-wrap the file (for instance with seqkit seq -w 60)";
}

/// Why a file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    pub code: Code,
    pub cause: Cause,
    /// Line, from 1, counted within the part that was read.
    pub line: Option<u64>,
    /// `contig:position`, as far as they could be read.
    pub place: Option<String>,
    /// The INFO, FORMAT or header key at fault.
    pub key: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Fault {
    /// A fault with the text of its cause and no place.
    pub fn new(cause: Cause) -> Self {
        Self { code: cause.code(), cause, line: None, place: None, key: None, message: cause.text().to_owned() }
    }

    /// The fault, at a line.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The fault, with a detail after its text.
    #[must_use]
    pub fn with_detail(mut self, detail: &str) -> Self {
        self.message = format!("{} ({detail})", self.cause.text());
        self
    }

    /// The fault of a part, with the lines of the earlier parts of the file added to its line number.
    #[must_use]
    pub fn after_lines(mut self, earlier: u64) -> Self {
        self.line = self.line.map(|line| line.saturating_add(earlier));
        self
    }

    pub(crate) fn with_key(mut self, key: &[u8]) -> Self {
        self.key = Some(shown(key));
        self
    }

    pub(crate) fn with_place(mut self, place: String) -> Self {
        self.place = Some(place);
        self
    }

    /// The fault that an error from below stands for: damaged compression, or an input that cannot be read.
    pub fn from_io(error: &io::Error) -> Self {
        match error.get_ref().and_then(|e| e.downcast_ref::<Corruption>()) {
            Some(corruption) => Self::new(corruption.cause).with_detail(&corruption.detail),
            None => Self { message: error.to_string(), ..Self::new(Cause::Io) },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        let line = self.line.map(|line| format!("line {line}"));
        let key = self.key.as_ref().map(|key| format!("key {key}"));
        let places: Vec<String> = [line, self.place.clone(), key].into_iter().flatten().collect();
        if places.is_empty() { Ok(()) } else { write!(f, " ({})", places.join(", ")) }
    }
}

/// Carries a fault of the compressed data through `std::io`.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", .cause.text())]
pub(crate) struct Corruption {
    pub(crate) cause: Cause,
    pub(crate) detail: String,
}

/// Text of the input as messages show it: valid, printable, at most 60 characters.
pub(crate) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.get(..240).unwrap_or(text));
    let mut out: String = text.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().count() > 60 {
        out.push('…');
    }
    out
}
