//! The ways to a host of the rig.

use camino::Utf8Path;
use nixops::{
    host::{Ssh, Target, Transport},
    network::CopyProtocol,
    nix::Destination,
};
use rig::Host;

use crate::world::options;

/// A machine that lives on a host of the rig.
pub fn target(host: &Host) -> Target {
    Target::plain(&host.name, &options(host))
}

/// The same, reached over ssh in a way of its own.
pub fn over_ssh(host: &Host, ssh: Ssh) -> Target {
    Target {
        transport: Transport::Ssh(ssh),
        ..target(host)
    }
}

/// How ssh reaches a host of the rig.
pub fn ssh(host: &Host) -> Ssh {
    match target(host).transport {
        Transport::Ssh(ssh) => ssh,
        transport => panic!("{transport:?}"),
    }
}

/// The same, as a user who is not root.
pub fn as_normal_user(host: &Host) -> Target {
    let user = host.normal_user().to_owned();
    over_ssh(host, Ssh { user, ..ssh(host) })
}

/// The configuration of ssh through which Nix reaches a host.
pub fn ssh_config(host: &nixops::host::Host) -> &Utf8Path {
    match host.destination(CopyProtocol::SshNg).unwrap() {
        Destination::Store(store) => store.ssh_config,
        commands @ Destination::Commands { .. } => panic!("{commands:?}"),
    }
}

/// A machine that is reached by words before each command, which enter a host of the rig as `user`.
pub fn by_prefix(host: &Host, user: &str) -> Target {
    let enter = format!("--target={}", host.process());
    let words = [
        "nsenter", &enter, "--mount", "--uts", "--pid", "--root", "--wd", "--",
    ];
    let become_user = [
        "env",
        "--chdir=/root",
        "/run/wrappers/bin/sudo",
        "-u",
        user,
        "--",
    ];
    let words = words.iter().chain(&become_user);
    Target {
        machine: host.name.clone(),
        transport: Transport::Prefix(words.map(|word| (*word).to_owned()).collect()),
        privilege_escalation_command: vec!["/run/wrappers/bin/sudo".to_owned()],
    }
}
