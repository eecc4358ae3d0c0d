//! `nixops repl`

use std::io::Write as _;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::nix::Program;

use super::{
    Context,
    plugins::schemas,
    session::{Intent, Session},
    source::SourceArguments,
    ssh,
    state::StateArguments,
};

/// Look around in the network with `nix repl`
///
/// Names are `nodes`, `resources`, `network`, `pkgs`, `lib`, `uuid`, `deploymentName` and `arguments`. What
/// is known of resources is part of them; a token stands in place of what is not known, or secret.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops repl
  nixops repl --flake .#staging
  echo 'nodes.web.config.deployment.targetHost' | nixops repl")]
pub struct Repl {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,
}

impl Repl {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        if context.global.json {
            bail!(
                "a conversation has no JSON; `nixops eval --json --expr NIX` answers one question"
            );
        }
        let session = Session::begin(context, &self.source, &self.state, Intent::default())?;
        let known = session.known(&schemas(&session.ground.plugins)?)?;
        // A file, since standard input is the user's; nobody else can read it.
        let mut file = tempfile::Builder::new()
            .prefix("network-")
            .suffix(".nix")
            .tempfile()
            .context("while writing the network for nix repl")?;
        file.write_all(session.evaluator.scope(&known).as_bytes())
            .context("while writing the network for nix repl")?;
        let nix = &session.ground.nix;
        let mut command = nix.command(Program::Nix);
        command.arg("repl");
        for path in self.source.search_path() {
            command.args(["-I", path]);
        }
        if nix.version().repl_takes_installables() {
            command.arg("--file");
        }
        command.arg(file.path());
        let _terminal = context.ui.hand_over();
        let status = context.processes.conversation(&mut command, "repl")?;
        Ok(ssh::code(status))
    }
}
