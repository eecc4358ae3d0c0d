//! `rig run`: a program on the deployer's side.

use std::{ffi::OsString, os::unix::process::CommandExt, path::PathBuf};

use anyhow::{Context, Result, anyhow};

use super::record::Record;

/// Runs a program on the deployer's side: with the rig's /nix and home directory
///
/// The machine's own /nix and the user's files are not touched. ssh knows the key and the hosts by itself.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  rig run --dir /tmp/try -- nixops deploy\n  rig run --dir /tmp/try -- nix-store -qR /nix/store/…"
)]
pub struct Run {
    /// Directory of rig.json
    #[arg(long)]
    dir: PathBuf,
    /// The program and its arguments
    #[arg(required = true, last = true, value_name = "PROGRAM")]
    words: Vec<OsString>,
}

impl Run {
    pub fn run(self) -> Result<()> {
        let record = Record::running(&self.dir)?;
        let (program, arguments) = self.words.split_first().context("no program")?;
        let error = rig::deployer_command(&record.root, program)
            .args(arguments)
            .exec();
        Err(anyhow!(error).context("cannot start unshare"))
    }
}
