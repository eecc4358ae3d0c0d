//! `nixops restore`

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::fleet::{backup, backups};

use super::{
    Context,
    acting::{ActingArguments, no_backups, show},
    agreement::agree,
    backup::id_argument,
};

/// Bring machines back to a backup
///
/// What they are now is lost. Their backends switch them off for it, and on again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops restore --on web                               the newest backup
  nixops restore --on web --backup-id 20260802101112

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct Restore {
    /// The backup [default: the newest one of each machine]
    #[arg(long, value_name = "ID")]
    backup_id: Option<String>,

    /// Restore without asking
    #[arg(long, short, visible_alias = "confirm")]
    yes: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

impl Restore {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let agreed = |names: &[String]| self.ask(context, names);
        let all = self
            .acting
            .change_agreed(context, "restore", agreed, |doing| {
                let all = backups(doing.ask_backend("backups")?)?;
                let one = backup(&all, self.backup_id.as_deref())?;
                let arguments = id_argument(&one.id);
                doing.by_backend("restore", arguments, || Err(no_backups()))?;
                Ok(json!(one.id))
            })?;
        show(context, &all, |id| {
            format!("restored {}", id.as_str().unwrap_or_default())
        })
    }

    fn ask(&self, context: &Context, names: &[String]) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        let names = names.join(", ");
        let sentence = format!("this loses what {names} are now");
        let question = format!("This loses what {names} are now. Go on?");
        agree(context, &sentence, &question)
    }
}
