//! Functions over vectors of genotypes: `allele_count(calls)` and its sisters.

use crate::world::{TABLE, World, batch, row};
use arrow_array::{ArrayRef, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use expect_test::{Expect, expect};
use std::sync::Arc;
use varberg_lake::query::cohort_functions;
use varberg_rows::{GenotypeVectorBuilder, HeaderSets, RecordShape};

const FAMILY: i64 = 7;
const COHORT: i64 = 8;

fn headersets() -> Arc<HeaderSets> {
    let shape = |samples: &[&str]| {
        Arc::new(RecordShape { samples: samples.iter().map(|s| (*s).to_owned()).collect(), formats: Vec::new() })
    };
    let mut sets = HeaderSets::default();
    sets.add(FAMILY, &shape(&["child", "father", "mother"])).unwrap();
    let many: Vec<String> = (0..300).map(|i| format!("S{i}")).collect();
    sets.add(COHORT, &shape(&many.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    Arc::new(sets)
}

/// A site: its name, ALT alleles, headerset and genotypes; no GT without genotypes.
type Site<'a> = (&'a str, i32, i64, Vec<&'a str>);

fn vector(genotypes: &[&str]) -> Option<Vec<u8>> {
    let (mut builder, mut bytes) = (GenotypeVectorBuilder::new(), Vec::new());
    for genotype in genotypes {
        builder.push((!genotype.is_empty()).then_some(genotype.as_bytes()), 9).unwrap();
    }
    builder.finish(&mut bytes);
    (!genotypes.is_empty()).then_some(bytes)
}

fn family() -> Vec<Site<'static>> {
    vec![
        ("bits", 1, FAMILY, vec!["0|1", "1|1", "0|0"]),
        ("missing", 2, FAMILY, vec!["./1", "1/2", "./."]),
        ("haploid", 1, FAMILY, vec!["1", "0", "."]),
        ("triploid", 1, FAMILY, vec!["0/0/1", "1/1/1", "0/0/0"]),
        ("mixed", 3, FAMILY, vec!["0/3", "0|1", ""]),
        ("text", 1, FAMILY, vec!["/0/1", "01|1", "0/0"]),
        ("none called", 1, FAMILY, vec!["./.", ".", ""]),
        ("no alt", 0, FAMILY, vec!["0/0", "0/0", "./."]),
        ("no GT", 1, FAMILY, vec![]),
    ]
}

fn session(sites: &[Site<'_>]) -> SessionContext {
    let vectors: Vec<Option<Vec<u8>>> = sites.iter().map(|site| vector(&site.3)).collect();
    let fields = Fields::from(vec![
        Field::new("headerset", DataType::Int64, true),
        Field::new("vector", DataType::Binary, true),
        Field::new("alternates", DataType::Int32, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(sites.iter().map(|site| site.2))),
        Arc::new(BinaryArray::from_iter(vectors.iter().map(Option::as_deref))),
        Arc::new(Int32Array::from_iter_values(sites.iter().map(|site| site.1))),
    ];
    let calls = StructArray::new(fields.clone(), columns, None);
    let names = StringArray::from_iter_values(sites.iter().map(|site| site.0));
    let schema = Arc::new(Schema::new(vec![
        Field::new("site", DataType::Utf8, false),
        Field::new("calls", DataType::Struct(fields), true),
    ]));
    let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(names), Arc::new(calls)]).unwrap();
    let context = SessionContext::new();
    cohort_functions(&headersets()).into_iter().for_each(|function| context.register_udf(function));
    context.register_table("sites", Arc::new(MemTable::try_new(schema, vec![vec![rows]]).unwrap())).unwrap();
    context
}

async fn answer(context: &SessionContext, sql: &str) -> String {
    let run = async { context.sql(sql).await?.collect().await };
    match run.await {
        Ok(batches) => pretty_format_batches(&batches).unwrap().to_string(),
        Err(error) => error.strip_backtrace(),
    }
}

async fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&answer(&session(&family()), sql).await);
}

