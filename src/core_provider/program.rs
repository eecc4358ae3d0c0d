//! The programs of the system that make what is wanted, and private places for them.

use std::{
    fs::File,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use nixops_plugin::Failed;
use tempfile::TempDir;

/// Makes a directory that nobody else may enter and that goes with the value.
pub(super) fn private_directory() -> Result<TempDir, Failed> {
    let made = tempfile::Builder::new().prefix("nixops-").tempdir();
    made.map_err(|error| Failed::new("while making a temporary directory").because(error))
}

/// Writes a file that nobody else may read.
pub(super) fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let options = options.write(true).create_new(true).mode(0o600);
    options.open(path)?.write_all(text)
}

/// Runs `ssh-keygen`, to which a key is named last, and gives what it wrote. No secret is among its
/// arguments.
pub(super) fn ssh_keygen(words: &[&str], key: &Path) -> Result<String, Failed> {
    let mut command = Command::new("ssh-keygen");
    command.args(words).arg(key).stdin(Stdio::null());
    let output = command.output().map_err(|error| {
        Failed::new("while running ssh-keygen")
            .because(error)
            .hint("install OpenSSH on the deployer")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().lines().last().unwrap_or_default();
        return Err(Failed::new(format!("ssh-keygen failed: {said}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
