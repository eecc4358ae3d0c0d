//! Writes the files that a host finds in its root when it comes up.

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    os::unix::fs::{chown, symlink},
    path::{Path, PathBuf},
};

use crate::{
    error::{RigError, file},
    files::{NIX_SETTINGS, directories, mode},
    keys,
    layout::{HostLayout, Layout},
    options::{Elevation, HostOptions, PASSWORD_HASH},
    programs::{self, HOST_PATH, write},
};

/// Name and number of the user on every host who is not root.
pub(crate) const NORMAL_USER: (&str, u32) = ("alice", 1000);

/// Says by how much the clock of a host is off.
pub(crate) const CLOCK: &str = "/etc/rig/clock";

/// Writes the root of a host that does not run yet.
pub(crate) fn write_host(
    layout: &Layout,
    host: &HostLayout,
    name: &str,
    (address, port): (IpAddr, u16),
    options: &HostOptions,
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
    if options.systemd {
        write_systemd(&root.join("etc"), &host.systemd())?;
    }
    write_elevation(&root.join("etc"), &options.elevation)?;
    write(&host.shares(), options.shares_text())?;
    keys::generate(&host.host_key(), name)?;
    if options.without_sshd {
        return Ok(());
    }
    home_of_normal_user(&root)?;
    match &options.authorized_keys {
        None => authorize(layout, host)?,
        Some(keys) => authorize_root(&root, keys)?,
    }
    let clock = if options.own_clock {
        write(&root.join(CLOCK.trim_start_matches('/')), "+0\n")?;
        clock_environment()?
    } else {
        String::new()
    };
    write(
        &root.join("etc/ssh/sshd_config"),
        sshd_config(address, port, &clock),
    )
}

/// What makes programs read the clock from a file, each time anew. Timers and the monotonic clock are left alone.
fn clock_environment() -> Result<String, RigError> {
    let libraries = ["/usr/lib", "/usr/lib64"]
        .into_iter()
        .flat_map(|directory| {
            let below = fs::read_dir(directory).into_iter().flatten().flatten();
            let below = below.map(|entry| entry.path());
            below.chain([PathBuf::from(directory)])
        });
    let library = libraries
        .map(|directory| directory.join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .ok_or(RigError::MissingProgram {
            program: "libfaketimeMT.so.1",
            package: "libfaketime",
        })?;
    Ok(format!(
        " LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE={CLOCK} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
         FAKETIME_DONT_RESET=1",
        library.display()
    ))
}

/// Lets keys in as a cloud does: by a file of root's that no NixOS module owns.
pub(crate) fn authorize_root(root: &Path, keys: &[String]) -> Result<(), RigError> {
    let directory = root.join("root/.ssh");
    directories(&directory, 0o700)?;
    let lines: String = keys.iter().flat_map(|key| [key, "\n"]).collect();
    write(&directory.join("authorized_keys"), lines)
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
                 nobody:x:65534:65534:Unprivileged account:/var/empty:/usr/sbin/nologin\n\
                 messagebus:x:101:101:D-Bus:/var/empty:/usr/sbin/nologin\n\
                 polkitd:x:103:103:polkit:/var/empty:/usr/sbin/nologin\n"
            ),
        ),
        (
            "group",
            format!(
                "root:x:0:\nwheel:x:1:{user}\nkeys:x:96:\nmessagebus:x:101:\npolkitd:x:103:\n{user}:x:{number}:\nnogroup:x:65534:\n"
            ),
        ),
        // A star is no password; an exclamation mark would lock the account for keys too.
        (
            "shadow",
            format!("root:*:1::::::\n{user}:{PASSWORD_HASH}:1::::::\n"),
        ),
        (
            "nix/nix.conf",
            format!("{NIX_SETTINGS}trusted-users = root {user}\n"),
        ),
        ("rig/boot.sh", include_str!("../scripts/boot.sh").to_owned()),
        (
            "rig/new-boot.sh",
            include_str!("../scripts/new-boot.sh").to_owned(),
        ),
        (
            "rig/first.sh",
            include_str!("../scripts/first.sh").to_owned(),
        ),
        (
            "rig/systemd.sh",
            include_str!("../scripts/systemd.sh").to_owned(),
        ),
        ("rig/sudo.sh", include_str!("../scripts/sudo.sh").to_owned()),
        (
            "rig/reboot.sh",
            include_str!("../scripts/reboot.sh").to_owned(),
        ),
        (
            "rig/poweroff.sh",
            include_str!("../scripts/poweroff.sh").to_owned(),
        ),
        ("profile", format!("PATH={HOST_PATH}\nexport PATH\n")),
    ];
    files
        .iter()
        .try_for_each(|(path, text)| write(&etc.join(path), text))?;
    mode(&etc.join("shadow"), 0o600)
}

