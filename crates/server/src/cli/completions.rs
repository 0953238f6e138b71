//! `varberg completions`: a completion script for a shell, on standard output.

use super::Exit;
use super::output::Stdout;

pub(super) const AFTER_HELP: &str = "\
Examples:
  source <(varberg completions bash)
  varberg completions zsh > \"${fpath[1]}/_varberg\"
  varberg completions fish > ~/.config/fish/completions/varberg.fish";

/// Prints the script for `shell`.
pub fn completions(shell: clap_complete::Shell, command: &mut clap::Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "varberg", &mut script);
    Stdout.bytes(&script)?;
    Ok(Exit::Done)
}
