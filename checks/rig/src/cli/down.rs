//! `rig down`: ends hosts and removes all that belongs to them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::record::{Record, log_path, record_path};

/// Twenty hosts are gone in a fraction of a second, but not a store with the builds of ./check on a busy disk.
const END_TIMEOUT: Duration = Duration::from_mins(3);

/// Ends the hosts and returns when nothing of them is left
///
/// That no hosts are up is no error, so it can stand in a trap.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trap 'rig down --dir \"$dir\"' EXIT")]
pub struct Down {
    /// Directory of rig.json
    #[arg(long)]
    dir: PathBuf,
}

impl Down {
    pub fn run(self) -> Result<()> {
        let Some(record) = Record::find(&self.dir)? else {
            return Ok(());
        };
        if is_holder(record.holder) {
            end(record.holder)?;
        }
        wait_until_gone(&record.root)?;
        forget(&self.dir)
    }
}

/// Whether the process is a holder, and not another that got its number later.
fn is_holder(process: u32) -> bool {
    fs::read(format!("/proc/{process}/cmdline"))
        .is_ok_and(|line| line.split(|byte| *byte == 0).nth(1) == Some(b"hold"))
}

fn end(process: u32) -> Result<()> {
    let script = ["-c", "kill -TERM \"$0\"", &process.to_string()].map(str::to_owned);
    let status = Command::new("bash")
        .args(script)
        .status()
        .context("cannot start bash")?;
    // It may have ended by itself in the meantime.
    if !status.success() && is_holder(process) {
        bail!("cannot end the process {process} that holds the hosts");
    }
    Ok(())
}

fn wait_until_gone(root: &Path) -> Result<()> {
    let deadline = Instant::now() + END_TIMEOUT;
    while root.exists() {
        if Instant::now() > deadline {
            bail!(
                "{} is still there after {} seconds",
                root.display(),
                END_TIMEOUT.as_secs()
            );
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Removes the record and the log.
pub fn forget(directory: &Path) -> Result<()> {
    for path in [record_path(directory), log_path(directory)] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
