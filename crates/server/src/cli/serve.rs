//! `varberg serve`: reads the configuration and runs the server until it is told to stop.

use super::Exit;
use super::exit::UsageError;
use crate::config::{Config, Flags};

/// Arguments of the server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a configuration the server keeps everything below ./varberg-data, listens on loopback, and takes signed and
unsigned requests alike until there are users (varberg user create). It reads no file that was not allowed:
  --allow-files /data          file:///data/... and what `varberg import STORE /data/x.vcf.gz` means
  --bucket lab=/data/lab       s3://lab/x.vcf.gz is the file /data/lab/x.vcf.gz

Examples:
  varberg serve --allow-files /data
  varberg serve --listen 0.0.0.0:443 --tls-cert server.pem --tls-key server.key
  varberg serve --data-dir /srv/varberg --bucket lab=/data/lab --warehouse s3://tables/varberg

Every key of the configuration file is also a variable: VARBERG_LISTEN, VARBERG_QUERY_TIME_S, ...
GET /health/ready answers 200 once requests are served; SIGTERM or Ctrl-C stops gracefully.")]
pub struct ServeArgs {
    #[command(flatten)]
    flags: Flags,
}

pub(super) async fn run(args: ServeArgs) -> anyhow::Result<Exit> {
    let config = Config::load(&args.flags).map_err(|error| UsageError(format!("{error:#}")))?;
    crate::auth::exposure::check(&config).map_err(|error| UsageError(format!("{error:#}")))?;
    match crate::serve::serve(config).await {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.chain().any(|cause| cause.is::<varberg_lake::SourceError>()) => {
            Err(UsageError(format!("{error:#}")).into())
        }
        Err(error) => Err(error),
    }
}
