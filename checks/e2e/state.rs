//! What a host is, to be compared before and after, and gates that hold a step up.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rig::{Activation, Generation, Host};

use crate::{
    lab::{Lab, Run},
    watched::wait_until,
};

/// All of a host that a deploy may change.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The system that runs.
    pub running: Option<PathBuf>,
    /// The system of the boot loader.
    pub boots: Option<PathBuf>,
    /// The system profile.
    pub generations: Vec<Generation>,
    /// What was activated.
    pub activations: Vec<Activation>,
    /// Files of `/etc` that the pocket makes.
    pub etc: Option<PathBuf>,
}

impl State {
    /// Looks at a host from inside.
    pub fn of(host: &Host) -> Self {
        Self {
            running: host.read_link("/run/current-system").unwrap(),
            boots: host.read_link("/boot/default").unwrap(),
            generations: host.generations().unwrap(),
            activations: host.activations().unwrap(),
            etc: host.read_link("/etc/static").unwrap(),
        }
    }

    /// The goals that the host was activated with, oldest first.
    pub fn goals(&self) -> Vec<&str> {
        let goals = self.activations.iter();
        goals.map(|activation| activation.goal.as_str()).collect()
    }

    /// The system that the profile links to.
    pub fn profile(&self) -> Option<&Path> {
        let mut generations = self.generations.iter();
        let current = generations.find(|generation| generation.current)?;
        Some(&current.toplevel)
    }
}

impl Lab {
    /// What a host is now.
    pub fn state(&self, host: &str) -> State {
        State::of(self.host(host))
    }

    /// Connections that a host has taken so far.
    pub fn connections(&self, host: &str) -> usize {
        self.host(host).connections().unwrap()
    }

    /// Whether a path is valid in the deployer's own store.
    pub fn has(&self, path: &str) -> bool {
        let mut command = self.rig.command("nix-store");
        let output = command.args(["--check-validity", path]).output();
        output.expect("nix-store runs").status.success()
    }

    /// A gate on the deployer's side, which builds can wait at.
    pub fn gate(&self, name: &str) -> Gate {
        Gate(self.rig.root().join(format!("{name}.open")))
    }

    /// Runs shell words on a host, without SSH.
    #[track_caller]
    pub fn on(&self, host: &str, script: &str) -> String {
        let run: Run = self.host(host).run(["sh", "-ec", script]).unwrap().into();
        assert_eq!(run.code, Some(0), "{script} on {host}: {run:#?}");
        run.stdout
    }

    /// Makes every copy to a host wait until [`Lab::let_copies_in`].
    pub fn hold_copies(&self, host: &str) {
        self.on(
            host,
            "{ echo '#!/bin/sh'; echo 'touch /var/lib/copying'; \
               echo 'while [ -e /var/lib/no-copies ]; do sleep 0.02; done'; \
               echo 'exec /usr/bin/nix-daemon \"$@\"'; } > /run/wrappers/bin/nix-daemon; \
             chmod +x /run/wrappers/bin/nix-daemon; mkdir -p /var/lib; touch /var/lib/no-copies",
        );
    }

    /// Lets copies in again.
    pub fn let_copies_in(&self, host: &str) {
        self.on(host, "rm -f /var/lib/no-copies");
    }

    /// Makes every activation of a machine with [`HELD_ACTIVATION`] wait until [`Lab::let_activations_go`].
    pub fn hold_activations(&self, host: &str) {
        self.on(host, "mkdir -p /var/lib; touch /var/lib/no-activations");
    }

    /// Waits until the activation script of [`HELD_ACTIVATION`] runs.
    #[track_caller]
    pub fn until_activating(&self, host: &str) {
        self.until_there(host, "/var/lib/activating");
    }

    /// Waits until a file is there on a host.
    #[track_caller]
    pub fn until_there(&self, host: &str, file: &str) {
        let path = self.host(host).path(file);
        wait_until(file, || path.exists());
    }

    /// Lets activations go on.
    pub fn let_activations_go(&self, host: &str) {
        self.on(host, "rm -f /var/lib/no-activations");
    }
}

/// A module's text: an activation script that [`Lab::hold_activations`] holds up.
pub const HELD_ACTIVATION: &str = "system.activationScripts.held = ''
    touch /var/lib/activating
    while [ -e /var/lib/no-activations ]; do sleep 0.02; done
  '';";

/// What builds wait at until it is opened.
pub struct Gate(PathBuf);

impl Gate {
    /// Shell words that wait until the gate is open.
    pub fn wait(&self) -> String {
        let path = self.0.display();
        format!("while [ ! -e {path} ]; do sleep 0.02; done")
    }

    /// Opens the gate.
    pub fn open(&self) {
        fs::write(&self.0, "").expect("a file of the rig");
    }

    /// Closes the gate, so that who comes now waits.
    pub fn close(&self) {
        fs::remove_file(&self.0).expect("it was open");
    }
}
