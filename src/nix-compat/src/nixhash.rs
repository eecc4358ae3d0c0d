//! Digests that carry their algorithm, in each of the forms in which Nix writes them.
//!
//! Lock files and `narHash` use the form of W3C *Subresource Integrity* (`sha256-<base64>`);
//! older interfaces use `sha256:` with base 16, Nix's base 32 or base 64; some leave the algorithm
//! to the context, and [`NixHash::from_str`] takes it as an argument.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use nix_derivation::{CAHash, HashAlgorithm as HashAlgo};

/// Says why a text is not a hash, or a digest does not fit its algorithm.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The text is in none of Nix's forms, names an unknown algorithm or has the wrong length.
    #[error("'{text}' is not a hash: {reason}")]
    Malformed {
        /// The text as it was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The digest has not as many bytes as its algorithm gives.
    #[error("a {algo} digest has {expected} bytes, not {found}")]
    Length {
        /// The algorithm that was asked for.
        algo: HashAlgo,
        /// How many bytes it gives.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The hash names another algorithm than the one that was asked for.
    #[error("'{text}' is no {expected} hash")]
    Algorithm {
        /// The text as it was given.
        text: String,
        /// The algorithm that was asked for.
        expected: HashAlgo,
    },
}

impl Error {
    fn malformed(text: &str, reason: &impl ToString) -> Self {
        let (text, reason) = (text.to_owned(), reason.to_string());
        Self::Malformed { text, reason }
    }
}

/// A digest and the algorithm that made it.
///
/// Displayed and serialised in SRI form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NixHash(nix_derivation::NixHash);

impl NixHash {
    /// Joins an algorithm and the bytes of a digest.
    pub fn from_algo_and_digest(algo: HashAlgo, digest: &[u8]) -> Result<Self, Error> {
        nix_derivation::NixHash::from_algorithm_and_digest(algo, digest)
            .map(Self)
            .map_err(|_| Error::Length {
                algo,
                expected: digest_length(algo),
                found: digest.len(),
            })
    }

    /// Reads `sha256-<base64>`, and nothing else.
    pub fn from_sri(text: &str) -> Result<Self, Error> {
        if !text.contains('-') {
            return Err(Error::malformed(text, &"no '-' after an algorithm"));
        }
        Self::from_prefixed(text, text)
    }

    /// Reads any form that Nix reads.
    ///
    /// `algo` is needed where the text does not name its algorithm, and otherwise must agree.
    pub fn from_str(text: &str, algo: Option<HashAlgo>) -> Result<Self, Error> {
        let hash = match algo {
            _ if text.contains('-') => Self::from_sri(text)?,
            Some(algo) if !text.contains(':') => {
                Self::from_prefixed(text, &format!("{algo}:{text}"))?
            }
            _ => Self::from_prefixed(text, text)?,
        };
        match algo {
            Some(expected) if expected != hash.algo() => Err(Error::Algorithm {
                text: text.to_owned(),
                expected,
            }),
            _ => Ok(hash),
        }
    }

    fn from_prefixed(text: &str, prefixed: &str) -> Result<Self, Error> {
        nix_derivation::NixHash::parse(prefixed)
            .map(Self)
            .map_err(|error| Error::malformed(text, &error))
    }

    /// Gives the algorithm.
    pub fn algo(&self) -> HashAlgo {
        self.0.algorithm()
    }

    /// Gives the digest.
    pub fn digest_as_bytes(&self) -> &[u8] {
        self.0.digest_as_bytes()
    }

    /// Writes `sha256-<base64>`, the form of `narHash`.
    pub fn to_sri_string(&self) -> String {
        self.0.to_sri_string()
    }

    /// Writes `sha256:<base 32>`, the form of `nix-store --query --hash`.
    pub fn to_nix_nixbase32_string(&self) -> String {
        self.0.to_nix_nixbase32_string()
    }

    /// Writes `sha256:<base 16>`, the form inside the fingerprint of a store path.
    pub fn to_nix_lowerhex_string(&self) -> String {
        self.0.to_nix_base16_string()
    }
}

const fn digest_length(algo: HashAlgo) -> usize {
    match algo {
        HashAlgo::Md5 => 16,
        HashAlgo::Sha1 => 20,
        HashAlgo::Sha256 | HashAlgo::Blake3 => 32,
        HashAlgo::Sha512 => 64,
    }
}

impl From<nix_derivation::NixHash> for NixHash {
    fn from(hash: nix_derivation::NixHash) -> Self {
        Self(hash)
    }
}

impl From<NixHash> for nix_derivation::NixHash {
    fn from(hash: NixHash) -> Self {
        hash.0
    }
}

impl fmt::Display for NixHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_sri_string())
    }
}

impl std::str::FromStr for NixHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_str(text, None)
    }
}

impl Serialize for NixHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_sri_string())
    }
}

impl<'de> Deserialize<'de> for NixHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_str(&text, None).map_err(D::Error::custom)
    }
}
