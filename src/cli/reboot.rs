//! `nixops reboot`

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use nixops_plugin::protocol::Attributes;

use crate::{fleet::Booted, process::Stream};

use super::{
    Context,
    acting::{ActingArguments, nobody, show},
    number,
};

/// Boot machines anew
///
/// Each machine boots by itself, and is waited for until it runs another boot, by the id that the
/// kernel gives each. Keys in /run are gone then: `nixops send-keys` brings them again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops reboot --on web
  nixops reboot --on @eu --parallel 1         one after the other
  nixops reboot --on web --hard               by its backend, whatever state it is in

Exit codes:
  0 all are back, 1 one is not, 2 wrong usage, 130 interrupted")]
pub struct Reboot {
    /// Do not wait for their return
    #[arg(long)]
    no_wait: bool,

    /// Have the backend do it, as by a reset button
    #[arg(long)]
    hard: bool,

    /// Seconds that a machine may take to come back
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = number::seconds)]
    timeout: u64,

    #[command(flatten)]
    acting: ActingArguments,
}

impl Reboot {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        if self.hard {
            return self.reset(context);
        }
        let within = (!self.no_wait).then(|| Duration::from_secs(self.timeout));
        let mut all = Vec::new();
        self.acting.many.each_heard(
            context,
            |connections, member| Booted::by_itself(connections, member, within),
            |booted| {
                tell(context, &booted);
                all.push(booted);
            },
        )?;
        if context.global.json {
            let text = serde_json::to_string(&all).context("while writing what was booted")?;
            context.ui.data(text);
        }
        Ok(u8::from(all.iter().any(|one| one.problem.is_some())))
    }

    fn reset(&self, context: &Context) -> Result<u8> {
        let hint = "leave out `--hard`: it can boot by itself";
        let all = self.acting.change(context, "reboot", |doing| {
            doing.by_backend("reboot", Attributes::new(), || {
                Err(nobody("reset it", hint))
            })
        })?;
        show(context, &all, |_| "rebooted".to_owned())
    }
}

fn tell(context: &Context, booted: &Booted) {
    if context.global.json || context.processes.interrupted() {
        return;
    }
    let name = &booted.machine;
    match (&booted.problem, booted.seconds) {
        (Some(problem), _) => context.ui.error(problem.clone().of(name)),
        (None, Some(seconds)) => {
            let line = format!("back after {seconds:.0} s");
            context.ui.line(name, Stream::Stdout, &line);
        }
        (None, None) => context.ui.line(name, Stream::Stdout, "reboots"),
    }
}
