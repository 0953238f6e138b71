mod files;

use super::*;
use crate::policy::Verdict;
use crate::testing::{bgzf, block_offsets, bzip2, gzip, zstd};
use arrow_array::Array;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use expect_test::{Expect, expect};
use std::io::Cursor;

const HEAD: &str = "##gff-version\t3\n";

struct Read {
    rows: Vec<String>,
    tally: Tally,
    has_ended: bool,
}

/// A row as `column=value`, without what is null and without the ordinal.
fn rows(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("null");
    let row = |row: usize| {
        let schema = batch.schema();
        let columns =
            batch.columns().iter().zip(schema.fields()).filter(|(c, f)| c.is_valid(row) && f.name() != "_record");
        let shown = columns.map(|(column, field)| {
            let value = ArrayFormatter::try_new(column, &options).unwrap().value(row).to_string();
            format!("{}={value}", field.name())
        });
        shown.collect::<Vec<_>>().join(" | ")
    };
    (0..batch.num_rows()).map(row).collect()
}

fn read_part(file: &[u8], compression: Compression, part: Part, options: ReadOptions) -> Result<Read, Fault> {
    let start = usize::try_from(part.start).unwrap();
    let input = Cursor::new(file.get(start..).unwrap_or_default().to_vec());
    let mut reader = Reader::new(Box::new(input), compression, part, options)?;
    let mut found = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        found.extend(rows(&batch));
    }
    assert!(reader.next_batch()?.is_none());
    Ok(Read { rows: found, tally: reader.tally(), has_ended: reader.has_ended() })
}

fn read_with(file: &[u8], options: ReadOptions) -> Result<Read, Fault> {
    read_part(file, Compression::detect(file), Part::WHOLE, options)
}

/// Rows, then warnings, then the fault.
fn render(file: &[u8], options: ReadOptions) -> String {
    match read_with(file, options) {
        Ok(read) => {
            let warnings =
                read.tally.warnings.iter().map(|w| format!("{} x{} @{}", w.cause.name(), w.count, w.first_line));
            let rejected = (read.tally.rejected > 0).then(|| format!("rejected: {}", read.tally.rejected));
            let lines: Vec<String> = read.rows.into_iter().chain(warnings).chain(rejected).collect();
            lines.join("\n")
        }
        Err(fault) => format!("{fault}"),
    }
}

fn strict() -> ReadOptions {
    ReadOptions { policy: Policy::strict(), dialect: Dialect::HealthOmics, ..ReadOptions::default() }
}

/// Column 9 under both presets.
#[track_caller]
fn attributes(text: &str, lenient: &Expect, aws: &Expect) {
    let file = format!("{HEAD}c\t.\tg\t1\t2\t.\t.\t.\t{text}\n");
    let shown = |options| render(file.as_bytes(), options).replace("seqid=c | type=g | start=0 | end=2 | ", "");
    lenient.assert_eq(&shown(ReadOptions::default()));
    aws.assert_eq(&shown(strict()));
}

/// A line whose tabs are written as blanks.
#[track_caller]
fn line(text: &str, lenient: &Expect, aws: &Expect) {
    let file = format!("{HEAD}{}\n", text.replace(' ', "\t"));
    lenient.assert_eq(&render(file.as_bytes(), ReadOptions::default()));
    aws.assert_eq(&render(file.as_bytes(), strict()));
}

/// A whole file by default.
#[track_caller]
fn file(text: impl AsRef<[u8]>, expected: &Expect) {
    expected.assert_eq(&render(text.as_ref(), ReadOptions::default()));
}

