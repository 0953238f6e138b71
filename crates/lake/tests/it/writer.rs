//! Data files: order, metrics, cuts, bounds on strings.

use crate::world::{Row, TABLE, World, batch, row, write_with};
use arrow_array::RecordBatch;
use varberg_lake::{Bound, DataFile, WriterOptions};

async fn write(world: &World, rows: Vec<RecordBatch>, options: WriterOptions) -> Vec<DataFile> {
    let lake = world.lake.clone();
    tokio::task::spawn_blocking(move || write_with(&lake, "job", rows, options)).await.unwrap()
}

fn window(rows: usize) -> WriterOptions {
    WriterOptions { sort_window_rows: rows, ..WriterOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_out_of_order_inside_the_window_leave_sorted() {
    let world = World::new().await;
    let rows: Vec<Row> = [5, 3, 4, 1, 2, 9, 7, 8, 6].map(|start| row("chr1", start, "s")).to_vec();
    let files = write(&world, vec![batch(&rows)], window(100)).await;
    assert!(files[0].sorted);
    world.append(TABLE, "job", files).await;
    let got = world.rows("SELECT start FROM cohort").await;
    assert_eq!(got, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_further_apart_than_the_window_are_kept_but_not_called_sorted() {
    let world = World::new().await;
    let batches = (0..20).rev().map(|start| batch(&[row("chr1", start, "s")])).collect();
    let files = write(&world, batches, window(4)).await;
    assert_eq!((files.len(), files[0].sorted, files[0].rows), (1, false, 20));
    world.append(TABLE, "job", files).await;
    let got = world.rows("SELECT start FROM cohort ORDER BY contigname, start").await;
    assert_eq!(got, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn contigs_out_of_name_order_are_not_called_sorted() {
    let world = World::new().await;
    let in_order = write(&world, vec![batch(&[row("chr1", 9, "s"), row("chr10", 1, "s")])], window(4)).await;
    assert_eq!((in_order.len(), in_order[0].sorted), (1, true));
    let not = write(&world, vec![batch(&[row("chr2", 1, "s"), row("chr10", 1, "s")])], window(4)).await;
    assert_eq!((not.len(), not[0].sorted), (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_large_enough_ends_with_its_contig() {
    let world = World::new().await;
    let rows = vec![batch(&[row("chr1", 1, "s"), row("chr2", 1, "s"), row("chr3", 1, "s")])];
    let options = WriterOptions { file_bytes: 64, ..WriterOptions::default() };
    let files = write(&world, rows.clone(), options).await;
    assert_eq!(files.iter().map(|f| f.rows).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(write(&world, rows, WriterOptions::default()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_leaf_column_has_counts_and_plain_columns_have_bounds() {
    let world = World::new().await;
    let long = "a-very-long-contig-name";
    let rows = [
        Row { qual: Some(1.5), calls: Some(vec![Some(0), Some(1)]), ..row("chr1", 7, "s") },
        Row { attributes: Some(vec![("DP", Some("3"))]), ..row(long, 2, "s") },
    ];
    let files = write(&world, vec![batch(&rows)], WriterOptions::default()).await;
    let file = &files[0];
    let schema = varberg_model::TableSchema::variants_long();
    let of = |name: &str| &file.columns[&schema.column(name).unwrap().id];
    assert_eq!(of("contigname").lower, Some(Bound::String("a-very-long-cont".to_owned())));
    assert_eq!(of("contigname").upper, Some(Bound::String("chr1".to_owned())));
    assert_eq!((of("start").lower.clone(), of("start").upper.clone()), (Some(Bound::Long(2)), Some(Bound::Long(7))));
    assert_eq!((of("qual").values, of("qual").nulls, of("qual").nans), (2, 1, Some(0)));
    assert_eq!(of("qual").upper, Some(Bound::Double { bits: 1.5_f64.to_bits() }));
    assert_eq!((of("depth").nulls, of("depth").lower.clone()), (2, None));
    let varberg_model::ColumnType::List(element) = &schema.column("calls").unwrap().kind else { panic!() };
    let calls = &file.columns[&element.id];
    assert_eq!((calls.values, calls.nulls, calls.lower.clone()), (3, 1, None));
    assert!(file.columns.values().all(|m| m.values >= 2 && m.nulls <= m.values && m.size > 0));
    assert_eq!(file.split_offsets, [4]);
    let json = serde_json::to_string(file).unwrap();
    assert_eq!(&serde_json::from_str::<DataFile>(&json).unwrap(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upper_bound_of_a_long_string_is_not_below_it() {
    let world = World::new().await;
    let files = write(&world, vec![batch(&[row("contig-0123456789-long", 1, "s")])], WriterOptions::default()).await;
    let metrics = &files[0].columns[&2];
    assert_eq!(metrics.lower, Some(Bound::String("contig-012345678".to_owned())));
    assert_eq!(metrics.upper, Some(Bound::String("contig-012345679".to_owned())));
    world.append(TABLE, "job", files).await;
    let got = world.rows("SELECT count(*) FROM cohort WHERE contigname = 'contig-0123456789-long'").await;
    assert_eq!(got, ["1"]);
}

/// The file is on its way to the store while the writer's thread is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_store_does_not_take_is_an_error_when_it_is_waited_for() {
    let world = World::new().await;
    let data = world.directory.path().join("warehouse/t");
    std::fs::write(&data, "a file where the folder of the table should be").unwrap();
    let lake = world.lake.clone();
    let write = move || {
        let target = varberg_lake::WriteTarget { table_path: "t".to_owned(), job: "refused".to_owned(), epoch: 1 };
        let mut writer = lake.writer(target, &varberg_model::TableSchema::variants_long(), WriterOptions::default());
        writer.write(batch(&[row("chr1", 1, "s")])).unwrap();
        writer.close()
    };
    let written = tokio::task::spawn_blocking(write).await.unwrap();
    assert!(written.unwrap().done().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_writer_leaves_no_file() {
    let world = World::new().await;
    let before = world.lake.list("").await.unwrap();
    let lake = world.lake.clone();
    let write = move || {
        let target = varberg_lake::WriteTarget { table_path: "t".to_owned(), job: "dropped".to_owned(), epoch: 1 };
        let schema = varberg_model::TableSchema::variants_long();
        let mut writer =
            lake.writer(target, &schema, WriterOptions { sort_window_rows: 2, ..WriterOptions::default() });
        let rows: Vec<Row> = (0..1000).map(|start| row("chr1", start, "s")).collect();
        writer.write(batch(&rows)).unwrap();
    };
    tokio::task::spawn_blocking(write).await.unwrap();
    assert_eq!(world.lake.list("").await.unwrap(), before);
}
