//! `rig exec`: a program inside a host.

use std::{ffi::OsString, os::unix::process::CommandExt, path::PathBuf};

use anyhow::{Result, anyhow};

use super::record::Record;

/// Runs a program inside a host, as root and without ssh
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  rig exec --dir /tmp/try web -- readlink /run/current-system\n  rig exec --dir /tmp/try web -- bash"
)]
pub struct Exec {
    /// Directory of rig.json
    #[arg(long)]
    dir: PathBuf,
    /// Name of the host
    host: String,
    /// The program and its arguments
    #[arg(required = true, last = true, value_name = "PROGRAM")]
    words: Vec<OsString>,
}

impl Exec {
    pub fn run(self) -> Result<()> {
        let record = Record::running(&self.dir)?;
        let host = record.host(&self.host)?;
        let error = rig::command_in_host(host.process, &self.words).exec();
        Err(anyhow!(error).context("cannot start nsenter"))
    }
}
