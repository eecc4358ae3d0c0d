//! The way over ssh: files of the run that say how a machine is reached, and the connection that all commands share.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Error, Failure, Result, Target, check,
    config::{Settings, render},
    failure::classify,
    master::{Master, connection},
    target::Ssh,
};
use crate::{network::CopyProtocol, process::Output};

/// The exit status of ssh when the connection, not the command, is at fault.
const SSH_FAILED: i32 = 255;

/// The files of one machine in the directory of the run; dropping this removes them.
#[derive(Debug)]
pub(super) struct Files {
    pub config: Utf8PathBuf,
    pub control: Utf8PathBuf,
    /// The private key that the provider gave.
    pub key: Option<Utf8PathBuf>,
    /// The only keys that the host may have.
    pub known_hosts: Option<Utf8PathBuf>,
}

/// An open connection.
pub(super) struct Connection {
    ssh: Ssh,
    files: Files,
    /// None once the connection was closed.
    master: Mutex<Option<Master>>,
}

impl Files {
    /// Writes what ssh needs to reach a machine, readable by us alone.
    pub fn write(
        directory: &Utf8Path,
        number: usize,
        (target, ssh): (&Target, &Ssh),
        settings: &Settings,
    ) -> Result<Self> {
        let path = |name| directory.join(format!("{number}.{name}"));
        let files = Self {
            config: path("config"),
            control: directory.join(number.to_string()),
            key: ssh.keys.private.as_ref().map(|_| path("key")),
            known_hosts: (!ssh.keys.host.is_empty()).then(|| path("known_hosts")),
        };
        let text = render(&target.machine, ssh, &files, settings)?;
        write(&files.config, &text)?;
        if let (Some(path), Some(key)) = (&files.key, &ssh.keys.private) {
            // Without an end of its last line, or with those of Windows, ssh does not read a key.
            let text = key.reveal().trim().replace("\r\n", "\n");
            write(path, &(text + "\n"))?;
        }
        if let Some(path) = &files.known_hosts {
            write(path, &known_hosts(target, ssh)?)?;
        }
        Ok(files)
    }

    fn remove_key(&self) {
        if let Some(path) = &self.key {
            // The run's directory, which is removed too, is the second chance.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.remove_key();
        for path in self.known_hosts.iter().chain([&self.config]) {
            let _ = fs::remove_file(path);
        }
    }
}

impl Connection {
    /// Holds a connection that is open, and the files that it was made with.
    pub fn new(ssh: Ssh, files: Files, master: Master) -> Self {
        Self {
            ssh,
            files,
            master: Mutex::new(Some(master)),
        }
    }

    /// The configuration that reaches the machine through the open connection.
    pub fn config(&self) -> &Utf8Path {
        &self.files.config
    }

    /// How it was made.
    pub fn ssh(&self) -> &Ssh {
        &self.ssh
    }

    /// The words before one more, which the login shell of the other side reads as a command.
    pub fn words(&self) -> Vec<String> {
        let words = ["ssh", "-F", self.config().as_str(), "--", &self.ssh.host];
        words.map(str::to_owned).to_vec()
    }

    /// The URL by which Nix knows the machine's store, to be used with [`Connection::config`].
    pub fn store_url(&self, protocol: CopyProtocol) -> String {
        let host = &self.ssh.host;
        if host.contains(':') && !host.contains('[') {
            return match host.rsplit_once('@') {
                Some((user, address)) => format!("{protocol}://{user}@[{address}]"),
                None => format!("{protocol}://[{host}]"),
            };
        }
        format!("{protocol}://{host}")
    }

    /// Tells a command's own status 255 from that of ssh.
    pub fn check(&self, machine: &str, output: &Output) -> Result<()> {
        const FINDS_OUT_WITHIN: Duration = Duration::from_millis(500);
        if output.status.code() != Some(SSH_FAILED) {
            return Ok(());
        }
        let mut master = self.master();
        let mut said = output.stderr_text().into_owned();
        let gone = match master.as_mut() {
            Some(master) => {
                let gone = master.is_gone(FINDS_OUT_WITHIN);
                if gone {
                    said.push_str(&master.said());
                }
                gone
            }
            None => true,
        };
        if !gone {
            return Ok(());
        }
        let failure = match classify(&said) {
            Failure::Other => Failure::Lost,
            other => other,
        };
        Err(connection((machine, &self.ssh), failure, said))
    }

    /// Closes the connection; nothing of it stays on either side.
    pub fn close(&self) {
        drop(self.master().take());
        self.files.remove_key();
    }

    fn master(&self) -> MutexGuard<'_, Option<Master>> {
        self.master.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which a machine's host keys stand, whatever its address: messages of ssh name it.
pub(super) fn alias(machine: &str) -> &str {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_name = machine.starts_with(plain) && machine.chars().all(|c| plain(c) || c == '-');
    if is_name { machine } else { "machine" }
}

fn known_hosts(target: &Target, ssh: &Ssh) -> Result<String> {
    let alias = alias(&target.machine);
    let line = |key: &String| match check::host_key(key) {
        Ok((algorithm, key)) => Ok(format!("{alias} {algorithm} {key}\n")),
        Err(reason) => Err(Error::Provided {
            machine: target.machine.clone(),
            what: "ssh.hostKeys",
            reason,
        }),
    };
    ssh.keys.host.iter().map(line).collect()
}

/// Writes a file that was not there before and that nobody else may read.
fn write(path: &Utf8Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let written: io::Result<()> = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}
