//! Locking: from what the user wrote to a tree that can no longer change.

use crate::{
    nix::{Nix, Program},
    process::{Call, Processes},
};

use super::{Error, LockedFlake, metadata::Metadata, refusal};
use camino::Utf8Path;
use nix_compat::flakelock::FlakeLock;

/// How a flake is locked.
#[derive(Clone, Debug, Default)]
pub struct LockOptions {
    /// Pairs of an input's path, such as `nixpkgs` or `nixops/nixpkgs`, and its replacement.
    pub override_inputs: Vec<(String, String)>,
    /// Whether a missing or incomplete lock file is left as it is.
    pub no_write_lock_file: bool,
}

/// Locks a flake and fetches its tree.
pub fn lock(
    nix: &Nix,
    processes: &Processes,
    reference: &str,
    options: &LockOptions,
) -> Result<LockedFlake, Error> {
    let mut command = nix.command(Program::Nix);
    command.args([
        "flake",
        "metadata",
        "--json",
        "--log-format",
        "internal-json",
    ]);
    command.arg(subdirectory(reference).as_deref().unwrap_or(reference));
    for (input, replacement) in &options.override_inputs {
        command.args(["--override-input", input, replacement]);
    }
    if options.no_write_lock_file {
        command.arg("--no-write-lock-file");
    }
    let output = Call::new(format!("lock {reference}")).run(processes, &mut command)?;
    if !output.status.success() {
        return Err(refusal::error(reference, &output));
    }
    let unexpected = |reason| Error::Metadata {
        reference: reference.to_owned(),
        reason,
    };
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).map_err(|error| unexpected(error.to_string()))?;
    let flake = LockedFlake {
        overrides: options.override_inputs.clone(),
        ..metadata.lock(reference).map_err(unexpected)?
    };
    check_overrides(&flake, &options.override_inputs)?;
    Ok(flake)
}

/// Says `./sub` for `.?dir=sub`, which Nix takes only where there is a flake above it too.
fn subdirectory(reference: &str) -> Option<String> {
    let (directory, below) = reference.split_once("?dir=")?;
    let is_local = directory.starts_with(['.', '/']);
    let path = format!("{directory}/{below}");
    (is_local && Utf8Path::new(&path).join("flake.nix").is_file()).then_some(path)
}

/// Refuses overrides that override nothing, of which Nix only warns.
fn check_overrides(flake: &LockedFlake, overrides: &[(String, String)]) -> Result<(), Error> {
    let broken = |source| Error::Lock {
        reference: flake.reference.clone(),
        source,
    };
    let lock = FlakeLock::parse(flake.lock.to_string().as_bytes()).map_err(broken)?;
    for (input, _) in overrides {
        let path: Vec<_> = input.split('/').collect();
        if lock.resolve(&path).map_err(broken)?.is_none() {
            let known = lock.direct_inputs().map_err(broken)?;
            return Err(Error::UnknownInput {
                reference: flake.reference.clone(),
                input: input.clone(),
                known: known.into_iter().map(|input| input.name).collect(),
            });
        }
    }
    Ok(())
}
