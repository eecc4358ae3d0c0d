//! `rig.json`: what a script needs to know of running hosts.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use rig::{Host, Rig};
use serde::{Deserialize, Serialize};

/// The contents of `DIR/rig.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// The rig's own directory.
    pub root: PathBuf,
    /// The process that holds the hosts: they end when it ends.
    pub holder: u32,
    /// A client configuration that lets ssh in.
    pub ssh_config: PathBuf,
    /// The client's known hosts.
    pub known_hosts: PathBuf,
    /// The client's private key.
    pub identity: PathBuf,
    /// The hosts, in the order of their names on the command line.
    pub hosts: Vec<HostRecord>,
}

/// One host in `DIR/rig.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct HostRecord {
    pub name: String,
    pub address: IpAddr,
    pub port: u16,
    pub user: String,
    /// Number of the host's first process.
    pub process: u32,
}

impl Record {
    pub fn new(rig: &Rig, hosts: &[Host]) -> Self {
        Self {
            root: rig.root().to_path_buf(),
            holder: std::process::id(),
            ssh_config: rig.ssh_config(),
            known_hosts: rig.known_hosts(),
            identity: rig.identity(),
            hosts: hosts.iter().map(HostRecord::new).collect(),
        }
    }

    /// Writes the record whole or not at all.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let (path, new) = (record_path(directory), directory.join("rig.json.new"));
        fs::write(&new, self.text()?).with_context(|| format!("cannot write {}", new.display()))?;
        fs::rename(&new, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    pub fn text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads the record if there is one.
    pub fn find(directory: &Path) -> Result<Option<Self>> {
        let path = record_path(directory);
        if !path.exists() {
            return Ok(None);
        }
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text)
            .map(Some)
            .with_context(|| format!("{} is no record of a rig", path.display()))
    }

    /// Reads the record of hosts that run.
    pub fn running(directory: &Path) -> Result<Self> {
        match Self::find(directory)? {
            Some(record) if record.root.exists() => Ok(record),
            _ => bail!(
                "no hosts are up in {} (start some with `rig up`)",
                directory.display()
            ),
        }
    }

    pub fn host(&self, name: &str) -> Result<&HostRecord> {
        self.hosts
            .iter()
            .find(|host| host.name == name)
            .with_context(|| {
                let names: Vec<_> = self.hosts.iter().map(|host| host.name.as_str()).collect();
                format!("there is no host `{name}`, only {}", names.join(", "))
            })
    }
}

impl HostRecord {
    fn new(host: &Host) -> Self {
        Self {
            name: host.name.clone(),
            address: host.address,
            port: host.port,
            user: host.user.to_owned(),
            process: host.process(),
        }
    }
}

pub fn record_path(directory: &Path) -> PathBuf {
    directory.join("rig.json")
}

/// Where the holder says what went wrong.
pub fn log_path(directory: &Path) -> PathBuf {
    directory.join("rig.log")
}
