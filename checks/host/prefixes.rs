//! Machines that are reached by a command prefix.

use std::{
    thread,
    time::{Duration, Instant},
};

use nixops::{
    host::{Error, Failure, Host, Remote, Target, Transport},
    network::CopyProtocol,
    nix::CopyFailure,
    process::Stream,
};

use crate::{
    copies::{built, copy},
    reach::{by_prefix, target},
    world::World,
};

/// Enters a host of the rig as root.
fn enter(world: &World, server: &rig::Host) -> Host {
    let target = by_prefix(server, "root");
    world.connections().connect(&target).unwrap()
}

fn stores(server: &rig::Host, path: &camino::Utf8Path) -> bool {
    let paths = server.nix_paths().unwrap();
    paths.iter().any(|stored| stored == path.as_std_path())
}

#[test]
fn a_look_tells_the_same_as_over_ssh() {
    let (world, server) = World::with_host();
    let over_ssh = world.connections().connect(&target(&server));
    let entered = enter(&world, &server);
    assert_eq!(entered.look(), over_ssh.unwrap().look());
    assert!(entered.look().nix);
    assert_eq!(server.connections().unwrap(), 1);
    entered.close();
    assert!(entered.run(Remote::argv("test", ["true"])).is_ok());
}

#[test]
fn words_input_status_and_lines_arrive_as_they_are() {
    let (world, server) = World::with_host();
    let host = enter(&world, &server);
    let words = ["printf", "%s\n", "a b", "it's", "$HOME", "\"", "", "é"];
    let output = host.run(Remote::argv("print", words)).unwrap();
    assert_eq!(output.stdout_text(), "a b\nit's\n$HOME\n\"\n\né\n");
    let input = vec![b'x'; 200_000];
    let echo = Remote::argv("cat", ["cat"]).stdin(&input);
    assert_eq!(host.run(echo).unwrap().stdout, input);
    let nothing = host.run(Remote::argv("cat", ["cat"])).unwrap();
    assert!(nothing.stdout.is_empty());
    for status in [3, 100, 255] {
        let remote = Remote::script("end", format!("exit {status}"));
        assert_eq!(host.run(remote).unwrap().status.code(), Some(status));
    }
    let mut lines = Vec::new();
    let mut note = |stream, line: &str| lines.push((stream, line.to_owned()));
    let remote = Remote::script("talk", "echo one; sleep 0.2; echo two >&2").lines(&mut note);
    host.run(remote).unwrap();
    let expected = [(Stream::Stdout, "one"), (Stream::Stderr, "two")];
    assert_eq!(
        lines,
        expected.map(|(stream, line)| (stream, line.to_owned()))
    );
}

#[test]
fn a_command_that_takes_too_long_is_ended_there_too() {
    let (world, server) = World::with_host();
    let host = enter(&world, &server);
    let started = Instant::now();
    let remote = Remote::argv("sleep", ["sleep", "61"]).timeout(Duration::from_millis(300));
    host.run(remote).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10));
    let left = server.run(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]);
    let left = String::from_utf8_lossy(&left.unwrap().stdout).into_owned();
    assert!(!left.contains("sleep 61"), "{left}");
}

#[test]
fn a_user_who_is_not_root_gets_there_by_the_escalation_command() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let target = by_prefix(&server, server.normal_user());
    let host = world.connections().connect(&target).unwrap();
    assert_eq!(host.look().user, server.normal_user());
    let output = host.run(Remote::argv("ask", ["id", "-u"]).elevated());
    assert_eq!(output.unwrap().stdout_text(), "0\n");
    let top = built(&world, &nix, 1000);
    copy(&world, &nix, (&host, CopyProtocol::Ssh), &top)
        .0
        .unwrap();
    assert!(stores(&server, &top));
}

#[test]
fn a_user_who_cannot_become_root_puts_nothing_in_the_store() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let target = Target {
        privilege_escalation_command: Vec::new(),
        ..by_prefix(&server, server.normal_user())
    };
    let host = world.connections().connect(&target).unwrap();
    let top = built(&world, &nix, 1000);
    if let Err(error) = copy(&world, &nix, (&host, CopyProtocol::Ssh), &top).0 {
        assert_eq!(error.failure(), CopyFailure::Permission, "{error}");
    }
    // Newer Nix gives a user without a daemon a store of their own, and fills that one.
    assert!(!stores(&server, &top));
}

#[test]
fn a_prefix_that_reaches_nothing_is_said_so() {
    let (world, server) = World::with_host();
    let connect = |words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let target = Target {
            transport: Transport::Prefix(words),
            ..by_prefix(&server, "root")
        };
        world.connections().connect(&target).unwrap_err()
    };
    let script = "echo no such machine >&2; exit 1";
    let error = connect(&["sh", "-c", script]);
    let Error::Prefix { failure, said, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (*failure, said.as_str()),
        (Failure::NoShell, "no such machine\n")
    );
    assert!(error.hint().is_some());
    let error = connect(&["/nowhere/enter"]);
    assert!(
        error.to_string().contains("cannot start /nowhere/enter"),
        "{error}"
    );
    assert!(matches!(connect(&[]), Error::Provided { .. }));
}

