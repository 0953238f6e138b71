//! A journey through the whole API with the AWS SDK for Rust, whose types refuse what botocore lets pass.
//!
//! In: the address of a server, that of a second one on the same data for another account (the subscriber of a share), that
//! of a third whose imports stand still, and the bucket with the files `sdk.fa`, `sdk.vcf`, `sdk.gff3`. Out: nothing but an
//! exit code; the first thing that is not as it must be is a panic that says what.

mod annotations;
mod client;
mod references;
mod variants;

use std::time::{Duration, Instant};

use aws_sdk_omics::Client;

/// How long any waiter may take.
const PATIENCE: Duration = Duration::from_secs(60);
const ROLE: &str = "arn:aws:iam::000000000000:role/importer";

/// The three servers.
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

/// Asks until `ended` says so. The SDK's waiters ask every 30 s at the shortest: they come after this and are right at once.
async fn until(what: &str, ended: impl AsyncFn() -> bool) {
    let begin = Instant::now();
    while !ended().await {
        assert!(begin.elapsed() < PATIENCE, "{what} has not ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let [main, subscriber, held, bucket]: [String; 4] =
        std::env::args().skip(1).collect::<Vec<_>>().try_into().expect("three addresses and a bucket");
    let servers =
        Servers { main: client::of(&main), subscriber: client::of(&subscriber), held: client::of(&held), bucket };
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
