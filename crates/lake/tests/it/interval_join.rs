//! Joins on overlapping intervals: their answers against those of the same condition spelled so that it is not recognized,
//! their plans, their limits.

use crate::world::{Row, TABLE, World, batch};
use futures::TryStreamExt;
use varberg_lake::QueryError;

/// A small generator of numbers, so that a failure comes back.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Two tables `a` and `b` of intervals (c, s, e, their 32-bit twins, an id, a small number q), with nulls, empty and inverted
/// intervals, duplicates.
const TABLES: &str = "WITH t AS (SELECT sampleid, NULLIF(contigname, 'nil') AS c, NULLIF(start, 13) AS s, \
     NULLIF(\"end\", 17) AS e, CAST(NULLIF(start, 13) AS INT) AS s32, CAST(NULLIF(\"end\", 17) AS INT) AS e32, \
     depth AS id, qual AS q FROM cohort), \
     a AS (SELECT * FROM t WHERE sampleid = 'a'), b AS (SELECT * FROM t WHERE sampleid = 'b')";

fn intervals(dice: &mut Dice, sample: &'static str, rows: i32, contigs: &[&'static str]) -> Vec<Row> {
    let row = |id: i32| {
        let start = dice.below(60);
        let length = if dice.below(10) == 0 { 40 } else { dice.below(9) - 2 };
        let contig = contigs[usize::try_from(dice.below(i64::try_from(contigs.len()).unwrap())).unwrap()];
        let qual = Some(f64::from(i32::try_from(dice.below(4)).unwrap()));
        Row { contig, start, end: start + length, sample: Some(sample), depth: Some(id), qual, ..Row::default() }
    };
    (0..rows).map(row).collect()
}

async fn random(seed: u64, a: i32, b: i32) -> World {
    let world = World::new().await;
    let mut dice = Dice(seed);
    let contigs = ["1", "2", "X", "nil"];
    let mut files = Vec::new();
    for (sample, rows) in [("a", a), ("b", b)] {
        let rows = intervals(&mut dice, sample, rows, &contigs);
        files.extend(rows.chunks(rows.len().div_ceil(3)).map(batch));
    }
    world.add(TABLE, "job", files).await;
    world
}

/// Spellings of an overlap, and the same where both sides stand in one operand.
const SPELLINGS: [(&str, &str); 14] = [
    ("a.s < b.e AND b.s < a.e", "a.s - b.e < 0 AND b.s - a.e < 0"),
    ("b.e > a.s AND a.e > b.s", "a.s - b.e < 0 AND b.s - a.e < 0"),
    ("a.s <= b.e AND a.e >= b.s", "a.s - b.e <= 0 AND a.e - b.s >= 0"),
    ("a.s >= b.s AND a.s < b.e", "a.s - b.s >= 0 AND a.s - b.e < 0"),
    ("b.s >= a.s AND b.s < a.e", "b.s - a.s >= 0 AND b.s - a.e < 0"),
    ("a.s BETWEEN b.s AND b.e", "a.s - b.s >= 0 AND a.s - b.e <= 0"),
    ("b.s <= a.s AND a.e <= b.e", "b.s - a.s <= 0 AND a.e - b.e <= 0"),
    ("NOT (a.s >= b.e OR a.e <= b.s)", "a.s - b.e < 0 AND b.s - a.e < 0"),
    ("a.s32 < b.e AND b.s < a.e32", "a.s32 - b.e < 0 AND b.s - a.e32 < 0"),
    ("a.s32 < b.e32 AND b.s32 < a.e32", "a.s32 - b.e32 < 0 AND b.s32 - a.e32 < 0"),
    ("a.s - 3 < b.e AND b.s < a.e + 3", "a.s - 3 - b.e < 0 AND b.s - a.e - 3 < 0"),
    ("a.s < b.e AND b.s < a.e AND a.q <> b.q", "a.s - b.e < 0 AND b.s - a.e < 0 AND a.q <> b.q"),
    ("a.s < b.e AND b.s < a.e AND a.q > 1", "a.s - b.e < 0 AND b.s - a.e < 0 AND a.q > 1"),
    (
        "a.s < b.e AND b.s < a.e AND a.s > b.s - 4 AND b.q = 2",
        "a.s - b.e < 0 AND b.s - a.e < 0 AND a.s - b.s > -4 AND b.q = 2",
    ),
];

