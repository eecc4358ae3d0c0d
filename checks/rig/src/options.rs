//! What makes a host differ from others.

use std::path::PathBuf;

/// How a host is made. By default it is as [`Rig::add_host`](crate::Rig::add_host) makes it.
#[derive(Clone, Debug, Default)]
pub struct HostOptions {
    /// Directories of the machine that the host sees, and may write to.
    pub shares: Vec<Share>,
    /// Public keys that let root in, in place of the rig's own. They stand in `/root/.ssh`, as clouds have it.
    pub authorized_keys: Option<Vec<String>>,
    /// Leaves out sshd and the user who is not root: a user namespace with one user has no place for them.
    pub without_sshd: bool,
}

/// A directory of the machine that a host sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Where it is on the machine; no tab or line feed may be in it.
    pub machine: PathBuf,
    /// Where the host sees it; a directory is made.
    pub host: PathBuf,
}

impl HostOptions {
    /// A line for each share, as `scripts/host.sh` reads them.
    pub(crate) fn shares_text(&self) -> String {
        let line = |share: &Share| {
            format!(
                "{}\t{}\n",
                share.machine.display(),
                share
                    .host
                    .strip_prefix("/")
                    .unwrap_or(&share.host)
                    .display()
            )
        };
        self.shares.iter().map(line).collect()
    }
}
