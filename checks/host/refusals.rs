use std::{
    fs, thread,
    time::{Duration, Instant},
};

use nixops::host::{Connections, Error, Failure, Options, Ssh, Target};

use crate::{
    reach::{over_ssh, ssh, target},
    world::World,
};

/// The failure of a connection that must not come about.
fn failure(connections: &Connections, target: &Target) -> (Failure, String) {
    let error = connections.connect(target).expect_err("no connection");
    let hint = error.hint().unwrap_or_default();
    match error {
        Error::Connection { failure, .. } => (failure, hint),
        other => panic!("{other}"),
    }
}

#[test]
fn an_unknown_host_key_needs_a_flag() {
    let (world, server) = World::with_host();
    world.rig.forget_host_key(&server).unwrap();
    let (failure, hint) = failure(&world.connections(), &target(&server));
    assert_eq!(failure, Failure::UnknownHostKey);
    assert!(hint.contains("--accept-new-host-keys"), "{hint}");
    let options = Options {
        accept_new_host_keys: true,
        ..world.options()
    };
    let connections = Connections::new(world.processes.clone(), options).unwrap();
    connections.connect(&target(&server)).unwrap();
}

#[test]
fn a_changed_host_key_is_never_accepted() {
    let (world, server) = World::with_host();
    world.rig.wrong_host_key(&server).unwrap();
    let options = Options {
        accept_new_host_keys: true,
        ..world.options()
    };
    let connections = Connections::new(world.processes.clone(), options).unwrap();
    assert_eq!(
        failure(&connections, &target(&server)).0,
        Failure::ChangedHostKey
    );
}

#[test]
fn a_key_that_is_not_let_in_is_said_at_once() {
    let (world, server) = World::with_host();
    server.reject_client_key().unwrap();
    assert_eq!(
        failure(&world.connections(), &target(&server)).0,
        Failure::PermissionDenied
    );
    assert_eq!(server.connections().unwrap(), 1, "it was tried again");
}

#[test]
fn a_host_that_is_down_refuses() {
    let (world, server) = World::with_host();
    server.stop().unwrap();
    assert_eq!(
        failure(&world.connections(), &target(&server)).0,
        Failure::Refused
    );
}

#[test]
fn a_user_who_keeps_ssh_quiet_learns_what_is_wrong_all_the_same() {
    let (world, server) = World::with_host();
    server.stop().unwrap();
    let quiet = world.path("quiet");
    let included = world.rig.ssh_config();
    let text = format!("LogLevel QUIET\nInclude {}\n", included.display());
    fs::write(&quiet, text).unwrap();
    let options = Options {
        user_config: Some(quiet),
        ..world.options()
    };
    let connections = Connections::new(world.processes.clone(), options).unwrap();
    assert_eq!(failure(&connections, &target(&server)).0, Failure::Refused);
}

#[test]
fn a_host_that_comes_up_in_time_is_reached() {
    let (world, server) = World::with_host();
    server.stop().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(700));
            server.start().unwrap();
        });
        world.connections().connect(&target(&server)).unwrap();
    });
}

#[test]
fn a_host_that_hangs_times_out() {
    let (world, server) = World::with_host();
    server.hang().unwrap();
    let started = Instant::now();
    assert_eq!(
        failure(&world.connections(), &target(&server)).0,
        Failure::TimedOut
    );
    assert!(
        started.elapsed() < Duration::from_secs(12),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn an_unknown_name_is_said_so() {
    let (world, server) = World::with_host();
    let ssh = Ssh {
        host: "nowhere.invalid".to_owned(),
        ..ssh(&server)
    };
    let target = over_ssh(&server, ssh);
    assert_eq!(
        failure(&world.connections(), &target).0,
        Failure::UnknownName
    );
}

#[test]
fn a_bad_option_of_ssh_is_a_wrong_configuration() {
    let (world, server) = World::with_host();
    let ssh = Ssh {
        options: vec!["-oNoSuchThing=1".to_owned()],
        ..ssh(&server)
    };
    let target = over_ssh(&server, ssh);
    assert_eq!(
        failure(&world.connections(), &target).0,
        Failure::Configuration
    );
}

#[test]
fn options_with_blanks_work() {
    let (world, server) = World::with_host();
    let key = world.path("my \"own\" key");
    fs::copy(world.rig.identity(), &key).unwrap();
    let config = world.path("ssh config");
    fs::write(
        &config,
        format!("UserKnownHostsFile {}\n", world.rig.known_hosts().display()),
    )
    .unwrap();
    let options = Options {
        user_config: Some(config),
        ..world.options()
    };
    let connections = Connections::new(world.processes.clone(), options).unwrap();
    let agentless = ["-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes"]
        .map(str::to_owned)
        .to_vec();
    let without = Ssh {
        options: agentless.clone(),
        ..ssh(&server)
    };
    let without = over_ssh(&server, without);
    assert_eq!(failure(&connections, &without).0, Failure::PermissionDenied);
    let with = Ssh {
        options: [agentless, vec!["-i".into(), key.into()]].concat(),
        ..ssh(&server)
    };
    let with = over_ssh(&server, with);
    connections.connect(&with).unwrap();
}
