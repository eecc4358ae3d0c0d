//! `nixops completions`, and the answers to the scripts that it prints.
//!
//! A script asks the program itself at each Tab, with [`VARIABLE`] set, so that the candidates are those of
//! this version and of the network here. Nothing is evaluated then: names come from the state, and from
//! what was evaluated last.

mod bash;
mod candidates;
mod known;

use std::{env, ffi::OsString, io};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Command, CommandFactory as _, ValueEnum};
use clap_complete::env::{EnvCompleter, Fish, Shells, Zsh};
use serde_json::json;

use super::{Arguments, Context};

/// The variable of the environment by which a script asks, and says for which shell.
const VARIABLE: &str = "NIXOPS_COMPLETE";

/// The shells that can ask.
const SHELLS: Shells<'static> = Shells(&[&bash::Bash, &Fish, &Zsh]);

/// Print a script that completes commands, options, machines, tags and deployments in a shell
///
/// Names are those that were evaluated or deployed last, so a Tab takes no time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops completions fish > ~/.config/fish/completions/nixops.fish
  source <(nixops completions bash)                                   in ~/.bashrc
  source <(nixops completions zsh)                                    in ~/.zshrc, after compinit")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell that has completions.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    /// GNU Bash, 4.4 or newer
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

impl Completions {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let script = self.script().context("while writing the script")?;
        context.ui.data(if context.global.json {
            json!({ "script": script }).to_string()
        } else {
            script
        });
        Ok(0)
    }

    fn script(&self) -> Result<String> {
        let shell: &dyn EnvCompleter = match self.shell {
            Shell::Bash => &bash::Bash,
            Shell::Zsh => &Zsh,
            Shell::Fish => &Fish,
        };
        let mut script = Vec::new();
        shell.write_registration(VARIABLE, "nixops", "nixops", "nixops", &mut script)?;
        let mut script = String::from_utf8(script)?;
        if matches!(self.shell, Shell::Zsh) {
            // As a file among the functions of zsh it is called for its first answer, not only read.
            script += "\nif [ \"$funcstack[1]\" = _nixops ]; then\n    _clap_dynamic_completer_nixops \"$@\"\nfi\n";
        }
        Ok(script)
    }
}

/// Answers a script, if it is one that asks; tells whether it was.
pub fn answer(arguments: &[OsString]) -> Result<bool> {
    let Some(shell) = env::var_os(VARIABLE).filter(|shell| !shell.is_empty()) else {
        return Ok(false);
    };
    let shell = shell.to_string_lossy();
    let Some(completer) = SHELLS.completer(&shell) else {
        bail!("{VARIABLE} names {shell:?}, which is no shell with completions");
    };
    let words = arguments.iter().skip_while(|word| *word != "--").skip(1);
    let words: Vec<OsString> = words.cloned().collect();
    let mut command = candidates::with_candidates(command(), &words);
    let here = env::current_dir().ok();
    completer.write_complete(&mut command, words, here.as_deref(), &mut io::stdout())?;
    Ok(true)
}

/// The whole command line.
fn command() -> Command {
    Arguments::command()
}
