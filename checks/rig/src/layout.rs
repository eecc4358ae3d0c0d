//! Where everything lies in a rig's directory.
//!
//! The directory is short (`/tmp/rigXXXXXX`), since paths of sockets below it may have no more than 107 bytes.

use std::path::{Path, PathBuf};

/// Paths of one rig.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The rig's directory.
    pub root: PathBuf,
}

impl Layout {
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    pub fn scripts(&self) -> PathBuf {
        self.root.join("scripts")
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The deployer's `/nix`.
    pub fn nix(&self) -> PathBuf {
        self.root.join("nix")
    }

    /// The deployer's `/etc/passwd`, which makes `~` the rig's home for ssh and git too.
    pub fn passwd(&self) -> PathBuf {
        self.root.join("passwd")
    }

    pub fn registry(&self) -> PathBuf {
        self.root.join("registry.json")
    }

    pub fn ssh_config(&self) -> PathBuf {
        self.home().join(".ssh/config")
    }

    pub fn known_hosts(&self) -> PathBuf {
        self.home().join(".ssh/known_hosts")
    }

    pub fn identity(&self) -> PathBuf {
        self.home().join(".ssh/id_ed25519")
    }

    pub fn host(&self, name: &str) -> HostLayout {
        HostLayout {
            directory: self.root.join("hosts").join(name),
        }
    }
}

/// Paths of one host, seen from the machine.
#[derive(Debug, Clone)]
pub(crate) struct HostLayout {
    /// The host's directory.
    pub directory: PathBuf,
}

impl HostLayout {
    /// The directory that becomes the host's `/`. `/run` and a limited `/nix` are not seen here.
    pub fn root(&self) -> PathBuf {
        self.directory.join("root")
    }

    /// Holds the number of the host's first process once sshd listens.
    pub fn ready(&self) -> PathBuf {
        self.directory.join("ready")
    }

    /// Exists once the host's first process has ended.
    pub fn ended(&self) -> PathBuf {
        self.directory.join("ended")
    }

    /// Where the control groups of its systemd are, if it has one.
    pub fn systemd(&self) -> PathBuf {
        self.directory.join("systemd")
    }

    /// Directories of the machine that the host sees: a line `SOURCE tab TARGET` for each.
    pub fn shares(&self) -> PathBuf {
        self.directory.join("shares")
    }

    pub fn boot_log(&self) -> PathBuf {
        self.directory.join("boot.log")
    }

    pub fn sshd_log(&self) -> PathBuf {
        self.root().join("var/log/sshd.log")
    }

    pub fn host_key(&self) -> PathBuf {
        self.root().join("etc/ssh/ssh_host_ed25519_key")
    }

    pub fn authorized_keys(&self, user: &str) -> PathBuf {
        self.root().join("etc/ssh/authorized_keys.d").join(user)
    }
}
