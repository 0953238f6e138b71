//! Commits: races, repeats, refusals.

use crate::world::{NAMESPACE, TABLE, World, appended, batch, row};
use async_trait::async_trait;
use std::sync::atomic::{AtomicUsize, Ordering};
use varberg_lake::{Error, PointerStore, SwapResult, TableSwap, append};

#[tokio::test(flavor = "multi_thread")]
async fn racing_appends_both_land() {
    let world = World::new().await;
    let mut files = Vec::new();
    for job in ["a", "b", "c", "d"] {
        files.push((job, world.write(job, vec![batch(&[row("chr1", 1, "s"), row("chr1", 2, "s")])]).await));
    }
    let commits = files.into_iter().map(|(job, files)| world.append(TABLE, job, files));
    let results = futures::future::join_all(commits).await;
    assert!(results.iter().all(|r| *r == SwapResult::Swapped));
    let info = world.lake.describe(&world.location(TABLE).await).await.unwrap();
    assert_eq!((info.records, info.data_files, info.snapshots.len()), (8, 4, 4));
    assert_eq!(world.rows("SELECT count(*), count(DISTINCT start) FROM cohort").await, ["8 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_in_the_table_is_not_added_again() {
    let world = World::new().await;
    let files = world.add(TABLE, "job", vec![batch(&[row("chr1", 1, "s")])]).await;
    let before = world.location(TABLE).await;
    assert_eq!(world.append(TABLE, "job", files).await, SwapResult::Swapped);
    assert_eq!(world.location(TABLE).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_names_its_job_and_files_name_their_tag() {
    let world = World::new().await;
    world.add(TABLE, "job", vec![batch(&[row("chr1", 1, "s")])]).await;
    let location = world.location(TABLE).await;
    let info = world.lake.describe(&location).await.unwrap();
    assert_eq!(info.snapshots[0].summary["varberg.job-id"], "job");
    assert_eq!(info.snapshots[0].operation, "append");
    assert!(location.contains("/00001-job-1-"));
    let reachable = world.lake.reachable(&location).await.unwrap();
    let of_commit = reachable.iter().filter(|path| path.contains("/metadata/") && !path.contains("/00000-"));
    assert!(of_commit.clone().count() == 3 && of_commit.clone().all(|path| path.contains("job-1-")));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tables_move_together() {
    let world = World::new().await;
    world.create("samples").await;
    let files = world.write("job", vec![batch(&[row("chr1", 1, "s")])]).await;
    let appends = [appended(TABLE, "job", files.clone()), appended("samples", "job", files)];
    let staged = AtomicUsize::new(0);
    let count = || {
        staged.fetch_add(1, Ordering::Relaxed);
    };
    let result = append(&world.lake, &world.pointers, &appends, &(), count).await.unwrap();
    assert_eq!((result, staged.into_inner()), (SwapResult::Swapped, 1));
    for table in [TABLE, "samples"] {
        assert_eq!(world.lake.describe(&world.location(table).await).await.unwrap().records, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_manifests_become_one_and_no_row_is_lost() {
    let world = World::new().await;
    let file = world.write("job", vec![batch(&[row("chr1", 1, "s")])]).await;
    for n in 0..104 {
        assert_eq!(world.append(TABLE, &format!("job{n}"), file.clone()).await, SwapResult::Swapped);
    }
    let location = world.location(TABLE).await;
    let info = world.lake.describe(&location).await.unwrap();
    assert_eq!((info.records, info.data_files), (104, 104));
    assert_eq!(world.rows("SELECT count(*), sum(start) FROM cohort").await, ["104 104"]);
}

/// Answers each swap as told.
struct Refusing<'a>(&'a World, Result<(), ()>);

#[async_trait]
impl PointerStore for Refusing<'_> {
    type Outcome = &'static str;

    async fn load(&self, namespace: &str, name: &str) -> varberg_lake::Result<String> {
        self.0.pointers.load(namespace, name).await
    }

    async fn swap(&self, swaps: &[TableSwap], outcome: &&'static str) -> varberg_lake::Result<SwapResult> {
        assert!(swaps.iter().all(|s| s.namespace == NAMESPACE && s.old != s.new));
        match self.1 {
            Ok(()) => Ok(SwapResult::Refused((*outcome).to_owned())),
            Err(()) => Err(Error::pointers("connection lost")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_handed_back_and_a_lost_answer_is_marked() {
    let world = World::new().await;
    let files = world.write("job", vec![batch(&[row("chr1", 1, "s")])]).await;
    let appends = [appended(TABLE, "job", files)];
    let refused = append(&world.lake, &Refusing(&world, Ok(())), &appends, &"lease lost", || ()).await.unwrap();
    assert_eq!(refused, SwapResult::Refused("lease lost".to_owned()));
    let lost = append(&world.lake, &Refusing(&world, Err(())), &appends, &"x", || ()).await.unwrap_err();
    assert!(lost.may_have_committed());
    let elsewhere = [appended("no", "job", appends[0].files.clone())];
    let unknown = append(&world.lake, &world.pointers, &elsewhere, &(), || ());
    assert!(!unknown.await.unwrap_err().may_have_committed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_without_files_still_records_its_outcome() {
    let world = World::new().await;
    let before = world.location(TABLE).await;
    assert_eq!(world.append(TABLE, "job", Vec::new()).await, SwapResult::Swapped);
    assert_eq!(world.location(TABLE).await, before);
}
