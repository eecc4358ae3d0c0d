//! Locking: from what the user wrote to a tree that can no longer change.

use crate::{
    nix::{Nix, Program},
    process::{Call, Output, Processes},
};

use super::{Error, LockedFlake, metadata::Metadata};
use camino::Utf8Path;
use nix_compat::{flakelock::FlakeLock, log::strip_ansi};

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
    command.args(["flake", "metadata", "--json", reference]);
    for (input, replacement) in &options.override_inputs {
        command.args(["--override-input", input, replacement]);
    }
    if options.no_write_lock_file {
        command.arg("--no-write-lock-file");
    }
    let output = Call::new(format!("lock {reference}")).run(processes, &mut command)?;
    if !output.status.success() {
        return Err(refused(reference, &output));
    }
    let unexpected = |reason| Error::Metadata {
        reference: reference.to_owned(),
        reason,
    };
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).map_err(|error| unexpected(error.to_string()))?;
    let flake = metadata.lock(reference).map_err(unexpected)?;
    check_overrides(&flake, &options.override_inputs)?;
    Ok(flake)
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

/// Says in our words why Nix refused.
fn refused(reference: &str, output: &Output) -> Error {
    let stderr = output.stderr_text();
    let stderr = strip_ansi(&stderr);
    let reference = reference.to_owned();
    if is_untracked(&reference, &stderr) {
        Error::Untracked { reference }
    } else if is_missing(&stderr) {
        Error::NoFlake { reference }
    } else {
        Error::Unreadable {
            reference,
            message: message(&stderr),
        }
    }
}

/// Nix 2.8 says only that its copy of a git tree lacks the file.
fn is_untracked(reference: &str, stderr: &str) -> bool {
    let said = stderr.contains("is not tracked by Git") || stderr.contains("not tracked by git");
    let absent = is_missing(stderr) && stderr.contains("/nix/store/");
    said || absent && has_flake(reference)
}

/// Whether a local reference names a directory with a flake, or one below it.
fn has_flake(reference: &str) -> bool {
    let path = reference.split('?').next().unwrap_or(reference);
    let directory = Utf8Path::new(path).canonicalize_utf8();
    directory.is_ok_and(|directory| {
        let mut directories = directory.ancestors();
        directories.any(|directory| directory.join("flake.nix").is_file())
    })
}

fn is_missing(stderr: &str) -> bool {
    stderr.contains("could not find a flake.nix")
        || stderr.contains("does not contain a '/flake.nix'")
        || stderr.contains("does not contain a 'flake.nix'")
        || stderr.contains("/flake.nix': No such file or directory")
        || stderr.contains("source tree referenced by") && stderr.contains("flake.nix' file")
}

/// The error itself, without warnings before it and advice after it.
fn message(stderr: &str) -> String {
    let start = stderr.rfind("error:").map_or(0, |at| at + "error:".len());
    stderr[start..]
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("(use '--show-trace'"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_what_nix_calls_the_error() {
        let stderr = "warning: Git tree is dirty\nerror: getting status of '/x': No such file\n\
                      (use '--show-trace' to show detailed location information)\n";
        assert_eq!(message(stderr), "getting status of '/x': No such file");
    }

    #[test]
    fn a_directory_without_a_flake_is_told_from_other_errors() {
        assert!(is_missing("error: could not find a flake.nix file"));
        assert!(is_missing(
            "error: source tree referenced by 'path:/x' does not contain a '/flake.nix' file"
        ));
        assert!(!is_missing("error: unable to download 'https://x'"));
    }
}