/// Questions; `{on}` stands for a condition.
const QUESTIONS: [&str; 14] = [
    "SELECT a.id, b.id FROM a JOIN b ON {on}",
    "SELECT b.q, a.c, a.id, b.id FROM b JOIN a ON {on}",
    "SELECT COALESCE(a.id, -1), COALESCE(b.id, -1) FROM a LEFT JOIN b ON {on}",
    "SELECT COALESCE(a.id, -1), COALESCE(b.id, -1) FROM a RIGHT JOIN b ON {on}",
    "SELECT COALESCE(a.id, -1), COALESCE(b.id, -1) FROM a FULL JOIN b ON {on}",
    "SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE {on})",
    "SELECT id FROM b WHERE EXISTS (SELECT 1 FROM a WHERE {on})",
    "SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE {on})",
    "SELECT id FROM b WHERE NOT EXISTS (SELECT 1 FROM a WHERE {on})",
    "SELECT id FROM a WHERE q = 1 OR EXISTS (SELECT 1 FROM b WHERE {on})",
    "SELECT id FROM b WHERE q = 1 OR EXISTS (SELECT 1 FROM a WHERE {on})",
    "SELECT count(*) FROM a JOIN b ON {on}",
    "SELECT b.id, count(*), count(DISTINCT a.id), min(a.s) FROM a JOIN b ON {on} GROUP BY b.id",
    "SELECT a.id, count(b.id) FROM a LEFT JOIN b ON {on} GROUP BY a.id HAVING count(b.id) <> 1",
];

