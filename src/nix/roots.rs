use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::symlink,
    path,
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, Nix, Result};
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
        let absolute = path::absolute(link).map_err(|error| at(link, error))?;
        let kept = self.ask(processes, &format!("keep {store_path}"), |daemon| {
            // Nothing collects it from here on, as long as the daemon lives.
            daemon.client.add_temp_root(store_path.as_str())?;
            let path = [store_path.as_str()].into_iter();
            if daemon.client.valid_paths(path)?.is_empty() {
                let path = store_path.to_owned();
                return Ok(Err(Error::Invalid { path }));
            }
            if let Err(error) = place(link, store_path) {
                return Ok(Err(error));
            }
            let link = absolute.to_string_lossy();
            daemon.client.add_indirect_root(&link).map(Ok)
        });
        kept.flatten()
    }
}

/// Puts a link in its place at once; what stands there goes only if it is a link into the store as well.
fn place(link: &Utf8Path, target: &Utf8Path) -> Result<()> {
    let into_store = |path: Utf8PathBuf| path.parent() == target.parent();
    if link.symlink_metadata().is_ok() && !link.read_link_utf8().is_ok_and(into_store) {
        return Err(at(link, ErrorKind::AlreadyExists.into()));
    }
    if let Some(directory) = link.parent() {
        fs::create_dir_all(directory).map_err(|error| at(directory, error))?;
    }
    let name = link.file_name().unwrap_or_default();
    let next = link.with_file_name(format!(".{name}.{}", std::process::id()));
    let placed = symlink(target, &next).and_then(|()| fs::rename(&next, link));
    placed.map_err(|error| {
        let _ = fs::remove_file(&next);
        at(link, error)
    })
}

fn at(path: &Utf8Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}
