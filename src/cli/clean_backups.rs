//! `nixops clean-backups`

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::{
    fleet::{Kept, backups},
    state::now,
};

use super::{
    Context,
    acting::{ActingArguments, no_backups, show},
    backup::id_argument,
};

/// Delete old backups of machines
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops clean-backups --keep 7             the newest seven of each machine stay
  nixops clean-backups --keep-days 30 --on db

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct CleanBackups {
    /// How many of each machine stay, the newest ones
    #[arg(long, value_name = "N", required_unless_present = "keep_days")]
    #[arg(conflicts_with = "keep_days")]
    keep: Option<usize>,

    /// For how many days they stay
    #[arg(long, value_name = "N")]
    keep_days: Option<u32>,

    #[command(flatten)]
    acting: ActingArguments,
}

impl CleanBackups {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let kept = match (self.keep, self.keep_days) {
            (Some(count), _) => Kept::Newest(count),
            (None, days) => Kept::Days(days.unwrap_or(u32::MAX)),
        };
        let now = now();
        let all = self.acting.change(context, "clean-backups", |doing| {
            let all = backups(doing.ask_backend("backups")?)?;
            let go = kept.others(&all, now);
            for one in go {
                let arguments = id_argument(&one.id);
                doing.by_backend("remove-backup", arguments, || Err(no_backups()))?;
            }
            let ids: Vec<&str> = go.iter().map(|one| one.id.as_str()).collect();
            Ok(json!(ids))
        })?;
        show(context, &all, |removed| {
            let ids = removed.as_array().into_iter().flatten();
            let ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
            match ids.as_slice() {
                [] => "nothing to remove".to_owned(),
                ids => format!("removed {}", ids.join(", ")),
            }
        })
    }
}
