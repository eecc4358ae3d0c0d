//! Store paths: `/nix/store/<digest>-<name>`.
//!
//! The digest is 20 bytes in Nix's base 32, the name at most 211 bytes of a small alphabet. A
//! network is deployed to machines whose store is at `/nix/store`, so no other place is accepted.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::nixhash::{HashAlgo, NixHash};

pub use nix_derivation::store_path::{DIGEST_LEN as DIGEST_SIZE, MAX_NAME_LEN, STORE_DIR};

/// [`STORE_DIR`] with the `/` that stands before a store path's own name.
pub const STORE_DIR_WITH_SLASH: &str = "/nix/store/";

/// Says why a text is not a store path.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{text}' is not a store path: {reason}")]
pub struct Error {
    /// The text as it was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: nix_derivation::store_path::Error,
}

/// A store path, known to be well formed; whether it exists is another matter.
///
/// Displayed and serialised as the absolute path. Ordered as the texts are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath(nix_derivation::StorePath);

impl StorePath {
    /// Reads `<digest>-<name>`, without the directory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        read(bytes, nix_derivation::StorePath::from_basename)
    }

    /// Reads `/nix/store/<digest>-<name>`, with nothing behind it.
    pub fn from_absolute_path(path: &[u8]) -> Result<Self, Error> {
        read(path, nix_derivation::StorePath::from_absolute_path)
    }

    /// Reads the store path at the beginning of `path`, and gives what stands behind it as a
    /// relative path, which is empty if nothing does.
    pub fn from_absolute_path_full<P>(path: &P) -> Result<(Self, &Path), Error>
    where
        P: AsRef<Path> + ?Sized,
    {
        let path = path.as_ref();
        let bytes = path.as_os_str().as_encoded_bytes();
        let end = bytes
            .iter()
            .skip(STORE_DIR_WITH_SLASH.len())
            .position(|byte| *byte == b'/')
            .map_or(bytes.len(), |length| STORE_DIR_WITH_SLASH.len() + length);
        let store_path = Self::from_absolute_path(&bytes[..end])?;
        let below = path.strip_prefix(store_path.to_absolute_path());
        Ok((store_path, below.unwrap_or(Path::new(""))))
    }

    /// Joins a digest and a name.
    pub fn from_name_and_digest_fixed(
        name: &str,
        digest: [u8; DIGEST_SIZE],
    ) -> Result<Self, Error> {
        nix_derivation::StorePath::from_parts(digest, name)
            .map(Self)
            .map_err(|reason| Error {
                text: name.to_owned(),
                reason,
            })
    }

    /// Computes where a tree is in the store, from its name and the SHA-256 of its NAR.
    ///
    /// The rule is that of Nix's manual, "Complete Store Path Calculation", for content-addressed
    /// objects without references. `None` if the hash is of another algorithm.
    pub fn of_tree(name: &str, nar_hash: &NixHash) -> Option<Self> {
        if nar_hash.algo() != HashAlgo::Sha256 {
            return None;
        }
        let inner = nar_hash.to_nix_lowerhex_string();
        let fingerprint = format!("source:{inner}:{STORE_DIR}:{name}");
        let mut digest = [0; DIGEST_SIZE];
        for (index, byte) in Sha256::digest(fingerprint).iter().enumerate() {
            digest[index % DIGEST_SIZE] ^= byte;
        }
        Self::from_name_and_digest_fixed(name, digest).ok()
    }

    /// Gives the name, which for a derivation ends in `.drv`.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Gives the digest.
    pub fn digest(&self) -> &[u8; DIGEST_SIZE] {
        self.0.digest()
    }

    /// Tells whether this is the path of a derivation.
    pub fn is_derivation(&self) -> bool {
        self.0.is_derivation()
    }

    /// Writes `/nix/store/<digest>-<name>`.
    pub fn to_absolute_path(&self) -> String {
        self.0.to_absolute_path()
    }

    /// Writes `<digest>-<name>`.
    pub fn to_basename(&self) -> String {
        self.0.to_basename()
    }
}

type ReadResult = Result<nix_derivation::StorePath, nix_derivation::store_path::Error>;

fn read(bytes: &[u8], reader: fn(&[u8]) -> ReadResult) -> Result<StorePath, Error> {
    reader(bytes).map(StorePath).map_err(|reason| Error {
        text: String::from_utf8_lossy(bytes).into_owned(),
        reason,
    })
}

impl fmt::Display for StorePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for StorePath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_absolute_path(text.as_bytes())
    }
}

impl From<nix_derivation::StorePath> for StorePath {
    fn from(path: nix_derivation::StorePath) -> Self {
        Self(path)
    }
}

impl From<StorePath> for nix_derivation::StorePath {
    fn from(path: StorePath) -> Self {
        path.0
    }
}

impl Serialize for StorePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StorePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_where_nix_put_it() {
        for (hash, path) in [
            (
                "sha256-8vi6p9+t+Xtfyt/KRk9AIpIdEGRaIS6k9wbhbPVFukY=",
                "/nix/store/ilwqjary2vfhbpmqmp2hskih4sp0pmpz-source",
            ),
            (
                "sha256-QKhTZEnLB+6PkwtkqZmgg7XImMFW6atfJb5ovT0639Y=",
                "/nix/store/pv8zrk1sm7pyxbfxgdbi9xvvc6l202vf-source",
            ),
        ] {
            let hash = NixHash::from_sri(hash).unwrap();
            let computed = StorePath::of_tree("source", &hash).unwrap();
            assert_eq!(computed.to_absolute_path(), path);
        }
    }
}
