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