#[tokio::test]
async fn counts_are_of_all_samples() {
    check(
        "SELECT site, allele_number(calls) an, allele_count(calls) ac, allele_frequency(calls) af, het_count(calls) het, \
         hom_alt_count(calls) hom, missing_count(calls) missing FROM sites",
        expect![[r#"
            +-------------+----+-----------+------------------------------------------+-----+-----+---------+
            | site        | an | ac        | af                                       | het | hom | missing |
            +-------------+----+-----------+------------------------------------------+-----+-----+---------+
            | bits        | 6  | [3]       | [0.5]                                    | 1   | 1   | 0       |
            | missing     | 3  | [2, 1]    | [0.6666666666666666, 0.3333333333333333] | 1   | 0   | 1       |
            | haploid     | 2  | [1]       | [0.5]                                    | 0   | 0   | 1       |
            | triploid    | 9  | [4]       | [0.4444444444444444]                     | 1   | 1   | 0       |
            | mixed       | 4  | [1, 0, 1] | [0.25, 0.0, 0.25]                        | 2   | 0   | 1       |
            | text        | 6  | [3]       | [0.5]                                    | 1   | 1   | 0       |
            | none called | 0  | [0]       |                                          | 0   | 0   | 3       |
            | no alt      | 4  | []        | []                                       | 0   | 0   | 1       |
            | no GT       |    |           |                                          |     |     |         |
            +-------------+----+-----------+------------------------------------------+-----+-----+---------+"#]],
    )
    .await;
}

#[tokio::test]
async fn counts_are_of_the_samples_of_a_list() {
    check(
        "SELECT site, allele_number(calls, parents) an, allele_count(calls, parents) ac, het_count(calls, parents) het, \
         missing_count(calls, parents) missing, carriers(calls, parents) carriers \
         FROM sites CROSS JOIN (SELECT ARRAY['mother', 'father', 'nobody', 'mother', NULL] AS parents)",
        expect![[r#"
            +-------------+----+-----------+-----+---------+----------+
            | site        | an | ac        | het | missing | carriers |
            +-------------+----+-----------+-----+---------+----------+
            | bits        | 4  | [2]       | 0   | 0       | [father] |
            | missing     | 2  | [1, 1]    | 1   | 1       | [father] |
            | haploid     | 1  | [0]       | 0   | 1       | []       |
            | triploid    | 6  | [3]       | 0   | 0       | [father] |
            | mixed       | 2  | [1, 0, 0] | 1   | 1       | [father] |
            | text        | 4  | [2]       | 0   | 0       | [father] |
            | none called | 0  | [0]       | 0   | 2       | []       |
            | no alt      | 2  | []        | 0   | 1       | []       |
            | no GT       |    |           |     |         |          |
            +-------------+----+-----------+-----+---------+----------+"#]],
    )
    .await;
    check(
        "SELECT allele_number(calls, ARRAY[]), allele_frequency(calls, ARRAY['nobody']), allele_count(calls, NULL), \
         allele_number(NULL), carriers(calls, arrow_cast(ARRAY['child'], 'LargeList(Utf8View)')) \
         FROM sites WHERE site = 'bits'",
        expect![[r#"
            +-----------------------------------------+----------------------------------------------------------+--------------------------------+---------------------+-----------------------------------------------------------------------------------------+
            | allele_number(sites.calls,make_array()) | allele_frequency(sites.calls,make_array(Utf8("nobody"))) | allele_count(sites.calls,NULL) | allele_number(NULL) | carriers(sites.calls,arrow_cast(make_array(Utf8("child")),Utf8("LargeList(Utf8View)"))) |
            +-----------------------------------------+----------------------------------------------------------+--------------------------------+---------------------+-----------------------------------------------------------------------------------------+
            | 0                                       |                                                          |                                |                     | [child]                                                                                 |
            +-----------------------------------------+----------------------------------------------------------+--------------------------------+---------------------+-----------------------------------------------------------------------------------------+"#]],
    )
    .await;
}

#[tokio::test]
async fn a_list_may_differ_from_row_to_row_and_be_a_subquery() {
    check(
        "SELECT site, allele_number(calls, CASE WHEN site < 'c' THEN ARRAY['child'] \
         WHEN site < 'n' THEN ARRAY['child', 'father'] END) an FROM sites",
        expect![[r#"
            +-------------+----+
            | site        | an |
            +-------------+----+
            | bits        | 2  |
            | missing     | 3  |
            | haploid     | 2  |
            | triploid    |    |
            | mixed       | 4  |
            | text        |    |
            | none called |    |
            | no alt      |    |
            | no GT       |    |
            +-------------+----+"#]],
    )
    .await;
    check(
        "SELECT allele_count(calls, (SELECT array_agg(id) FROM (VALUES ('child'), ('mother')) AS panel(id))) FROM sites \
         WHERE carriers(calls, (SELECT array_agg('mother'))) = ARRAY[] AND allele_count(calls)[1] > 1",
        expect![[r#"
            +-----------------------------------------------+
            | allele_count(sites.calls,array_agg(panel.id)) |
            +-----------------------------------------------+
            | [1]                                           |
            | [1, 0]                                        |
            | [1]                                           |
            | [1]                                           |
            +-----------------------------------------------+"#]],
    )
    .await;
}

#[tokio::test]
async fn one_sample_is_read_out_of_the_vector() {
    check(
        "SELECT site, call(calls, 'child') child, dosage(calls, 'child') d, call(calls, 'mother') mother, \
         dosage(calls, 'mother') m, dosage(calls, 'nobody') n, carriers(calls) FROM sites",
        expect![[r#"
            +-------------+-----------+---+-----------+---+---+-----------------------+
            | site        | child     | d | mother    | m | n | carriers(sites.calls) |
            +-------------+-----------+---+-----------+---+---+-----------------------+
            | bits        | [0, 1]    | 1 | [0, 0]    | 0 |   | [child, father]       |
            | missing     | [-1, 1]   |   | [-1, -1]  |   |   | [child, father]       |
            | haploid     | [1]       | 1 | [-1]      |   |   | [child]               |
            | triploid    | [0, 0, 1] | 1 | [0, 0, 0] | 0 |   | [child, father]       |
            | mixed       | [0, 3]    | 1 |           |   |   | [child, father]       |
            | text        | [0, 1]    | 1 | [0, 0]    | 0 |   | [child, father]       |
            | none called | [-1, -1]  |   |           |   |   | []                    |
            | no alt      | [0, 0]    | 0 | [-1, -1]  |   |   | []                    |
            | no GT       |           |   |           |   |   |                       |
            +-------------+-----------+---+-----------+---+---+-----------------------+"#]],
    )
    .await;
    check(
        "SELECT id, sum(dosage(calls, id)) FROM sites, (VALUES ('child'), ('father'), (NULL)) AS panel(id) \
         GROUP BY id ORDER BY id",
        expect![[r#"
            +--------+-----------------------------------+
            | id     | sum(dosage(sites.calls,panel.id)) |
            +--------+-----------------------------------+
            | child  | 5                                 |
            | father | 10                                |
            |        |                                   |
            +--------+-----------------------------------+"#]],
    )
    .await;
}

#[tokio::test]
async fn equilibrium_is_tested_for_each_alternate() {
    // Wigginton et al. 2005, table 1: 21 rare alleles in 100 individuals; with one of the two ALT alleles rare at each site.
    let genotypes = |hets: usize, rare: usize, common: &'static str, het: &'static str, hom: &'static str| {
        let mut all = vec![het; hets];
        all.resize(hets + rare, hom);
        all.resize(100, common);
        all.resize(300, ".");
        all
    };
    let sites = [
        ("13 hets", 1, COHORT, genotypes(13, 4, "0/0", "0/1", "1/1")),
        ("phased", 1, COHORT, genotypes(13, 4, "1|1", "0|1", "0|0")),
        ("second ALT", 2, COHORT, genotypes(13, 4, "1/1", "1/2", "2/2")),
        ("codes", 4, COHORT, genotypes(13, 4, "0/0", "0/4", "4|4")),
        ("no calls", 1, COHORT, vec!["."; 300]),
    ];
    let context = session(&sites);
    let sql = "SELECT site, round(hwe(calls)[1], 6) one, round(hwe(calls)[2], 6) two, round(hwe(calls)[4], 6) four, \
               cardinality(hwe(calls)) tests FROM sites";
    expect![[r#"
        +------------+----------+----------+----------+-------+
        | site       | one      | two      | four     | tests |
        +------------+----------+----------+----------+-------+
        | 13 hets    | 0.010293 |          |          | 1     |
        | phased     | 0.010293 |          |          | 1     |
        | second ALT | 0.010293 | 0.010293 |          | 2     |
        | codes      | 1.0      | 1.0      | 0.010293 | 4     |
        | no calls   |          |          |          |       |
        +------------+----------+----------+----------+-------+"#]]
    .assert_eq(&answer(&context, sql).await);
}

#[tokio::test]
async fn very_many_samples_are_counted_by_words() {
    let genotypes: Vec<&str> = (0..300).map(|i| if i % 3 == 0 { "0|1" } else { "0|0" }).collect();
    let context = session(&[("many", 1, COHORT, genotypes)]);
    let sql = "SELECT allele_count(calls), allele_number(calls, ids), allele_count(calls, ids), cardinality(carriers(calls, ids)) \
               FROM sites, (SELECT array_agg('S' || i) AS ids FROM generate_series(100, 299) AS t(i))";
    expect![[r#"
        +---------------------------+--------------------------------+-------------------------------+----------------------------------------+
        | allele_count(sites.calls) | allele_number(sites.calls,ids) | allele_count(sites.calls,ids) | cardinality(carriers(sites.calls,ids)) |
        +---------------------------+--------------------------------+-------------------------------+----------------------------------------+
        | [100]                     | 400                            | [66]                          | 66                                     |
        +---------------------------+--------------------------------+-------------------------------+----------------------------------------+"#]].assert_eq(&answer(&context, sql).await);
}

#[tokio::test]
async fn arguments_of_other_types_are_told_what_to_write() {
    for sql in [
        "SELECT allele_count() FROM sites",
        "SELECT allele_count(site) FROM sites",
        "SELECT allele_count(ARRAY[0, 1]) FROM sites",
        "SELECT allele_count(calls, 'child') FROM sites",
        "SELECT allele_count(calls, ARRAY[1]) FROM sites",
        "SELECT carriers(calls, ARRAY['child'], 1) FROM sites",
        "SELECT call(calls) FROM sites",
        "SELECT dosage(calls, ARRAY['child']) FROM sites",
        "SELECT dosage(named_struct('vector', X'58'), 'child')",
    ] {
        let answer = answer(&session(&family()), sql).await;
        assert!(answer.contains(": write "), "{sql}: {answer}");
    }
}

#[tokio::test]
async fn damage_is_an_error_that_tells_no_data() {
    for calls in [
        "named_struct('headerset', 99, 'vector', X'5800', 'alternates', 1)",
        "named_struct('headerset', 7, 'vector', X'58', 'alternates', 1)",
        "named_struct('headerset', 7, 'vector', X'', 'alternates', 1)",
        "named_struct('headerset', 7, 'vector', X'5801', 'alternates', 0)",
    ] {
        for function in ["allele_count", "hom_alt_count", "hwe"] {
            let answer = answer(&session(&[]), &format!("SELECT {function}({calls})")).await;
            let known = ["is not known", "is damaged", "does not have"];
            let no_calls = function == "hwe" && calls.ends_with("0)");
            assert!(no_calls || known.iter().any(|text| answer.contains(text)), "{calls}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_found_by_a_condition() {
    let world = World::new().await;
    let rows = ["NA1", "NA2", "HG1", "NA1"].map(|sample| row("chr1", 5, sample));
    world.add(TABLE, "job", vec![batch(&rows)]).await;
    let list = |table: &str, condition: &str| format!("SELECT array_sort(samples_where({table}, {condition}))");
    assert_eq!(world.rows(&list("cohort", "sampleid LIKE 'NA%'")).await, ["[NA1, NA2]"]);
    assert_eq!(world.rows(&list("\"default\".\"cohort\"", "start = 5 AND sampleid > 'H'")).await, ["[HG1, NA1, NA2]"]);
    assert_eq!(world.rows(&list("cohort", "sampleid IN (SELECT 'HG1')")).await, ["[HG1]"]);
    let nested = "array_has(samples_where(cohort, sampleid < 'I'), sampleid)";
    assert_eq!(world.rows(&list("cohort", nested)).await, ["[HG1]"]);
    let own = "WITH panel AS (SELECT 'X1' AS sampleid) SELECT Samples_Where(panel, TRUE)";
    assert_eq!(world.rows(own).await, ["[X1]"]);
    assert!(world.query("EXPLAIN SELECT samples_where(cohort, start > 7)").await.contains("Subquery"));
    for wrong in ["", "cohort", "cohort, 'a', 'b'", "'cohort', true", "DISTINCT cohort, true", "1, 2", "*"] {
        let answer = world.query(&format!("SELECT samples_where({wrong})")).await;
        assert!(answer.contains("samples_where takes the name of a table and a condition"), "{wrong}: {answer}");
    }
    let answer = world.query("SELECT samples_where(other, true)").await;
    assert!(answer.contains("Tables: cohort"), "{answer}");
    let many = vec!["samples_where(cohort, true)"; 65].join(", ");
    assert!(world.query(&format!("SELECT {many}")).await.contains("FROM and JOIN"));
}
