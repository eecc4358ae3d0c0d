//! Writes the files of a rig and of its hosts, before anything runs.

use std::{
    fs,
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown, symlink},
    path::Path,
};

use crate::{
    error::{RigError, file},
    keys,
    layout::{HostLayout, Layout},
    programs::{HOST_PATH, read, write},
};

/// Name and number of the user on every host who is not root.
pub(crate) const NORMAL_USER: (&str, u32) = ("alice", 1000);

const SCRIPTS: &[(&str, &str)] = &[
    ("keeper.sh", include_str!("../scripts/keeper.sh")),
    ("init.sh", include_str!("../scripts/init.sh")),
    ("host.sh", include_str!("../scripts/host.sh")),
    ("deployer.sh", include_str!("../scripts/deployer.sh")),
];

/// Settings of Nix on both sides. A store of thousands of bytes needs no reserve of eight million.
pub(crate) const NIX_SETTINGS: &str = "experimental-features = nix-command flakes
sandbox = false
build-users-group =
substituters =
require-sigs = false
fsync-metadata = false
gc-reserved-space = 0
";

/// Writes all that the rig needs before its first host.
pub(crate) fn write_rig(layout: &Layout) -> Result<(), RigError> {
    for (name, text) in SCRIPTS {
        write(&layout.scripts().join(name), text)?;
    }
    for directory in [
        layout.nix(),
        layout.temporary(),
        layout.root.join("run"),
        layout.root.join("hosts"),
    ] {
        directories(&directory, 0o755)?;
    }
    directories(&layout.home().join(".ssh"), 0o700)?;
    write(
        &layout.passwd(),
        passwd_with_home(&read(Path::new("/etc/passwd"))?, &layout.home()),
    )?;
    write(&layout.registry(), "{\"flakes\":[],\"version\":2}\n")?;
    write(&layout.home().join(".gitconfig"), GIT_CONFIG)?;
    write(&layout.known_hosts(), "")?;
    write(&layout.ssh_config(), ssh_config(layout))?;
    keys::generate(&layout.identity(), "rig")
}

const GIT_CONFIG: &str = "[user]
\tname = Rig
\temail = rig@localhost
[init]
\tdefaultBranch = main
[safe]
\tdirectory = *
";

/// Only what a client needs to trust and be trusted; addresses and ports are the network's to say.
fn ssh_config(layout: &Layout) -> String {
    format!(
        "Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n",
        layout.identity().display(),
        layout.known_hosts().display(),
    )
}

/// Gives root another home directory.
fn passwd_with_home(passwd: &str, home: &Path) -> String {
    passwd
        .lines()
        .flat_map(|line| [line_with_home(line, home), "\n".to_owned()])
        .collect()
}

fn line_with_home(line: &str, home: &Path) -> String {
    let mut fields: Vec<&str> = line.split(':').collect();
    let home = home.to_string_lossy();
    if fields.len() == 7 && fields[2] == "0" {
        fields[5] = &home;
    }
    fields.join(":")
}

/// Writes the root of a host that does not run yet.
pub(crate) fn write_host(
    layout: &Layout,
    host: &HostLayout,
    name: &str,
    (address, port): (IpAddr, u16),
) -> Result<(), RigError> {
    let root = host.root();
    for directory in [
        "dev",
        "proc",
        "sys",
        "run",
        "mnt",
        "etc/ssh",
        "var/log/nixops-rig",
        "var/empty",
        "boot",
        "nix",
    ] {
        directories(&root.join(directory), 0o755)?;
    }
    directories(&root.join("root"), 0o700)?;
    for directory in ["tmp", "var/tmp"] {
        directories(&root.join(directory), 0o1777)?;
    }
    machine_directories(&root)?;
    write_etc(&root.join("etc"), name)?;
    home_of_normal_user(&root)?;
    keys::generate(&host.host_key(), name)?;
    authorize(layout, host)?;
    write(
        &root.join("etc/ssh/sshd_config"),
        sshd_config(address, port),
    )
}

