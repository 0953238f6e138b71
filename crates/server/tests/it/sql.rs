//! `POST /sql`: forms of answers, tables, faults. Statements run in the real child process.

use crate::server::Server;
use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use serde_json::{Value, json};
use varberg_lake::{QueryLimits, QueryRequest};
use varberg_server::{Answer, QueryFailure, QueryPool};

const NESTED: &str = "SELECT column1 AS n, column2 AS text, \
    CASE WHEN column1 = 1 THEN map(['AC', 'X'], ['1,2', NULL]) END AS m, \
    CASE WHEN column1 = 1 THEN make_array(1, NULL) END AS l \
    FROM (VALUES (1, 'a,b'), (2, NULL)) ORDER BY n";

/// A statement about the numbers 0 to 10^`digits` - 1, called n.
fn of_numbers(digits: u32, statement: &str) -> String {
    let digit = "WITH d AS (SELECT column1 AS x FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)))";
    let tables: Vec<String> = (0..digits).map(|i| format!("d AS d{i}")).collect();
    let sum: Vec<String> = (0..digits).map(|i| format!("d{i}.x * {}", 10_u32.pow(i))).collect();
    format!("{digit}, numbers AS (SELECT {} AS n FROM {}) {statement}", sum.join(" + "), tables.join(" CROSS JOIN "))
}

async fn ask(server: &Server, statement: &str, accept: &str) -> reqwest::Response {
    server.request("POST", "/sql").header("accept", accept).body(statement.to_owned()).send().await.unwrap()
}

async fn text(server: &Server, statement: &str, accept: &str) -> String {
    let answer = ask(server, statement, accept).await;
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    text
}

