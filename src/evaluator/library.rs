//! Our own Nix code, brought to where pure evaluation may read it.

use std::{env, fs, io, path::Path};

use camino::Utf8PathBuf;
use nix_compat::nar;
use tempfile::TempDir;

/// The files of `lib/`, by path.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// Environment variable that names a directory to use instead, for work on the library itself.
pub const OVERRIDE: &str = "NIXOPS_LIB";

/// The library as a directory with a known hash.
///
/// Nix copies it to the store the first time and finds it there by its hash from then on.
#[derive(Debug)]
pub struct Library {
    /// The directory.
    pub path: Utf8PathBuf,
    /// Hash of its NAR serialisation, as SRI.
    pub nar_hash: String,
    _unpacked: Option<TempDir>,
}

/// Why the library is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It could not be written.
    #[error("cannot unpack the Nix library of NixOps")]
    Unpack(#[from] io::Error),
    /// It could not be read.
    #[error("cannot read the Nix library of NixOps in {path}")]
    Hash {
        /// The directory.
        path: Utf8PathBuf,
        /// Why.
        source: nar::Error,
    },
}

impl Library {
    /// Unpacks the library that is built in, or takes the directory named by [`OVERRIDE`].
    pub fn unpack() -> Result<Self, Error> {
        if let Some(path) = env::var_os(OVERRIDE) {
            return Self::at(utf8(fs::canonicalize(path)?)?, None);
        }
        let directory = tempfile::Builder::new().prefix("nixops-lib-").tempdir()?;
        write_files(directory.path())?;
        let path = utf8(fs::canonicalize(directory.path())?)?;
        Self::at(path, Some(directory))
    }

    /// The same library wherever it is: evaluation knows it by its hash.
    pub fn anywhere(&self) -> Self {
        Self {
            path: Utf8PathBuf::new(),
            nar_hash: self.nar_hash.clone(),
            _unpacked: None,
        }
    }

    fn at(path: Utf8PathBuf, unpacked: Option<TempDir>) -> Result<Self, Error> {
        let hash = nar::hash_path(path.as_std_path()).map_err(|source| Error::Hash {
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            path,
            nar_hash: hash.hash.to_sri_string(),
            _unpacked: unpacked,
        })
    }
}

fn utf8(path: std::path::PathBuf) -> io::Result<Utf8PathBuf> {
    Utf8PathBuf::from_path_buf(path)
        .map_err(|path| io::Error::other(format!("{} is not UTF-8", path.display())))
}

fn write_files(directory: &Path) -> io::Result<()> {
    for (path, content) in FILES {
        let path = directory.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_library_has_the_same_hash_wherever_it_is_unpacked() {
        let (one, other) = (Library::unpack().unwrap(), Library::unpack().unwrap());
        assert_ne!(one.path, other.path);
        assert_eq!(one.nar_hash, other.nar_hash);
        assert!(one.path.join("bridge.nix").is_file());
    }
}
