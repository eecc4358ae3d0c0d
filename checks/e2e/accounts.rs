//! Two people with accounts of their own deploy to one host at once.
//!
//! Both are real: here two users, neither of whom is root, with homes, keys, states and checkouts of their own, who
//! build by the daemon of a multi-user Nix; on the host two users who log in with these keys, and become root by the
//! real sudo.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rig::{Elevation, HostOptions};

use crate::{
    lab::{Lab, POCKET, Run},
    state::HELD_ACTIVATION,
    watched::{Watched, wait_until},
};

/// A user of this computer and of the host `web`.
struct Account<'a> {
    lab: &'a Lab,
    name: &'static str,
    number: u32,
    home: PathBuf,
}

impl<'a> Account<'a> {
    /// Makes the account on both sides.
    fn new(lab: &'a Lab, name: &'static str, number: u32) -> Self {
        let account = Self {
            lab,
            name,
            number,
            home: lab.rig.root().join(name),
        };
        account.make_here();
        account.make_there();
        account
    }

    fn make_here(&self) {
        let ssh = self.home.join(".ssh");
        for directory in [&ssh, &self.home.join("network"), &self.home.join("run")] {
            fs::create_dir_all(directory).unwrap();
        }
        let key = ssh.join("id_ed25519");
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f"]);
        Run::of(keygen.arg(&key)).exits(0);
        let known = ssh.join("known_hosts");
        fs::copy(self.lab.rig.home().join(".ssh/known_hosts"), &known).unwrap();
        let configuration = format!(
            "Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  \
             GlobalKnownHostsFile none\n  IgnoreUnknown WarnWeakCrypto\n  WarnWeakCrypto no\n",
            key.display(),
            known.display()
        );
        fs::write(ssh.join("config"), configuration).unwrap();
        // Whom the password file does not know, ssh does not serve.
        let passwd = self.lab.rig.root().join("passwd");
        let line = format!(
            "{}:x:{2}:{2}::{}:/bin/sh\n",
            self.name,
            self.home.display(),
            self.number
        );
        fs::write(&passwd, fs::read_to_string(&passwd).unwrap() + &line).unwrap();
        self.own();
    }

    /// Gives the user all of the home.
    fn own(&self) {
        let mut chown = Command::new("chown");
        let owner = format!("{0}:{0}", self.number);
        Run::of(chown.args(["-R", &owner]).arg(&self.home)).exits(0);
    }