/// Answers `question` with the condition in both spellings.
async fn check(world: &World, question: &str, condition: &str, reference: &str) {
    let sql = |on: &str| format!("{TABLES} {}", question.replace("{on}", on));
    let plan = world.query(&format!("EXPLAIN {}", sql(condition))).await;
    assert!(plan.contains("IntervalJoinExec"), "{question}: {condition}:\n{plan}");
    let plan = world.query(&format!("EXPLAIN {}", sql(reference))).await;
    assert!(!plan.contains("IntervalJoinExec"), "{question}: {reference}:\n{plan}");
    let mut rows = world.rows(&sql(condition)).await;
    let mut expected = world.rows(&sql(reference)).await;
    rows.sort_unstable();
    expected.sort_unstable();
    assert!(!expected.is_empty(), "{question}");
    assert_eq!(rows, expected, "{question}: {condition}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_answers_as_its_nested_loop() {
    for (seed, a, b) in [(1, 200, 30), (2, 20, 170)] {
        let world = random(seed, a, b).await;
        for (condition, reference) in SPELLINGS {
            let (condition, reference) = (format!("a.c = b.c AND {condition}"), format!("a.c = b.c AND {reference}"));
            check(&world, QUESTIONS[0], &condition, &reference).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_join_answers_as_its_nested_loop() {
    for (seed, a, b) in [(3, 300, 20), (4, 25, 250)] {
        let world = random(seed, a, b).await;
        for question in QUESTIONS {
            for (condition, reference) in [SPELLINGS[0], SPELLINGS[5], SPELLINGS[11]] {
                check(&world, question, &format!("a.c = b.c AND {condition}"), &format!("a.c = b.c AND {reference}"))
                    .await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_may_be_missing_calculated_several_or_equal_as_nulls() {
    let world = random(5, 150, 60).await;
    for key in [
        "",
        "lower(a.c) = lower(b.c) AND ",
        "a.c = b.c AND CAST(a.q AS INT) = CAST(b.q AS INT) + 1 AND ",
        "(a.c IS NOT DISTINCT FROM b.c) AND ",
    ] {
        for question in [QUESTIONS[0], QUESTIONS[2], QUESTIONS[8]] {
            let (condition, reference) = SPELLINGS[0];
            check(&world, question, &format!("{key}{condition}"), &format!("{key}{reference}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_joins_are_planned_as_before() {
    let world = random(6, 50, 50).await;
    for sql in [
        "SELECT 1 FROM a JOIN b ON a.c = b.c AND a.s = b.s",
        "SELECT 1 FROM a JOIN b ON a.c = b.c AND a.s < b.s",
        "SELECT 1 FROM a JOIN b ON a.c = b.c AND a.s < b.s AND a.e < b.e",
        "SELECT 1 FROM a JOIN b ON a.c = b.c AND (a.s < b.e OR b.s < a.e)",
        "SELECT 1 FROM a JOIN b ON a.c = b.c AND a.q < b.q AND a.q > b.s",
        "SELECT 1 FROM a WHERE a.id NOT IN (SELECT id FROM b WHERE a.s < b.e AND b.s < a.e)",
        "SELECT 1 FROM a CROSS JOIN b",
    ] {
        let plan = world.query(&format!("EXPLAIN {TABLES} {sql}")).await;
        assert!(!plan.contains("IntervalJoinExec"), "{sql}:\n{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_at_the_ends_of_their_type_do_not_overflow() {
    let world = World::new().await;
    let tables = "WITH n AS (SELECT -9223372036854775807 - 1 AS least, 9223372036854775807 AS most), \
         a AS (SELECT 1 AS id, least AS s, most AS e FROM n UNION ALL SELECT 2, most AS s, most AS e FROM n \
               UNION ALL SELECT 3, least AS s, least AS e FROM n UNION ALL SELECT 4, 5, 6 FROM n), \
         b AS (SELECT 1 AS id, least AS s, most AS e FROM n UNION ALL SELECT 2, most, least FROM n UNION ALL SELECT 3, 5, 5 FROM n)";
    for (condition, expected) in [
        ("a.s < b.e AND b.s < a.e", vec!["1 1", "1 3", "4 1"]),
        ("a.s <= b.e AND b.s <= a.e", vec!["1 1", "1 2", "1 3", "2 1", "3 1", "4 1", "4 3"]),
    ] {
        let sql = format!("{tables} SELECT a.id, b.id FROM a JOIN b ON {condition} ORDER BY 1, 2");
        let plan = world.query(&format!("EXPLAIN {sql}")).await;
        assert!(plan.contains("IntervalJoinExec"), "{plan}");
        assert_eq!(world.rows(&sql).await, expected, "{condition}");
    }
}

/// `rows` intervals of each sample that all overlap one another.
async fn crowded(a: i32, b: i32) -> World {
    let world = World::new().await;
    for (sample, rows) in [("a", a), ("b", b)] {
        let row = |id: i32| Row {
            contig: "1",
            start: i64::from(id),
            end: 1_000_000,
            sample: Some(sample),
            depth: Some(id),
            ..Row::default()
        };
        world.add(TABLE, sample, vec![batch(&(0..rows).map(row).collect::<Vec<_>>())]).await;
    }
    world
}

const OVERLAP: &str = "SELECT a.depth, b.depth FROM cohort a JOIN cohort b ON a.contigname = b.contigname \
     AND a.start < b.\"end\" AND b.start < a.\"end\" AND a.sampleid = 'a' AND b.sampleid = 'b'";

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_many_partners_makes_many_batches() {
    let world = crowded(3, 50_000).await;
    for sql in [OVERLAP.to_owned(), OVERLAP.replace(" JOIN ", " RIGHT JOIN ")] {
        let batches = world.try_query(&sql).await.unwrap();
        assert!(batches.iter().all(|batch| batch.num_rows() <= 16_384), "{sql}");
    }
    assert_eq!(
        world.rows(&format!("SELECT count(*), sum(x + y) FROM ({OVERLAP}) AS t(x, y)")).await,
        ["150000 3750075000"]
    );
    assert_eq!(world.rows(&format!("SELECT count(*) FROM ({OVERLAP} LIMIT 70000)")).await, ["70000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_side_beyond_the_memory_is_an_error() {
    let world = crowded(60_000, 60_000).await;
    let mut request = world.request(&format!("SELECT count(*) FROM ({OVERLAP} AND a.start = b.start)"), &[TABLE]).await;
    request.limits.memory_bytes = 2 << 20;
    let answer = async {
        varberg_lake::query::run(request).await?.try_collect::<Vec<_>>().await.map_err(|e| QueryError::from_engine(&e))
    };
    match answer.await {
        Err(QueryError::ResourcesExhausted(text)) => assert!(text.contains("memory"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_finds_nothing_for_long_stops_in_time() {
    let world = crowded(60_000, 60_000).await;
    let mut request = world.request(&format!("{OVERLAP} AND a.depth + b.depth < 0"), &[TABLE]).await;
    request.limits.time_s = 1;
    let begun = std::time::Instant::now();
    let answer = async {
        varberg_lake::query::run(request).await?.try_collect::<Vec<_>>().await.map_err(|e| QueryError::from_engine(&e))
    };
    assert!(matches!(answer.await, Err(QueryError::ResourcesExhausted(_))));
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn order_limits_recursion_and_measures_work_as_for_other_joins() {
    let world = random(7, 300, 40).await;
    let on = "a.c = b.c AND a.s < b.e AND b.s < a.e";
    let ordered =
        format!("{TABLES} SELECT a.c, a.s, a.id, b.id FROM a JOIN b ON {on} ORDER BY a.c, a.s, a.id, b.id LIMIT 40");
    let reference = ordered.replace("a.s < b.e AND b.s < a.e", "a.s - b.e < 0 AND b.s - a.e < 0");
    assert_eq!(world.rows(&ordered).await, world.rows(&reference).await);
    // Steps from an interval to those that it touches, four times.
    let steps = format!(
        "{} , r AS (SELECT s, e, 0 AS n FROM b WHERE id = 3 UNION ALL \
         SELECT DISTINCT b.s, b.e, n + 1 FROM r JOIN b ON r.s < b.e AND b.s < r.e WHERE n < 4) \
         SELECT n, count(*) FROM r GROUP BY n ORDER BY n",
        TABLES.replace("WITH t", "WITH RECURSIVE t")
    );
    assert!(world.query(&format!("EXPLAIN {steps}")).await.contains("IntervalJoinExec"));
    let reference = steps.replace("r.s < b.e AND b.s < r.e", "r.s - b.e < 0 AND b.s - r.e < 0");
    assert_eq!(world.rows(&steps).await, world.rows(&reference).await);
    let measured = world.query(&format!("EXPLAIN ANALYZE {TABLES} SELECT count(*) FROM a JOIN b ON {on}")).await;
    for name in ["IntervalJoinExec", "build_input_rows", "build_time", "build_mem_used", "input_rows", "output_rows"] {
        assert!(measured.contains(name), "{name}: {measured}");
    }
}

/// 20 files of one contig each, with 100 variants; three regions on one of them.
async fn regions() -> World {
    const CONTIGS: [&str; 20] =
        ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"];
    let world = World::new().await;
    let file = |contig| batch(&(0..100).map(|at| crate::world::row(contig, at * 10, "a")).collect::<Vec<_>>());
    let mut files: Vec<_> = CONTIGS.into_iter().map(file).collect();
    files.push(batch(
        &[(100, 200), (150, 160), (300, 301)].map(|(start, end)| Row { end, ..crate::world::row("7", start, "b") }),
    ));
    world.add(TABLE, "job", files).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_beyond_all_regions_is_not_read() {
    let world = regions().await;
    let on = "v.sampleid = 'a' AND r.sampleid = 'b' AND v.contigname = r.contigname AND v.start >= r.start AND v.start < r.\"end\"";
    for (sql, answer) in [
        (format!("SELECT count(*) FROM cohort v JOIN cohort r ON {on}"), "12"),
        (format!("SELECT count(*) FROM cohort v WHERE EXISTS (SELECT 1 FROM cohort r WHERE {on})"), "11"),
        (
            format!("SELECT count(DISTINCT v.start) FROM cohort r LEFT JOIN cohort v ON {on} WHERE r.sampleid = 'b'"),
            "11",
        ),
    ] {
        assert_eq!(world.rows(&sql).await, [answer], "{sql}");
        let measured = world.query(&format!("EXPLAIN ANALYZE {sql}")).await;
        assert!(measured.contains("IntervalJoinExec"), "{measured}");
        // Of 20 groups of rows, or files, 19 are skipped.
        let read: Vec<&str> =
            measured.split("input_rows=").skip(1).filter_map(|rest| rest.split([',', ']']).next()).collect();
        let most = read.iter().filter_map(|rows| rows.trim().parse::<u64>().ok()).max().unwrap();
        assert!(most <= 100, "{read:?} {measured}");
    }
    // Rows without a partner are wanted here.
    let sql = format!(
        "SELECT count(*) FROM cohort v WHERE v.sampleid = 'a' AND NOT EXISTS (SELECT 1 FROM cohort r WHERE {on})"
    );
    assert_eq!(world.rows(&sql).await, ["1989"]);
}
