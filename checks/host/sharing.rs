//! A state that several people share, in a directory behind a real sshd.

use std::sync::Arc;

use camino::Utf8PathBuf;
use nixops::state::{
    Backend as _, Deployment, Error, Held, Purpose, SharedPlace,
    seal::{AgeSealer, IdentityPlace, Named, Recipients},
    shared::{Means, Shared},
};
use rig::Host;

use crate::world::World;

fn sealer(world: &World, name: &str, keys: Vec<String>) -> AgeSealer {
    let named = Named {
        place: "network.storage.file.recipients".to_owned(),
        keys,
    };
    let identity = IdentityPlace::File(world.path(name).join("age.key"));
    AgeSealer::new(identity, Recipients { named, file: None })
}

/// The state in a directory of the host, as somebody of the team sees it.
fn shared(world: &World, host: &Host, name: &str, directory: &str) -> Shared {
    let key = |name| sealer(world, name, Vec::new()).public_key().unwrap();
    let Host {
        user,
        address,
        port,
        ..
    } = host;
    let place = SharedPlace {
        location: format!("ssh://{user}@{address}:{port}{directory}"),
        recipients: Vec::new(),
    };
    let config = Utf8PathBuf::from_path_buf(world.rig.ssh_config()).unwrap();
    let means = Means {
        copies: &world.path(name).join("shared"),
        sealer: Arc::new(sealer(world, name, vec![key("ada"), key("bob")])),
        ssh_config: Some(config),
        processes: world.processes.clone(),
    };
    Shared::new(&place, means).unwrap()
}

fn hold(shared: &Shared) -> Result<Held, Error> {
    shared.hold("", &Purpose::of("deploy"))
}

fn explain(error: &Error) -> String {
    format!("{error}\nhint: {}", error.hint().unwrap_or_default())
}

#[test]
fn two_people_share_a_state_over_ssh() {
    let (world, server) = World::with_host();
    server.run(["mkdir", "/root/the state"]).unwrap();
    let ada = shared(&world, &server, "ada", "/~/the state");
    let bob = shared(&world, &server, "bob", "/root/the state");

    let held = hold(&ada).unwrap();
    let deployment = Deployment::new("0001", Some("planted-name"), "default");
    held.database().create(&deployment).unwrap();
    let refused = explain(&hold(&bob).unwrap_err());
    assert!(refused.contains("runs `nixops deploy` since"), "{refused}");
    held.finish().unwrap();

    let held = hold(&bob).unwrap();
    assert!(held.database().find("planted-name").unwrap().is_some());
    held.database().update(&deployment).unwrap();
    held.finish().unwrap();
    let seen = ada.look().unwrap().find("planted-name").unwrap().unwrap();
    assert_eq!(seen.serial, 1);

    let found = server.run([
        "sh",
        "-c",
        "ls '/root/the state'; grep -rl planted '/root/the state' || :",
    ]);
    let found = String::from_utf8(found.unwrap().stdout).unwrap();
    assert_eq!(found, "state.age\nstate.age.before\n");

    // An interrupted network in the middle leaves the changes here.
    let held = hold(&ada).unwrap();
    held.database().update(&deployment).unwrap();
    server.stop().unwrap();
    let error = held.finish().unwrap_err();
    assert!(
        explain(&error).contains("Connection refused"),
        "{}",
        explain(&error)
    );
    server.start().unwrap();
    hold(&ada).unwrap().finish().unwrap();
    assert_eq!(bob.look().unwrap().find("0001").unwrap().unwrap().serial, 2);
    assert_eq!(bob.holder().unwrap(), None);
}

#[test]
fn a_shared_state_that_cannot_be_reached_says_why() {
    let (world, server) = World::with_host();
    let ada = shared(&world, &server, "ada", "/nowhere");
    let text = explain(&ada.look().map(drop).unwrap_err());
    assert!(
        text.contains("there is no directory /nowhere, or it is closed to root"),
        "{text}"
    );
    assert!(text.contains("hint: the directory must be there"), "{text}");
    server.reject_client_key().unwrap();
    let text = explain(&hold(&ada).map(drop).unwrap_err());
    assert!(text.contains("Permission denied"), "{text}");
    assert!(
        text.contains("hint: it is reached as `ssh` reaches it"),
        "{text}"
    );
}