/// The status, the name of the error and its text.
async fn refusal(server: &Server, statement: &str, accept: &str) -> (u16, String, String) {
    let request = server.request("POST", "/sql").header("accept", accept).body(statement.to_owned());
    let answer = server.send(request).await;
    let message = answer.body["message"].as_str().unwrap_or_default().to_owned();
    (answer.status, answer.error.unwrap_or_default(), message)
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_values_are_objects_in_json_and_json_text_in_csv() {
    let server = Server::start().await;
    let expected = json!([
        { "n": 1, "text": "a,b", "m": { "AC": "1,2", "X": null }, "l": [1, null] },
        { "n": 2, "text": null, "m": null, "l": null },
    ]);
    for accept in ["application/json", "*/*", "text/html, application/*;q=0.5"] {
        let answer: Value = serde_json::from_str(&text(&server, NESTED, accept).await).unwrap();
        assert_eq!(answer, expected, "{accept}");
    }
    let lines = text(&server, NESTED, "application/x-ndjson").await;
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::Array(rows), expected);
    let csv = text(&server, NESTED, "text/csv").await;
    expect_test::expect![[r#"
        n,text,m,l
        1,"a,b","{""AC"":""1,2"",""X"":null}","[1,null]"
        2,,,
    "#]]
    .assert_eq(&csv);
}

#[tokio::test(flavor = "multi_thread")]
async fn arrow_and_parquet_carry_the_same_rows() {
    let server = Server::start().await;
    let statement = of_numbers(5, "SELECT n, n % 7 AS rest FROM numbers");
    let arrow = ask(&server, &statement, "application/vnd.apache.arrow.stream").await.bytes().await.unwrap();
    let batches: Vec<RecordBatch> = StreamReader::try_new(&arrow[..], None).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 100_000);
    let parquet = ask(&server, &statement, "application/vnd.apache.parquet").await.bytes().await.unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_rows_is_whole_in_every_form() {
    let server = Server::start().await;
    let statement = "SELECT 1 AS n, 'x' AS s WHERE 1 = 0";
    assert_eq!(text(&server, statement, "application/json").await, "[]");
    assert_eq!(text(&server, statement, "application/x-ndjson").await, "");
    assert_eq!(text(&server, statement, "text/csv").await, "n,s\n");
    assert_eq!(text(&server, statement, "text/tab-separated-values").await, "n\ts\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_store_is_a_table_under_both_of_its_schemas() {
    let server = Server::start().await;
    server.store("cohort").await;
    let id = server.get("/variantStore/cohort").await.ok()["id"].as_str().unwrap().to_owned();
    let owned = format!("\"variant_{}_{id}\".\"cohort\"", server.app.scope.account);
    for table in ["cohort", "\"default\".\"cohort\"", &owned] {
        let answer = text(&server, &format!("SELECT count(*) AS n FROM {table}"), "application/json").await;
        assert_eq!(answer, r#"[{"n":0}]"#, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_statement_is_a_validation_exception_with_the_engines_text() {
    let server = Server::start().await;
    let (status, name, message) = refusal(&server, "SELECT x FROM nowhere", "*/*").await;
    assert_eq!((status, name.as_str()), (400, "ValidationException"));
    assert!(message.contains("nowhere"), "{message}");
    // Faults that only show when the first rows are made.
    assert_eq!(refusal(&server, "SELECT 1 / (column1 - 1) FROM (VALUES (1))", "text/csv").await.0, 400);
    for statement in ["CREATE TABLE t AS SELECT 1", "SET a = 1", "", "   "] {
        assert_eq!(refusal(&server, statement, "*/*").await.0, 400, "{statement}");
    }
    let (status, _, message) = refusal(&server, "SELECT 1", "image/png").await;
    assert_eq!(status, 400);
    assert!(message.contains("text/csv"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_the_middle_of_an_answer_breaks_the_connection() {
    let server = Server::start().await;
    let statement = of_numbers(6, "SELECT 1 / (n - 999999) AS n FROM numbers");
    let answer = ask(&server, &statement, "application/x-ndjson").await;
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.bytes().await.is_err());
}

fn pool(server: &Server, program: &str) -> QueryPool {
    QueryPool::new(program.into(), 1, &server.app.config.spill_dir()).unwrap()
}

fn request(server: &Server, sql: String, time_s: u64) -> QueryRequest {
    let config = &server.app.config;
    let limits = QueryLimits {
        memory_bytes: 256 << 20,
        time_s,
        spill_dir: config.spill_dir(),
        spill_bytes: 1 << 30,
        target_partitions: 2,
    };
    QueryRequest {
        sql,
        tables: Vec::new(),
        limits,
        warehouse: config.warehouse().unwrap(),
        contig_aliases: Vec::new(),
        schema: String::new(),
    }
}

/// Asks as the server does: a place first.
async fn run(pool: &QueryPool, request: &QueryRequest) -> Result<Answer, QueryFailure> {
    pool.ask(pool.place().await?, request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_stopped() {
    let server = Server::start().await;
    let endless = request(&server, of_numbers(10, "SELECT sum(n % 7) FROM numbers"), 1);
    let failure = run(&pool(&server, env!("CARGO_BIN_EXE_varberg")), &endless).await.unwrap_err();
    assert!(matches!(failure, QueryFailure::Exhausted(_) | QueryFailure::TimeLimit(_)), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_is_an_error_for_its_caller_alone() {
    let server = Server::start().await;
    let one = request(&server, "SELECT 1".to_owned(), 60);
    for program in ["/bin/true", "/bin/false", "/nowhere/varberg"] {
        let failure = run(&pool(&server, program), &one).await.unwrap_err();
        assert!(matches!(failure, QueryFailure::Crashed(_)), "{program}: {failure:?}");
    }
    assert_eq!(text(&server, "SELECT 1 AS n", "application/json").await, r#"[{"n":1}]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_waits_for_its_turn_and_gets_it_when_an_answer_is_dropped() {
    let server = Server::start().await;
    let pool = pool(&server, env!("CARGO_BIN_EXE_varberg"));
    let long = request(&server, of_numbers(7, "SELECT n FROM numbers"), 60);
    let first = run(&pool, &long).await.unwrap();
    let one = request(&server, "SELECT 1".to_owned(), 60);
    let mut second = Box::pin(run(&pool, &one));
    assert!(futures::poll!(&mut second).is_pending());
    drop(first);
    assert!(second.await.unwrap().next().await.unwrap().is_some());
}

/// The names in a directory, without the file of its lock.
fn names(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spill_files_go_with_their_statement_however_it_ended() {
    let server = Server::start().await;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("spill");
    let pool = QueryPool::new(env!("CARGO_BIN_EXE_varberg").into(), 1, &root).unwrap();
    let [folder] = &names(&root)[..] else { panic!("one folder for one pool") };
    // The place of a statement is free when its files are gone; here there is one place.
    let sort = request(&server, of_numbers(6, "SELECT n FROM numbers ORDER BY n % 7, n"), 60);
    let answer = run(&pool, &sort).await.unwrap();
    let [own] = &names(folder)[..] else { panic!("one directory for one statement") };
    assert!(own.is_dir());
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(own).unwrap().permissions()) & 0o777, 0o700);
    drop(answer);
    let endless = request(&server, of_numbers(10, "SELECT sum(n % 7) FROM numbers"), 1);
    run(&pool, &endless).await.unwrap_err();
    let mut last = run(&pool, &request(&server, "SELECT 1".to_owned(), 60)).await.unwrap();
    let left = names(folder);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_ne!(&left[0], own);
    while last.next().await.unwrap().is_some() {}
    drop((last, pool));
}

#[tokio::test(flavor = "multi_thread")]
async fn spill_files_of_dead_servers_go_at_the_start_and_those_of_living_ones_stay() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    std::fs::create_dir_all(root.join("datafusion-AbC/x")).unwrap();
    std::fs::create_dir_all(root.join("dead/statement")).unwrap();
    std::fs::write(root.join("dead/lock"), "").unwrap();
    let first = QueryPool::new("/bin/true".into(), 1, root).unwrap();
    assert_eq!(names(root).len(), 1);
    let second = QueryPool::new("/bin/true".into(), 1, root).unwrap();
    assert_eq!(names(root).len(), 2);
    drop((first, second));
    assert_eq!(names(root).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_beyond_the_limit_of_bodies_is_refused_like_everywhere() {
    let server = Server::start().await;
    let long = format!("SELECT '{}'", "x".repeat(2 << 20));
    let (status, name, message) = refusal(&server, &long, "*/*").await;
    assert_eq!((status, name.as_str()), (413, "RequestEntityTooLargeException"));
    assert!(message.contains("larger than"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_has_one_text() {
    let server = Server::start().await;
    let endless = request(&server, of_numbers(10, "SELECT sum(n % 7) FROM numbers"), 1);
    let failure = run(&pool(&server, env!("CARGO_BIN_EXE_varberg")), &endless).await.unwrap_err();
    assert_eq!(failure.to_string(), QueryFailure::TimeLimit(1).to_string());
}
