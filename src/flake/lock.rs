//! Locking: from what the user wrote to a tree that can no longer change.

use crate::{
    nix::{Nix, Program},
    process::{Call, Output, Processes},
};

use super::{Error, LockedFlake, metadata::Metadata};
use nix_compat::log::strip_ansi;

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
    metadata.lock(reference).map_err(unexpected)
}

/// Says in our words why Nix refused.
fn refused(reference: &str, output: &Output) -> Error {
    let stderr = output.stderr_text();
    let stderr = strip_ansi(&stderr);
    let reference = reference.to_owned();
    if is_missing(&stderr) {
        Error::NoFlake { reference }
    } else if stderr.contains("is not tracked by Git") || stderr.contains("not tracked by git") {
        Error::Untracked { reference }
    } else {
        Error::Unreadable {
            reference,
            message: message(&stderr),
        }
    }
}

fn is_missing(stderr: &str) -> bool {
    stderr.contains("could not find a flake.nix")
        || stderr.contains("does not contain a '/flake.nix'")
        || stderr.contains("does not contain a 'flake.nix'")
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
