//! What SQL cannot do.

use crate::world::{TABLE, World, batch, row};
use varberg_lake::QueryError;

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_not_one_read_only_statement_is_refused() {
    let world = World::new().await;
    for sql in [
        "COPY (SELECT 1) TO '/tmp/varberg-escape.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/varberg-escape.csv'",
        "EXPLAIN COPY (SELECT 1) TO '/tmp/varberg-escape.csv'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "SELECT 1 AS a INTO t",
        "SET datafusion.runtime.memory_limit = '100G'",
        "RESET datafusion.runtime.memory_limit",
        "INSERT INTO cohort SELECT * FROM cohort",
        "WITH a AS (SELECT 1) INSERT INTO cohort SELECT * FROM cohort",
        "DELETE FROM cohort",
        "UPDATE cohort SET start = 1",
        "DROP TABLE cohort",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "SHOW ALL",
        "SHOW datafusion.execution.batch_size",
        "SELECT * FROM information_schema.df_settings",
        "SELECT * FROM information_schema.\"df_settings\"",
        "SELECT 1; SELECT 2",
        "BEGIN",
        "USE other",
    ] {
        let error = world.try_query(sql).await.unwrap_err();
        assert!(matches!(error, QueryError::NotAllowed(_) | QueryError::Invalid(_)), "{sql}: {error:?}");
    }
    assert!(!std::path::Path::new("/tmp/varberg-escape.csv").exists());
    assert_eq!(world.rows("SELECT 1; ;").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_urls_and_unbounded_functions_are_out_of_reach() {
    let world = World::new().await;
    for sql in [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'file:///etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM 's3://bucket/x.parquet'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT repeat('x', 1500000000)",
        "SELECT rpad('x', 1073741824)",
        "SELECT lpad('x', 1073741824)",
        "SELECT range(1, 300000000)",
        "SELECT generate_series(1, 300000000)",
        "SELECT * FROM generate_series(1, 300000000)",
        "SELECT array_repeat(1, 300000000)",
    ] {
        assert!(matches!(world.try_query(sql).await, Err(QueryError::Invalid(_))), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_beyond_the_limits_are_refused_before_planning() {
    let world = World::new().await;
    let long = format!("SELECT '{}'", "x".repeat(300_000));
    let nested = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let cases = format!("SELECT {} 1 {}", "CASE WHEN true THEN ".repeat(200), " END".repeat(200));
    let chain = format!("SELECT {}1", "1 + ".repeat(5_000));
    let products = format!("SELECT {}1", "1 * ".repeat(5_000));
    let nots = format!("SELECT {} true", "NOT ".repeat(5_000));
    let signs = format!("SELECT {}1", "- ".repeat(5_000));
    let unions = format!("SELECT 1 {}", "UNION ALL SELECT 1 ".repeat(2_000));
    let list = format!("SELECT 1 WHERE 1 IN (1{})", ",1".repeat(60_000));
    let joins = format!("SELECT 1 FROM cohort {}", "JOIN cohort ".repeat(100));
    for sql in [long, nested, cases, chain, products, nots, signs, unions, list, joins] {
        let error = world.try_query(&sql).await.unwrap_err();
        assert!(matches!(error, QueryError::NotAllowed(_)), "{}: {error:?}", &sql[..40]);
    }
    let fine = format!("SELECT 1 WHERE 1 IN (1{})", ",2".repeat(2_000));
    assert_eq!(world.rows(&fine).await, ["1"]);
    let deep = format!("SELECT {}1", "1 + ".repeat(490));
    assert_eq!(world.rows(&deep).await, ["491"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_needs_more_memory_than_it_has_is_told_so() {
    let world = World::new().await;
    let rows: Vec<_> = (0..5_000).map(|n| row("chr1", n, "s")).collect();
    world.add(TABLE, "job", vec![batch(&rows)]).await;
    let sql = "SELECT array_agg(a.start * b.start) FROM cohort a CROSS JOIN cohort b";
    let mut request = world.request(sql, &[TABLE]).await;
    request.limits.memory_bytes = 16 << 20;
    let answer = match varberg_lake::query::run(request).await {
        Ok(stream) => {
            let batches: Result<Vec<_>, _> = futures::TryStreamExt::try_collect(stream).await;
            batches.map(|_| ()).map_err(|error| QueryError::from_engine(&error))
        }
        Err(error) => Err(error),
    };
    assert!(matches!(answer, Err(QueryError::ResourcesExhausted(_))), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clauses_that_the_planner_would_ignore_are_refused_by_name() {
    let world = World::new().await;
    world.add(TABLE, "job", vec![batch(&[row("22", 1, "s")])]).await;
    for (sql, clause) in [
        ("SELECT * FROM cohort TABLESAMPLE BERNOULLI (1)", "TABLESAMPLE"),
        ("SELECT * FROM (SELECT 1) TABLESAMPLE (1 PERCENT)", "TABLESAMPLE"),
        ("SELECT * FROM cohort PREWHERE start = 7", "PREWHERE"),
        ("SELECT * FROM cohort CONNECT BY start = 7", "CONNECT BY"),
        ("SELECT * FROM cohort FINAL", ""),
        ("SELECT * FROM cohort PARTITION (p0)", "PARTITION"),
        ("SELECT * FROM cohort WITH (NOLOCK)", "WITH (...)"),
        ("SELECT * FROM cohort FOR UPDATE", "FOR UPDATE"),
        ("SELECT * FROM cohort SETTINGS max_threads = 1", "SETTINGS"),
        ("SELECT * FROM cohort FORMAT JSON", "FORMAT"),
        ("SELECT start, count(*) FROM cohort GROUP BY start WITH ROLLUP", "GROUP BY"),
        ("SELECT * FROM cohort SORT BY start", "SORT BY"),
        ("SELECT * FROM cohort CLUSTER BY start", "CLUSTER BY"),
        ("SELECT TOP 1 * FROM cohort", "TOP"),
        ("SELECT * FROM cohort FETCH FIRST 1 ROWS WITH TIES", "FETCH"),
        ("SELECT start FROM cohort LATERAL VIEW explode(calls) t AS c", "LATERAL VIEW"),
        ("WITH a AS (SELECT * FROM cohort TABLESAMPLE (1 PERCENT)) SELECT * FROM a", "TABLESAMPLE"),
        ("SELECT 1 WHERE 1 IN (SELECT start FROM cohort FOR SHARE)", "FOR SHARE"),
        ("EXPLAIN SELECT * FROM cohort FOR UPDATE", "FOR UPDATE"),
    ] {
        match world.try_query(sql).await {
            Err(QueryError::Invalid(text)) => assert!(text.contains(clause), "{sql}: {text}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_values_quote_no_data() {
    let world = World::new().await;
    world.add(TABLE, "job", vec![batch(&[row("22", 1, "HG00096"), row("X", 2, "HG00097")])]).await;
    for sql in [
        "SELECT count(*) FROM cohort WHERE CAST(sampleid AS INT) = 1",
        "SELECT CAST(sampleid AS INT) FROM cohort",
        "SELECT sum(CAST(sampleid AS DOUBLE)) FROM cohort",
        "SELECT CAST(sampleid AS DATE) FROM cohort",
        "SELECT start / (start - 1) FROM cohort",
    ] {
        match world.try_query(sql).await {
            Err(QueryError::Value(text)) => assert!(!text.contains("HG"), "{sql}: {text}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
    for sql in [
        "SELECT 1 FROM cohort a JOIN cohort b ON a.sampleid = b.start",
        "SELECT count(*) FROM cohort WHERE contigname > 5",
        "SELECT count(*) FROM cohort WHERE contigname BETWEEN 1 AND 5",
        "SELECT count(*) FROM cohort WHERE contigname = 2.5",
        "SELECT count(*) FROM cohort WHERE attributes['AC'] = 5",
        "SELECT a.start FROM cohort a, cohort b WHERE a.sampleid = b.start + 1",
    ] {
        match world.try_query(sql).await {
            Err(QueryError::Invalid(text)) => assert!(text.contains("TRY_CAST"), "{sql}: {text}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_column_equals_an_integer_as_text() {
    let world = World::new().await;
    world.add(TABLE, "job", vec![batch(&[row("22", 1, "s"), row("X", 2, "s"), row("20", 3, "s")])]).await;
    assert_eq!(world.rows("SELECT count(*) FROM cohort WHERE contigname = 22").await, ["1"]);
    assert_eq!(world.rows("SELECT count(*) FROM cohort WHERE contigname IN (20, 22, 'X')").await, ["3"]);
    assert_eq!(world.rows("SELECT count(*) FROM cohort WHERE 22 <> contigname").await, ["2"]);
    assert_eq!(world.rows("SELECT count(*) FROM cohort WHERE sampleid = 1").await, ["0"]);
    assert_eq!(world.rows("SELECT contigname = 22 FROM cohort ORDER BY start").await, ["true", "false", "false"]);
    assert_eq!(
        world.rows("SELECT contigname = 22 k, count(*) FROM cohort GROUP BY k ORDER BY k").await,
        ["false 2", "true 1"]
    );
    assert_eq!(world.rows("SELECT a.start FROM (SELECT * FROM cohort WHERE contigname = 22) a").await, ["1"]);
    assert_eq!(world.rows("SELECT count(*) FROM cohort WHERE start = '2'").await, ["1"]);
}
