//! Time travel, and the tables about tables.

use crate::world::{NAMESPACE, TABLE, World, batch, row};
use varberg_lake::SnapshotInfo;

/// Three snapshots of one, two and three rows.
async fn three() -> (World, Vec<SnapshotInfo>) {
    let world = World::new().await;
    for (n, job) in (1..).zip(["a", "b", "c"]) {
        world.add(TABLE, job, vec![batch(&[row("chr1", n, "s")])]).await;
        tokio::time::sleep(std::time::Duration::from_millis(3)).await; // so that each has a time of its own
    }
    let snapshots = world.lake.describe(&world.location(TABLE).await).await.unwrap().snapshots;
    (world, snapshots)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_read_wherever_a_table_can_stand() {
    let (world, snapshots) = three().await;
    let (first, second) = (snapshots[0].id, snapshots[1].id);
    for (sql, expected) in [
        (format!("SELECT count(*) FROM cohort FOR VERSION AS OF {first}"), "1"),
        (format!("SELECT count(cohort.start) FROM cohort for version as of {second} WHERE cohort.sampleid = 's'"), "2"),
        (format!("SELECT max(c.start) FROM \"{NAMESPACE}\".\"cohort\" FOR VERSION AS OF {second} c"), "2"),
        (format!("SELECT count(*) FROM cohort FOR VERSION AS OF {first} AS a CROSS JOIN cohort AS b"), "3"),
        (
            format!(
                "SELECT count(*) FROM cohort b JOIN default.cohort FOR VERSION AS OF {second} a ON a.start = b.start"
            ),
            "2",
        ),
        (
            format!(
                "SELECT count(*) FROM (SELECT 'é', 1 FROM cohort FOR VERSION AS OF {first}\n UNION ALL \
                 SELECT 'é', 2 FROM cohort FOR VERSION AS OF {first}) x"
            ),
            "2",
        ),
        ("SELECT count(*) FROM cohort".to_owned(), "3"),
    ] {
        assert_eq!(world.rows(&sql).await, [expected], "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_finds_what_was_current_then() {
    let (world, snapshots) = three().await;
    let time = |ms: i64| {
        let time = chrono::DateTime::from_timestamp_millis(ms).unwrap();
        time.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
    };
    for (n, snapshot) in snapshots.iter().enumerate() {
        let then = time(snapshot.timestamp_ms);
        for written in [
            format!("TIMESTAMP '{then}'"),
            format!("TIMESTAMP '{then} UTC'"),
            format!("TIMESTAMP '{then} +00:00'"),
            format!("'{}Z'", then.replace(' ', "T")),
        ] {
            let sql = format!("SELECT count(*) FROM cohort FOR TIMESTAMP AS OF {written}");
            assert_eq!(world.rows(&sql).await, [(n + 1).to_string()], "{sql}");
        }
    }
    assert_eq!(world.rows("SELECT count(*) FROM cohort FOR TIMESTAMP AS OF DATE '2999-01-01'").await, ["3"]);
    let before = time(snapshots[0].timestamp_ms - 1);
    let refused = world.try_query(&format!("SELECT 1 FROM cohort FOR TIMESTAMP AS OF TIMESTAMP '{before}'")).await;
    let expected = "table cohort keeps no snapshot of that time or before; those it keeps are in \"cohort$snapshots\"";
    assert_eq!(refused.unwrap_err().to_string(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_found_or_read_is_said() {
    let (world, snapshots) = three().await;
    let id = snapshots[0].id;
    let usage = "write FOR VERSION AS OF and the id of a snapshot, or FOR TIMESTAMP AS OF TIMESTAMP '2026-01-31 12:00:00' \
                 (UTC unless the text names another zone), after the table's name";
    for (sql, expected) in [
        (
            "SELECT 1 FROM cohort FOR VERSION AS OF 17".to_owned(),
            "table cohort keeps no snapshot 17; those it keeps are in \"cohort$snapshots\"",
        ),
        (format!("SELECT 1 FROM other FOR VERSION AS OF {id}"), "table 'default.other' not found. Tables: cohort"),
        ("SELECT 1 FROM cohort FOR VERSION AS OF 'x'".to_owned(), usage),
        ("SELECT 1 FROM cohort FOR VERSION AS OF".to_owned(), usage),
        ("SELECT 1 FROM cohort FOR TIMESTAMP AS OF TIMESTAMP 'yesterday'".to_owned(), usage),
        ("SELECT 1 FROM cohort FOR TIMESTAMP AS OF current_timestamp".to_owned(), usage),
        (format!("SELECT 1 FROM (SELECT 1) FOR VERSION AS OF {id}"), usage),
    ] {
        assert_eq!(world.try_query(&sql).await.unwrap_err().to_string(), expected, "{sql}");
    }
    // The words mean nothing elsewhere.
    assert_eq!(
        world.rows("SELECT 'FOR VERSION AS OF 3', substring('abc' FROM 2 FOR 1)").await,
        ["FOR VERSION AS OF 3 b"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_told_with_their_jobs() {
    let (world, snapshots) = three().await;
    let sql = "SELECT snapshot_id, parent_id, operation, job_id, summary['total-records'] FROM \"cohort$snapshots\" \
               ORDER BY committed_at";
    let parents = ["", &snapshots[0].id.to_string(), &snapshots[1].id.to_string()].map(str::to_owned);
    let expected: Vec<String> = (1..)
        .zip(snapshots.iter().zip(parents).zip(["a", "b", "c"]))
        .map(|(n, ((snapshot, parent), job))| {
            let words = [snapshot.id.to_string(), parent, "append".to_owned(), job.to_owned(), format!("{n}")];
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(world.rows(sql).await, expected);
    let when = "SELECT count(*) FROM \"cohort$snapshots\" WHERE committed_at > TIMESTAMP '2020-01-01 00:00:00' \
                AND manifest_list LIKE '%.avro'";
    assert_eq!(world.rows(when).await, ["3"]);
    // Neither is shown among the tables, and neither is there for a table that is not.
    assert_eq!(world.rows("SHOW TABLES").await.len(), 2);
    assert!(world.try_query("SELECT * FROM \"other$snapshots\"").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_told_with_their_bounds() {
    let (world, _) = three().await;
    let sql = "SELECT content, file_format, record_count, sort_order_id, lower_bounds[2] contig, upper_bounds[3] start, \
               value_counts[3] > 0, file_size_in_bytes > 0 FROM \"cohort$files\" ORDER BY start";
    let row = |n: i32| format!("0 PARQUET 1 1 chr1 {n} true true");
    assert_eq!(world.rows(sql).await, [row(1), row(2), row(3)]);
    let named = format!("SELECT count(DISTINCT file_path) FROM \"{NAMESPACE}\".\"cohort$files\"");
    assert_eq!(world.rows(&named).await, ["3"]);
}
