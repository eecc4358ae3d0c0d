use std::{
    fs, thread,
    time::{Duration, Instant},
};

use camino::Utf8Path;
use nixops::host::{Connections, Error, Failure, Options, Remote, Target};

use crate::world::{World, target};

/// The failure of a connection that must not come about.
fn failure(connections: &Connections, target: &Target) -> (Failure, String) {
    let error = connections.connect(target).expect_err("no connection");
    let hint = error.hint().unwrap_or_default();
    match error {
        Error::Connection { failure, .. } => (failure, hint),
        other => panic!("{other}"),
    }
}

fn text(host: &nixops::host::Host, script: &str) -> String {
    let output = host
        .run(Remote::script("test", script))
        .unwrap()
        .checked()
        .unwrap();
    output.stdout_text().trim_end().to_owned()
}

#[test]
fn everything_on_a_host_goes_through_one_connection() {
    let (world, server) = World::with_host();
    let host = world.connections().connect(&target(&server)).unwrap();
    assert!(host.look().nix);
    assert_eq!((host.look().uid, host.look().user.as_str()), (0, "root"));
    assert_eq!(host.look().profile, None);
    assert!(host.look().boot_id.is_some());
    thread::scope(|scope| {
        for number in 0..20 {
            let host = host.clone();
            scope.spawn(move || {
                assert_eq!(
                    text(&host, &format!("sleep 0.1; echo {number}")),
                    number.to_string()
                )
            });
        }
    });
    assert_eq!(server.connections().unwrap(), 1);
}

#[test]
fn words_input_and_exit_status_arrive_as_they_are() {
    let (world, server) = World::with_host();
    let host = world.connections().connect(&target(&server)).unwrap();
    let words = ["printf", "%s\n", "a b", "it's", "$HOME", "\"", "é"];
    let output = host.run(Remote::argv("print", words)).unwrap();
    assert_eq!(output.stdout_text(), "a b\nit's\n$HOME\n\"\né\n");
    let input = vec![b'x'; 200_000];
    assert_eq!(
        host.run(Remote::argv("cat", ["cat"]).stdin(&input))
            .unwrap()
            .stdout,
        input
    );
    for status in [3, 100, 255] {
        let output = host
            .run(Remote::script("end", format!("exit {status}")))
            .unwrap();
        assert_eq!(output.status.code(), Some(status));
    }
}

#[test]
fn a_user_who_is_not_root_gets_there_by_the_escalation_command() {
    let (world, server) = World::with_host();
    let target = Target {
        user: server.normal_user().to_owned(),
        ..target(&server)
    };
    let host = world.connections().connect(&target).unwrap();
    assert_ne!(host.look().uid, 0);
    assert_eq!(text(&host, "id -un"), server.normal_user());
    let output = host
        .run(Remote::argv("ask", ["id", "-u"]).elevated())
        .unwrap();
    assert_eq!(output.stdout_text(), "0\n");
}

#[test]
fn machines_that_share_a_host_keep_their_own_settings() {
    let (world, server) = World::with_host();
    let connections = world.connections();
    let root = connections.connect(&target(&server)).unwrap();
    let normal = Target {
        user: server.normal_user().to_owned(),
        ..target(&server)
    };
    let normal = connections.connect(&normal).unwrap();
    assert_eq!(text(&root, "id -u"), "0");
    assert_eq!(text(&normal, "id -un"), server.normal_user());
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
        started.elapsed() < Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn an_unknown_name_is_said_so() {
    let (world, server) = World::with_host();
    let target = Target {
        host: "nowhere.invalid".to_owned(),
        ..target(&server)
    };
    assert_eq!(
        failure(&world.connections(), &target).0,
        Failure::UnknownName
    );
}

#[test]
fn a_bad_option_of_ssh_is_a_wrong_configuration() {
    let (world, server) = World::with_host();
    let target = Target {
        ssh_options: vec!["-oNoSuchThing=1".to_owned()],
        ..target(&server)
    };
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
    let without = Target {
        ssh_options: agentless.clone(),
        ..target(&server)
    };
    assert_eq!(failure(&connections, &without).0, Failure::PermissionDenied);
    let with = Target {
        ssh_options: [agentless, vec!["-i".into(), key.into()]].concat(),
        ..target(&server)
    };
    connections.connect(&with).unwrap();
}

#[test]
fn host_sections_of_the_user_apply() {
    let (world, server) = World::with_host();
    let config = world.path("config");
    let users = fs::read_to_string(world.rig.ssh_config()).unwrap();
    let alias = format!(
        "Host shop\nHostName {}\nPort {}\nUser root\n\n{users}",
        server.address, server.port
    );
    fs::write(&config, alias).unwrap();
    let options = Options {
        user_config: Some(config),
        ..world.options()
    };
    let connections = Connections::new(world.processes.clone(), options).unwrap();
    let target = Target {
        host: "shop".into(),
        port: None,
        user: String::new(),
        ..target(&server)
    };
    // The rig knows the key by the host's address, under which ssh looks it up when HostName says so.
    assert_eq!(connections.connect(&target).unwrap().look().uid, 0);
}

#[test]
fn a_connection_that_breaks_is_an_error_of_the_connection() {
    let (world, server) = World::with_host();
    let host = world.connections().connect(&target(&server)).unwrap();
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(500));
            server.cut_connections().unwrap();
        });
        host.run(Remote::argv("sleep", ["sleep", "20"]))
            .expect_err("a broken connection")
    });
    assert!(
        matches!(
            error,
            Error::Connection {
                failure: Failure::Lost,
                ..
            }
        ),
        "{error}"
    );
    // The machine can be worked with again, without anybody's doing.
    assert_eq!(text(&host, "echo back"), "back");
}

#[test]
fn a_host_without_nix_is_seen_at_the_first_look() {
    let (world, server) = World::with_host();
    server.without_nix().unwrap();
    assert!(
        !world
            .connections()
            .connect(&target(&server))
            .unwrap()
            .look()
            .nix
    );
}

#[test]
fn nothing_stays_when_a_connection_is_dropped() {
    let (world, server) = World::with_host();
    let connections = world.connections();
    let host = connections.connect(&target(&server)).unwrap();
    let config = host.ssh_config().to_owned();
    let directory = config.parent().map(Utf8Path::to_owned).unwrap();
    assert_eq!(
        fs::metadata(&directory).unwrap().permissions(),
        std::os::unix::fs::PermissionsExt::from_mode(0o40700)
    );
    drop((host, connections));
    assert!(!directory.exists());
    assert!(world.processes.wait_all(Duration::ZERO));
    for _ in 0..40 {
        let left = server
            .run([
                "sh",
                "-c",
                "grep -l [n]ixops-look /proc/[0-9]*/cmdline | grep -v self",
            ])
            .unwrap();
        if left.stdout.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the remote end is still there");
}

#[test]
fn an_interrupt_ends_command_and_connection() {
    let (world, server) = World::with_host();
    let host = world.connections().connect(&target(&server)).unwrap();
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            while world.processes.running().is_empty() {
                thread::sleep(Duration::from_millis(10));
            }
            assert_eq!(world.processes.running(), ["activation web"]);
            world.processes.interrupt();
        });
        host.run(Remote::argv("activation", ["sleep", "20"]))
            .expect_err("an interrupt")
    });
    assert!(error.is_interrupted(), "{error}");
    drop(host);
    assert!(world.processes.wait_all(Duration::from_secs(1)));
    assert!(
        world
            .connections()
            .connect(&target(&server))
            .unwrap_err()
            .is_interrupted()
    );
}