#[test]
fn columns_are_typed_and_dots_are_null() {
    line(
        "chr1 src gene 11 20 1.5e-3 + 2 .",
        &expect!["seqid=chr1 | source=src | type=gene | start=10 | end=20 | score=0.0015 | strand=+ | phase=2"],
        &expect!["seqid=chr1 | source=src | type=gene | start=10 | end=20 | score=0.0015 | strand=+ | phase=2"],
    );
    line(". . . . . . . . .", &expect![[""]], &expect![[""]]);
    line(
        "a%20b s%2C g%zz 1 1 0 ? 0 .",
        &expect![[r#"
        seqid=a b | source=s, | type=g%zz | start=0 | end=1 | score=0.0 | strand=? | phase=0
        PercentEncoding x1 @2"#]],
        &expect![[r#"
        seqid=a%20b | source=s%2C | type=g%zz | start=0 | end=1 | score=0.0 | strand=? | phase=0
        SeqidCharacter x1 @2"#]],
    );
    line(
        "c  g 1 1   . .",
        &expect![[r#"
        seqid=c | type=g | start=0 | end=1
        EmptyColumn x1 @2"#]],
        &expect![[r#"
        seqid=c | type=g | start=0 | end=1
        EmptyColumn x1 @2"#]],
    );
}

#[test]
fn lines_that_do_not_fit_are_left_out_and_counted() {
    for (text, cause) in [
        ("c s g 1", "FeatureColumns"),
        ("c s g 1 2 . + .", "FeatureColumns"),
        ("c s g 1 2 . + . ID=x y", "FeatureColumns"),
        ("nothing", "FeatureColumns"),
        ("c s g 0 2 . + . .", "FeatureCoordinate"),
        ("c s g -1 2 . + . .", "FeatureCoordinate"),
        ("c s g 1 2.0 . + . .", "FeatureCoordinate"),
        ("c s g x 2 . + . .", "FeatureCoordinate"),
        ("c s g 1 99999999999999999999 . + . .", "FeatureCoordinate"),
    ] {
        let file = format!("{HEAD}{text}\nc . g 1 2 . . . .\n").replace(' ', "\t");
        for options in [ReadOptions::default(), strict()] {
            let expected = format!("seqid=c | type=g | start=0 | end=2\n{cause} x1 @2\nrejected: 1");
            assert_eq!(render(file.as_bytes(), options), expected);
        }
    }
}

#[test]
fn values_that_do_not_fit_are_named() {
    line(
        "c . g 5 4 . . . .",
        &expect![[r#"
        seqid=c | type=g | start=4 | end=4
        FeatureEndBeforeStart x1 @2"#]],
        &expect![[r#"
        seqid=c | type=g | start=4 | end=4
        FeatureEndBeforeStart x1 @2"#]],
    );
    line(
        "c . g 5 5 high . . .",
        &expect![[r#"
        seqid=c | type=g | start=4 | end=5
        Score x1 @2"#]],
        &expect![[r#"
        Score x1 @2
        rejected: 1"#]],
    );
    line(
        "c . g 5 5 1e999 . . .",
        &expect![[r#"
        seqid=c | type=g | start=4 | end=5
        Score x1 @2"#]],
        &expect![[r#"
        Score x1 @2
        rejected: 1"#]],
    );
    line(
        "c . g 5 5 . x . .",
        &expect![[r#"
        seqid=c | type=g | start=4 | end=5 | strand=x
        Strand x1 @2"#]],
        &expect![[r#"
        seqid=c | type=g | start=4 | end=5 | strand=x
        Strand x1 @2"#]],
    );
    line(
        "c . CDS 5 5 . . 3 .",
        &expect![[r#"
        seqid=c | type=CDS | start=4 | end=5 | phase=3
        PhaseRange x1 @2"#]],
        &expect![[r#"
        seqid=c | type=CDS | start=4 | end=5 | phase=3
        PhaseRange x1 @2"#]],
    );
    line(
        "c . CDS 5 5 . . x .",
        &expect![[r#"
        seqid=c | type=CDS | start=4 | end=5
        Phase x1 @2"#]],
        &expect![[r#"
        Phase x1 @2
        rejected: 1"#]],
    );
    line(
        "c . CDS 5 5 . . . .",
        &expect![[r#"
        seqid=c | type=CDS | start=4 | end=5
        CdsPhase x1 @2"#]],
        &expect![[r#"
        seqid=c | type=CDS | start=4 | end=5
        CdsPhase x1 @2"#]],
    );
    line(
        "c,d . g 5 5 . . . .",
        &expect![[r#"
        seqid=c,d | type=g | start=4 | end=5
        SeqidCharacter x1 @2"#]],
        &expect![[r#"
        seqid=c,d | type=g | start=4 | end=5
        SeqidCharacter x1 @2"#]],
    );
}

#[test]
fn tags_fill_their_columns() {
    attributes(
        "ID=i;Name=n;Alias=a,b;Parent=p,q;Target=t 1 2 +;Gap=M8;Derives_from=d;Note=n1,n2;Dbxref=x:1,y:2;Ontology_term=GO:1,SO:2;Is_circular=true;Other=o",
        &expect![[r#"
            id=i | name=n | alias=a,b | parent=[p, q] | target=t 1 2 + | gap=M8 | derivesfrom=d | note=[n1, n2] | dbxref=[x:1, y:2] | ontologyterm=[GO:1, SO:2] | is_circular=true | information={other: o}
            ReservedTag x1 @2"#]],
        &expect![[r#"
            id=i | name=n | alias=a,b | parent=[p, q] | target=t 1 2 + | gap=M8 | note=[n1, n2] | dbxref=[x:1, y:2] | is_circular=true | information={derives_from: d, ontology_term: [GO:1, SO:2], other: o}
            ReservedTag x1 @2"#]],
    );
    attributes(
        "id=i;NAME=n;derivesfrom=d;O_N_T_ologyterm=GO:1;iscircular=False",
        &expect!["id=i | name=n | derivesfrom=d | ontologyterm=[GO:1] | is_circular=false"],
        &expect!["id=i | name=n | derivesfrom=d | information={o_n_t_ologyterm: [GO:1], iscircular: False}"],
    );
    attributes(
        "gene_id=g;GENE_NAME=n;Ünit=5",
        &expect![[r#"
        information={gene_id: g, gene_name: n, ünit: 5}
        ReservedTag x1 @2"#]],
        &expect![[r#"
        information={gene_id: g, gene_name: n, ünit: 5}
        ReservedTag x1 @2"#]],
    );
}

#[test]
fn values_that_are_not_written_as_their_tag_demands_are_kept() {
    attributes(
        "Target=t 1;Gap=M8 x;Dbxref=x:1,y;Ontology_term=GO",
        &expect![[r#"
        target=t 1 | gap=M8 x | dbxref=[x:1, y] | ontologyterm=[GO]
        TargetForm x1 @2
        GapForm x1 @2
        CrossReferenceForm x2 @2"#]],
        &expect![[r#"
        target=t 1 | gap=M8 x | dbxref=[x:1, y] | information={ontology_term: [GO]}
        TargetForm x1 @2
        GapForm x1 @2
        CrossReferenceForm x2 @2"#]],
    );
    attributes(
        "target=t;gap=x;dbxref=y;Target=;Dbxref=a:1,,b:2",
        &expect![[r#"
            target=t | gap=x | dbxref=[y, a:1, , b:2]
            AttributeEmpty x2 @2
            DuplicateTag x2 @2"#]],
        &expect!["E19: a feature has a tag twice (line 2, c:1, key Target)"],
    );
}

#[test]
fn percent_encoding_is_taken_away_after_lists_are_split() {
    attributes(
        "ID=a%3Bb;Note=x%2Cy,z%3D;k%41=%25",
        &expect!["id=a;b | note=[x,y, z=] | information={ka: %}"],
        &expect!["id=a%3Bb | note=[x%2Cy, z%3D] | information={k%41: %25}"],
    );
    attributes(
        "ID=100%;Note=%zz,%FF;tag%3D=ok",
        &expect![[r#"
        id=100% | note=[%zz, %FF] | information={tag=: ok}
        PercentEncoding x2 @2"#]],
        &expect!["id=100% | note=[%zz, %FF] | information={tag%3d: ok}"],
    );
    attributes(
        "Alias=a%2Cb,c;text=&amp;%09",
        &expect![[r#"
        alias=a,b,c | information={text: &amp, 	: null}
        AttributeForm x1 @2"#]],
        &expect![[r#"
        alias=a%2Cb,c | information={text: &amp, %09: null}
        AttributeForm x1 @2"#]],
    );
}

#[test]
fn a_tag_that_stands_twice_keeps_all_its_values() {
    attributes(
        "ID=a;ID=b",
        &expect![[r#"
        id=a,b
        DuplicateTag x1 @2"#]],
        &expect!["E19: a feature has a tag twice (line 2, c:1, key ID)"],
    );
    attributes(
        "Parent=a,b;parent=c;Note=;Note=n",
        &expect![[r#"
        parent=[a, b, c] | note=[n]
        DuplicateTag x2 @2
        AttributeEmpty x1 @2"#]],
        &expect!["E19: a feature has a tag twice (line 2, c:1, key parent)"],
    );
    attributes(
        "k=1;K=2;k;k=",
        &expect![[r#"
        information={k: 1,2,}
        ReservedTag x1 @2
        DuplicateTag x3 @2
        AttributeForm x1 @2
        AttributeEmpty x1 @2"#]],
        &expect!["E19: a feature has a tag twice (line 2, c:1, key K)"],
    );
    attributes(
        "Is_circular=true;Is_circular=false;is_circular",
        &expect![[r#"
        information={is_circular: true,false}
        DuplicateTag x1 @2
        AttributeForm x1 @2
        CircularValue x1 @2"#]],
        &expect!["E19: a feature has a tag twice (line 2, c:1, key Is_circular)"],
    );
}

#[test]
fn attributes_that_are_not_written_as_they_should_be() {
    attributes("ID=a;", &expect!["id=a"], &expect!["id=a"]);
    attributes("ID=a; ", &expect!["id=a"], &expect!["id=a"]);
    attributes(
        "ID=a;;k=v",
        &expect![[r#"
        id=a | information={k: v}
        AttributeForm x1 @2"#]],
        &expect![[r#"
        id=a | information={k: v}
        AttributeForm x1 @2"#]],
    );
    attributes(
        "ID=a; Name=n;k =v",
        &expect![[r#"
        id=a | name=n | information={k: v}
        AttributeBlank x2 @2"#]],
        &expect![[r#"
        id=a | information={ name: n, k : v}
        AttributeBlank x2 @2
        ReservedTag x1 @2"#]],
    );
    attributes(
        "ID;k;=v;=",
        &expect![[r#"
        information={id: null, k: null, : v,}
        AttributeForm x4 @2
        AttributeEmpty x1 @2
        DuplicateTag x1 @2"#]],
        &expect!["E19: a feature has a tag twice (line 2, c:1, key )"],
    );
    attributes(
        "ID=;k=;Parent=;Note=a,,b,",
        &expect![[r#"
        note=[a, , b, ] | information={k: }
        AttributeEmpty x4 @2"#]],
        &expect![[r#"
        note=[a, , b, ] | information={k: }
        AttributeEmpty x4 @2"#]],
    );
    attributes(
        "ID=a=b;k==;=",
        &expect![[r#"
        id=a=b | information={k: =, : }
        AttributeEquals x2 @2
        AttributeForm x1 @2
        AttributeEmpty x1 @2"#]],
        &expect![[r#"
        id=a=b | information={k: =, : }
        AttributeEquals x2 @2
        AttributeForm x1 @2
        AttributeEmpty x1 @2"#]],
    );
    attributes(
        ".;ID=x",
        &expect![[r#"
        id=x | information={.: null}
        AttributeForm x1 @2"#]],
        &expect![[r#"
        id=x | information={.: null}
        AttributeForm x1 @2"#]],
    );
    attributes(
        "Is_circular=yes",
        &expect![[r#"
        information={is_circular: yes}
        CircularValue x1 @2"#]],
        &expect![[r#"
        CircularValue x1 @2
        rejected: 1"#]],
    );
    attributes(
        "\"x\" y;k=gene_id \"x\"",
        &expect![[r#"
        information={"x" y: null, k: gene_id "x"}
        AttributeForm x1 @2"#]],
        &expect![[r#"
        information={"x" y: null, k: gene_id "x"}
        AttributeForm x1 @2"#]],
    );
}
