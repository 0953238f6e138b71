//! Which files are merged, and what becomes of their rows.

use crate::world::{NAMESPACE, Row, TABLE, World, batch, row};
use arrow_array::{ArrayRef, RecordBatch, StringArray, new_null_array};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use varberg_lake::{
    CompactionOptions, FileInfo, GroupedBy, MERGED, Rewrite, RewriteLimits, RewrittenRows, RowsToRewrite, WriteTarget,
    WriterOptions, rewrite,
};
use varberg_model::{AnnotationType, TableSchema, TsvSchema, TsvStoreOptions, ValueType};

const BY: GroupedBy = GroupedBy { contig: Some(2), start: Some(3), sample: Some(21) };

fn file(name: &str, bytes: u64, contigs: (&str, &str), sample: &str) -> FileInfo {
    let bounds = |contig: &str| BTreeMap::from([(2, contig.to_owned()), (3, "5".to_owned()), (21, sample.to_owned())]);
    FileInfo {
        location: format!("file:///w/data/{name}.parquet"),
        rows: 1,
        bytes,
        column_sizes: BTreeMap::new(),
        value_counts: BTreeMap::new(),
        null_value_counts: BTreeMap::new(),
        nan_value_counts: BTreeMap::new(),
        lower_bounds: bounds(contigs.0),
        upper_bounds: bounds(contigs.1),
        split_offsets: Vec::new(),
        sort_order_id: Some(1),
    }
}

fn groups(files: &[FileInfo]) -> Vec<usize> {
    let options = CompactionOptions { small_bytes: 1000, min_group_bytes: 100, max_group_bytes: 2000 };
    options.groups(files, BY).iter().map(Vec::len).collect()
}

#[test]
fn as_many_samples_are_merged_as_there_are_groups_then() {
    let samples = |n: usize, bytes| -> Vec<FileInfo> {
        (0..n).map(|n| file(&format!("job/{n}"), bytes, ("chr1", "chr9"), &format!("S{n:04}"))).collect()
    };
    assert_eq!(groups(&samples(100, 50)), [10; 10]);
    assert_eq!(groups(&samples(1000, 50)).len(), 30);
    assert_eq!(groups(&samples(100, 1)), [100], "less than a group's least size");
    let large = groups(&samples(100, 900));
    assert_eq!((large.iter().sum::<usize>(), large[0]), (100, 3), "no more than a group's greatest size");
    assert_eq!(groups(&samples(1, 50)), [0; 0]);
    assert_eq!(groups(&samples(9, 1000)), [0; 0], "no small files");
    let options = CompactionOptions { small_bytes: 1000, min_group_bytes: 100, max_group_bytes: 2000 };
    let first: Vec<String> = options.groups(&samples(100, 50), BY)[0].iter().map(|f| f.location.clone()).collect();
    assert_eq!(first, (0..10).map(|n| format!("file:///w/data/job/{n}.parquet")).collect::<Vec<_>>(), "neighbours");
}

#[test]
fn files_of_one_contig_are_merged_with_their_like() {
    let mut files = Vec::new();
    for sample in ["a", "b", "c"] {
        files.push(file(&format!("{sample}/1"), 60, ("chr1", "chr1"), sample));
        files.push(file(&format!("{sample}/2"), 60, ("chr2", "chr2"), sample));
    }
    files.push(file("d/1", 60, ("chr1", "chr2"), "d"));
    assert_eq!(groups(&files), [3, 3]);
}

#[test]
fn what_was_merged_is_left_alone_until_there_is_much_of_it() {
    let merged = |n: usize, bytes| -> Vec<FileInfo> {
        (0..n).map(|n| file(&format!("{MERGED}/task/1/{n}"), bytes, ("chr1", "chr2"), &format!("S{n}"))).collect()
    };
    assert_eq!(groups(&merged(64, 100)), [0; 0]);
    assert_eq!(groups(&merged(200, 10)).iter().sum::<usize>(), 200, "rests are merged");
    assert_eq!(groups(&merged(100, 100)), [10; 10]);
    assert!(groups(&merged(10_000, 12)).len() <= 64, "so many are left alone the next time");
}

