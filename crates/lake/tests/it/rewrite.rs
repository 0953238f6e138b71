//! Files replaced by others: rows stay what they were, whoever adds rows meanwhile.

use crate::world::{NAMESPACE, TABLE, World, batch, row};
use std::collections::{BTreeMap, BTreeSet};
use varberg_lake::{DataFile, Error, Rewrite, SwapResult, rewrite};

fn replaced(old: &[DataFile], new: Vec<DataFile>, keeps_rows: bool) -> Rewrite {
    Rewrite {
        namespace: NAMESPACE.to_owned(),
        name: TABLE.to_owned(),
        removed: old.iter().map(|file| file.path.clone()).collect::<BTreeSet<_>>(),
        added: new,
        keeps_rows,
        summary: BTreeMap::from([("varberg.task-id".to_owned(), "task".to_owned())]),
        tag: "task-1".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_replaced_on_top_of_what_came_meanwhile() {
    let world = World::new().await;
    let mut old = world.add(TABLE, "a", vec![batch(&[row("chr1", 1, "s")])]).await;
    old.extend(world.add(TABLE, "b", vec![batch(&[row("chr1", 2, "t")])]).await);
    let new = world.write("task", vec![batch(&[row("chr1", 1, "s"), row("chr1", 2, "t")])]).await;
    world.add(TABLE, "c", vec![batch(&[row("chr1", 3, "u")])]).await; // meanwhile
    let before = world.location(TABLE).await;
    let change = replaced(&old, new.clone(), true);
    assert_eq!(rewrite(&world.lake, &world.pointers, &change, &(), || ()).await.unwrap(), SwapResult::Swapped);
    let location = world.location(TABLE).await;
    let info = world.lake.describe(&location).await.unwrap();
    assert_eq!((info.records, info.data_files, info.snapshots.len()), (3, 2, 4));
    let last = info.snapshots.last().unwrap();
    assert_eq!((last.operation.as_str(), last.summary["deleted-data-files"].as_str()), ("replace", "2"));
    assert_eq!((last.summary["total-records"].as_str(), last.summary.contains_key("varberg.job-id")), ("3", false));
    assert_eq!(world.rows("SELECT start, sampleid FROM cohort ORDER BY start").await, ["1 s", "2 t", "3 u"]);
    let (now, then) = (world.lake.reachable(&location).await.unwrap(), world.lake.reachable(&before).await.unwrap());
    assert!(then.is_subset(&now), "old snapshots keep their files");
    // The old files are no longer there to be replaced.
    let again = rewrite(&world.lake, &world.pointers, &change, &(), || ()).await;
    assert!(matches!(again, Err(Error::FilesGone { .. })), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewrite_that_would_lose_rows_is_refused() {
    let world = World::new().await;
    let old = world.add(TABLE, "a", vec![batch(&[row("chr1", 1, "s"), row("chr1", 2, "s")])]).await;
    let new = world.write("task", vec![batch(&[row("chr1", 1, "s")])]).await;
    let refused = rewrite(&world.lake, &world.pointers, &replaced(&old, new, true), &(), || ()).await;
    assert!(matches!(refused, Err(Error::Internal(_))), "{refused:?}");
    assert_eq!(world.rows("SELECT count(*) FROM cohort").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_removed_with_and_without_new_files() {
    let world = World::new().await;
    let one = world.add(TABLE, "a", vec![batch(&[row("chr1", 1, "s")])]).await;
    let two = world.add(TABLE, "b", vec![batch(&[row("chr1", 2, "s"), row("chr1", 3, "s")])]).await;
    rewrite(&world.lake, &world.pointers, &replaced(&one, Vec::new(), false), &(), || ()).await.unwrap();
    let rest = world.write("task", vec![batch(&[row("chr1", 3, "s")])]).await;
    rewrite(&world.lake, &world.pointers, &replaced(&two, rest, false), &(), || ()).await.unwrap();
    let info = world.lake.describe(&world.location(TABLE).await).await.unwrap();
    let operations: Vec<&str> = info.snapshots.iter().map(|s| s.operation.as_str()).collect();
    assert_eq!(operations, ["append", "append", "delete", "overwrite"]);
    assert_eq!((info.records, info.data_files), (1, 1));
    assert_eq!(world.rows("SELECT start FROM cohort").await, ["3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_files_of_merged_manifests_loses_nothing() {
    let world = World::new().await;
    let mut old = Vec::new();
    for n in 0..103_i64 {
        let file = world.write(&format!("job{n}"), vec![batch(&[row("chr1", n, "s")])]).await;
        world.append(TABLE, &format!("job{n}"), file.clone()).await;
        old.extend(file);
    }
    let rows: Vec<_> = (0..60).map(|n| row("chr1", n, "s")).collect();
    let new = world.write("task", vec![batch(&rows)]).await;
    rewrite(&world.lake, &world.pointers, &replaced(&old[..60], new, true), &(), || ()).await.unwrap();
    assert_eq!(world.rows("SELECT count(*), count(DISTINCT start) FROM cohort").await, ["103 103"]);
    let info = world.lake.describe(&world.location(TABLE).await).await.unwrap();
    assert_eq!((info.records, info.data_files), (103, 44));
}
