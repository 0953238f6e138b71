//! The command line: what can be typed, and which command it starts.
//!
//! In: the parsed arguments. Out: an [`Exit`]. Standard output carries data, standard error talk. Every command but
//! `serve`, `demo` and `user` is a client of a running server: no other command opens the catalog or a table by itself,
//! except `query` and `shell` with `--data-dir`.

mod aws_config;
pub(crate) mod client;
mod columns;
mod completions;
mod demo;
mod doctor;
mod environment;
mod event;
mod exit;
mod export;
mod import;
mod job;
mod kind;
mod output;
mod progress;
mod query;
mod read_options;
mod reference;
mod serve;
mod shell;
mod signing;
mod source;
mod store;
mod table;
mod user;
mod version;

pub use completions::completions;
pub use exit::{Exit, report};

use client::Client;
use output::{OutputFormat, Stdout};
use std::sync::Mutex;

/// Variant stores you host yourself: the HealthOmics API, Iceberg tables, SQL.
#[derive(Debug, clap::Parser)]
#[command(name = "varberg", version, max_term_width = 110, after_help = AFTER_HELP, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Arguments that every command takes.
#[derive(Debug, clap::Args)]
pub struct GlobalArgs {
    /// Address of the server [env: VARBERG_ENDPOINT] [default: http://127.0.0.1:8400]
    // The variable is read below: clap would show an option that it fills as one that must be given.
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub endpoint: Option<String>,
    /// Form of the answer on standard output; json has the member names of the API
    #[arg(
        long = "output",
        global = true,
        value_enum,
        value_name = "FORM",
        default_value_t,
        help_heading = "Global options"
    )]
    pub output: OutputFormat,
}

impl GlobalArgs {
    fn endpoint(&self) -> String {
        let variable = || std::env::var("VARBERG_ENDPOINT").ok().filter(|value| !value.is_empty());
        self.endpoint.clone().or_else(variable).unwrap_or_else(|| "http://127.0.0.1:8400".to_owned())
    }
}

const AFTER_HELP: &str = "\
A first tour (or just `varberg demo`):
  varberg serve --allow-files /data &                     start a server that may read files below /data
  varberg reference import /data/GRCh38.fa.gz             make its contigs known; prints the reference's ARN
  varberg store create cohort                             a store on the only reference there is
  varberg import cohort /data/*.vcf.gz --wait             import, with a progress bar
  varberg query 'SELECT sampleid, count(*) FROM cohort GROUP BY sampleid'
  varberg shell                                           a prompt for more questions
  varberg export cohort -o cohort.vcf.gz                  back to a VCF file
  eval \"$(varberg env)\" && aws omics list-variant-stores  the same server from the AWS CLI and boto3

Exit codes: 0 done, 1 failed, 2 wrong call, 3 partly done (COMPLETED_WITH_FAILURES), 130 stopped by Ctrl-C.
Environment: VARBERG_ENDPOINT (as --endpoint), NO_COLOR (no colours). A server with users wants signed requests:
VARBERG_ACCESS_KEY_ID and VARBERG_SECRET_ACCESS_KEY, else the AWS variables, else the AWS profile; VARBERG_CA_BUNDLE, else
AWS_CA_BUNDLE, names certificates to trust.";

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Box<serve::ServeArgs>),
    /// Create, list, rotate and delete the users who may call, and their access keys
    #[command(subcommand)]
    User(user::UserCommand),
    /// Create, list, show and delete variant stores
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Import and list reference genomes
    #[command(subcommand)]
    Reference(reference::ReferenceCommand),
    /// Import VCF files into a store
    Import(import::ImportArgs),
    /// List, show, watch, cancel and undo import jobs
    #[command(subcommand)]
    Job(job::JobCommand),
    /// Compact tables, drop their old snapshots
    #[command(subcommand)]
    Table(table::TableCommand),
    /// Show what happened to stores, jobs, tables, shares and references
    #[command(subcommand)]
    Events(event::EventCommand),
    /// Ask a question in SQL
    Query(query::QueryArgs),
    /// Ask questions in SQL at a prompt, with history and completion
    Shell(shell::ShellArgs),
    /// Write a store, or some of it, to a VCF or BCF file
    Export(export::ExportArgs),
    /// Print the shell lines that point boto3 and the AWS CLI at this server
    Env(environment::EnvArgs),
    /// Check the server and this shell's AWS settings, and say what to fix
    Doctor,
    /// See everything work on made-up data, in seconds
    Demo(demo::DemoArgs),
    /// Print a completion script for a shell
    #[command(after_help = completions::AFTER_HELP)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Answer one statement: request on standard input, Arrow stream on standard output
    #[command(name = "__query", hide = true)]
    QueryChild,
}

/// What commands share: the server, the place for answers, and what to say when Ctrl-C ends them.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) stdout: Stdout,
    pub(crate) output: OutputFormat,
    farewell: Mutex<Option<String>>,
}

impl Context {
    fn new(client: Client, output: OutputFormat) -> Self {
        Self { client, stdout: Stdout, output, farewell: Mutex::new(None) }
    }

    /// Sets what is said on standard error when Ctrl-C is pressed from now on.
    pub(crate) fn on_interrupt(&self, text: Option<String>) {
        if let Ok(mut farewell) = self.farewell.lock() {
            *farewell = text;
        }
    }
}

/// Runs a command until it ends, or until Ctrl-C, which ends it with [`Exit::Interrupted`].
///
/// `serve` is not interrupted here: it stops gracefully by itself. Nor is `shell`, where Ctrl-C ends the statement alone.
pub async fn run(command: Command, global: GlobalArgs) -> anyhow::Result<Exit> {
    if let Command::Serve(args) = command {
        return serve::run(*args).await;
    }
    if let Command::User(command) = command {
        return user::run(command, global.output).await;
    }
    let context = Context::new(Client::new(&global.endpoint())?, global.output);
    if let Command::Shell(args) = command {
        return shell::run(args, &context).await;
    }
    tokio::select! {
        exit = dispatch(command, &context) => exit,
        _ = tokio::signal::ctrl_c() => {
            if let Ok(Some(text)) = context.farewell.lock().map(|mut text| text.take()) {
                output::say(&text);
            }
            Ok(Exit::Interrupted)
        }
    }
}

async fn dispatch(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Store(command) => store::run(command, context).await,
        Command::Reference(command) => reference::run(command, context).await,
        Command::Import(args) => import::run(args, context).await,
        Command::Job(command) => job::run(command, context).await,
        Command::Table(command) => table::run(command, context).await,
        Command::Events(command) => event::run(command, context).await,
        Command::Query(args) => query::run(args, context).await,
        Command::Export(args) => export::run(args, context).await,
        Command::Env(args) => environment::run(&args, context),
        Command::Doctor => doctor::run(context).await,
        Command::Demo(args) => demo::run(args, context.output).await,
        // Handled before a runtime exists.
        Command::Serve(_)
        | Command::User(_)
        | Command::Shell(_)
        | Command::Completions { .. }
        | Command::QueryChild => Ok(Exit::Usage),
    }
}
