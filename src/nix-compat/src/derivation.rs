//! Derivations: what a `.drv` file says is to be built, and from what.
//!
//! The file is an `ATerm`, and its very bytes decide the derivation's store path; so reading and
//! writing are exact. The derivation's name does not stand in it: it is part of the store path.

use std::collections::{BTreeMap, BTreeSet};

use crate::store_path::StorePath;

pub use nix_derivation::{Error as DerivationError, Output};

/// A derivation as its `.drv` file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation(nix_derivation::Derivation);

impl Derivation {
    /// Reads the content of a `.drv` file; `name` is the derivation's, without `.drv`.
    pub fn from_aterm_bytes(bytes: &[u8], name: &str) -> Result<Self, DerivationError> {
        nix_derivation::Derivation::from_aterm_bytes(bytes, name).map(Self)
    }

    /// Reads the content of the `.drv` file at `path`.
    pub fn from_store_file(path: &StorePath, bytes: &[u8]) -> Result<Self, DerivationError> {
        let name = path.name();
        Self::from_aterm_bytes(bytes, name.strip_suffix(".drv").unwrap_or(name))
    }

    /// Writes the content of the `.drv` file, byte for byte as Nix does.
    pub fn to_aterm_bytes(&self) -> Vec<u8> {
        self.0.to_aterm_bytes()
    }

    /// Computes where the `.drv` file stands in the store.
    pub fn calculate_derivation_path(&self) -> Result<StorePath, DerivationError> {
        self.0.drv_path().map(StorePath::from)
    }

    /// Gives the name, without `.drv`.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Gives the outputs by name.
    ///
    /// A path is missing where it is not known before the build (content-addressed derivations).
    pub fn outputs(&self) -> Result<BTreeMap<String, Option<StorePath>>, DerivationError> {
        let outputs = self.0.resolved_outputs()?;
        Ok(outputs
            .into_iter()
            .map(|(name, output)| (name, output.path.map(StorePath::from)))
            .collect())
    }

    /// Gives the derivations that must be built before, each with the outputs that are used.
    pub fn input_derivations(&self) -> BTreeMap<StorePath, BTreeSet<String>> {
        self.0
            .input_derivations()
            .iter()
            .map(|(path, input)| (path.clone().into(), input.outputs().clone()))
            .collect()
    }

    /// Gives the store paths that are used as they are.
    pub fn input_sources(&self) -> BTreeSet<StorePath> {
        self.0
            .input_sources()
            .iter()
            .cloned()
            .map(StorePath::from)
            .collect()
    }

    /// Gives the system that can build it, such as `x86_64-linux`.
    pub fn system(&self) -> &str {
        self.0.system()
    }

    /// Gives a variable of the builder's environment; its bytes need not be UTF-8.
    pub fn environment(&self, variable: &str) -> Option<&[u8]> {
        self.0.environment().get(variable).map(Vec::as_slice)
    }

    /// Tells whether its one output is known by the hash of its content (a download).
    pub fn is_fixed_output(&self) -> Result<bool, DerivationError> {
        self.0.is_fixed_output()
    }

    /// Gives the derivation in the terms of the crate that reads it.
    pub fn as_inner(&self) -> &nix_derivation::Derivation {
        &self.0
    }
}
