//! Input files: what may be read, and what a change of a file does.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::runtime::Handle;
use varberg_lake::{Pinned, SourceError, Sources, SourcesConfig};
use varberg_model::ObjectUri;

struct Files {
    root: TempDir,
    sources: Sources,
}

/// `data/` is bucket `cohort` and allowed for `file://`; `secret` lies beside it.
fn files() -> Files {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    fs::create_dir_all(data.join("sub")).unwrap();
    fs::write(data.join("a.vcf"), "0123456789").unwrap();
    fs::write(root.path().join("secret"), "secret").unwrap();
    let config = SourcesConfig {
        buckets: BTreeMap::from([("cohort".to_owned(), data.clone())]),
        allow_files: vec![data],
        ..SourcesConfig::default()
    };
    let sources = Sources::new(config, Handle::current()).unwrap();
    Files { root, sources }
}

impl Files {
    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    async fn pin(&self, uri: &str) -> Result<Pinned, SourceError> {
        self.sources.pin(&ObjectUri::parse("source", uri).unwrap()).await
    }

    async fn read(&self, pinned: &Pinned, start: u64) -> std::io::Result<String> {
        let (sources, pinned) = (self.sources.clone(), pinned.clone());
        let read = move || {
            let mut text = String::new();
            sources.open(&pinned, start, pinned.size).read_to_string(&mut text).map(|_| text)
        };
        tokio::task::spawn_blocking(read).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_and_allowed_directories_are_read() {
    let files = files();
    let file = format!("file://{}", files.path("data/a.vcf").display());
    for uri in ["s3://cohort/a.vcf", &file] {
        let pinned = files.pin(uri).await.unwrap();
        assert_eq!(pinned.size, 10);
        assert_eq!(files.read(&pinned, 4).await.unwrap(), "456789");
        assert_eq!(files.sources.read_range(&pinned, 2..5).await.unwrap(), "234".as_bytes());
        assert_eq!(files.sources.read_range(&pinned, 8..50).await.unwrap(), "89".as_bytes());
        let json = serde_json::to_string(&pinned).unwrap();
        assert_eq!(serde_json::from_str::<Pinned>(&json).unwrap(), pinned);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_is_read() {
    let files = files();
    let data = files.path("data");
    symlink("../secret", data.join("out")).unwrap();
    symlink(files.path("secret"), data.join("absolute-out")).unwrap();
    symlink(files.root.path(), data.join("directory-out")).unwrap();
    symlink("/proc/self/environ", data.join("environ")).unwrap();
    for key in [
        "../secret",
        "sub/../../secret",
        "out",
        "absolute-out",
        "directory-out/secret",
        "environ",
        "%2e%2e/secret",
        "..%2fsecret",
    ] {
        let error = files.pin(&format!("s3://cohort/{key}")).await.unwrap_err();
        assert!(matches!(error, SourceError::Outside { .. } | SourceError::NotFound { .. }), "{key}: {error}");
        let in_allowed = format!("file://{}/{key}", data.display());
        assert!(files.pin(&in_allowed).await.is_err(), "{key}");
    }
    let elsewhere = files.pin("file:///etc/passwd").await.unwrap_err().to_string();
    assert!(elsewhere.ends_with("start the server with --allow-files /etc"), "{elsewhere}");
    let uri = ObjectUri::parse("source", &format!("file://{}-other/a", data.display())).unwrap();
    assert!(matches!(files.sources.check(&uri), Err(SourceError::NotAllowed { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_stay_inside_are_followed() {
    let files = files();
    let data = files.path("data");
    symlink("a.vcf", data.join("relative")).unwrap();
    symlink(data.join("a.vcf"), data.join("absolute")).unwrap();
    symlink("../a.vcf", data.join("sub/up")).unwrap();
    for key in ["relative", "absolute", "sub/up"] {
        let pinned = files.pin(&format!("s3://cohort/{key}")).await.unwrap();
        assert_eq!(files.read(&pinned, 0).await.unwrap(), "0123456789", "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_regular_files_are_read_and_nothing_hangs() {
    let files = files();
    let data = files.path("data");
    let fifo =
        rustix::fs::mknodat(rustix::fs::CWD, data.join("fifo"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0);
    fifo.unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(data.join("socket")).unwrap();
    let root = files.pin(&format!("file://{}", data.display())).await.unwrap_err().to_string();
    assert!(root.ends_with("is a directory, not a regular file"), "{root}");
    for key in ["/etc/passwd", "sub//x"] {
        let error = files.pin(&format!("s3://cohort/{key}")).await.unwrap_err().to_string();
        assert!(error.contains("empty path segment"), "{error}");
    }
    for (key, kind) in [("fifo", "FIFO"), ("socket", "socket"), ("sub", "directory")] {
        let error = files.pin(&format!("s3://cohort/{key}")).await.unwrap_err().to_string();
        assert_eq!(error, format!("s3://cohort/{key} is a {kind}, not a regular file"));
    }
    let missing = files.pin("s3://cohort/missing").await.unwrap_err();
    assert!(matches!(missing, SourceError::NotFound { .. }));
    let long = files.pin(&format!("s3://cohort/{}", "x".repeat(1000))).await.unwrap_err();
    assert!(matches!(long, SourceError::Read { .. } | SourceError::NotFound { .. }), "{long}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_is_an_error_when_opened_and_at_its_end() {
    let files = files();
    let path = files.path("data/a.vcf");
    let pinned = files.pin("s3://cohort/a.vcf").await.unwrap();

    let (sources, pin, grow) = (files.sources.clone(), pinned.clone(), path.clone());
    let read = move || {
        let mut reader = sources.open(&pin, 0, pin.size);
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        fs::write(&grow, "0123456789 and more").unwrap();
        reader.read_to_end(&mut Vec::new()).unwrap_err().to_string()
    };
    let error = tokio::task::spawn_blocking(read).await.unwrap();
    assert!(error.contains("changed while it was imported"), "{error}");

    let error = files.read(&pinned, 0).await.unwrap_err().to_string();
    assert!(error.contains("changed while it was imported"), "{error}");
    assert!(matches!(files.sources.read_range(&pinned, 0..1).await, Err(SourceError::Changed { .. })));
}
