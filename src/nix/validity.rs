use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Nix, Program, Result};
use crate::process::Processes;

/// Paths asked about by one process, well under the limit for arguments.
const PATHS_AT_ONCE: usize = 5_000;

impl Nix {
    /// Tells which of the store paths are not valid in the local store.
    pub fn invalid_paths<'a>(
        &self,
        processes: &Processes,
        paths: impl IntoIterator<Item = &'a Utf8Path>,
    ) -> Result<HashSet<Utf8PathBuf>> {
        let paths: Vec<&Utf8Path> = paths.into_iter().collect();
        let mut invalid = HashSet::new();
        for paths in paths.chunks(PATHS_AT_ONCE) {
            let mut command = self.command(Program::Store);
            command
                .args(["--check-validity", "--print-invalid"])
                .args(paths);
            let output = processes
                .output(&mut command, "query the store", None)?
                .checked()?;
            invalid.extend(output.stdout_text().lines().map(Utf8PathBuf::from));
        }
        Ok(invalid)
    }

    /// The store paths that `path` needs, itself included: for a derivation, all that its build needs.
    pub fn requisites(
        &self,
        processes: &Processes,
        path: &Utf8Path,
    ) -> Result<HashSet<Utf8PathBuf>> {
        let mut command = self.command(Program::Store);
        command.args(["--query", "--requisites"]).arg(path);
        let output = processes
            .output(&mut command, "query the store", None)?
            .checked()?;
        Ok(output
            .stdout_text()
            .lines()
            .map(Utf8PathBuf::from)
            .collect())
    }
}
