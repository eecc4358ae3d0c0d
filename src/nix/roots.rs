use std::fs;

use camino::Utf8Path;

use super::{Error, Nix, Program, Result};
use crate::process::Processes;

impl Nix {
    /// Makes `link` a link to `store_path` that keeps it, and all that it needs, from the garbage collector.
    ///
    /// A link that already points there is taken as registered.
    pub fn root(
        &self,
        processes: &Processes,
        link: &Utf8Path,
        store_path: &Utf8Path,
    ) -> Result<()> {
        if link
            .read_link_utf8()
            .is_ok_and(|target| target == store_path)
        {
            return Ok(());
        }
        if let Some(directory) = link.parent() {
            let made = fs::create_dir_all(directory);
            made.map_err(|source| Error::File {
                path: directory.to_owned(),
                source,
            })?;
        }
        let mut command = self.command(Program::Store);
        command
            .arg("--realise")
            .arg(store_path)
            .arg("--add-root")
            .arg(link);
        processes
            .output(&mut command, format!("keep {store_path}"), None)?
            .checked()?;
        Ok(())
    }
}
