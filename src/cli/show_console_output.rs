//! `nixops show-console-output`

use anyhow::Result;
use clap::Args;
use nixops_plugin::protocol::Attributes;

use super::{
    Context,
    acting::{ActingArguments, nobody, show},
};

/// Show what machines say on their consoles
///
/// As far as their backends keep it: for a machine that does not come up. Nothing is locked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops show-console-output --on web
  nixops show-console-output --on web --lines 200

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct ShowConsoleOutput {
    /// How many lines, the last ones
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    lines: usize,

    #[command(flatten)]
    acting: ActingArguments,
}

impl ShowConsoleOutput {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let arguments = Attributes::from_iter([("lines".to_owned(), self.lines.into())]);
        let hint = "`nixops exec -- journalctl --boot` asks the machine itself";
        let all = self.acting.look(context, |doing| {
            doing.by_backend("console", arguments.clone(), || {
                Err(nobody("tell what is on its console", hint))
            })
        })?;
        show(context, &all, |said| {
            said.as_str()
                .map_or_else(|| said.to_string(), str::to_owned)
        })
    }
}
