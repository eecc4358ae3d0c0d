//! Starting the program, and saying in plain words why it does not start.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    sync::Arc,
};

use camino::Utf8Path;

use super::{Error, Program, Result, Subject};
use crate::process::{self, Processes, Running};

/// Why a program does not start; written after the words "the provider PROGRAM".
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartFailure {
    /// There is nothing at the path.
    #[error("is missing")]
    Missing,
    /// It is there, but not what it is to be run by.
    #[error("cannot be started: the interpreter that it names is missing")]
    Interpreter,
    /// It is a directory.
    #[error("is a directory")]
    Directory,
    /// It has no permission to be run.
    #[error("is not executable")]
    NotExecutable,
    /// It is for other machines.
    #[error(
        "is built for {program}, and this machine is {}",
        std::env::consts::ARCH
    )]
    Architecture {
        /// What it is built for.
        program: String,
    },
    /// It is nothing that can be run.
    #[error("is neither a program nor a script that names its interpreter")]
    NoProgram,
    /// Something else.
    #[error("cannot be started: {0}")]
    System(#[source] Arc<io::Error>),
}

impl StartFailure {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing => {
                "build it first; `providers` of the plugin's manifest says where it is to be"
            }
            Self::Interpreter => {
                "build it with Nix, so that what it needs is in the store (patchShebangs, autoPatchelfHook)"
            }
            Self::Directory => {
                "`providers` of the plugin's manifest names a package where it is to name a program, as \
                 \"${package}/bin/name\""
            }
            Self::NotExecutable => "the plugin's package has to install it with `chmod +x`",
            Self::Architecture { .. } => {
                "`providers` of the plugin's manifest names one program for each system: this one stands at the wrong \
                 system"
            }
            Self::NoProgram => "a script begins with a line such as `#!/bin/sh`",
            Self::System(_) => return None,
        })
    }

    fn find(program: &Utf8Path, source: io::Error) -> Self {
        let metadata = program.metadata();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if metadata.is_err() => {
                Self::Missing
            }
            io::ErrorKind::NotFound => Self::Interpreter,
            io::ErrorKind::PermissionDenied => match metadata {
                Ok(metadata) if metadata.is_dir() => Self::Directory,
                Ok(metadata) if metadata.permissions().mode() & 0o111 == 0 => Self::NotExecutable,
                _ => Self::System(Arc::new(source)),
            },
            _ if is_unknown_format(&source) => match built_for(&head(program)) {
                Some(machine) if machine != std::env::consts::ARCH => Self::Architecture {
                    program: machine.to_owned(),
                },
                _ => Self::NoProgram,
            },
            _ => Self::System(Arc::new(source)),
        }
    }
}

/// Starts the program of a provider with pipes to all of its streams.
pub(super) fn start(
    processes: &Processes,
    subject: &Arc<Subject>,
    program: &Program,
) -> Result<Running> {
    let mut command = Command::new(&program.path);
    command
        .args(&program.arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let label = format!("provider of {}", subject.origin.name());
    processes
        .spawn_background(&mut command, label)
        .map_err(|error| match error {
            process::Error::Spawn { source, .. } => Error::Start {
                failure: StartFailure::find(&program.path, source),
                subject: Arc::clone(subject),
            },
            _ => Error::Interrupted {
                subject: Arc::clone(subject),
                method: "hello".to_owned(),
            },
        })
}

fn is_unknown_format(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
}

fn head(program: &Utf8Path) -> Vec<u8> {
    let mut head = Vec::new();
    // What cannot be read is of an unknown kind.
    let _ = File::open(program).and_then(|file| file.take(20).read_to_end(&mut head));
    head
}

/// What a program is built for, in the words of Nix' systems, by the first 20 bytes of its file.
fn built_for(head: &[u8]) -> Option<&'static str> {
    if let [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] = head {
        return Some("macOS");
    }
    let [0x7f, b'E', b'L', b'F', _, order, ..] = head else {
        return None;
    };
    let machine: [u8; 2] = head.get(18..20)?.try_into().ok()?;
    let machine = if *order == 2 {
        u16::from_be_bytes(machine)
    } else {
        u16::from_le_bytes(machine)
    };
    Some(match machine {
        3 => "i686",
        8 => "mips",
        20 => "powerpc",
        21 => "powerpc64",
        22 => "s390x",
        40 => "armv7l",
        62 => "x86_64",
        183 => "aarch64",
        243 => "riscv64",
        258 => "loongarch64",
        _ => "another kind of machine",
    })
}

#[cfg(test)]
mod tests {
    use super::built_for;

    #[test]
    fn the_machine_of_a_program_is_read_from_its_head() {
        let mut head = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\xb7\0";
        assert_eq!(built_for(&head), Some("aarch64"));
        head[5] = 2;
        head[18..].copy_from_slice(&[0, 22]);
        assert_eq!(built_for(&head), Some("s390x"));
        assert_eq!(built_for(&head[..19]), None);
        assert_eq!(built_for(b"#!/bin/sh\n"), None);
        assert_eq!(built_for(b"\xcf\xfa\xed\xfe\x0c\0"), Some("macOS"));
    }
}