#[test]
fn closures_arrive_with_their_progress_and_nothing_is_sent_twice() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let host = enter(&world, &server);
    let top = built(&world, &nix, 3_000_000);
    let (result, steps) = copy(&world, &nix, (&host, CopyProtocol::Ssh), &top);
    result.unwrap();
    assert!(stores(&server, &top));
    let (first, last) = (steps.first().unwrap(), steps.last().unwrap());
    assert!(first.bytes < 100_000 && first.paths == 0, "{first:?}");
    assert_eq!((last.paths, last.paths_expected), (2, 2));
    assert!(
        last.bytes >= 3_000_000 && last.bytes == last.bytes_expected,
        "{last:?}"
    );
    let (result, steps) = copy(&world, &nix, (&host, CopyProtocol::Ssh), &top);
    result.unwrap();
    assert!(steps.is_empty(), "{steps:?}");
    assert_eq!(server.connections().unwrap(), 0);
}

#[test]
fn a_full_disk_is_said_so() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    server.disk_limit(2_000_000).unwrap();
    let host = enter(&world, &server);
    let top = built(&world, &nix, 8_000_000);
    let error = copy(&world, &nix, (&host, CopyProtocol::Ssh), &top)
        .0
        .unwrap_err();
    assert_eq!(error.failure(), CopyFailure::NoSpace, "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn a_host_without_nix_is_said_so() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    server.without_nix().unwrap();
    let host = enter(&world, &server);
    assert!(!host.look().nix);
    let top = built(&world, &nix, 10);
    let error = copy(&world, &nix, (&host, CopyProtocol::Ssh), &top)
        .0
        .unwrap_err();
    assert_eq!(error.failure(), CopyFailure::NoNix, "{error}");
}

/// Kills, on the server, the program that takes a closure in.
const KILL_IMPORT: &str = r#"for process in /proc/[0-9]*; do
    tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -q '^nix-daemon --stdio' && kill -KILL "${process#/proc/}" && echo killed
done; true"#;

#[test]
fn an_import_that_is_killed_is_said_so_and_can_be_repeated() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let host = enter(&world, &server);
    let top = built(&world, &nix, 100_000_000);
    let mut killed = false;
    let error = {
        let copy = nixops::nix::Copy {
            label: "copy web".to_owned(),
            to: host.destination(CopyProtocol::Ssh).unwrap(),
            paths: std::slice::from_ref(&top),
            substitute_on_destination: false,
        };
        let mut kill = |_| {
            if !killed {
                // It may not have begun when the first bytes are sent.
                let output = server.run(["sh", "-c", KILL_IMPORT]).unwrap();
                killed = !output.stdout.is_empty();
            }
        };
        nix.copy(&world.processes, &copy, &mut kill).unwrap_err()
    };
    assert_eq!(error.failure(), CopyFailure::ConnectionLost, "{error}");
    assert!(world.processes.running().is_empty());
    copy(&world, &nix, (&host, CopyProtocol::Ssh), &top)
        .0
        .unwrap();
    assert!(stores(&server, &top));
}

#[test]
fn an_interrupt_ends_both_sides_of_a_copy() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let host = enter(&world, &server);
    let top = built(&world, &nix, 100_000_000);
    let copy = nixops::nix::Copy {
        label: "copy web".to_owned(),
        to: host.destination(CopyProtocol::Ssh).unwrap(),
        paths: std::slice::from_ref(&top),
        substitute_on_destination: false,
    };
    let mut seen = Vec::new();
    let mut interrupt = |_| {
        seen.extend(world.processes.running());
        world.processes.interrupt();
    };
    let error = nix
        .copy(&world.processes, &copy, &mut interrupt)
        .unwrap_err();
    assert!(error.is_interrupted(), "{error}");
    assert_eq!(seen[..1], ["copy web"]);
    // It has a daemon here that is idle.
    drop(nix);
    assert!(world.processes.wait_all(Duration::from_secs(6)));
    thread::sleep(Duration::from_millis(300));
    assert!(!stores(&server, &top));
    let left = world.rig.running_programs().unwrap();
    assert!(
        !left.iter().any(|line| line.contains("nix-daemon")),
        "{left:?}"
    );
}

#[test]
fn a_path_that_is_not_here_is_no_fault_of_the_machine() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let host = enter(&world, &server);
    let gone = "/nix/store/00000000000000000000000000000000-gone".into();
    let error = copy(&world, &nix, (&host, CopyProtocol::Ssh), &gone)
        .0
        .unwrap_err();
    assert_eq!(error.failure(), CopyFailure::Other);
    assert!(error.to_string().contains("-gone"), "{error}");
}
