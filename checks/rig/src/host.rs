//! A host, and programs inside it.

use std::{
    ffi::OsStr,
    net::IpAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

use crate::{
    error::RigError,
    forwarder::Forwarder,
    keys,
    layout::{HostLayout, Layout},
    programs::{output, plain_command},
};

/// A running host.
#[derive(Debug)]
pub struct Host {
    /// Its host name.
    pub name: String,
    /// The loopback address that its sshd listens on.
    pub address: IpAddr,
    /// The port that its sshd listens on.
    pub port: u16,
    /// The user to log in as.
    pub user: &'static str,
    /// Number of its first process, as this process sees it.
    pub(crate) process: u32,
    pub(crate) rig: Layout,
    pub(crate) layout: HostLayout,
    pub(crate) forwarder: Mutex<Option<Forwarder>>,
}

impl Host {
    pub(crate) fn new(
        rig: Layout,
        name: String,
        (address, port): (IpAddr, u16),
        process: u32,
    ) -> Self {
        let layout = rig.host(&name);
        Self {
            name,
            address,
            port,
            user: "root",
            process,
            rig,
            layout,
            forwarder: Mutex::new(None),
        }
    }

    /// The user who is not root; the same key lets her in, and `sudo` makes her root.
    pub fn normal_user(&self) -> &'static str {
        crate::host_files::NORMAL_USER.0
    }

    /// Returns the URL of the host's store, without the port.
    ///
    /// Nix 2.8 takes a port in such a URL for a part of the name: say it with `NIX_SSHOPTS=-p …`, or in the
    /// client's configuration.
    pub fn url(&self) -> String {
        format!("ssh://{}@{}", self.user, self.address)
    }

    /// Returns the number of the host's first process, as the machine sees it.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Runs a command inside the host, without ssh, to its end.
    pub fn run<W: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = W>,
    ) -> Result<Output, RigError> {
        output(&mut command_in_host(self.process, words))
    }

    /// Returns the path by which this process sees a file of the host.
    ///
    /// Absolute links on the way lead out of the host: use it for the file itself.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        PathBuf::from(format!("/proc/{}/root", self.process))
            .join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Returns the public key of the host: algorithm and key.
    pub fn host_key(&self) -> Result<String, RigError> {
        keys::public(&self.layout.host_key())
    }
}

/// Returns a command that runs inside the host whose first process is `process`, as root in `/root`.
pub fn command_in_host<W: AsRef<OsStr>>(
    process: u32,
    words: impl IntoIterator<Item = W>,
) -> Command {
    let mut command = plain_command("nsenter");
    command.arg(format!("--target={process}"));
    command.args([
        "--mount",
        "--uts",
        "--pid",
        "--root",
        "--wd",
        "--",
        "env",
        "--chdir=/root",
    ]);
    command
        .env("HOME", "/root")
        .env("USER", "root")
        .env("LOGNAME", "root");
    command.args(words);
    command
}
