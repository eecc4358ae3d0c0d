//! Machines whose provider says how ssh reaches them.

use std::{fs, os::unix::fs::PermissionsExt as _};

use camino::{Utf8Path, Utf8PathBuf};
use nixops::{
    host::{Connections, Error, Failure, Options, Remote, Ssh, Target, Transport},
    network::{CopyProtocol, MachineOptions},
};

use crate::{
    copies::{built, copy},
    reach::ssh_config,
    world::{World, options},
};

/// What a provider says of a host of the rig; `keys` are its host keys.
fn target(world: &World, server: &rig::Host, keys: &[String]) -> Target {
    let outputs = serde_json::json!({ "ssh": {
        "host": server.address.to_string(), "port": server.port, "user": "root",
        "privateKey": private_key(world), "hostKeys": keys,
    } });
    // Options that lead nowhere and trust everybody.
    let options = MachineOptions {
        target_host: "nowhere.invalid".to_owned(),
        target_port: 9,
        ssh_options: vec!["-oStrictHostKeyChecking=no".to_owned()],
        ..options(server)
    };
    let outputs = serde_json::from_value(outputs).unwrap();
    Target::provided(&server.name, &options, &outputs).unwrap()
}

fn private_key(world: &World) -> String {
    // As it comes out of a tool that strips the last line end.
    fs::read_to_string(world.rig.identity())
        .unwrap()
        .trim()
        .to_owned()
}

/// Connections of a user who has set up nothing, and trusts whom nobody knows.
fn connections(world: &World) -> Connections {
    let config = world.path("empty");
    fs::write(&config, "").unwrap();
    let options = Options {
        user_config: Some(config),
        accept_new_host_keys: true,
        ..world.options()
    };
    Connections::new(world.processes.clone(), options).unwrap()
}

fn files(directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = directory.read_dir_utf8().unwrap();
    entries
        .map(|entry| entry.unwrap().path().to_owned())
        .collect()
}

#[test]
fn its_keys_are_all_that_is_needed_and_leave_nothing() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let connections = connections(&world);
    let target = target(&world, &server, &[server.host_key().unwrap()]);
    let host = connections.connect(&target).unwrap();
    assert_eq!(host.look().uid, 0);
    let top = built(&world, &nix, 1000);
    copy(&world, &nix, (&host, CopyProtocol::Ssh), &top)
        .0
        .unwrap();
    assert_eq!(server.connections().unwrap(), 1);

    let directory = ssh_config(&host).parent().unwrap().to_owned();
    let key = directory.join("0.key");
    let mode = fs::metadata(&key).unwrap().permissions();
    assert_eq!(mode, fs::Permissions::from_mode(0o100_600));
    host.close();
    assert!(!key.exists());
    drop(host);
    assert!(files(&directory).is_empty(), "{:?}", files(&directory));
}

#[test]
fn a_connection_that_broke_is_made_again_with_the_same_keys() {
    let (world, server) = World::with_host();
    let target = target(&world, &server, &[server.host_key().unwrap()]);
    let host = connections(&world).connect(&target).unwrap();
    server.cut_connections().unwrap();
    // The first command may be the one that notices.
    let _ = host.run(Remote::argv("test", ["true"]));
    let output = host.run(Remote::argv("test", ["echo", "back"])).unwrap();
    assert_eq!(output.stdout_text(), "back\n", "{}", output.stderr_text());
}

#[test]
fn no_other_host_key_is_trusted() {
    let (world, server) = World::with_host();
    let other = world.rig.add_host("other").unwrap().host_key().unwrap();
    let connections = connections(&world);
    let error = connections
        .connect(&target(&world, &server, &[other]))
        .unwrap_err();
    let Error::Connection { failure, said, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*failure, Failure::ForeignHostKey);
    assert!(said.starts_with("its key is SHA256:"), "{said}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("provider") && !hint.contains("ssh-keygen"),
        "{hint}"
    );

    // Not even one of another kind, of which ssh only says that it does not know it.
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7".to_owned();
    let error = connections
        .connect(&target(&world, &server, &[rsa]))
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Connection {
                failure: Failure::ForeignHostKey,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_key_that_is_not_let_in_is_said_so_without_showing_it() {
    let (world, server) = World::with_host();
    server.reject_client_key().unwrap();
    let target = target(&world, &server, &[server.host_key().unwrap()]);
    let connections = connections(&world);
    let error = connections.connect(&target).unwrap_err();
    let Error::Connection { failure, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*failure, Failure::ProvidedKeyDenied);
    let key = private_key(&world);
    let secret = key.lines().nth(1).unwrap();
    for text in [
        format!("{error}"),
        format!("{error:?}"),
        format!("{target:?}"),
    ] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_private_key_is_in_no_argument_and_no_environment() {
    let (world, server) = World::with_host();
    let target = target(&world, &server, &[server.host_key().unwrap()]);
    let host = connections(&world).connect(&target).unwrap();
    let key = private_key(&world);
    let secret = key.lines().nth(1).unwrap().as_bytes();
    let mut looked_at = 0;
    let mut lines = |_, _: &str| {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            for file in ["cmdline", "environ"] {
                let bytes = fs::read(process.path().join(file)).unwrap_or_default();
                looked_at += usize::from(bytes.windows(4).any(|word| word == b"ssh\0"));
                let found = bytes.windows(secret.len()).any(|part| part == secret);
                assert!(!found, "{}", process.path().display());
            }
        }
    };
    host.run(Remote::script("talk", "echo; sleep 0.1").lines(&mut lines))
        .unwrap();
    assert!(looked_at > 0);
}

#[test]
fn machines_that_share_an_address_have_their_own_keys() {
    let (world, web) = World::with_host();
    let other = world.rig.add_host("other").unwrap();
    let connections = connections(&world);
    let right = target(&world, &web, &[web.host_key().unwrap()]);
    let wrong = target(&world, &web, &[other.host_key().unwrap()]);
    let (right, wrong) = (connections.connect(&right), connections.connect(&wrong));
    assert!(right.is_ok() && wrong.is_err());
}

#[test]
fn without_host_keys_those_that_the_user_knows_count() {
    let (world, server) = World::with_host();
    let config = world.path("known");
    let known = world.rig.known_hosts();
    fs::write(&config, format!("UserKnownHostsFile {}\n", known.display())).unwrap();
    let options = Options {
        user_config: Some(config),
        ..world.options()
    };
    let connections = Connections::new(world.processes.clone(), options).unwrap();
    let mut target = target(&world, &server, &[]);
    if let Transport::Ssh(ssh) = &mut target.transport {
        *ssh = Ssh {
            options: Vec::new(),
            ..ssh.clone()
        };
    }
    connections.connect(&target).unwrap();
    world.rig.forget_host_key(&server).unwrap();
    assert!(connections.connect(&target).is_err());
}
