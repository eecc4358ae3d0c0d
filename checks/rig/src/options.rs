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
    /// Gives sessions a clock that [`Host::set_clock`](crate::Host::set_clock) sets; needs Debian's `libfaketime`.
    pub own_clock: bool,
    /// How the user who is not root becomes root.
    pub elevation: Elevation,
    /// Has the machine's systemd as the first process of the host, which also boots it when it is told to. Only
    /// [`Host::switch_off`](crate::Host::switch_off) is for hosts without it.
    pub systemd: bool,
}

/// How a user becomes root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Elevation {
    /// By a stand-in for sudo that asks for nothing.
    #[default]
    StandIn,
    /// By the machine's sudo, with these lines in `/etc/sudoers`. [`PASSWORD`] is the user's password.
    Sudo(&'static str),
    /// By the machine's doas, with these lines in `/etc/doas.conf`. [`PASSWORD`] is the user's password.
    Doas(&'static str),
    /// By the run0 of the machine's systemd, with these rules of polkit; only for hosts with systemd.
    Run0(&'static str),
}

/// The password of the user who is not root; no sshd takes it.
pub const PASSWORD: &str = "opening-words-of-alice-4711";

/// The same as `/etc/shadow` has it.
pub(crate) const PASSWORD_HASH: &str = "$6$rigrigrig$Bln/PAH1QL/GeApaqnSxlj17bumsEqEFKuuTTjE4Bd7JfYeLbkf9UNjFOwWAVXutTbbJmjzp18HCTFziU8sNW0";

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
