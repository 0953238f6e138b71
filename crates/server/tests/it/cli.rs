//! The command line as a user meets it: the real program, its two outputs and its exit code.

use crate::server::Server;
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// The program with arguments and no environment but `variables`.
fn varberg(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_varberg"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).stdin(Stdio::null());
    command.output().unwrap()
}

/// The same, against a server of these tests; off the runtime, which has to answer meanwhile.
async fn at(server: &Server, arguments: &[&str]) -> Output {
    let base = server.base.clone();
    let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
    let run = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        varberg(&arguments, &[("VARBERG_ENDPOINT", &base)])
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn ends(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", out(output), err(output));
}

#[test]
fn help_names_every_command_and_hides_the_inner_one() {
    let help = varberg(&["--help"], &[]);
    ends(&help, 0);
    let text = out(&help);
    let commands = [
        "serve",
        "store",
        "reference",
        "import",
        "job",
        "query",
        "env",
        "doctor",
        "demo",
        "completions",
        "VARBERG_ENDPOINT",
    ];
    for word in commands {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
    assert!(!text.contains("__query"));
}

#[test]
fn every_help_shows_examples_or_exit_codes() {
    for command in ["serve", "import", "query", "env", "demo", "completions"] {
        let help = varberg(&[command, "--help"], &[]);
        ends(&help, 0);
        assert!(out(&help).contains("Examples:"), "{command}");
    }
}

#[test]
fn a_wrong_call_ends_with_2_and_talks_on_standard_error() {
    for call in
        [&["nonsense"][..], &["import", "cohort"], &["query"], &["store", "list", "--endpoint", "127.0.0.1:8400"]]
    {
        let output = varberg(call, &[]);
        ends(&output, 2);
        assert_eq!(out(&output), "");
        assert_ne!(err(&output), "");
    }
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = varberg(&["completions", shell], &[]);
        ends(&output, 0);
        assert!(out(&output).contains("varberg"), "{shell}");
    }
}

#[test]
fn env_prints_what_clients_need_and_leaves_what_is_set() {
    let output = varberg(&["env", "--endpoint", "http://127.0.0.1:9000/"], &[]);
    ends(&output, 0);
    expect_test::expect![[r"
        export AWS_ENDPOINT_URL_OMICS='http://127.0.0.1:9000'
        export AWS_DISABLE_HOST_PREFIX_INJECTION='true'
        export AWS_REGION='us-east-1'
        export AWS_DEFAULT_REGION='us-east-1'
        export AWS_ACCESS_KEY_ID='varberg'
        export AWS_SECRET_ACCESS_KEY='varberg'
    "]]
    .assert_eq(&out(&output));
    let set = [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "mine")];
    let output = varberg(&["env", "--shell", "fish"], &set);
    expect_test::expect![[r"
        set -gx AWS_ENDPOINT_URL_OMICS 'http://127.0.0.1:8400'
        set -gx AWS_DISABLE_HOST_PREFIX_INJECTION 'true'
    "]]
    .assert_eq(&out(&output));
    let output = varberg(&["env", "--output", "json"], &set);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["AWS_DISABLE_HOST_PREFIX_INJECTION"], "true");
}

#[test]
fn without_a_server_a_command_says_how_to_start_one() {
    // Port 9 (discard) is not served on loopback.
    let output = varberg(&["store", "list", "--endpoint", "http://127.0.0.1:9"], &[]);
    ends(&output, 1);
    assert!(err(&output).contains("varberg serve"), "{}", err(&output));
    let output = varberg(&["doctor", "--endpoint", "http://127.0.0.1:9"], &[]);
    ends(&output, 1);
    let text = out(&output);
    for word in ["FAIL  server", "varberg serve", "AWS_ENDPOINT_URL_OMICS", "AWS_DISABLE_HOST_PREFIX_INJECTION"] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_is_content_with_what_env_prints() {
    let server = Server::start().await;
    let lines = at(&server, &["env", "--output", "json"]).await;
    let variables: Value = serde_json::from_slice(&lines.stdout).unwrap();
    let run = move || {
        let set = variables.as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap()));
        let set: Vec<(&str, &str)> = set.collect();
        varberg(&["doctor", "--endpoint", variables["AWS_ENDPOINT_URL_OMICS"].as_str().unwrap()], &set)
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    ends(&output, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_are_created_listed_shown_and_deleted() {
    let server = Server::start().await;
    let references = server.reference_store().await;
    let arn = server.reference(&references, "chr1").await;
    let created = at(&server, &["store", "create", "cohort", "--description", "mine", "--tag", "lab=7"]).await;
    ends(&created, 0);
    assert_eq!(out(&created), "cohort\n");
    let listed = at(&server, &["store", "list"]).await;
    assert!(out(&listed).contains("cohort") && out(&listed).contains("ACTIVE"), "{}", out(&listed));
    let shown = at(&server, &["store", "show", "cohort", "--output", "json"]).await;
    let store: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(store["reference"]["referenceArn"], arn.as_str());
    assert_eq!(store["tags"]["lab"], "7");
    ends(&at(&server, &["store", "delete", "cohort"]).await, 0);
    let missing = at(&server, &["store", "show", "other"]).await;
    ends(&missing, 1);
    assert!(err(&missing).starts_with("error: "), "{}", err(&missing));
}

#[tokio::test(flavor = "multi_thread")]
async fn import_turns_paths_into_addresses_and_cancel_stops_the_job() {
    let server = Server::start().await;
    server.store("cohort").await;
    std::fs::write(server.inputs().join("a.vcf"), "##fileformat=VCFv4.3\n").unwrap();
    std::fs::write(server.inputs().join("b.vcf"), "##fileformat=VCFv4.3\n").unwrap();
    let pattern = format!("{}/./../inputs/*.vcf", server.inputs().display());
    let started = at(&server, &["import", "cohort", &pattern]).await;
    ends(&started, 0);
    let id = out(&started).trim().to_owned();
    let shown = at(&server, &["job", "show", &id, "--output", "json"]).await;
    let job: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let sources: Vec<&str> = job["items"].as_array().unwrap().iter().map(|i| i["source"].as_str().unwrap()).collect();
    let expected = ["a.vcf", "b.vcf"].map(|name| format!("file://{}/{name}", server.inputs().display()));
    assert_eq!(sources, expected);
    ends(&at(&server, &["job", "cancel", &id]).await, 0);
    // A job that has ended is shown at once; cancelled is not done.
    let watched = at(&server, &["job", "watch", &id, "--progress", "json"]).await;
    ends(&watched, 1);
    assert!(out(&watched).contains("CANCELLED"));
    assert!(err(&watched).contains("\"status\":\"CANCELLED\""), "{}", err(&watched));
    let listed = at(&server, &["job", "list", "--store", "cohort"]).await;
    assert!(out(&listed).contains(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_or_not_allowed_is_refused_with_what_to_do() {
    let server = Server::start().await;
    server.store("cohort").await;
    ends(&at(&server, &["import", "cohort", "/nowhere/x.vcf"]).await, 2);
    ends(&at(&server, &["import", "cohort", "/nowhere/*.vcf"]).await, 2);
    let outside = tempfile::NamedTempFile::new().unwrap();
    let refused = at(&server, &["import", "cohort", outside.path().to_str().unwrap()]).await;
    ends(&refused, 1);
    assert!(err(&refused).contains("--allow-files"), "{}", err(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn query_answers_as_csv_into_a_pipe_and_as_a_table_when_asked() {
    let server = Server::start().await;
    let statement = "SELECT 1 AS n, make_array(1, 2) AS list";
    let csv = at(&server, &["query", statement]).await;
    ends(&csv, 0);
    assert_eq!(out(&csv), "n,list\n1,\"[1,2]\"\n");
    let table = at(&server, &["query", statement, "-o", "table"]).await;
    ends(&table, 0);
    expect_test::expect![[r"
        +---+--------+
        | n | list   |
        +---+--------+
        | 1 | [1, 2] |
        +---+--------+
    "]]
    .assert_eq(&out(&table));
    let wrong = at(&server, &["query", "SELECT nothing FROM nowhere"]).await;
    ends(&wrong, 1);
    assert!(err(&wrong).contains("nowhere"), "{}", err(&wrong));
}
