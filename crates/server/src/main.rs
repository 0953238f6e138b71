//! The program `varberg`.

use clap::Parser;
use varberg_server::{Config, Flags};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "varberg", version, about = "A self-hosted store for genomic variants")]
enum Command {
    /// Run the server
    Serve(Flags),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Serve(flags) => varberg_server::serve(Config::load(&flags)?).await,
    }
}
