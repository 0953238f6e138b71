//! Old snapshots dropped.

use crate::world::{NAMESPACE, TABLE, World, batch, row};
use varberg_lake::{Expiry, SwapResult, expire};

fn expiry(snapshots: Vec<i64>) -> Expiry {
    Expiry { namespace: NAMESPACE.to_owned(), name: TABLE.to_owned(), snapshots, tag: "task-1".to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_snapshots_are_gone_and_the_rows_stay() {
    let world = World::new().await;
    for (n, job) in (1..).zip(["a", "b", "c", "d"]) {
        world.add(TABLE, job, vec![batch(&[row("chr1", n, "s")])]).await;
    }
    let before = world.location(TABLE).await;
    let ids: Vec<i64> = world.lake.describe(&before).await.unwrap().snapshots.iter().map(|s| s.id).collect();
    assert_eq!(world.lake.expirable(&before, i64::MAX, 1).await.unwrap(), ids[..3]);
    assert_eq!(world.lake.expirable(&before, i64::MAX, 3).await.unwrap(), ids[..1]);
    assert_eq!(world.lake.expirable(&before, i64::MAX, 0).await.unwrap(), ids[..3], "the current one stays");
    assert!(world.lake.expirable(&before, 0, 1).await.unwrap().is_empty(), "none is that old");
    world.add(TABLE, "e", vec![batch(&[row("chr1", 5, "s")])]).await; // meanwhile
    let dropped = expire(&world.lake, &world.pointers, &expiry(ids[..3].to_vec()), &(), || ()).await.unwrap();
    assert_eq!(dropped, SwapResult::Swapped);
    let after = world.location(TABLE).await;
    let info = world.lake.describe(&after).await.unwrap();
    assert_eq!((info.snapshots.len(), info.snapshots[0].id, info.records), (2, ids[3], 5));
    assert_eq!(world.rows("SELECT count(*) FROM cohort").await, ["5"]);
    let gone = world.try_query(&format!("SELECT 1 FROM cohort FOR VERSION AS OF {}", ids[0])).await.unwrap_err();
    assert!(gone.to_string().contains("keeps no snapshot"), "{gone}");
    assert_eq!(world.rows(&format!("SELECT count(*) FROM cohort FOR VERSION AS OF {}", ids[3])).await, ["4"]);
    // Data files are all still needed; lists of manifests are not.
    let (old, new) = (world.lake.reachable(&before).await.unwrap(), world.lake.reachable(&after).await.unwrap());
    let unneeded: Vec<&String> = old.difference(&new).collect();
    assert!(unneeded.len() >= 3 && unneeded.iter().all(|path| path.ends_with("-list.avro")), "{unneeded:?}");
    // Again: nothing to do, and the current snapshot is never dropped.
    let all = world.lake.describe(&after).await.unwrap().snapshots.iter().map(|s| s.id).collect::<Vec<_>>();
    let current = expiry(vec![*all.last().unwrap(), ids[0]]);
    assert_eq!(expire(&world.lake, &world.pointers, &current, &(), || ()).await.unwrap(), SwapResult::Swapped);
    assert_eq!(world.location(TABLE).await, after);
}
