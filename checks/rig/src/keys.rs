//! Keys of hosts and of the rig, and what the client knows of them.

use std::{net::IpAddr, path::Path};

use crate::{
    error::RigError,
    layout::Layout,
    programs::{append, plain_command, read, run, write},
};

/// Makes an ed25519 key pair: `path` and `path.pub`.
pub(crate) fn generate(path: &Path, comment: &str) -> Result<(), RigError> {
    let mut command = plain_command("ssh-keygen");
    command
        .args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"])
        .arg(path);
    run(command, "ssh-keygen").map(drop)
}

/// Reads the public half of a key pair: algorithm and key, without the comment.
pub(crate) fn public(path: &Path) -> Result<String, RigError> {
    let text = read(&path.with_added_extension("pub"))?;
    Ok(text
        .split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" "))
}

/// Adds a host's key to the client's known hosts.
pub(crate) fn learn(
    layout: &Layout,
    address: IpAddr,
    port: u16,
    key: &str,
) -> Result<(), RigError> {
    append(
        &layout.known_hosts(),
        &format!("{} {key}\n", pattern(address, port)),
    )
}

/// Takes all keys of a host out of the client's known hosts.
pub(crate) fn forget(layout: &Layout, address: IpAddr, port: u16) -> Result<(), RigError> {
    let path = layout.known_hosts();
    let pattern = pattern(address, port);
    let kept: String = read(&path)?
        .lines()
        .filter(|line| line.split(' ').next() != Some(&pattern))
        .flat_map(|line| [line, "\n"])
        .collect();
    write(&path, kept)
}

/// The name of a host in `known_hosts`, see sshd(8) on the format of the file.
fn pattern(address: IpAddr, port: u16) -> String {
    if port == 22 {
        address.to_string()
    } else {
        format!("[{address}]:{port}")
    }
}
