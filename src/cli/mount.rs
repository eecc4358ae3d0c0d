//! `nixops mount`

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use serde_json::json;

use crate::fleet::{Error, transfer};

use super::{Context, fleet::FleetArguments, ssh::code};

/// Mount a directory of a machine here
///
/// By sshfs, which has to be installed, over the way that `nixops ssh` takes. `fusermount -u` unmounts it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops mount web /mnt/web
  nixops mount web:/var/log ./log -o ro

Exit codes:
  that of sshfs; 1 if there is no sshfs or no way to the machine, 2 wrong usage, 130 interrupted")]
pub struct Mount {
    /// An option of sshfs
    #[arg(long, short = 'o', value_name = "OPTION")]
    sshfs_option: Vec<String>,

    #[command(flatten)]
    fleet: FleetArguments,

    /// The machine, and its directory [default: /]
    #[arg(value_name = "[USER@]MACHINE[:PATH]")]
    what: String,

    /// Where to mount it
    #[arg(value_name = "DIRECTORY")]
    directory: Utf8PathBuf,
}

impl Mount {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let (machine, path) = self.what.split_once(':').unwrap_or((&self.what, "/"));
        let (user, machine) = transfer::addressee(machine);
        let (member, target) = self.fleet.member(context, machine)?;
        let connections = self.fleet.connections(context)?;
        let way = connections.way(&target)?;
        let sshfs = transfer::mount(&way, user, path, &self.directory, &self.sshfs_option);
        let mut sshfs = sshfs.ok_or_else(|| Error::NoSsh {
            machine: member.name.clone(),
            what: "mounting",
        })?;
        let label = format!("mount {}", member.name);
        let mounted = context.processes.foreground(&mut sshfs, label);
        let code = code(mounted.map_err(transfer::missing)?);
        if context.global.json {
            let told = json!({ "machine": member.name, "exitCode": code });
            context.ui.data(told.to_string());
        }
        Ok(code)
    }
}
