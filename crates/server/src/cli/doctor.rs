//! `varberg doctor`: checks the server and this shell's AWS settings, and says what to fix.
//!
//! Each check is one line on standard output; what to do about a failed one follows it. Exit code 1 when one failed.

use super::aws_config::Settings;
use super::exit::Exit;
use super::output::OutputFormat;
use super::{Context, environment};
use chrono::{DateTime, Utc};
use serde_json::json;

/// Signatures of AWS clients are refused beyond 15 minutes; a third of it is worth a word.
const MOST_SKEW_S: i64 = 300;

/// The outcome of one check.
struct Check {
    name: &'static str,
    ok: bool,
    found: String,
    /// What to do; empty when all is well.
    fix: String,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, ok: true, found: found.into(), fix: String::new() }
    }

    fn bad(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, ok: false, found: found.into(), fix: fix.into() }
    }
}

pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let mut checks = server(context).await;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let settings = Settings::read(&variable);
    let endpoint = context.client.endpoint();
    checks.push(endpoint_setting(endpoint, &variable, &settings));
    checks.push(host_prefix(endpoint, &variable, &settings));
    checks.push(region(&variable, &settings));
    checks.push(credentials(&variable, &settings));
    let failed = checks.iter().any(|check| !check.ok);
    print(context, &checks)?;
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

async fn server(context: &Context) -> Vec<Check> {
    let endpoint = context.client.endpoint();
    let live = match context.client.probe(&["health", "live"]).await {
        Ok(answer) => answer,
        Err(error) => {
            let why = if error.is_timeout() { "does not answer within 5 seconds" } else { "cannot be reached" };
            let fix = "start it with `varberg serve`, or name another with --endpoint or VARBERG_ENDPOINT";
            return vec![Check::bad("server", format!("{endpoint} {why}"), fix)];
        }
    };
    if !live.status().is_success() {
        let found = format!("{endpoint} answers {}", live.status());
        return vec![Check::bad("server", found, "is this a Varberg server? check host and port")];
    }
    let mut checks = vec![Check::good("server", format!("{endpoint} answers"))];
    let date = live.headers().get("date").and_then(|value| value.to_str().ok()).map(str::to_owned);
    checks.push(match context.client.probe(&["health", "ready"]).await {
        Ok(answer) if answer.status().is_success() => Check::good("ready", "it takes requests"),
        Ok(answer) => Check::bad(
            "ready",
            format!("it answers {}", answer.status()),
            "wait a moment; if it stays so, read its log",
        ),
        Err(_) => Check::bad("ready", "it does not say", "read the server's log"),
    });
    checks.push(clock(date.as_deref()));
    checks.push(call(context).await);
    checks
}

/// Whether the server takes the requests of this shell's commands.
async fn call(context: &Context) -> Check {
    match context.client.post_with(&["variantStores"], &[("maxResults", "1")], &json!({})).await {
        Ok(_) => Check::good("call", "it takes the requests of this shell"),
        Err(error) => Check::bad(
            "call",
            format!("it refuses a request: {error:#}"),
            "set VARBERG_ACCESS_KEY_ID and VARBERG_SECRET_ACCESS_KEY to what `varberg user create` showed",
        ),
    }
}

fn clock(date: Option<&str>) -> Check {
    let Some(server) = date.and_then(|text| DateTime::parse_from_rfc2822(text).ok()) else {
        return Check::bad("clock", "the server does not say its time", "is a proxy between? check its configuration");
    };
    let skew = (Utc::now() - server.with_timezone(&Utc)).num_seconds();
    let found = format!("differs from the server's by {} s", skew.abs());
    if skew.abs() > MOST_SKEW_S {
        Check::bad("clock", found, "set both clocks (NTP); signed requests are refused when they differ by 15 minutes")
    } else {
        Check::good("clock", found)
    }
}

fn shell_line(endpoint: &str, name: &str) -> String {
    let lines = environment::Lines::new(endpoint, &|_| None, &Settings::default());
    let value = lines.set.into_iter().find(|(n, _)| *n == name).map(|(_, value)| value).unwrap_or_default();
    format!("export {name}='{value}'   (or eval \"$(varberg env)\")")
}

