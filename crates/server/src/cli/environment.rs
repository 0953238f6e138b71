//! `varberg env`: the shell lines that point boto3, the AWS CLI and every other AWS SDK at this server.
//!
//! Spec 2.2: clients put `analytics-` and the like in front of the host name unless told not to. Credentials: a server
//! without configured ones takes any, but clients refuse to send a request without.

use super::Context;
use super::exit::Exit;
use super::output::OutputFormat;
use serde_json::{Map, Value};

/// The region that clients are told when none is set; the server's default.
const REGION: &str = "us-east-1";

/// For which shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(varberg env)\"                     bash, zsh, sh
  varberg env --shell fish | source
  varberg env --shell powershell | Invoke-Expression
  varberg env --output json                 for other programs")]
pub struct EnvArgs {
    /// The shell that will read the lines; found out from $SHELL when left out
    #[arg(long, value_enum)]
    shell: Option<Shell>,
}

/// Shells whose syntax we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Shell {
    /// bash, zsh, dash, ksh
    Bash,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
}

pub(super) fn run(args: &EnvArgs, context: &Context) -> anyhow::Result<Exit> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let lines = lines(context.client.endpoint(), set);
    if context.output == OutputFormat::Json {
        let members: Map<String, Value> =
            lines.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
        context.stdout.json(&Value::Object(members))?;
        return Ok(Exit::Done);
    }
    let shell = args.shell.unwrap_or_else(|| {
        let fish = std::env::var("SHELL").is_ok_and(|shell| shell.ends_with("fish"));
        if fish { Shell::Fish } else { Shell::Bash }
    });
    for (name, value) in lines {
        context.stdout.line(&assign(shell, name, &value))?;
    }
    Ok(Exit::Done)
}

/// The variables to set, given which are set already: a region and credentials are left alone.
pub(super) fn lines(endpoint: &str, set: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    let mut lines =
        vec![("AWS_ENDPOINT_URL_OMICS", endpoint.to_owned()), ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true".to_owned())];
    if !set("AWS_REGION") {
        lines.push(("AWS_REGION", REGION.to_owned()));
    }
    if !set("AWS_DEFAULT_REGION") {
        // boto3 only reads this one.
        lines.push(("AWS_DEFAULT_REGION", REGION.to_owned()));
    }
    if !set("AWS_ACCESS_KEY_ID") && !set("AWS_PROFILE") {
        lines.push(("AWS_ACCESS_KEY_ID", "varberg".to_owned()));
        lines.push(("AWS_SECRET_ACCESS_KEY", "varberg".to_owned()));
    }
    lines
}

fn assign(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Bash => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
        Shell::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
    }
}
