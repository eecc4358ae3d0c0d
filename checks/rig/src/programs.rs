//! Checks what the machine must offer, before anything is made.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::error::{RigError, file};

/// Programs that the rig and its hosts are made of, with the Debian packages that bring them.
const NEEDED: &[(&str, &str)] = &[
    ("bash", "bash"),
    ("cp", "coreutils"),
    ("grep", "grep"),
    ("sed", "sed"),
    ("hostname", "hostname"),
    ("mount", "mount"),
    ("mountpoint", "util-linux"),
    ("nsenter", "util-linux"),
    ("chroot", "coreutils"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
    ("nix", "nix-bin"),
    ("nix-store", "nix-bin"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("sshd", "openssh-server"),
];

/// `PATH` of everything on a host: NixOS's places first, then the machine's.
pub(crate) const HOST_PATH: &str = "/run/wrappers/bin:/run/current-system/sw/bin:\
    /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Fails with one sentence if this process is not root or a program is missing.
pub(crate) fn check() -> Result<(), RigError> {
    let user = fs::metadata("/proc/self")
        .map_err(file("read", "/proc/self"))?
        .uid();
    if user != 0 {
        return Err(RigError::NotRoot { user });
    }
    NEEDED
        .iter()
        .try_for_each(|(program, package)| find(program, package).map(drop))
}

/// Finds a program in `PATH`, or in the directories of administrators' programs that `PATH` may lack.
pub(crate) fn find(program: &'static str, package: &'static str) -> Result<PathBuf, RigError> {
    let path = which::which(program)
        .or_else(|_| which::which_in(program, Some("/usr/sbin:/sbin:/usr/bin:/bin"), "/"))
        .map_err(|_| RigError::MissingProgram { program, package })?;
    if path.starts_with("/nix") {
        return Err(RigError::ProgramInStore { program, path });
    }
    Ok(path)
}

/// A command with nothing in its environment but `PATH`.
pub(crate) fn plain_command(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", HOST_PATH)
        .env("LANG", "C.UTF-8");
    command
}

/// Runs a command to its end and fails with what it said if it did not succeed.
pub(crate) fn run(mut command: Command, what: impl Into<String>) -> Result<Output, RigError> {
    let output = output(&mut command)?;
    if output.status.success() {
        return Ok(output);
    }
    Err(RigError::Failed {
        what: what.into(),
        status: output.status,
        message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Runs a command to its end, whatever that is.
pub(crate) fn output(command: &mut Command) -> Result<Output, RigError> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| start_error(command.get_program(), source))
}

pub(crate) fn start_error(program: &OsStr, source: std::io::Error) -> RigError {
    RigError::Start {
        program: program.to_string_lossy().into_owned(),
        source,
    }
}

/// Writes a file and the directories above it.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), RigError> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(file("make", directory))?;
    }
    fs::write(path, text).map_err(file("write", path))
}

/// Adds to the end of a file.
pub(crate) fn append(path: &Path, text: &str) -> Result<(), RigError> {
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(file("write", path))
}

/// Reads a file as text.
pub(crate) fn read(path: &Path) -> Result<String, RigError> {
    fs::read_to_string(path).map_err(file("read", path))
}