/// Allows the rig's key, and no other, to log in.
pub(crate) fn authorize(layout: &Layout, host: &HostLayout) -> Result<(), RigError> {
    let key = keys::public(&layout.identity())?;
    ["root", NORMAL_USER.0]
        .iter()
        .try_for_each(|user| write(&host.authorized_keys(user), format!("{key}\n")))
}

/// Makes a place for each directory of programs that the machine has; a link is the same link.
fn machine_directories(root: &Path) -> Result<(), RigError> {
    for name in ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        let (machine, own) = (Path::new("/").join(name), root.join(name));
        if let Ok(target) = fs::read_link(&machine) {
            symlink(target, &own).map_err(file("make", own))?;
        } else if machine.is_dir() {
            directories(&own, 0o755)?;
        }
    }
    Ok(())
}

fn write_etc(etc: &Path, name: &str) -> Result<(), RigError> {
    let (user, number) = NORMAL_USER;
    let files = [
        ("hostname", format!("{name}\n")),
        (
            "hosts",
            format!("127.0.0.1 localhost {name}\n::1 localhost\n"),
        ),
        ("resolv.conf", String::new()),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files\n".to_owned(),
        ),
        (
            "passwd",
            format!(
                "root:x:0:0:System administrator:/root:/bin/bash\n\
                 {user}:x:{number}:{number}:Normal user:/home/{user}:/bin/bash\n\
                 sshd:x:102:65534:SSH privilege separation user:/run/sshd:/usr/sbin/nologin\n\
                 nobody:x:65534:65534:Unprivileged account:/var/empty:/usr/sbin/nologin\n"
            ),
        ),
        (
            "group",
            format!(
                "root:x:0:\nwheel:x:1:{user}\nkeys:x:96:\n{user}:x:{number}:\nnogroup:x:65534:\n"
            ),
        ),
        // A star is no password; an exclamation mark would lock the account for keys too.
        ("shadow", format!("root:*:1::::::\n{user}:*:1::::::\n")),
        (
            "nix/nix.conf",
            format!("{NIX_SETTINGS}trusted-users = root {user}\n"),
        ),
        ("rig/boot.sh", include_str!("../scripts/boot.sh").to_owned()),
        (
            "rig/first.sh",
            include_str!("../scripts/first.sh").to_owned(),
        ),
        ("rig/sudo.sh", include_str!("../scripts/sudo.sh").to_owned()),
        ("profile", format!("PATH={HOST_PATH}\nexport PATH\n")),
    ];
    files
        .iter()
        .try_for_each(|(path, text)| write(&etc.join(path), text))?;
    mode(&etc.join("shadow"), 0o600)
}

fn home_of_normal_user(root: &Path) -> Result<(), RigError> {
    let home = root.join("home").join(NORMAL_USER.0);
    directories(&home, 0o755)?;
    chown(&home, Some(NORMAL_USER.1), Some(NORMAL_USER.1)).map_err(file("give away", home))
}

/// A key exchange without the post-quantum part, which takes ten times the rest of a short session.
/// Verbose, because the log is what counts connections. `SetEnv` reaches sessions without a login shell.
fn sshd_config(address: IpAddr, port: u16) -> String {
    format!(
        "Port {port}
ListenAddress {address}
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
UseDNS no
KexAlgorithms curve25519-sha256
PidFile /run/sshd.pid
LogLevel VERBOSE
PrintMotd no
PrintLastLog no
MaxStartups 200
MaxSessions 100
SetEnv PATH={HOST_PATH} LANG=C.UTF-8
Subsystem sftp internal-sftp
"
    )
}

fn directories(path: &Path, bits: u32) -> Result<(), RigError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(file("make", path))?;
    mode(path, bits)
}

fn mode(path: &Path, bits: u32) -> Result<(), RigError> {
    fs::set_permissions(path, fs::Permissions::from_mode(bits))
        .map_err(file("set the mode of", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_gets_another_home() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        assert_eq!(
            passwd_with_home(passwd, Path::new("/tmp/rig/home")),
            "root:x:0:0:root:/tmp/rig/home:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n"
        );
    }
}
