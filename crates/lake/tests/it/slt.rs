//! Runs `tests/slt/*.slt` over a small table.

use crate::world::{Row, TABLE, World, batch, row};
use async_trait::async_trait;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};
use std::path::Path;
use std::sync::Arc;
use varberg_lake::QueryError;

struct Engine(Arc<World>);

#[async_trait]
impl AsyncDB for Engine {
    type Error = QueryError;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, QueryError> {
        let batches = self.0.try_query(sql).await?;
        let options = FormatOptions::default().with_null("NULL");
        let mut rows = Vec::new();
        for batch in &batches {
            let columns: Vec<ArrayFormatter<'_>> =
                batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
            rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|c| c.value(row).to_string()).collect()));
        }
        let columns = batches.first().map_or(0, |batch| batch.num_columns());
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Any; columns], rows })
    }

    async fn shutdown(&mut self) {}
}

/// Two samples at three sites.
fn rows() -> Vec<Row> {
    let site = |contig, start, qual, dp, calls: [[i32; 2]; 2]| {
        let attributes = vec![("DP", Some(dp)), ("DB", Some("true"))];
        calls.into_iter().zip(["NA1", "NA2"]).map(move |(calls, sample)| Row {
            qual: Some(qual),
            attributes: Some(attributes.clone()),
            calls: Some(calls.map(Some).to_vec()),
            ..row(contig, start, sample)
        })
    };
    let first = site("chr1", 100, 30.0, "14", [[0, 1], [0, 0]]);
    let second = site("chr1", 200, 50.5, "20", [[1, 1], [0, 1]]);
    let third = site("chr2", 50, 9.0, "7", [[0, 0], [-1, -1]]);
    first.chain(second).chain(third).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_queries() {
    let world = World::new().await;
    world.add(TABLE, "job", vec![batch(&rows())]).await;
    let world = Arc::new(world);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let engine = Arc::clone(&world);
        let mut runner = Runner::new(move || {
            let engine = Engine(Arc::clone(&engine));
            async move { Ok(engine) }
        });
        runner.run_file_async(&file).await.unwrap_or_else(|error| panic!("{}", error.display(false)));
    }
}
