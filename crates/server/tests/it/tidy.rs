//! Rules of the house that a compiler does not check: who may import what, how files look.
//!
//! The table is that of `ARCHITECTURE.md`; a manifest or a `use` line against it fails here.

use std::path::{Path, PathBuf};
use toml::Table;

const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Dependencies of a crate (not those of its tests).
fn dependencies(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let manifest: Table = toml::from_str(&text).unwrap();
    manifest
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .map(|t| t.keys().cloned().collect())
        .unwrap_or_default()
}

#[track_caller]
fn only(name: &str, allowed: &[&str]) {
    for dependency in dependencies(name) {
        let fits =
            |rule: &&str| rule.strip_suffix('*').map_or(*rule == dependency, |start| dependency.starts_with(start));
        assert!(allowed.iter().any(fits), "{name} must not depend on {dependency}");
    }
}

#[track_caller]
fn never(name: &str, forbidden: &[&str]) {
    for dependency in dependencies(name) {
        let hit = forbidden.iter().find(|start| dependency.starts_with(**start));
        assert!(hit.is_none(), "{name} must not depend on {dependency}");
    }
}

#[test]
fn manifests_keep_the_layers_apart() {
    only("model", &["chrono", "uuid", "thiserror", "regex"]);
    only("rows", &["varberg-model", "arrow-*", "fast-float2", "hashbrown", "memchr", "thiserror"]);
    only(
        "formats",
        &[
            "varberg-model",
            "varberg-rows",
            "arrow-*",
            "noodles-*",
            "encoding_rs",
            "flate2",
            "zstd",
            "bzip2",
            "memchr",
            "fast-float2",
            "md-5",
            "hex",
            "thiserror",
            "libdeflater",
            "bytes",
        ],
    );
    only(
        "catalog",
        &["varberg-model", "sqlx", "serde", "serde_json", "chrono", "uuid", "thiserror", "tokio", "tracing"],
    );
    never("lake", &["varberg-formats", "varberg-catalog", "varberg-server", "noodles", "axum", "http", "sqlx"]);
    // noodles-bgzf is a compression, not a file format: the demo writes its cohort with it.
    never("server", &["iceberg", "datafusion", "sqlx", "noodles-vcf", "noodles-fasta", "object_store"]);
}

/// Rust files below a directory, or the one file it is.
fn files(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
        out.push(path.to_owned());
    }
    if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
        for entry in std::fs::read_dir(path).unwrap() {
            files(&entry.unwrap().path(), out);
        }
    }
}

fn sources(paths: &[&str]) -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    paths.iter().for_each(|path| files(&root.join(path), &mut found));
    found.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        (name, std::fs::read_to_string(path).unwrap())
    };
    found.into_iter().map(read).collect()
}

/// No line of code (comments aside) of these files contains one of `words`.
#[track_caller]
fn free_of(paths: &[&str], words: &[&str]) {
    for (name, text) in sources(paths) {
        for (line, code) in (1..).zip(text.lines()) {
            let code = code.trim_start();
            let hit = words.iter().find(|word| !code.starts_with("//") && code.contains(**word));
            assert!(hit.is_none(), "{name}:{line} must not contain {}", hit.unwrap());
        }
    }
}

#[test]
fn handlers_know_no_tables_no_sql_and_no_internals_of_imports() {
    let api = ["crates/server/src/api.rs", "crates/server/src/api"];
    free_of(
        &api,
        &[
            "iceberg",
            "datafusion",
            "noodles",
            "sqlx",
            "SELECT ",
            "INSERT ",
            "UPDATE ",
            "crate::import",
            "varberg_formats",
        ],
    );
}

#[test]
fn imports_know_no_http() {
    free_of(
        &["crates/server/src/import.rs", "crates/server/src/import"],
        &["axum", "http::", "crate::api", "crate::wire", "StatusCode"],
    );
}

#[test]
fn pure_crates_do_no_io() {
    let words = ["std::fs", "std::env", "std::net", "SystemTime::now", "Instant::now", "tokio::", "async fn"];
    free_of(&["crates/model/src", "crates/rows/src", "crates/formats/src"], &words);
    free_of(&["crates/catalog/src"], &["std::env", "SystemTime::now"]);
    free_of(&["crates/lake/src"], &["std::env::var"]);
}

#[test]
fn http_statuses_are_known_where_answers_are_made() {
    let known = ["crates/server/src/error.rs", "crates/server/src/api/call.rs"];
    for (name, _) in sources(&["crates/server/src"]) {
        if !known.contains(&name.as_str()) {
            free_of(&[&name], &["StatusCode"]);
        }
    }
}

#[test]
fn files_are_short_named_by_a_noun_and_open_with_what_they_are() {
    for (name, text) in sources(&["crates"]) {
        let file = Path::new(&name).file_stem().unwrap().to_str().unwrap();
        assert!(
            !["mod", "utils", "util", "common", "helpers", "manager"].contains(&file),
            "{name}: name it by its concept"
        );
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "{name} has {lines} lines; the most is {MAX_LINES}");
        // `foo/tests.rs` is told by `foo.rs`.
        assert!(text.starts_with("//!") || file == "tests", "{name} does not say what it is");
        assert!(!text.contains("#[path") || name.ends_with("tidy.rs"), "{name}: modules lie where they are looked for");
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [["TO", "DO"], ["FIX", "ME"], ["to", "do!("], ["unimplement", "ed!("]].map(|halves| halves.concat());
    for (name, text) in sources(&["crates"]) {
        let hit = marks.iter().find(|mark| text.contains(mark.as_str()));
        assert!(hit.is_none(), "{name} contains {}", hit.unwrap());
    }
}

#[test]
fn dependencies_are_declared_once() {
    let members = std::fs::read_dir(root().join("crates")).unwrap();
    for member in members.map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(member.join("Cargo.toml")).unwrap();
        let manifest: Table = toml::from_str(&text).unwrap();
        for section in ["dependencies", "dev-dependencies"] {
            let Some(table) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            for (dependency, value) in table {
                let inherited = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                assert!(inherited, "{}: {dependency} must be `workspace = true`", member.display());
            }
        }
        assert_eq!(manifest["lints"]["workspace"], toml::Value::Boolean(true), "{}", member.display());
    }
}
