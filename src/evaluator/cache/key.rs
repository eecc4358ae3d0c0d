//! The digest of everything that an evaluation depends on beside outputs.

use std::env;

use crate::{
    flake::Source,
    nix::{Nix, Program, Settings},
};

use super::trace::{Digest, Sum};

/// The version of what is kept. To be raised where the same texts of Nix come to mean something else.
const FORM: u32 = 1;

/// Variables by which Nix finds its store, which no setting shows.
const STORE: [&str; 3] = ["NIX_STORE", "NIX_STORE_DIR", "NIX_IGNORE_SYMLINK_STORE"];

/// Digests a program, which says where its library is by the hash of that alone, and the Nix that evaluates it.
pub fn key(program: &str, nix: &Nix, settings: &Settings) -> Digest {
    let mut sum = Sum::default();
    sum.add(&FORM.to_string()).add(program);
    sum.add(&nix.version().to_string());
    // An installation of Nix in a store is known by its path, and one of a distribution by its version.
    let evaluates = nix.path(Program::Instantiate);
    let path = evaluates.canonicalize_utf8();
    sum.add(path.as_deref().unwrap_or(evaluates).as_str());
    sum.add(settings.text());
    for name in STORE {
        sum.add(name).add(&env::var(name).unwrap_or_default());
    }
    sum.end()
}

/// Digests the place of a flake beside a program that says nothing of the tree there.
pub fn place(program: &str, source: &Source, nix: &Nix, settings: &Settings) -> Option<Digest> {
    let flake = source.flake()?;
    let mut sum = Sum::default();
    sum.bytes(&key(program, nix, settings));
    sum.add(&flake.url);
    sum.add(flake.local.as_ref().map_or("", |local| local.as_str()));
    Some(sum.end())
}
