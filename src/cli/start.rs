//! `nixops start`

use anyhow::Result;
use clap::Args;
use nixops_plugin::protocol::Attributes;

use super::{
    Context,
    acting::{ActingArguments, nobody, show},
};

/// Switch machines on
///
/// By their backends. Nobody can switch on a host that existed before.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops start --on web

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct Start {
    #[command(flatten)]
    acting: ActingArguments,
}

impl Start {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let hint = "switch it on where it stands, or select others";
        let all = self.acting.change(context, "start", |doing| {
            doing.by_backend("start", Attributes::new(), || {
                Err(nobody("switch it on", hint))
            })
        })?;
        show(context, &all, |_| "started".to_owned())
    }
}
