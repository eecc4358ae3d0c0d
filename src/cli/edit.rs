//! `nixops edit`

use std::{env, process::Command};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use super::{Context, ssh, state::HereArguments};

/// Open the network in an editor: that of VISUAL, or else of EDITOR
///
/// Nothing is evaluated, so it works where the network does not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops edit                    flake.nix here, or above
  nixops edit --file ./net       nixops.nix of a classic network
  nixops edit --json             only say which file it is")]
pub struct Edit {
    #[command(flatten)]
    here: HereArguments,
}

impl Edit {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let Some(file) = self.here.here()?.file().filter(|file| file.is_file()) else {
            bail!("there is no network to edit here; name it with --flake or --file");
        };
        if context.global.json {
            context.ui.data(json!({ "file": file }).to_string());
            return Ok(0);
        }
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")) else {
            bail!("neither VISUAL nor EDITOR names an editor; export EDITOR=nano, for example");
        };
        // It may have options, and quotes among them: its words are those of a shell.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{editor} \"$@\""), "editor", file.as_str()]);
        let label = format!("edit {file}");
        let _terminal = context.ui.hand_over();
        let status = context.processes.conversation(&mut command, label)?;
        Ok(ssh::code(status))
    }
}
