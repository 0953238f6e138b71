//! Queries over published files.

use crate::world::{Row, TABLE, World, batch, row};
use expect_test::{Expect, expect};
use std::collections::BTreeSet;

async fn check(world: &World, sql: &str, expected: Expect) {
    expected.assert_eq(&world.rows(sql).await.join("\n"));
}

async fn small() -> World {
    let world = World::new().await;
    let first = Row {
        names: Some(vec!["rs1", "rs2"]),
        qual: Some(29.5),
        attributes: Some(vec![("DP", Some("14")), ("DB", Some("true")), ("AF", None)]),
        phased: Some(true),
        calls: Some(vec![Some(0), Some(1)]),
        depth: Some(3),
        ..row("chr20", 14369, "NA1")
    };
    let second = Row { calls: Some(vec![Some(-1), Some(1)]), end: 17330, ..row("chr20", 17329, "NA2") };
    world.add(TABLE, "job", vec![batch(&[first, second])]).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_columns_come_back_by_projection() {
    let world = small().await;
    let sql = "SELECT calls, attributes['DP'] dp, attributes['no'] no, attributes['AF'] af, names[1] first, \"end\" \
               FROM cohort ORDER BY start";
    check(
        &world,
        sql,
        expect![[r#"
        [0, 1] 14 rs1 14370
        [-1, 1] 17330"#]],
    )
    .await;
    check(&world, "SELECT attributes FROM cohort WHERE sampleid = 'NA1'", expect!["{DP: 14, DB: true, AF: }"]).await;
    check(&world, "SELECT calls[1] + calls[2], cardinality(attributes) FROM cohort WHERE depth = 3", expect!["1 3"])
        .await;
    check(&world, "SELECT sampleid FROM cohort WHERE attributes['DP'] = '14'", expect!["NA1"]).await;
    check(&world, "SELECT count(*) FROM cohort WHERE annotations IS NULL AND information IS NULL", expect!["2"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_columns_are_there_only_where_they_are_granted() {
    let world = small().await;
    let sql = "SELECT sampleid, \"_record\", CASE WHEN sampleid = 'NA1' THEN attributes END a, \
               CASE WHEN sampleid = 'NA1' THEN names END n FROM cohort ORDER BY \"_record\"";
    let mut request = world.request(sql, &[TABLE]).await;
    let refused = varberg_lake::query::run(request.clone()).await.err().unwrap();
    assert!(refused.to_string().contains("_record"), "{refused}");
    request.tables[0].hidden_columns = true;
    let batches =
        futures::TryStreamExt::try_collect::<Vec<_>>(varberg_lake::query::run(request).await.unwrap()).await.unwrap();
    assert_eq!(batches.iter().map(arrow_array::RecordBatch::num_rows).sum::<usize>(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_resolve_by_name_and_by_both_schemas() {
    let world = small().await;
    for name in [
        "cohort",
        "\"default\".cohort",
        "\"default\".\"cohort\"",
        "variant_000000000000_0123456789.cohort",
        "awsdatacatalog.\"default\".cohort",
    ] {
        assert_eq!(world.rows(&format!("SELECT count(*) FROM {name}")).await, ["2"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_columns_stay_hidden() {
    let world = small().await;
    assert_eq!(world.rows("DESCRIBE cohort").await.len(), 23);
    assert!(world.query("SELECT _record FROM cohort").await.starts_with("Invalid("));
    assert!(!world.query("SELECT * FROM cohort").await.contains("_raw"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_table_is_answered_with_the_known_ones() {
    let world = small().await;
    check(
        &world,
        "SELECT * FROM other",
        expect![[r#"Invalid("table 'awsdatacatalog.default.other' not found. Tables: cohort")"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn show_tables_shows_the_granted_ones() {
    let world = small().await;
    let sql = "SELECT table_schema, table_name FROM information_schema.tables \
               WHERE table_schema <> 'information_schema' ORDER BY 1";
    check(
        &world,
        sql,
        expect![[r#"
        default cohort
        variant_000000000000_0123456789 cohort"#]],
    )
    .await;
    assert!(world.query("SHOW TABLES").await.contains("cohort"));
    check(
        &world,
        "SHOW SCHEMAS",
        expect![[r#"
        default
        information_schema
        variant_000000000000_0123456789"#]],
    )
    .await;
    check(&world, "SHOW TABLES IN \"default\"", expect!["awsdatacatalog default cohort BASE TABLE"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_described_once_with_the_names_of_sql_types() {
    let world = small().await;
    let described = world.rows("DESCRIBE cohort").await;
    assert_eq!(described, world.rows("SHOW COLUMNS FROM \"default\".cohort").await);
    let sql = "SELECT column_name, data_type, is_nullable FROM information_schema.columns \
               WHERE table_schema <> 'default' AND table_name = 'cohort' ORDER BY ordinal_position";
    assert_eq!(described, world.rows(sql).await);
    expect![[r#"
        importjobid varchar YES
        contigname varchar YES
        start bigint YES
        end bigint YES
        names array(varchar) YES
        referenceallele varchar YES
        alternatealleles array(varchar) YES
        qual double YES
        filters array(varchar) YES
        splitfrommultiallelic boolean YES
        attributes map(varchar, varchar) YES
        phased boolean YES
        calls array(integer) YES
        genotypelikelihoods array(double) YES
        phredlikelihoods array(integer) YES
        alleledepths array(integer) YES
        conditionalquality integer YES
        spl array(integer) YES
        depth integer YES
        ps integer YES
        sampleid varchar YES
        information map(varchar, varchar) YES
        annotations row(vep array(row(allele varchar, consequence array(varchar), impact varchar, symbol varchar, gene varchar, feature_type varchar, feature varchar, biotype varchar, exon row(rank varchar, total varchar), intron row(rank varchar, total varchar), hgvsc varchar, hgvsp varchar, cdna_position varchar, cds_position varchar, protein_position varchar, amino_acids row(reference varchar, variant varchar), codons row(reference varchar, variant varchar), existing_variation array(varchar), distance varchar, strand varchar, flags array(varchar), symbol_source varchar, hgnc_id varchar, extras map(varchar, varchar)))) YES"#]].assert_eq(&described.join("\n"));
    assert!(world.query("DESCRIBE nothing").await.contains("Tables: cohort"));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_come_from_metadata() {
    let world = small().await;
    let plan = world.query("EXPLAIN SELECT count(*) FROM cohort").await;
    assert!(plan.contains("PlaceholderRowExec") && !plan.contains("DataSourceExec"), "{plan}");
    check(&world, "SELECT count(*), count(depth) FROM cohort", expect!["2 1"]).await;
    check(&world, "SELECT count(*) FROM cohort WHERE start > 20000", expect!["0"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_match_are_not_planned() {
    let world = World::new().await;
    let contig = |contig, start| batch(&[row(contig, start, "s1"), row(contig, start + 9, "s2")]);
    world.add(TABLE, "job", vec![contig("chr1", 100), contig("chr2", 100), contig("chr3", 5000)]).await;
    for (filter, files) in [
        ("contigname = 'chr2'", 1),
        ("contigname IN ('chr1', 'chr3')", 2),
        ("start BETWEEN 4000 AND 6000", 1),
        ("contigname = 'chr1' OR start > 4000", 2),
        ("contigname = 'chr2' AND start < 100000", 1),
        ("depth IS NOT NULL", 0),
        ("depth IS NULL", 3),
        ("sampleid = 's1'", 3),
        ("contigname >= 'chr2' AND \"end\" < 200", 1),
    ] {
        let plan = world.query(&format!("EXPLAIN SELECT contigname, calls FROM cohort WHERE {filter}")).await;
        let paths = plan.split(['[', ',', ' ']).filter_map(|word| word.split_once(".parquet").map(|(path, _)| path));
        assert_eq!(paths.collect::<BTreeSet<_>>().len(), files, "{filter}\n{plan}");
    }
    check(&world, "SELECT count(*) FROM cohort WHERE contigname = 'chr2'", expect!["2"]).await;
}

/// Files whose rows and contigs are in every kind of disorder.
async fn shuffled() -> World {
    let world = World::new().await;
    let rows = |contig, starts: &[i64]| starts.iter().map(|s| row(contig, *s, "s")).collect::<Vec<_>>();
    let mixed = [rows("chr2", &[5, 1]), rows("chr10", &[7]), rows("chr1", &[3])].concat();
    let batches = vec![
        batch(&rows("chr1", &[1, 4, 9])),
        batch(&rows("chr1", &[2, 5, 8])), // overlaps the first
        batch(&mixed),
        batch(&rows("chr10", &[1, 2])),
        batch(&rows("chr2", &[2])),
    ];
    world.add(TABLE, "job", batches).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn order_filters_and_joins_are_right_on_shuffled_files() {
    let world = shuffled().await;
    let ordered = expect![[r#"
        chr1 1
        chr1 2
        chr1 3
        chr1 4
        chr1 5
        chr1 8
        chr1 9
        chr10 1
        chr10 2
        chr10 7
        chr2 1
        chr2 2
        chr2 5"#]];
    check(&world, "SELECT contigname, start FROM cohort ORDER BY contigname, start", ordered).await;
    check(
        &world,
        "SELECT contigname, start FROM cohort ORDER BY contigname, start LIMIT 3",
        expect![[r#"
        chr1 1
        chr1 2
        chr1 3"#]],
    )
    .await;
    check(
        &world,
        "SELECT contigname, max(start) FROM cohort GROUP BY contigname ORDER BY contigname",
        expect![[r#"
        chr1 9
        chr10 7
        chr2 5"#]],
    )
    .await;
    let join = "SELECT count(*) FROM cohort a JOIN cohort b ON a.contigname = b.contigname AND a.start = b.start";
    check(&world, join, expect!["13"]).await;
    let full = "SELECT count(*) FROM (SELECT contigname, start FROM cohort WHERE start < 5) a \
                FULL JOIN (SELECT contigname, start FROM cohort WHERE start > 1) b \
                ON a.contigname = b.contigname AND a.start = b.start";
    check(&world, full, expect!["13"]).await;
    check(&world, "SELECT min(start), max(start), count(*) FROM cohort WHERE contigname = 'chr1'", expect!["1 9 7"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sorted_files_need_no_sort_and_answer_in_order() {
    let world = World::new().await;
    let rows = |contig, starts: std::ops::Range<i64>| batch(&starts.map(|s| row(contig, s, "s")).collect::<Vec<_>>());
    let batches = vec![rows("chr1", 0..50), rows("chr1", 50..99), rows("chr2", 0..9), rows("chr1", 25..75)];
    world.add(TABLE, "job", batches).await;
    let sql = "SELECT contigname, start FROM cohort ORDER BY contigname, start";
    let plan = world.query(&format!("EXPLAIN {sql}")).await;
    assert!(plan.contains("SortPreservingMergeExec") && !plan.contains("SortExec:"), "{plan}");
    let got = world.rows(sql).await;
    let mut wanted: Vec<(&str, i64)> =
        (0..99).chain(25..75).map(|s| ("chr1", s)).chain((0..9).map(|s| ("chr2", s))).collect();
    wanted.sort_unstable();
    assert_eq!(got, wanted.iter().map(|(c, s)| format!("{c} {s}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_queries_are_explained() {
    let world = small().await;
    assert!(world.query("SELECT nothing FROM cohort").await.contains("nothing"));
    check(&world, "SELEC 1", expect![[r#"Invalid("syntax error: no statement begins with `SELEC`; only one read-only statement is allowed: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES, SHOW COLUMNS or SHOW SCHEMAS")"#]]).await;
    check(
        &world,
        "SELECT 1; SELECT 2",
        expect![[r#"NotAllowed("one statement at a time: there is text after a `;`")"#]],
    )
    .await;
    check(&world, "SHOW GRANTS", expect![[r#"NotAllowed("SHOW can show TABLES, COLUMNS FROM a table, or SCHEMAS")"#]])
        .await;
    check(
        &world,
        "SELECT FROM WHERE",
        expect![[r#"Invalid("table 'awsdatacatalog.default.where' not found. Tables: cohort")"#]],
    )
    .await;
    let sum = world.query("SELECT sum(sampleid) FROM cohort").await;
    assert!(
        sum.starts_with("Invalid(\"Function 'sum'") && !sum.contains("rror during") && !sum.contains("Internal"),
        "{sum}"
    );
    let upper = world.query("SELECT upper(calls) FROM cohort").await;
    assert!(upper.starts_with("Invalid(\"Function 'upper'") && !upper.contains("metadata"), "{upper}");
    let parser = world.query("SELECT (1 FROM cohort").await;
    assert!(parser.starts_with("Invalid(\"syntax error: ") && parser.contains("Line: 1, Column: "), "{parser}");
    check(
        &world,
        "SELECT * FROM information_schema.views",
        expect![[r#"Invalid("table 'awsdatacatalog.information_schema.views' not found. Tables: cohort")"#]],
    )
    .await;
    assert!(world.query("SELECT 'a' + FROM cohort").await.starts_with("Invalid("));
    assert!(world.query("SELECT CAST('x' AS INT)").await.starts_with("Value("));
    assert!(world.query("SELECT start / 0 FROM cohort").await.starts_with("Value("));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_lists_the_functions_that_there_are() {
    let world = small().await;
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sql.md")).unwrap();
    let (_, section) = manual.split_once("\n## Functions\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let listed: BTreeSet<&str> = section
        .lines()
        .filter(|line| line.starts_with("- "))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect();
    let functions = world.rows("SHOW FUNCTIONS").await;
    let there: BTreeSet<&str> =
        functions.iter().map(String::as_str).filter(|name| !name.starts_with("list_")).collect();
    let missing: Vec<_> = there.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in docs/sql.md: {missing:?}; only there: {gone:?}");
}