    fn make_there(&self) {
        let (name, number) = (self.name, self.number);
        let key = fs::read_to_string(self.home.join(".ssh/id_ed25519.pub")).unwrap();
        self.lab.on(
            "web",
            &format!(
                "grep -q ^{name}: /etc/passwd || {{
                   echo '{name}:x:{number}:{number}::/home/{name}:/bin/bash' >> /etc/passwd
                   echo '{name}:x:{number}:' >> /etc/group; echo '{name}:*:1::::::' >> /etc/shadow; }}
                 mkdir -p /home/{name}; chown {number}:{number} /home/{name}
                 echo '{}' > /etc/ssh/authorized_keys.d/{name}",
                key.trim_end()
            ),
        );
    }

    /// Writes the network in which this user logs in.
    fn network(&self, motto: &str) {
        let reach = self.lab.reach("web");
        let pocket = self.lab.rig.root().join("pocket");
        let text = format!(
            "{{ inputs.nixpkgs.url = \"path:{}\"; outputs = {{ nixpkgs, ... }}: {{
               nixopsConfigurations.default = {{ inherit nixpkgs; web = {{
                 {reach} deployment.targetUser = \"{}\"; {HELD_ACTIVATION}
                 environment.etc.motto.text = \"{motto}\"; }}; }}; }}; }}",
            pocket.display(),
            self.name
        );
        fs::write(self.home.join("network/flake.nix"), text).unwrap();
        self.own();
    }

    /// The binary, run by this user.
    fn command(&self, words: &[&str]) -> Command {
        let number = self.number.to_string();
        let mut command = self.lab.rig.command("setpriv");
        command
            .args([
                "--reuid",
                &number,
                "--regid",
                &number,
                "--clear-groups",
                "--",
            ])
            .arg(self.lab.rig.root().join("nixops"))
            .args(words)
            .current_dir(self.home.join("network"))
            .env("HOME", &self.home)
            .env("USER", self.name)
            .env("LOGNAME", self.name)
            .env("TMPDIR", "/tmp")
            .env("XDG_RUNTIME_DIR", self.home.join("run"))
            .env("NIX_REMOTE", "daemon")
            .stdin(Stdio::null());
        for name in ["config", "cache", "data", "state"] {
            let variable = format!("XDG_{}_HOME", name.to_uppercase());
            command.env(variable, self.home.join(name));
        }
        command
    }
}

/// What anybody may run and read, wherever this repository is: the binary and the little nixpkgs.
fn publish(lab: &Lab) {
    let root = lab.rig.root();
    fs::copy(env!("CARGO_BIN_EXE_nixops"), root.join("nixops")).unwrap();
    let mut copy = Command::new("cp");
    Run::of(copy.args(["-r", POCKET]).arg(root.join("pocket"))).exits(0);
    let mut chmod = Command::new("chmod");
    Run::of(chmod.arg("755").arg(root)).exits(0);
    let mut chmod = Command::new("chmod");
    Run::of(chmod.args(["-R", "a+rX"]).arg(root.join("pocket"))).exits(0);
}

/// The daemon of Nix, as long as what is returned lives.
fn daemon(lab: &Lab) -> Watched {
    let mut command = lab.rig.command("nix-daemon");
    command.stdin(Stdio::null());
    let daemon = Watched::of(&mut command);
    let socket = lab.rig.root().join("nix/var/nix/daemon-socket/socket");
    wait_until("daemon", || socket.exists());
    daemon
}

#[test]
fn two_users_of_one_computer_and_of_one_host_take_turns() {
    let options = HostOptions {
        elevation: Elevation::Sudo(
            "alice ALL=(ALL:ALL) NOPASSWD: ALL\nbob ALL=(ALL:ALL) NOPASSWD: ALL",
        ),
        ..HostOptions::default()
    };
    let lab = Lab::with_hosts_of(["web"], &options);
    publish(&lab);
    let _daemon = daemon(&lab);
    let alice = Account::new(&lab, "alice", 1000);
    let bob = Account::new(&lab, "bob", 1001);
    alice.network("first");
    Run::of(&mut alice.command(&["deploy"])).exits(0);

    lab.hold_activations("web");
    alice.network("second");
    bob.network("third");
    let first = Watched::of(&mut alice.command(&["deploy", "--json"]));
    let holder = lab.host("web").path("/run/nixops/holder");
    wait_until("activation", || holder.exists());
    let mut second = Watched::of(&mut bob.command(&["deploy"]));
    second.until_said("waiting for another activation to end: alice@");
    assert!(lab.read("web", "/run/nixops/holder").contains("alice@"));
    lab.let_activations_go("web");
    let first = first.end();
    first.exits(0);
    assert_eq!(first.result("web"), "activated");
    second.end().exits(0).says("web> activated");

    assert_eq!(lab.read("web", "/etc/motto"), "third");
    let state = lab.state("web");
    assert_eq!(state.generations.len(), 3);
    assert_eq!(state.running.as_deref(), state.profile());
    let log = lab.host("web").sshd_log().unwrap();
    for name in ["alice", "bob"] {
        let accepted = format!("Accepted publickey for {name} ");
        assert!(log.contains(&accepted), "{log}");
    }
    assert!(!log.contains("Accepted publickey for root "), "{log}");
    // Neither of them may see what the other one keeps.
    for account in [&alice, &bob] {
        is_private(&account.home.join("state/nixops"), account.number);
    }
}

/// Expects that a directory is of this user alone.
#[track_caller]
fn is_private(directory: &Path, owner: u32) {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(directory).unwrap();
    assert_eq!((metadata.uid(), metadata.mode() & 0o077), (owner, 0));
}
