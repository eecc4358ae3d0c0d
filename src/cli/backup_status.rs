//! `nixops backup-status`

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use crate::{
    evaluator::Diagnostic,
    fleet::{backup, backups},
    state::utc,
};

use super::{
    Context,
    acting::{ActingArguments, Doing, show},
};

/// List the backups of machines
///
/// As their backends have them. Nothing is locked, and a backup that is under way is not among them, unless
/// `--wait` waits for it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops backup-status
  nixops backup-status 20260802101112      whether all machines have that one
  nixops backup-status --latest --on db
  nixops backup-status --wait --latest     once the backup that is being made is there

Exit codes:
  0 all machines told, and have the backup, 1 one does not, 2 wrong usage, 130 interrupted")]
pub struct BackupStatus {
    /// That backup alone
    #[arg(value_name = "ID", conflicts_with = "latest")]
    id: Option<String>,

    /// The newest backup of each machine alone
    #[arg(long)]
    latest: bool,

    /// Wait until no other run works on the deployment: a backup that one makes is there then
    #[arg(long)]
    wait: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

impl BackupStatus {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let all = if self.wait {
            let verb = "backup-status";
            self.acting
                .look_afterwards(context, verb, |doing| self.of(doing))?
        } else {
            self.acting.look(context, |doing| self.of(doing))?
        };
        show(context, &all, lines)
    }

    /// The backups of a machine that are asked for.
    fn of(&self, doing: &Doing<'_>) -> Result<Value, Diagnostic> {
        let all = backups(doing.ask_backend("backups")?)?;
        Ok(if self.latest || self.id.is_some() {
            serde_json::json!([backup(&all, self.id.as_deref())?])
        } else {
            serde_json::json!(all)
        })
    }
}

fn lines(said: &Value) -> String {
    let all = backups(said.clone()).unwrap_or_default();
    if all.is_empty() {
        return "no backup".to_owned();
    }
    let lines = all.iter().map(|one| {
        let size = one.size.map(|size| format!("  {} kB", size.div_ceil(1000)));
        format!("{}  {}{}", one.id, utc(one.made), size.unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join("\n")
}
