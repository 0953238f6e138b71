//! The program `varberg`: the server, its command line, and the child process that answers one statement.
//!
//! Parses the command line, starts the runtime and turns the outcome into an exit code. Nothing else.

use clap::{CommandFactory as _, Parser as _};
use std::process::ExitCode;
use varberg_server::cli::{Cli, Command, Exit, report};
use varberg_server::query_child;

/// Importers and queries allocate on many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers (code 0); anything else is a wrong call. A closed pipe is nobody's fault.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return code.into();
        }
    };
    let exit = match cli.command {
        // Limits must hold before the first thread starts, so this command brings its own runtime.
        Command::QueryChild => return query_child::main(),
        Command::Completions { shell } => varberg_server::cli::completions(shell, &mut Cli::command()),
        command => run(command, cli.global),
    };
    report(exit).into()
}

/// Runs a command on a runtime, until it ends or Ctrl-C is pressed.
fn run(command: Command, global: varberg_server::cli::GlobalArgs) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(varberg_server::cli::run(command, global));
    // A blocked thread (a read of standard input) must not hold the program back.
    runtime.shutdown_background();
    exit
}