/// Says which units there are, and where the control groups of this systemd are.
fn write_systemd(etc: &Path, groups: &Path) -> Result<(), RigError> {
    const SYSTEMD: &str = "/lib/systemd/systemd";
    if !Path::new(SYSTEMD).exists() {
        return Err(RigError::MissingProgram {
            program: SYSTEMD,
            package: "systemd",
        });
    }
    // Where systemd looks after /etc/systemd/system, which is that of the system that is activated.
    let units = etc.join("systemd/system.attached");
    // By this a system knows that it may take over the host.
    write(&etc.join("NIXOS"), "")?;
    write(&units.join("default.target"), DEFAULT_TARGET)?;
    write(&units.join("sshd.service"), SSHD_SERVICE)?;
    for unit in ["systemd-logind.service", "systemd-resolved.service"] {
        symlink("/dev/null", units.join(unit)).map_err(file("make", units.join(unit)))?;
    }
    write(&etc.join("machine-id"), "")?;
    // Machines with both versions of control groups have the newer one beside the older.
    let hierarchies = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
    let hierarchy = hierarchies
        .into_iter()
        .find(|path| Path::new(path).join("cgroup.procs").exists())
        .ok_or(RigError::MissingProgram {
            program: "cgroup2 (a kernel with its hierarchy mounted)",
            package: "linux-image-amd64",
        })?;
    let [a, b, ..] = RandomState::new().hash_one("groups").to_ne_bytes();
    let name = format!("rig-{}-{a:02x}{b:02x}", std::process::id());
    write(groups, format!("{hierarchy}/{name}"))
}

const DEFAULT_TARGET: &str = "[Unit]
Description=A host of the rig
Requires=basic.target
Wants=sshd.service dbus.socket multi-user.target
After=basic.target
AllowIsolate=yes
";

const SSHD_SERVICE: &str = "[Unit]
Description=OpenSSH server
[Service]
ExecStart=/usr/sbin/sshd -D -f /etc/ssh/sshd_config -E /var/log/sshd.log
KillMode=process
Restart=on-failure
";

/// Says who may become root, and lets the machine's PAM look up the password.
fn write_elevation(etc: &Path, elevation: &Elevation) -> Result<(), RigError> {
    const PAM: &str = "auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_permit.so\n";
    let (program, package, pam, file, rules) = match elevation {
        Elevation::StandIn => return Ok(()),
        Elevation::Sudo(rules) => {
            let rules = format!("Defaults secure_path=\"{HOST_PATH}\"\n{rules}");
            ("sudo", "sudo", "sudo", "sudoers", rules)
        }
        Elevation::Doas(rules) => ("doas", "opendoas", "doas", "doas.conf", (*rules).to_owned()),
        // The unit of polkit, and what D-Bus knows of it, are the machine's.
        Elevation::Run0(rules) => {
            programs::find("pkaction", "polkitd")?;
            let file = "polkit-1/rules.d/10-rig.rules";
            ("run0", "systemd", "systemd-run0", file, (*rules).to_owned())
        }
    };
    programs::find(program, package)?;
    write(&etc.join("pam.d").join(pam), PAM)?;
    let file = etc.join(file);
    write(&file, format!("{rules}\n"))?;
    // Programs of root's do not trust what others may write to.
    mode(&file, 0o444)
}

fn home_of_normal_user(root: &Path) -> Result<(), RigError> {
    let home = root.join("home").join(NORMAL_USER.0);
    directories(&home, 0o755)?;
    chown(&home, Some(NORMAL_USER.1), Some(NORMAL_USER.1)).map_err(file("give away", home))
}

/// A key exchange without the post-quantum part, which takes ten times the rest of a short session.
/// Verbose, because the log is what counts connections. `SetEnv` reaches sessions without a login shell.
fn sshd_config(address: IpAddr, port: u16, environment: &str) -> String {
    format!(
        "Port {port}
ListenAddress {address}
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u .ssh/authorized_keys
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
SetEnv PATH={HOST_PATH} LANG=C.UTF-8{environment}
Subsystem sftp internal-sftp
"
    )
}
