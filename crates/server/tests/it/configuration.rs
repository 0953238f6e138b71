//! The configuration: its layers, its refusals, and `docs/configuration.md`, which is generated from the field docs.

use crate::server::Server;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use varberg_formats::{Cause, Verdict};
use varberg_server::{Config, Flags};

fn load(file: Option<&str>, variables: &[(&str, &str)], flags: Flags) -> anyhow::Result<Config> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("varberg.toml");
    let config = match file {
        Some(text) => {
            std::fs::write(&path, text)?;
            Some(path)
        }
        None => None,
    };
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::merge(&Flags { config, ..flags }, &variables)
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let file = "listen = \"127.0.0.1:1\"\nregion = \"eu-west-1\"\naccount = \"111111111111\"\n[import]\nthreads = 3\n[buckets]\na = \"/a\"\n";
    let variables = [
        ("VARBERG_LISTEN", "127.0.0.1:2"),
        ("VARBERG_REGION", "eu-west-2"),
        ("VARBERG_IMPORT_LEASE_S", "60"),
        ("VARBERG_OTHER", "x"),
    ];
    let flags = Flags { listen: Some("127.0.0.1:3".into()), buckets: vec!["b=/b".into()], ..Flags::default() };
    let config = load(Some(file), &variables, flags).unwrap();
    assert_eq!(
        (config.listen.as_str(), config.region.as_str(), config.account.as_str()),
        ("127.0.0.1:3", "eu-west-2", "111111111111")
    );
    assert_eq!((config.import.threads, config.import.lease_s, config.import.max_jobs), (3, 60, 2));
    assert_eq!(config.buckets, [("a".to_owned(), PathBuf::from("/a")), ("b".to_owned(), PathBuf::from("/b"))].into());
}

#[test]
fn variables_hold_lists_as_shells_write_them() {
    let variables =
        [("VARBERG_BUCKETS", "a=/x,b=/y"), ("VARBERG_ALLOW_FILES", "/p:/q"), ("VARBERG_S3_PATH_STYLE", "true")];
    let config = load(None, &variables, Flags::default()).unwrap();
    assert_eq!(config.buckets.len(), 2);
    assert_eq!(config.allow_files, [PathBuf::from("/p"), PathBuf::from("/q")]);
    assert!(config.s3.path_style);
}

#[test]
fn directories_are_those_of_where_the_server_was_started() {
    let config = load(None, &[("VARBERG_ALLOW_FILES", "x")], Flags::default()).unwrap();
    let here = std::env::current_dir().unwrap();
    assert_eq!(
        (config.data_dir.clone(), config.allow_files.clone()),
        (here.join("varberg-data"), vec![here.join("x")])
    );
    assert_eq!(config.warehouse().unwrap().uri, format!("file://{}/varberg-data/warehouse", here.display()));
    for (warehouse, uri) in [("s3://b/p", "s3://b/p"), ("/w/", "file:///w"), ("file:///w", "file:///w")] {
        let config = Config { warehouse: Some(warehouse.to_owned()), ..Config::default() };
        assert_eq!(config.warehouse().unwrap().uri, uri);
    }
    assert!(Config { warehouse: Some("gs://b".to_owned()), ..Config::default() }.warehouse().is_err());
}

#[test]
fn refusals_name_the_key() {
    let files = [
        ("listn = \"x\"", "listn"),
        ("[import]\nthread = 1", "thread"),
        ("[import]\nthreads = \"x\"", "line 2"),
        ("account = \"1\"", "account"),
        ("region = \"\"", "region"),
        ("[import]\nlease_s = 0", "import.lease_s"),
        ("log_format = \"xml\"", "xml"),
        ("tls_cert = \"/c\"", "--tls-key"),
    ];
    for (file, word) in files {
        let text = format!("{:#}", load(Some(file), &[], Flags::default()).unwrap_err());
        assert!(text.contains(word), "{file}: {text}");
    }
    for (name, value) in
        [("VARBERG_IMPORT_THREADS", "many"), ("VARBERG_BUCKETS", "a"), ("VARBERG_S3_PATH_STYLE", "yes")]
    {
        let text = format!("{:#}", load(None, &[(name, value)], Flags::default()).unwrap_err());
        assert!(text.contains(name), "{text}");
    }
    let flags = Flags { buckets: vec!["a".into()], ..Flags::default() };
    assert!(format!("{:#}", load(None, &[], flags).unwrap_err()).contains("--bucket a"));
}

