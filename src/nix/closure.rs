use camino::{Utf8Path, Utf8PathBuf};

use super::{Nix, Result};
use crate::process::Processes;

/// A store path, and the bytes that it has itself.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct StorePathSize {
    /// The path.
    pub path: Utf8PathBuf,
    /// Its bytes, as an archive.
    pub size: u64,
}

impl Nix {
    /// All paths that a valid path of the local store needs, itself among them, each with its size.
    pub fn closure(&self, processes: &Processes, path: &Utf8Path) -> Result<Vec<StorePathSize>> {
        let closure = self.look_up(processes, |daemon| self.closure_of(daemon, [path]))?;
        let sizes = closure.into_iter();
        let sizes = sizes.map(|(path, info)| StorePathSize {
            path,
            size: info.nar_size,
        });
        Ok(sizes.collect())
    }
}
