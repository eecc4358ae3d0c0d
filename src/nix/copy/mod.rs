mod failure;
mod watch;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Nix, Program};
use crate::process::{self, Call, Processes, Stream};
use failure::classify;
use watch::Watch;

pub use failure::{CopyError, CopyFailure};

/// A copy of closures to another store.
#[derive(Clone, Debug)]
pub struct Copy<'a> {
    /// What the copy is for, in the user's words, e.g. `copy web`.
    pub label: String,
    /// URL of the store, as [`Host::store_url`](crate::host::Host::store_url) gives it.
    pub store_url: String,
    /// Configuration that `ssh` is to use; its path must not hold blanks, since Nix splits `NIX_SSHOPTS` at them.
    pub ssh_config: Option<&'a Utf8Path>,
    /// Store paths whose closures are copied.
    pub paths: &'a [Utf8PathBuf],
    /// Lets the other side fetch from its own substituters what they have.
    pub substitute_on_destination: bool,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyProgress {
    /// Bytes copied so far; Nix 2.8 does not tell.
    pub bytes: u64,
    /// Bytes to copy in all, as far as Nix knows; 0 as long as it does not.
    pub bytes_expected: u64,
    /// Store paths copied so far.
    pub paths: u64,
    /// Store paths to copy in all.
    pub paths_expected: u64,
}

impl Nix {
    /// Copies closures to the store of another machine, telling `progress` how far it is.
    pub fn copy(
        &self,
        processes: &Processes,
        copy: &Copy,
        progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<(), CopyError> {
        let mut command = self.command(Program::Nix);
        command.args([
            "copy",
            "--log-format",
            "internal-json",
            "--no-check-sigs",
            "--to",
            &copy.store_url,
        ]);
        if copy.substitute_on_destination {
            command.arg("--substitute-on-destination");
        }
        if let Some(config) = copy.ssh_config {
            command.env("NIX_SSHOPTS", format!("-F {config}"));
        }
        command.args(copy.paths);
        let mut watch = Watch::default();
        let mut lines = |stream, line: &str| {
            if stream == Stream::Stderr && watch.line(line) {
                progress(watch.progress());
            }
        };
        let output = Call::new(copy.label.clone())
            .lines(&mut lines)
            .run(processes, &mut command)?;
        if output.status.success() {
            return Ok(());
        }
        let said = watch.said.join("\n");
        Err(CopyError::Failed {
            label: copy.label.clone(),
            failure: classify(&said),
            said,
            command_line: process::command_line(&command),
        })
    }
}

#[cfg(test)]
mod tests;