fn endpoint_setting(endpoint: &str, variable: &dyn Fn(&str) -> Option<String>, settings: &Settings) -> Check {
    let name = "endpoint";
    if variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        let fix = "unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
        return Check::bad(name, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS makes clients ignore the setting", fix);
    }
    // The service's own variable wins over the one of all services, and both over the file.
    let sources = [
        ("AWS_ENDPOINT_URL_OMICS", variable("AWS_ENDPOINT_URL_OMICS")),
        ("AWS_ENDPOINT_URL", variable("AWS_ENDPOINT_URL")),
        ("endpoint_url of the AWS profile", settings.endpoint_url.clone()),
    ];
    let fix = shell_line(endpoint, "AWS_ENDPOINT_URL_OMICS");
    match sources.into_iter().find_map(|(source, value)| Some((source, value?))) {
        None => Check::bad(name, "AWS_ENDPOINT_URL_OMICS is not set: clients would call AWS", fix),
        Some((source, value)) if value.trim_end_matches('/') == endpoint => {
            Check::good(name, format!("{source} is {value}"))
        }
        Some((source, value)) => Check::bad(name, format!("{source} is {value}, not {endpoint}"), fix),
    }
}

fn host_prefix(endpoint: &str, variable: &dyn Fn(&str) -> Option<String>, settings: &Settings) -> Check {
    let name = "host prefix";
    let is_true = |value: &str| value.eq_ignore_ascii_case("true");
    let fix = shell_line(endpoint, "AWS_DISABLE_HOST_PREFIX_INJECTION");
    match variable("AWS_DISABLE_HOST_PREFIX_INJECTION") {
        Some(value) if is_true(&value) => Check::good(name, "AWS_DISABLE_HOST_PREFIX_INJECTION is true"),
        Some(value) => Check::bad(name, format!("AWS_DISABLE_HOST_PREFIX_INJECTION is {value}, not true"), fix),
        None if settings.host_prefix_off => Check::good(name, "disable_host_prefix_injection is true in the profile"),
        None => Check::bad(
            name,
            "AWS_DISABLE_HOST_PREFIX_INJECTION is not set: clients would call analytics-HOST",
            format!("{fix}; needs botocore 1.37.5 or later, else Config(inject_host_prefix=False)"),
        ),
    }
}

fn region(variable: &dyn Fn(&str) -> Option<String>, settings: &Settings) -> Check {
    let found = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).or_else(|| settings.region.clone());
    match found {
        Some(region) => Check::good("region", region),
        None => Check::bad(
            "region",
            "no region is set",
            "export AWS_DEFAULT_REGION=us-east-1   (or eval \"$(varberg env)\")",
        ),
    }
}

fn credentials(variable: &dyn Fn(&str) -> Option<String>, settings: &Settings) -> Check {
    let name = "credentials";
    let fix =
        "export AWS_ACCESS_KEY_ID=varberg AWS_SECRET_ACCESS_KEY=varberg   (any will do for a server without users)";
    let from_elsewhere = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(_), Some(_)) => Check::good(name, "from the environment"),
        (Some(_), None) | (None, Some(_)) => Check::bad(name, "a key id and a secret are needed, one is missing", fix),
        (None, None) if settings.has_credentials => Check::good(name, "from the AWS profile"),
        (None, None) if from_elsewhere.iter().any(|name| variable(name).is_some()) => {
            Check::good(name, "from the machine's role")
        }
        (None, None) => Check::bad(name, "none found: clients refuse to send a request", fix),
    }
}

fn print(context: &Context, checks: &[Check]) -> anyhow::Result<()> {
    if context.output == OutputFormat::Json {
        let list: Vec<_> =
            checks.iter().map(|c| json!({ "check": c.name, "ok": c.ok, "found": c.found, "fix": c.fix })).collect();
        return context.stdout.json(&json!({ "checks": list }));
    }
    for check in checks {
        let mark = if check.ok { "ok  " } else { "FAIL" };
        context.stdout.line(&format!("{mark}  {:<12} {}", check.name, check.found))?;
        if !check.fix.is_empty() {
            context.stdout.line(&format!("      to fix:      {}", check.fix))?;
        }
    }
    Ok(())
}
