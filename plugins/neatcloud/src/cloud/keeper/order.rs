//! What a keeper is told, and what it tells.

use std::{env, fs, net::IpAddr, path::PathBuf};

use rig::Host;
use serde::{Deserialize, Serialize};

/// What a keeper is to make.
#[derive(Debug, Deserialize, Serialize)]
pub struct Order {
    /// Id of the server.
    pub id: String,
    /// Its host name.
    pub name: String,
    /// How it is to be reached.
    pub reach: Reach,
    /// Keys that let root in. If there are none, a key of the server's own does.
    pub keys: Vec<String>,
    /// What the server is told about itself.
    pub about: serde_json::Value,
}

/// How servers are reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// By an sshd of their own.
    Ssh,
    /// By a command that enters their namespaces.
    Command,
}

/// How a server is reached that is up.
#[derive(Debug, Deserialize, Serialize)]
pub struct Running {
    /// The keeper that says so; another one may have left this behind.
    pub keeper: u32,
    /// Its host name.
    pub name: String,
    /// Directory of the rig that it is in.
    pub rig: PathBuf,
    /// Its first process.
    pub process: u32,
    /// Its address.
    pub address: IpAddr,
    /// Port of its sshd.
    pub port: u16,
    /// Public key of its sshd.
    pub host_key: String,
    /// Private key that lets root in if no other does.
    pub identity: PathBuf,
    /// How it is reached.
    pub reach: Reach,
}

impl Running {
    /// The host that the server is.
    pub fn host(&self) -> Host {
        Host::of(
            &self.rig,
            &self.name,
            (self.address, self.port),
            self.process,
        )
    }
}

impl Reach {
    /// By ssh, unless `NEATCLOUD_REACH=command` says otherwise, or this process cannot be several users: an sshd
    /// must become another one while it looks who comes.
    pub fn from_environment() -> Self {
        let wanted = env::var("NEATCLOUD_REACH").unwrap_or_default();
        if wanted == "command" || !is_root() || !has_users() {
            Self::Command
        } else {
            Self::Ssh
        }
    }
}

/// Whether this process is root, maybe of a user namespace.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the user namespace has more users than one; see `user_namespaces(7)` on the file.
fn has_users() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let lengths = map
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2));
    lengths
        .filter_map(|length| length.parse::<u64>().ok())
        .sum::<u64>()
        > 1
}
