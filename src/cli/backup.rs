//! `nixops backup`

use anyhow::Result;
use clap::Args;
use nixops_plugin::protocol::Attributes;

use crate::state::{now, utc};

use super::{
    Context,
    acting::{ActingArguments, no_backups, show},
};

/// Back machines up
///
/// By their backends, all of them under one id, which is the time. What belongs to a backup is up to the
/// backend. It ends when all backups are there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops backup                            all machines
  nixops backup --on db --parallel 1
  nixops backup-status                     which there are

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct Backup {
    #[command(flatten)]
    acting: ActingArguments,
}

impl Backup {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let id: String = utc(now()).chars().filter(char::is_ascii_digit).collect();
        let all = self.acting.change(context, "backup", |doing| {
            let arguments = id_argument(&id);
            doing.by_backend("backup", arguments, || Err(no_backups()))
        })?;
        show(context, &all, |_| format!("backup {id}"))
    }
}

/// The argument by which backends know a backup.
pub fn id_argument(id: &str) -> Attributes {
    Attributes::from_iter([("id".to_owned(), id.into())])
}
