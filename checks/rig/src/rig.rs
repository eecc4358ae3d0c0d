//! The rig: hosts, and the deployer's side.

use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::{IpAddr, Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    deployer::deployer_command,
    error::{RigError, file},
    files,
    host::Host,
    host_files,
    keeper::{Keeper, wait_until_ready},
    keys,
    layout::Layout,
    options::HostOptions,
    programs,
};

/// Hosts and a deployer's side that live as long as this value.
#[derive(Debug)]
pub struct Rig {
    layout: Layout,
    keeper: Keeper,
}

impl Rig {
    /// Makes a rig without hosts.
    ///
    /// Fails with one sentence if this process is not root or the machine lacks a program.
    pub fn new() -> Result<Self, RigError> {
        programs::check()?;
        let directory = tempfile::Builder::new()
            .prefix("rig")
            .tempdir_in("/tmp")
            .map_err(file("make a directory in", "/tmp"))?;
        let layout = Layout::new(directory.path());
        files::write_rig(&layout)?;
        let keeper = Keeper::start(&layout)?;
        // From here on it is the keeper who removes it, even when this process is killed.
        let _ = directory.keep();
        Ok(Self { layout, keeper })
    }

    /// Starts one host and waits until its sshd listens.
    pub fn add_host(&self, name: &str) -> Result<Host, RigError> {
        self.add_host_with(name, &HostOptions::default())
    }

    /// Starts one host that differs from others, and waits until it is up.
    pub fn add_host_with(&self, name: &str, options: &HostOptions) -> Result<Host, RigError> {
        let prepared = self.prepare(name, options)?;
        self.await_host(prepared)
    }

    /// Starts hosts side by side and waits for all of them; they come in the order of the names.
    pub fn add_hosts<N: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Vec<Host>, RigError> {
        let prepared = names
            .into_iter()
            .map(|name| self.prepare(name.as_ref(), &HostOptions::default()))
            .collect::<Result<Vec<_>, _>>()?;
        prepared
            .into_iter()
            .map(|host| self.await_host(host))
            .collect()
    }

    /// Returns a command that runs `program` on the deployer's side.
    ///
    /// It sees the rig's `/nix` and home directory in place of the machine's, and a hermetic environment: see
    /// [`deployer_command`]. The process becomes the program, so exit codes, signals and standard streams are the
    /// program's own; 125 says that the mounts failed.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        deployer_command(&self.layout.root, program)
    }

    /// Returns the path of a client configuration that lets ssh in.
    ///
    /// Programs started with [`Rig::command`] need not be told: it is their `~/.ssh/config`.
    pub fn ssh_config(&self) -> PathBuf {
        self.layout.ssh_config()
    }

    /// Returns the path of the client's known hosts.
    pub fn known_hosts(&self) -> PathBuf {
        self.layout.known_hosts()
    }

    /// Returns the path of the client's private key, the only one that hosts let in.
    pub fn identity(&self) -> PathBuf {
        self.layout.identity()
    }

    /// Returns the home directory of the deployer's side.
    pub fn home(&self) -> PathBuf {
        self.layout.home()
    }

    /// Returns the rig's directory, which is short and goes with the rig.
    pub fn root(&self) -> &Path {
        &self.layout.root
    }

    /// Makes a host unknown to the client.
    pub fn forget_host_key(&self, host: &Host) -> Result<(), RigError> {
        keys::forget(&self.layout, host.address, host.port)
    }

    /// Makes the client know another key than the host's, as if the host had been replaced.
    pub fn wrong_host_key(&self, host: &Host) -> Result<(), RigError> {
        self.forget_host_key(host)?;
        // The client's own key is a valid key that no host has.
        let key = keys::public(&self.layout.identity())?;
        keys::learn(&self.layout, host.address, host.port, &key)
    }

    /// Makes the client know the host's true key again.
    pub fn learn_host_key(&self, host: &Host) -> Result<(), RigError> {
        self.forget_host_key(host)?;
        keys::learn(&self.layout, host.address, host.port, &host.host_key()?)
    }

    /// Lists the command lines of programs that were started with [`Rig::command`], or by such, and still run.
    pub fn running_programs(&self) -> Result<Vec<String>, RigError> {
        crate::deployer::running_programs(&self.layout.home())
    }

    fn prepare(&self, name: &str, options: &HostOptions) -> Result<Prepared, RigError> {
        check_name(name)?;
        let layout = self.layout.host(name);
        if layout.directory.exists() {
            return Err(RigError::NameTaken {
                name: name.to_owned(),
            });
        }
        let address = free_address().map_err(|source| RigError::Address {
            host: name.to_owned(),
            source,
        })?;
        host_files::write_host(&self.layout, &layout, name, address, options)?;
        self.keeper.start_host(name)?;
        Ok(Prepared {
            name: name.to_owned(),
            address,
        })
    }

    fn await_host(&self, prepared: Prepared) -> Result<Host, RigError> {
        let Prepared {
            name,
            address: (address, port),
        } = prepared;
        let process = wait_until_ready(&self.layout.host(&name), &name)?;
        let host = Host::new(self.layout.clone(), name, (address, port), process);
        self.learn_host_key(&host)?;
        Ok(host)
    }
}

/// A host that has been asked for and may not be up yet.
struct Prepared {
    name: String,
    address: (IpAddr, u16),
}

fn check_name(name: &str) -> Result<(), RigError> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if (1..=63).contains(&name.len()) && name.bytes().all(good) && !name.starts_with('-') {
        return Ok(());
    }
    Err(RigError::BadName {
        name: name.to_owned(),
    })
}

/// Picks a loopback address by chance, and a port that is free on it.
fn free_address() -> io::Result<(IpAddr, u16)> {
    let [a, b, c, ..] = RandomState::new().hash_one("address").to_ne_bytes();
    // Away from 127.0.*, which other programs use, and from the ends of the last byte.
    let address = IpAddr::V4(Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254)));
    let port = TcpListener::bind((address, 0))?.local_addr()?.port();
    Ok((address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_host_names() {
        for good in ["web", "web-1", "0"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", "a.b", "a/b", "a b", "..", &"x".repeat(64)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
