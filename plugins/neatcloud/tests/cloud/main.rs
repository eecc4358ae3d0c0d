//! The provider over its protocol, with real servers.
//!
//! All of it runs on the deployer's side of a rig: what is left when a test ends, however it ends, goes with the rig,
//! since servers inherit its home directory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod life;
mod nix;
mod provider;
mod remains;
mod scale;
mod tokens;
mod unprivileged;
mod volumes;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use nixops_plugin::{
    Attributes, ResourceRef, ResourceState,
    protocol::{Created, RpcError},
};
use provider::Provider;
use rig::Rig;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nixops-neatcloud");

/// A cloud, and the deployer's side that it is used from.
struct Laptop {
    rig: Rig,
}

impl Laptop {
    fn new() -> Self {
        Self {
            rig: Rig::new().unwrap(),
        }
    }

    fn home(&self) -> PathBuf {
        self.rig.home().join("state/neatcloud")
    }

    fn provider(&self) -> Provider {
        Provider::start(self.rig.command(PROGRAM))
    }

    fn fake_provider(&self) -> Provider {
        let mut command = self.rig.command(PROGRAM);
        command.env("NEATCLOUD_FAKE", "1");
        Provider::start(command)
    }

    fn cloud(&self, words: &[&str]) -> Output {
        let mut command = self.rig.command(PROGRAM);
        command.arg("cloud").args(words).output().unwrap()
    }

    /// Lets the client know the key of a server, then runs a command there.
    fn ssh(&self, server: &Created, command: &str) -> Output {
        let ssh = &server.outputs["ssh"];
        let (host, port) = (ssh["host"].as_str().unwrap(), &ssh["port"]);
        let known = format!("[{host}]:{port} {}\n", ssh["hostKeys"][0].as_str().unwrap());
        fs::write(self.rig.known_hosts(), known).unwrap();
        let mut client = self.rig.command("ssh");
        client.args(["-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-p"]);
        client.args([&port.to_string(), &format!("root@{host}"), command]);
        client.output().unwrap()
    }

    fn public_key(&self) -> String {
        fs::read_to_string(self.rig.identity().with_added_extension("pub")).unwrap()
    }
}

/// A cloud with the deployer's key, and a provider of it.
fn with_key() -> (Laptop, Provider) {
    let laptop = Laptop::new();
    let mut provider = laptop.provider();
    let key = json!({ "name": "mine", "publicKey": laptop.public_key() });
    provider.create("neatcloudSshKeys", "mine", &key).unwrap();
    (laptop, provider)
}

fn resource(kind: &str, name: &str) -> ResourceRef {
    ResourceRef {
        kind: kind.to_owned(),
        name: name.to_owned(),
        deployment: "d".to_owned(),
    }
}

fn attributes(value: &Value) -> Attributes {
    value.as_object().unwrap().clone()
}

fn state(made: &Created, inputs: &Value) -> ResourceState {
    ResourceState {
        id: made.id.clone(),
        inputs: attributes(inputs),
        outputs: made.outputs.clone(),
        private: made.private.clone(),
    }
}

fn token() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("token-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn run(words: &[String], arguments: &[&str]) -> Output {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(arguments).output().unwrap()
}

fn message<T: std::fmt::Debug>(answer: Result<T, RpcError>) -> String {
    answer.unwrap_err().message
}
