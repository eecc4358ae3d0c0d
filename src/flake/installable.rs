//! What a user writes to name a network: `REF#NETWORK`.

use std::{fmt, str::FromStr};

use nix_compat::flakeref::{FlakeRefError, split_fragment};

/// The network that is meant where none is named.
pub const DEFAULT_NETWORK: &str = "default";

/// A flake reference and the name of a network in the flake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Installable {
    /// The reference as Nix understands it, such as `.`, `github:owner/repo` or `path:/net?dir=x`.
    pub reference: String,
    /// Name of the attribute of `nixopsConfigurations`.
    pub network: String,
}

impl FromStr for Installable {
    type Err = FlakeRefError;

    /// Splits at the first `#`; an empty half has its default.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (reference, network) = split_fragment(text)?;
        let reference = if reference.is_empty() { "." } else { reference };
        Ok(Self {
            reference: reference.to_owned(),
            network: network.unwrap_or_else(|| DEFAULT_NETWORK.to_owned()),
        })
    }
}

impl fmt::Display for Installable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.reference, self.network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String) {
        let installable: Installable = text.parse().unwrap();
        (installable.reference, installable.network)
    }

    #[test]
    fn a_missing_half_has_its_default() {
        assert_eq!(parts("."), (".".into(), "default".into()));
        assert_eq!(parts("#prod"), (".".into(), "prod".into()));
        assert_eq!(parts("/net#"), ("/net".into(), "default".into()));
        assert_eq!(parts(""), (".".into(), "default".into()));
    }

    #[test]
    fn a_query_belongs_to_the_reference() {
        assert_eq!(
            parts("git+file:///net?dir=a#prod"),
            ("git+file:///net?dir=a".into(), "prod".into())
        );
    }
}
