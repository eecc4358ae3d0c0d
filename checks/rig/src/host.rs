//! A host, and programs inside it.

use std::{
    ffi::OsStr,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

use crate::{
    error::RigError,
    forwarder::Forwarder,
    host_files::authorize_root,
    keeper::ready_process,
    keys,
    layout::{HostLayout, Layout},
    programs::{HOST_PATH, output, plain_command, read},
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
    /// Number of its first process when it was made, as this process sees it.
    first_process: u32,
    pub(crate) rig: Layout,
    pub(crate) layout: HostLayout,
    pub(crate) forwarder: Mutex<Option<Forwarder>>,
}

impl Host {
    /// Returns a host that another process holds: in the rig with the directory `rig`, with the number of its first
    /// process as [`Host::process`] told it.
    pub fn of(rig: &Path, name: &str, address: (IpAddr, u16), process: u32) -> Self {
        Self::new(Layout::new(rig), name.to_owned(), address, process)
    }

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
            first_process: process,
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

    /// Returns the number of the host's first process, as the machine sees it. It is another one after a boot of a
    /// host with systemd.
    pub fn process(&self) -> u32 {
        ready_process(&self.layout).unwrap_or(self.first_process)
    }

    /// Runs a command inside the host, without ssh, to its end.
    pub fn run<W: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = W>,
    ) -> Result<Output, RigError> {
        output(&mut command_in_host(self.process(), words))
    }

    /// Returns the path by which this process sees a file of the host.
    ///
    /// Absolute links on the way lead out of the host: use it for the file itself.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        PathBuf::from(format!("/proc/{}/root", self.process()))
            .join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Returns the directory of the machine that is the host's `/`. What is mounted there is not seen by it.
    pub fn disk(&self) -> PathBuf {
        self.layout.root()
    }

    /// Whether the host has ended for good: nothing of it runs any more.
    pub fn has_ended(&self) -> bool {
        self.layout.ended().exists() || !self.layout.ready().exists()
    }

    /// Lets these keys in as root, beside the rig's own if that one is let in.
    pub fn authorize_root(&self, keys: &[String]) -> Result<(), RigError> {
        authorize_root(&self.disk(), keys)
    }

    /// Returns what the host has said since it was made: while it was put together, in activations at boot, and
    /// from sshd.
    pub fn console(&self) -> String {
        let logs = [
            self.layout.boot_log(),
            self.disk().join("var/log/activate.log"),
            self.layout.sshd_log(),
        ];
        logs.iter()
            .map(|log| read(log).unwrap_or_default())
            .collect()
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
    let [program, arguments @ ..] = ENTER;
    let mut command = plain_command(program);
    command.arg(format!("--target={process}"));
    if in_other_user_namespace(process) {
        command.args(AS_ITS_ROOT);
    }
    command.args(arguments).args(["--", "env", "--chdir=/root"]);
    command
        .env("HOME", "/root")
        .env("USER", "root")
        .env("LOGNAME", "root");
    command.args(words);
    command
}

/// Returns the words before a command that make it run inside the host whose first process is `process`, as root
/// in the directory `home`, with the host's environment.
pub fn words_into_host(process: u32, home: &str) -> Vec<String> {
    let [program, arguments @ ..] = ENTER;
    let mut words = vec![program.to_owned(), format!("--target={process}")];
    if in_other_user_namespace(process) {
        words.extend(AS_ITS_ROOT.map(str::to_owned));
    }
    words.extend(arguments.map(str::to_owned));
    words.extend(["--", "env", "-i"].map(str::to_owned));
    words.push(format!("--chdir={home}"));
    words.push(format!("PATH={HOST_PATH}"));
    let environment = ["HOME=/root", "USER=root", "LOGNAME=root", "LANG=C.UTF-8"];
    words.extend(environment.map(str::to_owned));
    words
}

const ENTER: [&str; 6] = ["nsenter", "--mount", "--uts", "--pid", "--root", "--wd"];

/// Who made a user namespace is root in it, and has no right to change groups there.
const AS_ITS_ROOT: [&str; 2] = ["--user", "--preserve-credentials"];

fn in_other_user_namespace(process: u32) -> bool {
    let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/user")).ok();
    namespace(&process.to_string()).is_some_and(|theirs| Some(theirs) != namespace("self"))
}
