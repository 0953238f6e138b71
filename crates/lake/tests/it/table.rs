//! What the metadata of a table says.

use crate::world::{NAMESPACE, TABLE, World, batch, row};
use std::collections::BTreeSet;
use varberg_model::{Column, ColumnType, TableSchema};

fn ids(column: &Column, out: &mut Vec<(i32, String)>) {
    out.push((column.id, column.name.clone()));
    match &column.kind {
        ColumnType::List(element) => ids(element, out),
        ColumnType::Map(key, value) => [key, value].into_iter().for_each(|c| ids(c, out)),
        ColumnType::Struct(fields) => fields.iter().for_each(|c| ids(c, out)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn field_ids_in_the_metadata_are_those_of_the_table_schema() {
    let world = World::new().await;
    let info = world.lake.describe(&world.location(TABLE).await).await.unwrap();
    let (mut stored, mut wanted) = (Vec::new(), Vec::new());
    info.schema.columns.iter().for_each(|c| ids(c, &mut stored));
    TableSchema::variants_long().columns.iter().for_each(|c| ids(c, &mut wanted));
    assert_eq!(stored, wanted);
    assert_eq!(info.schema.visible().count(), 23);
    assert_eq!((info.records, info.data_files, info.snapshot_id), (0, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_declares_version_2_and_the_sort_order() {
    let world = World::new().await;
    let location = world.location(TABLE).await;
    let json = world.lake.get(world.lake.path_of(&location).unwrap()).await.unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(metadata["format-version"], 2);
    assert_eq!(metadata["partition-specs"][0]["fields"].as_array().unwrap().len(), 0);
    let order = &metadata["sort-orders"][0];
    assert_eq!(order["order-id"], metadata["default-sort-order-id"]);
    let fields: Vec<i64> =
        order["fields"].as_array().unwrap().iter().map(|f| f["source-id"].as_i64().unwrap()).collect();
    assert_eq!(fields, [2, 3]);
    assert!(location.starts_with("file:///") && location.contains(&format!("/{NAMESPACE}/{TABLE}/metadata/00000-")));
}

#[tokio::test(flavor = "multi_thread")]
async fn reachable_names_every_file_but_the_leftovers() {
    let world = World::new().await;
    world.add(TABLE, "first", vec![batch(&[row("chr1", 1, "s")])]).await;
    world.add(TABLE, "second", vec![batch(&[row("chr2", 1, "s")])]).await;
    let leftover = world.write("dead", vec![batch(&[row("chr3", 1, "s")])]).await;
    let reachable = world.lake.reachable(&world.location(TABLE).await).await.unwrap();
    let stored: BTreeSet<String> = world.lake.list("").await.unwrap().into_iter().map(|f| f.path).collect();
    let unreachable: Vec<&String> = stored.difference(&reachable).collect();
    let leftover = world.lake.path_of(&leftover[0].path).unwrap().to_owned();
    assert_eq!(unreachable, [&leftover]);
    assert!(reachable.is_subset(&stored));
    world.lake.delete(&leftover).await.unwrap();
    world.lake.delete(&leftover).await.unwrap(); // gone already
    assert_eq!(world.lake.list("").await.unwrap().len(), reachable.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_outside_the_warehouse_are_refused() {
    let world = World::new().await;
    for path in ["../x", "a/../../x", "a/./b", "a//b"] {
        assert!(world.lake.put(path, "x").await.is_err(), "{path}");
        assert!(world.lake.delete(path).await.is_err(), "{path}");
        assert!(world.lake.list(path).await.is_err(), "{path}");
    }
    assert!(world.lake.path_of("file:///etc/passwd").is_err());
    assert!(world.lake.describe("file:///etc/passwd").await.is_err());
}
