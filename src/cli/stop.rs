//! `nixops stop`

use anyhow::Result;
use clap::Args;
use nixops_plugin::protocol::Attributes;
use serde_json::Value;

use crate::fleet;

use super::{
    Context,
    acting::{ActingArguments, show},
};

/// Switch machines off
///
/// By their backends; a host that existed before is told to switch itself off, and nobody but you can
/// switch it on again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops stop --on 'test-*'

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct Stop {
    #[command(flatten)]
    acting: ActingArguments,
}

impl Stop {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let all = self.acting.change(context, "stop", |doing| {
            doing.by_backend("stop", Attributes::new(), || {
                fleet::power_off(doing.connections, doing.member)?;
                Ok(Value::Null)
            })
        })?;
        show(context, &all, |_| "stopped".to_owned())
    }
}
