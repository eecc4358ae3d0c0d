//! Writes the files of a rig before it has hosts.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

use crate::{
    error::{RigError, file},
    keys,
    layout::Layout,
    programs::{read, write},
};

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
        "Host *
  IdentityFile {}
  IdentitiesOnly yes
  UserKnownHostsFile {}
  GlobalKnownHostsFile none
  # Newer clients warn of the key exchange that hosts use because it is quick.
  IgnoreUnknown WarnWeakCrypto
  WarnWeakCrypto no
",
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

/// Makes a directory and those above it; only it gets the mode.
pub(crate) fn directories(path: &Path, bits: u32) -> Result<(), RigError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(file("make", path))?;
    mode(path, bits)
}

/// Sets the mode of a file.
pub(crate) fn mode(path: &Path, bits: u32) -> Result<(), RigError> {
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
