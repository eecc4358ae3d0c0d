//! A place to measure in: the deployer's side of a rig, and a network in a directory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use nix_compat::nar;
use rig::Rig;

use crate::NIXOPS;

/// The repository.
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A rig, and the network that is measured.
#[derive(Debug)]
pub struct Workbench {
    /// Hosts, and the deployer's side.
    pub rig: Rig,
    /// The directory of the network.
    pub directory: PathBuf,
}

impl Workbench {
    /// A workbench with these files of a network; `outputs` are those of its flake.
    pub fn new(outputs: &str, files: &[(&str, String)]) -> Result<Self> {
        let rig = Rig::new()?;
        let directory = rig.home().join("network");
        fs::create_dir_all(&directory)?;
        let flake = format!(
            "{{ inputs.nixpkgs.url = \"path:{REPOSITORY}/checks/pocket\"; outputs = {outputs}; }}\n"
        );
        fs::write(directory.join("flake.nix"), flake)?;
        for (name, text) in files {
            fs::write(directory.join(name), text)?;
        }
        Ok(Self { rig, directory })
    }

    /// The binary, about to run in the directory of the network.
    pub fn nixops(&self, arguments: &[&str]) -> Command {
        let mut command = self.rig.command(NIXOPS);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env("NIXOPS_SSH_CONFIG", self.rig.ssh_config());
        command
    }

    /// A reference that locks the network's flake, for pure evaluation.
    pub fn locked(&self) -> Result<String> {
        Ok(format!(
            "path:{}?lastModified=1&narHash={}",
            self.directory.display(),
            encoded(&hash(&self.directory)?)
        ))
    }
}

/// A Nix expression for our library, for pure evaluation.
pub fn library() -> Result<String> {
    let path = Path::new(REPOSITORY).join("lib");
    let hash = hash(&path)?;
    let path = path.display();
    Ok(format!(
        "import (builtins.fetchTree {{ type = \"path\"; path = \"{path}\"; narHash = \"{hash}\"; }})"
    ))
}

fn hash(path: &Path) -> Result<String> {
    let hash = nar::hash_path(path).with_context(|| format!("while hashing {}", path.display()))?;
    Ok(hash.hash.to_sri_string())
}

/// A hash in a URL: of the characters in one, only these mean something else there.
fn encoded(hash: &str) -> String {
    hash.replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}
