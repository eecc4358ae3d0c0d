//! `nixops copy-closure`

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use serde_json::json;

use crate::{
    deploy::Trouble,
    fleet::{Closures, store_path},
    nix::CopyEvent,
};

use super::{Context, fleet::FleetArguments};

/// Copy store paths and all that they need to a machine
///
/// As a deploy copies a system: with the machine's `deployment.copyProtocol`, and from its own binary
/// caches where `deployment.substituteOnDestination` says so. What it has already is not sent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops copy-closure web ./result
  nixops copy-closure alice /nix/store/…-hello-2.12")]
pub struct CopyClosure {
    #[command(flatten)]
    fleet: FleetArguments,

    /// The machine
    #[arg(value_name = "MACHINE")]
    machine: String,

    /// Store paths, or links to them
    #[arg(value_name = "STORE PATH", required = true)]
    paths: Vec<String>,
}

impl CopyClosure {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let paths = self.paths.iter().map(|path| store_path(path));
        let paths: Vec<Utf8PathBuf> = paths.collect::<Result<_, _>>()?;
        let (member, _) = self.fleet.member(context, &self.machine)?;
        let nix = self.fleet.source.nix(context)?;
        let closures = Closures {
            nix: &nix,
            processes: &context.processes,
            connections: &self.fleet.connections(context)?,
        };
        let mut copied = 0;
        let done = closures.copy(&member, &paths, &mut |event| {
            if let CopyEvent::Sent(progress) = event {
                copied = progress.paths;
            }
        });
        done.map_err(|problem| Trouble::Failed(problem.of(&member.name)))?;
        context.ui.data(if context.global.json {
            json!({ "machine": member.name, "paths": paths, "copied": copied }).to_string()
        } else {
            match copied {
                0 => format!("{} had everything already", member.name),
                1 => format!("copied 1 store path to {}", member.name),
                many => format!("copied {many} store paths to {}", member.name),
            }
        });
        Ok(0)
    }
}
