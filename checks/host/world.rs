//! A rig with the library on its deployer's side.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use nixops::{
    host::{Connections, Options},
    network::MachineOptions,
    nix::{Nix, Program},
    process::Processes,
};
use rig::{Host, Rig};

/// A rig, and what a run of NixOps would have.
pub struct World {
    pub rig: Rig,
    pub processes: Processes,
    /// Files of the test itself.
    pub directory: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let rig = Rig::new().expect("a rig");
        Self {
            rig,
            processes: Processes::new(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub fn with_host() -> (Self, Host) {
        let world = Self::new();
        let host = world.rig.add_host("web").expect("a host");
        (world, host)
    }

    pub fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.directory.path())
            .unwrap()
            .join(name)
    }

    /// The rig's client configuration is the user's; attempts give up soon.
    pub fn options(&self) -> Options {
        Options {
            user_config: Some(Utf8PathBuf::from_path_buf(self.rig.ssh_config()).unwrap()),
            connect_timeout: Duration::from_secs(2),
            ..Options::default()
        }
    }

    pub fn connections(&self) -> Connections {
        Connections::new(self.processes.clone(), self.options()).unwrap()
    }

    /// The rig's Nix: programs that see the rig's store in place of the machine's.
    pub fn nix(&self) -> Nix {
        let directory = self.path("bin");
        fs::create_dir_all(&directory).unwrap();
        for program in [
            "nix",
            "nix-instantiate",
            "nix-store",
            "nix-daemon",
            "nix-env",
        ] {
            let file = directory.join(program);
            fs::write(&file, wrapper(&self.rig.command(program))).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Nix::locate(Some(&directory), &self.processes).unwrap()
    }

    /// Instantiates derivations: `expression` is an attribute set of them with `sh name script` at hand.
    pub fn instantiate(
        &self,
        nix: &Nix,
        expression: &str,
        names: &[&str],
    ) -> Vec<(Utf8PathBuf, Utf8PathBuf)> {
        let text = format!(
            "let sh = name: script: derivation {{ inherit name; system = builtins.currentSystem; builder = \"/bin/sh\"; \
             PATH = \"/usr/bin:/bin\"; args = [ \"-ec\" script ]; }}; in {expression}"
        );
        let attributes = names.iter().flat_map(|name| ["-A", *name]);
        let drvs = self.lines(
            nix.command(Program::Instantiate)
                .args(["-E", &text])
                .args(attributes),
        );
        let outputs = |drv: &Utf8PathBuf| {
            self.lines(
                nix.command(Program::Store)
                    .args(["--query", "--outputs"])
                    .arg(drv),
            )
            .remove(0)
        };
        drvs.into_iter()
            .map(|drv| (drv.clone(), outputs(&drv)))
            .collect()
    }

    fn lines(&self, command: &mut Command) -> Vec<Utf8PathBuf> {
        let output = self
            .processes
            .output(command, "prepare", None)
            .unwrap()
            .checked()
            .unwrap();
        output
            .stdout_text()
            .lines()
            .map(Utf8PathBuf::from)
            .collect()
    }
}

/// The options of a machine that lives on a host of the rig.
pub fn options(host: &Host) -> MachineOptions {
    serde_json::from_value(serde_json::json!({
        "targetEnv": "none", "targetHost": host.address.to_string(), "targetPort": host.port,
        "targetUser": host.user, "sshOptions": [], "privilegeEscalationCommand": ["sudo"],
        "hasFastConnection": true, "alwaysActivate": false, "owners": [], "keys": {},
        "provisionSSHKey": false, "nixosRelease": "26.05", "publicIPv4": null, "tags": [],
        "buildOnTarget": false, "substituteOnDestination": false, "copyProtocol": "ssh",
    }))
    .unwrap()
}

/// A script that does what a command of the rig does, and keeps what Nix is told by its environment.
fn wrapper(command: &Command) -> String {
    let mut script = "#!/bin/sh\nours=$NIX_CONFIG\n".to_owned();
    for (name, value) in command.get_envs() {
        let value = value.unwrap_or_default().to_string_lossy();
        let name = name.to_string_lossy();
        script.extend([
            "export ",
            &name,
            "=",
            &shell_words::quote(&value),
            "
",
        ]);
    }
    script += "export NIX_CONFIG=\"$NIX_CONFIG\n$ours\"\n";
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    script + &format!("exec {} \"$@\"\n", shell_words::join(words))
}