async fn rewritten(world: &World, rows: RowsToRewrite) -> RewrittenRows {
    let (lake, spill) = (world.lake.clone(), world.directory.path().join("spill"));
    std::fs::create_dir_all(&spill).unwrap();
    let limits = RewriteLimits { memory_bytes: 32 << 20, spill_dir: spill, spill_bytes: 1 << 30 };
    let target = WriteTarget { table_path: format!("{NAMESPACE}/{TABLE}"), job: format!("{MERGED}/task"), epoch: 1 };
    let work = move || lake.rewrite_rows(&rows, target, WriterOptions::default(), &limits, &|| true);
    tokio::task::spawn_blocking(work).await.unwrap().unwrap().unwrap()
}

async fn replace(world: &World, old: &[FileInfo], new: RewrittenRows, keeps_rows: bool) {
    replace_in(world, TABLE, old, new, keeps_rows).await;
}

async fn replace_in(world: &World, table: &str, old: &[FileInfo], new: RewrittenRows, keeps_rows: bool) {
    let change = Rewrite {
        namespace: NAMESPACE.to_owned(),
        name: table.to_owned(),
        removed: old.iter().map(|file| file.location.clone()).collect::<BTreeSet<_>>(),
        added: new.files,
        keeps_rows,
        summary: BTreeMap::new(),
        tag: "task-1".to_owned(),
    };
    rewrite(&world.lake, &world.pointers, &change, &(), || ()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_rows_are_those_of_the_files_in_order() {
    let world = World::new().await;
    let samples = ["s1", "s2", "s3", "s4"];
    for (sample, job) in samples.iter().zip(["a", "b", "c", "d"]) {
        let rows: Vec<Row> = (0..500)
            .flat_map(|n| {
                ["chr1", "chr2"].map(|contig| Row {
                    names: Some(vec!["rs1"]),
                    attributes: Some(vec![("DP", Some("14")), ("DB", None)]),
                    calls: Some(vec![Some(0), None]),
                    qual: (n % 3 == 0).then_some(1.5),
                    record: n,
                    ..row(contig, n * 10, sample)
                })
            })
            .collect();
        world.add(TABLE, job, vec![batch(&rows)]).await; // contigs alternate: the files are not sorted
    }
    let all = "SELECT contigname, start, sampleid, names, attributes, calls, qual FROM cohort \
               ORDER BY contigname, start, sampleid";
    let before = world.rows(all).await;
    let location = world.location(TABLE).await;
    let files = world.lake.files(&location).await.unwrap();
    assert_eq!(world.lake.grouped_by(&location).await.unwrap().sample, Some(21));
    let rows =
        RowsToRewrite { metadata_location: location.clone(), files: files.clone(), sort: true, without_job: None };
    let new = rewritten(&world, rows).await;
    assert_eq!((new.rows_read, new.rows_written, new.files.len()), (4000, 4000, 1));
    assert!(new.files[0].sorted && new.files[0].path.contains("/data/merged/task/1/"));
    replace(&world, &files, new, true).await;
    assert_eq!(world.rows(all).await, before);
    let order = world.rows("SELECT contigname, start, sampleid FROM cohort LIMIT 5").await;
    assert_eq!(order, ["chr1 0 s1", "chr1 0 s2", "chr1 0 s3", "chr1 0 s4", "chr1 10 s1"]);
    let hidden = world.lake.files(&world.location(TABLE).await).await.unwrap();
    assert_eq!(hidden.iter().map(|file| file.rows).sum::<u64>(), 4000);
}

/// A table of delimited text with the columns `x` and, as it has them now, `y`.
fn delimited(columns: &[&str]) -> TableSchema {
    let columns = columns.iter().map(|name| ((*name).to_owned(), ValueType::String)).collect();
    let schema = TsvSchema::new("schema", columns).unwrap();
    let options = TsvStoreOptions::new("o", AnnotationType::Generic, BTreeMap::new(), schema).unwrap();
    TableSchema::annotations_tsv(&options)
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_a_file_does_not_have_yet_are_null() {
    let world = World::new().await;
    let (old, new) = (delimited(&["x"]), delimited(&["x", "y"]));
    let path = format!("{NAMESPACE}/evolved");
    let location = world.lake.create_table(&path, &new).await.unwrap();
    world.pointers.set(NAMESPACE, "evolved", &location);
    for (job, schema) in [("a", old), ("b", new)] {
        let columns = varberg_rows::arrow_schema(&schema);
        let texts = |name: &str| -> ArrayRef { Arc::new(StringArray::from(vec![format!("{name} of {job}"); 3])) };
        let values = columns.fields().iter().map(|field| match field.name().as_str() {
            name @ ("x" | "y") => texts(name),
            _ => new_null_array(field.data_type(), 3),
        });
        let batch = RecordBatch::try_new(columns.clone(), values.collect()).unwrap();
        let target = WriteTarget { table_path: path.clone(), job: job.to_owned(), epoch: 1 };
        let lake = world.lake.clone();
        let write = move || {
            let mut writer = lake.writer(target, &schema, WriterOptions::default());
            writer.write(batch).unwrap();
            tokio::runtime::Handle::current().block_on(writer.close().unwrap().done()).unwrap()
        };
        let files = tokio::task::spawn_blocking(write).await.unwrap();
        world.append("evolved", job, files).await;
    }
    let location = world.location("evolved").await;
    let files = world.lake.files(&location).await.unwrap();
    let rows = RowsToRewrite { metadata_location: location, files: files.clone(), sort: true, without_job: None };
    let merged = rewritten(&world, rows).await;
    assert_eq!((merged.rows_written, merged.files.len()), (6, 1));
    replace_in(&world, "evolved", &files, merged, true).await;
    let request = world.request("SELECT x, y, count(*) FROM evolved GROUP BY 1, 2 ORDER BY 1", &["evolved"]).await;
    let stream = varberg_lake::query::run(request).await.unwrap();
    let batches: Vec<RecordBatch> = futures::TryStreamExt::try_collect(stream).await.unwrap();
    let shown = datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
    assert!(shown.contains("| x of a |        | 3 ") && shown.contains("| x of b | y of b | 3 "), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_rows_than_memory_are_sorted_on_disk() {
    let world = World::new().await;
    for (n, job) in (0..8).zip(["a", "b", "c", "d", "e", "f", "g", "h"]) {
        let rows: Vec<Row> = (0..20_000)
            .rev()
            .map(|at| Row { attributes: Some(vec![("DP", Some("14"))]), ..row("chr1", at * 8 + n, "s") })
            .collect();
        world.add(TABLE, job, vec![batch(&rows)]).await;
    }
    let location = world.location(TABLE).await;
    let files = world.lake.files(&location).await.unwrap();
    let rows =
        RowsToRewrite { metadata_location: location.clone(), files: files.clone(), sort: true, without_job: None };
    let new = rewritten(&world, rows).await;
    assert_eq!((new.rows_written, new.files.iter().all(|file| file.sorted)), (160_000, true));
    replace(&world, &files, new, true).await;
    assert_eq!(
        world.rows("SELECT count(*), count(DISTINCT start), max(start) FROM cohort").await,
        ["160000 160000 159999"]
    );
    let left = std::fs::read_dir(world.directory.path().join("spill")).unwrap().count();
    assert_eq!(left, 0, "spill files are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_job_are_found_and_left_out() {
    let world = World::new().await;
    // `batch` says "job" of every row: a UUID would be cut in bounds, this is not.
    world.add(TABLE, "elsewhere", vec![batch(&[row("chr1", 1, "s"), row("chr1", 2, "s")])]).await;
    let location = world.location(TABLE).await;
    let (whole, perhaps) = world.lake.files_of_job(&location, "elsewhere").await.unwrap();
    assert_eq!((whole.len(), perhaps.len()), (1, 0));
    let (whole, perhaps) = world.lake.files_of_job(&location, "job").await.unwrap();
    assert_eq!((whole.len(), perhaps.len()), (0, 1));
    assert_eq!(world.lake.files_of_job(&location, "a").await.unwrap(), (vec![], vec![]));
    let without = |job: &str| RowsToRewrite {
        metadata_location: location.clone(),
        files: perhaps.clone(),
        sort: false,
        without_job: Some(job.to_owned()),
    };
    let none = rewritten(&world, without("job")).await;
    assert_eq!((none.rows_read, none.rows_written, none.files.len()), (2, 0, 0));
    let all = rewritten(&world, without("other")).await;
    assert_eq!((all.rows_read, all.rows_written, all.files.len()), (2, 2, 1));
}
