//! `nixops scp`

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::fleet::{Error, transfer};

use super::{Context, fleet::FleetArguments};

/// Copy files to a machine, or from one
///
/// Directories are copied with all that is in them. It is scp that copies, and reaches the machine
/// as `nixops ssh` does. What is on the machine stands behind its name and a colon, or is meant by
/// `--to` and `--from`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops scp backup.tar web:/var/tmp
  nixops scp alice@web:notes.txt .               as another user
  nixops scp --to web config.d /etc/app          as in NixOps 2
  nixops scp --from web /var/log/nginx .

Exit codes:
  that of scp; 1 if there is no way to the machine, 2 wrong usage, 130 interrupted")]
pub struct Scp {
    /// The machine to copy to
    #[arg(long, value_name = "[USER@]MACHINE", conflicts_with = "from")]
    to: Option<String>,

    /// The machine to copy from
    #[arg(long, value_name = "[USER@]MACHINE")]
    from: Option<String>,

    #[command(flatten)]
    fleet: FleetArguments,

    /// What is copied, and at the end where to
    #[arg(value_name = "[[USER@]MACHINE:]PATH", required = true, num_args = 2..)]
    paths: Vec<String>,
}

impl Scp {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let order = match (&self.to, &self.from) {
            (Some(machine), _) => transfer::Order::to(machine, &self.paths),
            (None, Some(machine)) => transfer::Order::from(machine, &self.paths),
            (None, None) => transfer::Order::read(&self.paths)?,
        };
        let (member, target) = self.fleet.member(context, &order.machine)?;
        let connections = self.fleet.connections(context)?;
        let way = connections.way(&target)?;
        let mut scp = order.command(&way).ok_or_else(|| Error::NoSsh {
            machine: member.name.clone(),
            what: "copying files",
        })?;
        let label = format!("scp {}", member.name);
        let _terminal = context.ui.hand_over();
        let code = super::ssh::code(context.processes.foreground(&mut scp, label)?);
        if context.global.json {
            let told = json!({ "machine": member.name, "exitCode": code });
            context.ui.data(told.to_string());
        }
        Ok(code)
    }
}