#[test]
fn a_faulty_file_shows_no_secret() {
    for line in [
        "secrets_key = c2VjcmV0",
        "secrets_key = 5",
        "secrets_key = \"c2VjcmV0\"\nlistn = 1",
        "[roles.\"*\"]\nsecret_access_key = c2VjcmV0",
    ] {
        let error = load(Some(line), &[], Flags::default()).unwrap_err();
        assert!(!format!("{error:#} {error:?}").contains("c2VjcmV0"), "{error:#}");
    }
    let config = load(None, &[("VARBERG_SECRETS_KEY", "c2VjcmV0")], Flags::default()).unwrap();
    assert!(!format!("{config:?}").contains("c2VjcmV0"));
    assert!(!toml::to_string(&config).unwrap().contains("c2VjcmV0"));
}

#[test]
fn verdicts_change_single_rows_of_the_policy() {
    let file = "[import]\nstrict = true\nverdicts = { Position = \"reject record\", UndeclaredInfo = \"warn\" }\n";
    let policy = load(Some(file), &[], Flags::default()).unwrap().import.policy();
    assert_eq!(policy.verdict(Cause::Position), Verdict::RejectRecord);
    assert_eq!(policy.verdict(Cause::UndeclaredInfo), Verdict::Warn);
    assert_eq!(policy.verdict(Cause::AltEqualsRef), Verdict::RejectFile);
    let variables = [("VARBERG_IMPORT_VERDICTS", "BlankLine=accept,GenotypeIndex=reject record")];
    let policy = load(None, &variables, Flags::default()).unwrap().import.policy();
    assert_eq!(policy.verdict(Cause::BlankLine), Verdict::Accept);
    assert_eq!(policy.verdict(Cause::GenotypeIndex), Verdict::RejectRecord);
    assert_eq!(policy.verdict(Cause::AltEqualsRef), Verdict::Warn);
    let share = load(None, &[("VARBERG_IMPORT_MAX_REJECTED_SHARE", "1")], Flags::default()).unwrap();
    assert!((share.import.max_rejected_share - 1.0).abs() < f64::EPSILON);
}

#[test]
fn refused_verdicts_say_what_is_possible() {
    let refusal = |verdicts: &str| {
        let file = format!("[import]\nverdicts = {{ {verdicts} }}\n");
        format!("{:#}", load(Some(&file), &[], Flags::default()).unwrap_err())
    };
    let cases = [
        ("position = \"warn\"", "there is no fault position; close to it are Position, "),
        ("UndeclaredInf = \"warn\"", "close to it are UndeclaredInfo, "),
        (
            "Position = \"warn\"",
            "import.verdicts.Position is \"warn\" and must be \"reject record\" or \"reject file\"",
        ),
        ("Truncated = \"accept\"", "must be \"reject file\""),
        ("UnknownType = \"reject record\"", "must be \"accept\" or \"warn\" or \"reject file\""),
        ("BlankLine = \"ignore\"", "import.verdicts.BlankLine is \"ignore\""),
    ];
    for (verdicts, words) in cases {
        let text = refusal(verdicts);
        assert!(text.contains(words), "{verdicts}: {text}");
    }
    for share in ["-0.1", "1.5", "nan"] {
        let text = load(Some(&format!("[import]\nmax_rejected_share = {share}\n")), &[], Flags::default());
        assert!(format!("{:#}", text.unwrap_err()).contains("import.max_rejected_share"), "{share}");
    }
}

