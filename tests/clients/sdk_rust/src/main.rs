//! A journey through the whole API with the AWS SDK for Rust, whose types refuse what botocore lets pass.
//!
//! In: address, access key and secret of the owner of everything, of a caller of another account (the subscriber of a share),
//! and of a server whose imports stand still; the bucket with the files `sdk.fa`, `sdk.vcf`, `sdk.gff3`. Out: nothing but an
//! exit code; the first thing that is not as it must be is a panic that says what.

mod annotations;
mod client;
mod references;
mod variants;

use std::time::{Duration, Instant};

use aws_sdk_omics::Client;

/// How long a job or a deletion may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a waiter may take: it must be right at its first question, for the second comes after 30 s.
const AT_ONCE: Duration = Duration::from_secs(10);
const ROLE: &str = "arn:aws:iam::000000000000:role/importer";

/// The three callers.
struct Servers {
    main: Client,
    subscriber: Client,
    held: Client,
    bucket: String,
}

impl Servers {
    fn source(&self, file: &str) -> String {
        format!("s3://{}/{file}", self.bucket)
    }
}

/// Asks until `ended` says so.
async fn until(what: &str, ended: impl AsyncFn() -> bool) {
    let begin = Instant::now();
    while !ended().await {
        assert!(begin.elapsed() < PATIENCE, "{what} has not ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [main, subscriber, held] = [0, 3, 6].map(|at| client::of(&given[at], &given[at + 1], &given[at + 2]));
    let servers = Servers { main, subscriber, held, bucket: given[9].clone() };
    let reference = references::import(&servers).await;
    variants::import(&servers, &reference).await;
    variants::cancel(&servers).await;
    variants::share(&servers).await;
    annotations::versions(&servers, &reference).await;
    annotations::jobs(&servers).await;
    annotations::cancel(&servers).await;
    client::errors(&servers.main).await;
    variants::delete(&servers).await;
    annotations::delete(&servers).await;
    references::delete(&servers, &reference).await;
}
