//! `nixops remove-backup`

use anyhow::Result;
use clap::Args;

use super::{
    Context,
    acting::{ActingArguments, no_backups, show},
    backup::id_argument,
};

/// Delete a backup of machines
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops remove-backup 20260802101112
  nixops remove-backup 20260802101112 --on web

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct RemoveBackup {
    /// The backup
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    acting: ActingArguments,
}

impl RemoveBackup {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let all = self.acting.change(context, "remove-backup", |doing| {
            let arguments = id_argument(&self.id);
            doing.by_backend("remove-backup", arguments, || Err(no_backups()))
        })?;
        show(context, &all, |_| format!("removed {}", self.id))
    }
}