#[test]
fn what_roles_may_read_are_whole_folders() {
    let role = |more: &str| load(Some(&format!("[roles.\"arn:x\"]\n{more}\n")), &[], Flags::default());
    assert!(role("sources = [\"s3://lab/\", \"s3://lab/a/b/\", \"file:///data/\"]").is_ok());
    for (more, words) in [
        ("", "sources is empty"),
        ("sources = [\"s3://lab\"]", "with the last slash"),
        ("sources = [\"s3://lab/patient\"]", "with the last slash"),
        ("sources = [\"/data/\"]", "with the last slash"),
        ("sources = [\"s3://lab/\"]\naccess_key_id = \"a\"", "needs access_key_id with one of"),
        ("sources = [\"s3://lab/\"]\nsecret_access_key = \"a\"", "needs access_key_id with one of"),
    ] {
        let text = format!("{:#}", role(more).unwrap_err());
        assert!(text.contains(words), "{more}: {text}");
    }
}

#[tokio::test]
async fn the_data_directory_is_private() {
    let server = Server::start().await;
    for directory in ["", "warehouse", "spill"] {
        let mode = std::fs::metadata(server.data_dir().join(directory)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{directory}");
    }
    assert!(server.data_dir().join("catalog.sqlite").is_file());
}

#[test]
fn the_manual_is_that_of_the_fields() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["config.rs", "config/quotas.rs", "config/roles.rs", "config/events.rs", "config/maintenance.rs"];
    let sources = sources.map(|file| std::fs::read_to_string(root.join("src").join(file)).unwrap());
    let manual = manual(&sources.concat());
    expect_test::expect_file![root.join("../../docs/configuration.md")].assert_eq(&manual);
    for (key, variable) in Config::variables() {
        assert!(manual.contains(&format!("| `{key}` | `{variable}` |")), "{key} is no field");
    }
    let fields = manual.lines().filter(|line| line.starts_with("| `") && !line.starts_with("| `roles."));
    assert_eq!(fields.count(), Config::variables().count());
}

/// Makes the manual of the docs and fields of the structs in `source`.
fn manual(source: &str) -> String {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    let variables: BTreeMap<&str, String> = Config::variables().collect();
    let mut manual = String::from(
        "# Configuration\n\nA TOML file (`--config FILE` or `VARBERG_CONFIG`), overridden by variables, overridden by \
         flags of `varberg serve`.\nUnknown keys of the file are refused; unknown variables are ignored. Generated \
         from the field docs of\n`crates/server/src/config.rs` and below by its test: `UPDATE_EXPECT=1 make test`.\n",
    );
    let mut docs: Vec<&str> = Vec::new();
    let mut section: Option<&str> = None;
    for line in source.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            docs.push(doc.trim());
        } else if let Some(name) = line.strip_prefix("pub struct ").and_then(|rest| rest.strip_suffix(" {")) {
            let prefix = match name.strip_suffix("Config").unwrap_or(name) {
                "" => "",
                "S3" => "s3.",
                "Import" => "import.",
                "Query" => "query.",
                "Quota" => "quotas.",
                "Role" => "roles.NAME.",
                "Events" => "events.",
                "Maintenance" => "maintenance.",
                other => panic!("no section for {other}"),
            };
            section = Some(prefix);
            let title =
                if prefix.is_empty() { "Server".to_owned() } else { format!("`[{}]`", prefix.trim_end_matches('.')) };
            let table = "| key | variable | default | meaning |\n|---|---|---|---|";
            write!(manual, "\n## {title}\n\n{}\n\n{table}\n", docs.join(" ")).unwrap();
            docs.clear();
        } else if line == "}" {
            section = None;
            docs.clear();
        } else if let (Some(prefix), Some(rest)) = (section, line.strip_prefix("pub ")) {
            let key = format!("{prefix}{}", rest.split_once(':').unwrap().0);
            if docs.is_empty() {
                continue; // A section, documented at its struct.
            }
            // A table of tables has no variables.
            let variable = variables.get(key.as_str()).map_or("".into(), |name| format!("`{name}`"));
            let default = default(&defaults, &key);
            writeln!(manual, "| `{key}` | {variable} | {default} | {} |", docs.join(" ")).unwrap();
            docs.clear();
        } else if !line.starts_with("#[") {
            docs.clear();
        }
    }
    manual
}

fn default(defaults: &toml::Table, key: &str) -> String {
    let value = match key.split_once('.') {
        Some((section, key)) => defaults.get(section).and_then(|section| section.get(key)),
        None => defaults.get(key),
    };
    value.map_or_else(String::new, |value| format!("`{value}`"))
}
