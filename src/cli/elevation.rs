//! Arguments about the password by which users become root on machines.

use anyhow::{Result, bail};
use camino::Utf8PathBuf;
use clap::Args;

use crate::{host::Passwords, ui::can_ask};

use super::Context;

/// How a password is given.
#[derive(Debug, Args)]
pub struct ElevationArguments {
    /// Ask at the beginning for the password by which users become root on machines, and not when a
    /// machine asks for it
    #[arg(long, visible_alias = "ask-sudo-password")]
    ask_elevate_password: bool,

    /// File whose first line is this password, for runs without a terminal
    #[arg(long, value_name = "FILE", conflicts_with = "ask_elevate_password")]
    elevate_password_file: Option<Utf8PathBuf>,
}

impl ElevationArguments {
    /// The passwords of a run: the one that is given now, and those that a person will be asked for.
    pub fn passwords(&self, context: &Context) -> Result<Passwords> {
        let (ui, processes) = (context.ui.clone(), context.processes.clone());
        let ask = move |question: &str| {
            let interrupted = || processes.interrupted();
            can_ask()
                .then(|| ui.ask_secret(question, interrupted))
                .flatten()
        };
        let passwords = Passwords::asking(ask.clone());
        if let Some(file) = &self.elevate_password_file {
            passwords.give_from(file)?;
        }
        if self.ask_elevate_password {
            match ask("Password by which users become root on machines: ") {
                Some(password) => passwords.give(password),
                None if context.processes.interrupted() => bail!("interrupted"),
                None => bail!("--ask-elevate-password: there is nobody to ask"),
            }
        }
        Ok(passwords)
    }
}
