//! `varberg env`: the shell lines that point boto3, the AWS CLI and every other AWS SDK at this server.
//!
//! Spec 2.2: clients put `analytics-` and the like in front of the host name unless told not to. Credentials: those of
//! `VARBERG_ACCESS_KEY_ID` if set; a server without users takes any, but clients refuse to send a request without.

use super::Context;
use super::aws_config::Settings;
use super::exit::Exit;
use super::output::{self, OutputFormat};
use super::signing;
use serde_json::{Map, Value};

/// Variables from which clients take credentials.
const CREDENTIALS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// For which shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(varberg env)\"                     bash, zsh, sh
  varberg env --shell fish | source
  eval \"$(varberg env --athena)\"            for awswrangler and PyAthena too
  varberg env --shell powershell | Invoke-Expression
  varberg env --output json                 for other programs")]
pub struct EnvArgs {
    /// The shell that will read the lines; found out from $SHELL when left out
    #[arg(long, value_enum)]
    shell: Option<Shell>,
    /// Point clients of Athena (awswrangler, PyAthena), Glue, RAM, STS, Lake Formation and S3 here too; all S3 requests of
    /// the shell then come here
    #[arg(long)]
    athena: bool,
}

/// What clients of Athena call beside it.
const DOORS: [&str; 6] = [
    "AWS_ENDPOINT_URL_ATHENA",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_GLUE",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_RAM",
    "AWS_ENDPOINT_URL_LAKEFORMATION",
];

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
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = context.client.endpoint();
    let mut lines = Lines::new(endpoint, &variable, &Settings::read(&variable));
    if args.athena {
        lines.set.extend(DOORS.map(|name| (name, endpoint.to_owned())));
    }
    if context.output == OutputFormat::Json {
        let members: Map<String, Value> =
            lines.set.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
        context.stdout.json(&Value::Object(members))?;
        return Ok(Exit::Done);
    }
    let shell = args.shell.unwrap_or_else(|| {
        let fish = std::env::var("SHELL").is_ok_and(|shell| shell.ends_with("fish"));
        if fish { Shell::Fish } else { Shell::Bash }
    });
    for (name, value) in lines.set {
        context.stdout.line(&assign(shell, name, &value))?;
    }
    // Comments come last: an eval without quotes joins the lines, and what follows a '#' is lost.
    for text in lines.left {
        context.stdout.line(&format!("# {text}"))?;
    }
    if output::stdout_is_terminal() {
        output::say(&format!(
            "only printed: nothing is set until a shell reads these lines, as in\n  {}",
            reader(shell)
        ));
    }
    Ok(Exit::Done)
}

/// What is set, and what is not because it is there already.
pub(super) struct Lines {
    pub(super) set: Vec<(&'static str, String)>,
    /// A sentence for each setting that was left alone.
    left: Vec<String>,
}

impl Lines {
    /// A region and credentials that the environment or the AWS profile in force has are left alone: whoever uses AWS
    /// from the same shell goes on doing so.
    pub(super) fn new(endpoint: &str, variable: &dyn Fn(&str) -> Option<String>, settings: &Settings) -> Self {
        let mut lines = Self {
            set: vec![
                ("AWS_ENDPOINT_URL_OMICS", endpoint.to_owned()),
                ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true".to_owned()),
            ],
            left: Vec::new(),
        };
        if let (Some(bundle), None) = (variable("VARBERG_CA_BUNDLE"), variable("AWS_CA_BUNDLE")) {
            lines.set.push(("AWS_CA_BUNDLE", bundle));
        }
        lines.region(variable, settings);
        lines.credentials(variable, settings);
        lines
    }

    fn region(&mut self, variable: &dyn Fn(&str) -> Option<String>, settings: &Settings) {
        // boto3 reads only the second one, other SDKs only the first.
        match (variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")) {
            (Some(_), Some(_)) => self.left.push("region: as in AWS_REGION and AWS_DEFAULT_REGION".to_owned()),
            _ if settings.region.is_some() => self.left.push(format!("region: as in {}", of_profile(settings))),
            (Some(region), None) => self.set.push(("AWS_DEFAULT_REGION", region)),
            (None, Some(region)) => self.set.push(("AWS_REGION", region)),
            (None, None) => {
                self.set.push(("AWS_REGION", signing::REGION.to_owned()));
                self.set.push(("AWS_DEFAULT_REGION", signing::REGION.to_owned()));
            }
        }
    }

    fn credentials(&mut self, variable: &dyn Fn(&str) -> Option<String>, settings: &Settings) {
        let found = CREDENTIALS.iter().find(|name| variable(name).is_some());
        if let Some(name) = found {
            self.left.push(format!("credentials: as in {name}"));
        } else if settings.has_credentials {
            self.left.push(format!("credentials: as in {}", of_profile(settings)));
        } else {
            let own = signing::own_pair(variable).ok().flatten();
            let (key, secret) = own.map_or_else(
                || ("varberg".to_owned(), "varberg".to_owned()),
                |(key, secret)| (key, secret.expose().to_owned()),
            );
            self.set.push(("AWS_ACCESS_KEY_ID", key));
            self.set.push(("AWS_SECRET_ACCESS_KEY", secret));
        }
    }
}

fn of_profile(settings: &Settings) -> String {
    format!("the AWS profile {} of ~/.aws", settings.profile)
}

fn reader(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => "eval \"$(varberg env)\"",
        Shell::Fish => "varberg env --shell fish | source",
        Shell::Powershell => "varberg env --shell powershell | Invoke-Expression",
    }
}

fn assign(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Bash => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
        Shell::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
    }
}
