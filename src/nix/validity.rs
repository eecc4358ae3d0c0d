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
        let paths: HashSet<&Utf8Path> = paths.into_iter().collect();
        if paths.is_empty() {
            return Ok(HashSet::new());
        }
        let valid = self.ask(processes, "query the store", |daemon| {
            let paths = paths.iter().map(|path| path.as_str());
            daemon.client.valid_paths(paths)
        })?;
        let mut invalid: HashSet<Utf8PathBuf> = paths.into_iter().map(Utf8Path::to_owned).collect();
        for path in valid {
            invalid.remove(Utf8Path::new(&path));
        }
        Ok(invalid)
    }

    /// The store paths that `path` needs, itself included: for a derivation, all that its build needs.
    pub fn requisites(
        &self,
        processes: &Processes,
        path: &Utf8Path,
    ) -> Result<HashSet<Utf8PathBuf>> {
        self.requisites_of(processes, [path])
    }

    /// The same for many, together.
    pub fn requisites_of<'a>(
        &self,
        processes: &Processes,
        paths: impl IntoIterator<Item = &'a Utf8Path>,
    ) -> Result<HashSet<Utf8PathBuf>> {
        let paths: Vec<&Utf8Path> = paths.into_iter().collect();
        let mut needed = HashSet::new();
        for paths in paths.chunks(PATHS_AT_ONCE) {
            let mut command = self.command(Program::Store);
            command.args(["--query", "--requisites"]).args(paths);
            let output = processes
                .output(&mut command, "query the store", None)?
                .checked()?;
            needed.extend(output.stdout_text().lines().map(Utf8PathBuf::from));
        }
        Ok(needed)
    }

    /// Of valid store paths, those whose names follow from what is in them; an error if one is not valid.
    pub fn known_by_content<'a>(
        &self,
        processes: &Processes,
        paths: impl IntoIterator<Item = &'a Utf8Path>,
    ) -> Result<HashSet<Utf8PathBuf>> {
        let paths: Vec<Utf8PathBuf> = paths.into_iter().map(Utf8Path::to_owned).collect();
        if paths.is_empty() {
            return Ok(HashSet::new());
        }
        let infos = self.look_up(processes, |daemon| self.infos(daemon, paths))?;
        let known = infos
            .into_iter()
            .filter(|(_, info)| !info.content.is_empty());
        Ok(known.map(|(path, _)| path).collect())
    }
}
