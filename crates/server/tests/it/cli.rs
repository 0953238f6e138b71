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
        "export",
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
    for command in ["serve", "import", "query", "export", "env", "demo", "completions"] {
        let help = varberg(&[command, "--help"], &[]);
        ends(&help, 0);
        assert!(out(&help).contains("Examples:"), "{command}");
    }
}

#[test]
fn a_wrong_call_ends_with_2_and_talks_on_standard_error() {
    for call in [
        &["nonsense"][..],
        &["import", "cohort"],
        &["import", "cohort", "http://x/y.vcf"],
        &["import", "Bad-Name", "s3://abc/y.vcf"],
        &["query"],
        &["export"],
        &["export", "cohort", "-O", "x"],
        &["job", "show", "1"],
        &["job", "list", "--status", "DONE"],
        &["store", "create", "x"],
        &["store", "list", "--endpoint", "127.0.0.1:8400"],
    ] {
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
        # region: as in AWS_REGION and AWS_DEFAULT_REGION
        # credentials: as in AWS_ACCESS_KEY_ID
    "]]
    .assert_eq(&out(&output));
    let output = varberg(&["env", "--output", "json"], &set);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["AWS_DISABLE_HOST_PREFIX_INJECTION"], "true");
}

#[test]
fn env_leaves_alone_what_the_aws_profile_in_force_has() {
    let home = tempfile::tempdir().unwrap();
    let aws = home.path().join(".aws");
    std::fs::create_dir(&aws).unwrap();
    std::fs::write(aws.join("credentials"), "[default]\naws_access_key_id = A\naws_secret_access_key = B\n").unwrap();
    std::fs::write(aws.join("config"), "[default]\nregion = eu-west-1\n[profile bare]\noutput = json\n").unwrap();
    let home = home.path().to_str().unwrap();
    let output = varberg(&["env"], &[("HOME", home)]);
    expect_test::expect![[r"
        export AWS_ENDPOINT_URL_OMICS='http://127.0.0.1:8400'
        export AWS_DISABLE_HOST_PREFIX_INJECTION='true'
        # region: as in the AWS profile default of ~/.aws
        # credentials: as in the AWS profile default of ~/.aws
    "]]
    .assert_eq(&out(&output));
    let output = varberg(&["env"], &[("HOME", home), ("AWS_PROFILE", "bare"), ("AWS_REGION", "eu-west-2")]);
    expect_test::expect![[r"
        export AWS_ENDPOINT_URL_OMICS='http://127.0.0.1:8400'
        export AWS_DISABLE_HOST_PREFIX_INJECTION='true'
        export AWS_DEFAULT_REGION='eu-west-2'
        export AWS_ACCESS_KEY_ID='varberg'
        export AWS_SECRET_ACCESS_KEY='varberg'
    "]]
    .assert_eq(&out(&output));
}

#[test]
fn usage_does_not_ask_for_what_has_a_default_and_hides_the_inner_command() {
    let set = [("VARBERG_ENDPOINT", "http://127.0.0.1:9")];
    let text = err(&varberg(&["import"], &set));
    assert!(text.contains("Usage: varberg import <STORE> <FILE>..."), "{text}");
    let bare = varberg(&[], &set);
    ends(&bare, 2);
    assert!(!err(&bare).contains("__query"), "{}", err(&bare));
}

#[test]
fn a_server_that_cannot_start_says_so_once_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let data_dir = data.to_str().unwrap();
    for wrong in [["--listen", "nonsense"], ["--listen", "0.0.0.0:0"], ["--bucket", "x"], ["--bucket", "lab=/nowhere"]]
    {
        let output = varberg(&["serve", "--data-dir", data_dir, wrong[0], wrong[1]], &[]);
        ends(&output, 2);
        assert!(!data.exists(), "{wrong:?}");
        assert!(err(&output).matches("No such file").count() <= 1, "{}", err(&output));
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = varberg(&["serve", "--data-dir", data_dir, "--listen", &address], &[]);
    ends(&output, 1);
    assert!(err(&output).contains(&address) && !data.exists(), "{}", err(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_outlasts_a_restart_of_the_server() {
    let server = Server::start().await;
    server.store("cohort").await;
    let body = serde_json::json!({
        "destinationName": "cohort",
        "roleArn": crate::server::ROLE,
        "items": [{ "source": "s3://inputs/a.vcf" }],
    });
    let job = server.post("/import/variant", &body).await.ok()["jobId"].as_str().unwrap().to_owned();
    server.delete(&format!("/import/variant/{job}")).await.ok();
    // An address where nobody listens, for now.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{address}");
    let watch = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_varberg"));
        command.args(["job", "watch", &job, "--endpoint", &endpoint]).env_clear().stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        std::io::BufRead::read_line(&mut lines, &mut first).unwrap();
        (child, lines, first, job)
    };
    let (child, _lines, first, job) = tokio::task::spawn_blocking(watch).await.unwrap();
    assert!(first.contains("no server answers") && first.contains(&job), "{first}");
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(axum::serve(listener, varberg_server::router(server.app.clone())).into_future());
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert!(out(&ended).contains("CANCELLED"), "{}", out(&ended));
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
    let listed = at(&server, &["job", "list", "--store", "cohort", "--status", "cancelled"]).await;
    assert!(out(&listed).contains(&id));
    let missing = at(&server, &["job", "list", "--store", "nosuch"]).await;
    ends(&missing, 1);
    assert!(err(&missing).contains("nosuch does not exist"), "{}", err(&missing));
    // The id comes first: whoever loses the connection still has it.
    let waited = at(&server, &["import", "cohort", "s3://inputs/a.vcf", "--wait", "--progress", "none"]);
    let cancel = async {
        loop {
            let jobs =
                server.post("/import/variants", &serde_json::json!({ "filter": { "status": "SUBMITTED" } })).await.ok();
            if let Some(id) = jobs["variantImportJobs"][0]["id"].as_str() {
                server.delete(&format!("/import/variant/{id}")).await.ok();
                return id.to_owned();
            }
            tokio::task::yield_now().await;
        }
    };
    let (waited, id) = tokio::join!(waited, cancel);
    assert_eq!(out(&waited).lines().next(), Some(&*id));
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
