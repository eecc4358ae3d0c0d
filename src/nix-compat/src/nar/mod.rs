//! The Nix archive (NAR): one byte stream for one file tree.
//!
//! A tree has exactly one archive, because the format leaves out whatever does not matter to a
//! build: owners, times, extended attributes, and all permissions but one, the *owner's* right to
//! execute a regular file. Entries of a directory stand in the order of the bytes of their names;
//! names and link targets are bytes, not text. So the hash of the archive identifies the tree:
//! it is the `narHash` of lock files, and the hash of a store path's content.
//!
//! Archives are only written here, never read. The format is that of Dolstra's thesis (*The Purely
//! Functional Software Deployment Model*, figure 5.2): length-prefixed strings, padded to eight
//! bytes, in nested parentheses.

mod writer;

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::nixhash::NixHash;

pub use writer::write_path;

/// Says which part of a tree could not be put into an archive, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read.
    #[error("cannot read '{}'", path.display())]
    Read {
        /// Where it happened.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A socket, device or pipe stands in the tree.
    #[error("'{}' is neither a file, a directory nor a symbolic link", path.display())]
    Unsupported {
        /// Where it stands.
        path: PathBuf,
    },
    /// The file became longer or shorter while it was read.
    #[error("'{}' changed its length while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The archive could not be written to where it goes.
    #[error("cannot write the archive")]
    Write(#[source] io::Error),
}

/// The identity of a tree: the hash of its archive, and the archive's length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NarHash {
    /// The SHA-256 digest, as in `narHash`.
    pub hash: NixHash,
    /// The length of the archive in bytes, as in `narSize`.
    pub size: u64,
}

/// Hashes the archive of the file, directory or symbolic link at `path`, without holding it.
pub fn hash_path(path: &Path) -> Result<NarHash, Error> {
    let mut sink = HashSink {
        digest: Sha256::new(),
        size: 0,
    };
    write_path(path, &mut sink)?;
    let digest: [u8; 32] = sink.digest.finalize().into();
    Ok(NarHash {
        hash: nix_derivation::NixHash::Sha256(digest).into(),
        size: sink.size,
    })
}

struct HashSink {
    digest: Sha256,
    size: u64,
}

impl io::Write for HashSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.digest.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
