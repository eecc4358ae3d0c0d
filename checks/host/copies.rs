use std::{fs, slice, thread, time::Duration};

use camino::Utf8PathBuf;
use nixops::{
    host::{Connections, Host, Options, Ssh, Target},
    network::CopyProtocol,
    nix::{
        BuildOptions, BuildQueue, Copy, CopyError, CopyEvent, CopyFailure, CopyProgress, Nix,
        Version,
    },
};

use crate::{
    reach::{as_normal_user, over_ssh, ssh, target},
    world::World,
};

/// Nix that reports the bytes of a copy to another machine.
const BYTES_SINCE: Version = Version {
    major: 2,
    minor: 26,
    patch: 0,
};

/// A path in the rig's store that refers to another and has random content of some size.
pub fn built(world: &World, nix: &Nix, bytes: usize) -> Utf8PathBuf {
    let expression = format!(
        r#"rec {{
            data = sh "data" "head -c {bytes} /dev/urandom > $out";
            top = sh "top" "mkdir $out; ln -s ${{data}} $out/data";
        }}"#
    );
    let wanted = world.instantiate(nix, &expression, &["top"]).remove(0);
    let queue = BuildQueue::new(
        nix.clone(),
        world.processes.clone(),
        BuildOptions::default(),
    );
    queue.build(wanted.0, wanted.1).unwrap().out
}

pub fn copy(
    world: &World,
    nix: &Nix,
    (host, protocol): (&Host, CopyProtocol),
    path: &Utf8PathBuf,
) -> (Result<(), CopyError>, Vec<CopyProgress>) {
    let copy = Copy {
        label: "copy web".to_owned(),
        to: host.destination(protocol).unwrap(),
        paths: slice::from_ref(path),
        substitute_on_destination: true,
    };
    let mut steps = Vec::new();
    let result = host.receive((nix, &world.processes), &copy, &mut |event| {
        if let CopyEvent::Sent(step) = event {
            steps.push(step);
        }
    });
    (result, steps)
}

#[test]
fn closures_arrive_over_the_open_connection_with_either_protocol() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let host = world.connections().connect(&target(&server)).unwrap();
    for protocol in [CopyProtocol::Ssh, CopyProtocol::SshNg] {
        let top = built(&world, &nix, 3_000_000 + protocol as usize);
        let (result, steps) = copy(&world, &nix, (&host, protocol), &top);
        result.unwrap();
        let arrived = server.nix_paths().unwrap();
        assert!(
            arrived.contains(&top.clone().into_std_path_buf()),
            "{protocol}: {arrived:?}"
        );
        let last = steps
            .last()
            .unwrap_or_else(|| panic!("{protocol}: no progress"));
        assert_eq!((last.paths, last.paths_expected), (2, 2), "{protocol}");
        if protocol == CopyProtocol::Ssh || nix.version() >= BYTES_SINCE {
            assert!(last.bytes >= 3_000_000, "{protocol}: {last:?}");
        }
    }
    assert_eq!(server.connections().unwrap(), 1);
}

#[test]
fn a_line_that_was_found_slow_is_compressed_unless_it_is_said_to_be_fast() {
    const BYTES: u64 = 17_000_000;
    let (world, server) = World::with_host();
    let nix = world.nix();
    server.slow_link(Duration::ZERO, 40_000_000).unwrap();
    let options = Options {
        rates: Some(world.path("rates")),
        ..world.options()
    };
    let connections = Connections::new(world.processes.clone(), options).unwrap();
    // Copies what compresses well, and gives how much of it went over the line.
    let sent = |turn: &str, fast_connection| {
        let expression = format!(
            r#"{{ zeros = sh "zeros" "echo {turn} > $out; head -c {BYTES} /dev/zero >> $out"; }}"#
        );
        let wanted = world.instantiate(&nix, &expression, &["zeros"]).remove(0);
        let (processes, options) = (world.processes.clone(), BuildOptions::default());
        let queue = BuildQueue::new(nix.clone(), processes, options);
        let path = queue.build(wanted.0, wanted.1).unwrap().out;
        let file = world.path(turn);
        let proxy =
            format!("ProxyCommand=bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & exec tee {file} >&3'");
        let mut ssh = Ssh {
            fast_connection,
            ..ssh(&server)
        };
        ssh.options.extend(["-o".to_owned(), proxy]);
        let host = connections.connect(&over_ssh(&server, ssh)).unwrap();
        let (copied, _) = copy(&world, &nix, (&host, CopyProtocol::Ssh), &path);
        copied.unwrap();
        fs::metadata(file).unwrap().len()
    };
    // The address is of this very machine, so the first one is not.
    assert!(sent("first", None) > BYTES);
    assert!(sent("second", None) < BYTES / 10);
    assert!(sent("said-to-be-fast", Some(true)) > BYTES);
    assert!(sent("said-to-be-slow", Some(false)) < BYTES / 10);
}

/// The most memory that a daemon of a client has now, in bytes, on both sides.
fn memory_of_daemons() -> u64 {
    let processes = fs::read_dir("/proc").unwrap();
    let sizes = processes.filter_map(|process| {
        let process = process.ok()?.path();
        let words = fs::read(process.join("cmdline")).ok()?;
        let status = fs::read_to_string(process.join("status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        words
            .ends_with(b"nix-daemon\0--stdio\0")
            .then_some(kibibytes * 1024)
    });
    sizes.max().unwrap_or_default()
}

#[test]
fn large_paths_need_no_memory_and_tell_how_far_they_are() {
    const LARGE: usize = 140_000_000;
    let (world, server) = World::with_host();
    let nix = world.nix();
    let host = world.connections().connect(&target(&server)).unwrap();
    let (small, large) = (built(&world, &nix, 10), built(&world, &nix, LARGE));
    let copy = Copy {
        label: "copy web".to_owned(),
        to: host.destination(CopyProtocol::Ssh).unwrap(),
        paths: &[small.clone(), large.clone()],
        substitute_on_destination: false,
    };
    let (mut steps, mut most) = (Vec::new(), 0);
    let result = nix.copy(&world.processes, &copy, &mut |event| {
        let CopyEvent::Sent(step) = event else {
            panic!("{event:?}")
        };
        // Whenever a twentieth more has been sent.
        let part = |step: &CopyProgress| step.bytes / (LARGE as u64 / 20);
        if steps.last().map(part) != Some(part(&step)) {
            most = most.max(memory_of_daemons());
        }
        steps.push(step);
    });
    result.unwrap();
    let arrived = server.nix_paths().unwrap();
    for path in [small, large] {
        assert!(arrived.contains(&path.into_std_path_buf()), "{arrived:?}");
    }
    assert!(steps.is_sorted_by_key(|step| (step.bytes, step.paths)));
    let last = steps.last().unwrap();
    assert_eq!((last.paths, last.paths_expected), (4, 4));
    assert!(last.bytes > LARGE as u64 && last.bytes == last.bytes_expected);
    assert!((1..LARGE as u64).contains(&most), "{most}");
}

#[test]
fn closures_are_known_with_their_size() {
    let world = World::new();
    let nix = world.nix();
    let top = built(&world, &nix, 100_000);
    let sizes = nix.closure(&world.processes, &top).unwrap();
    assert_eq!(sizes.len(), 2);
    for known in sizes {
        let mut command = world.rig.command("nix-store");
        let size = command.args(["--query", "--size", known.path.as_str()]);
        let size = String::from_utf8(size.output().unwrap().stdout).unwrap();
        assert_eq!(known.size.to_string(), size.trim());
        assert_eq!(known.size > 100_000, known.path != top);
    }
    // A path that is not there is an error, and no answer about it is kept.
    let missing = top.as_str().replace("-top", "-missing");
    for _ in 0..2 {
        let refused = nix.closure(&world.processes, missing.as_str().into());
        assert!(refused.unwrap_err().to_string().contains("is not valid"));
    }
}

#[test]
fn a_full_disk_is_said_so() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    server.disk_limit(2_000_000).unwrap();
    let host = world.connections().connect(&target(&server)).unwrap();
    let top = built(&world, &nix, 8_000_000);
    for protocol in [CopyProtocol::Ssh, CopyProtocol::SshNg] {
        let error = copy(&world, &nix, (&host, protocol), &top).0.unwrap_err();
        assert_eq!(error.failure(), CopyFailure::NoSpace, "{protocol}: {error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_host_without_nix_is_said_so() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    server.without_nix().unwrap();
    let host = world.connections().connect(&target(&server)).unwrap();
    let top = built(&world, &nix, 10);
    for protocol in [CopyProtocol::Ssh, CopyProtocol::SshNg] {
        let error = copy(&world, &nix, (&host, protocol), &top).0.unwrap_err();
        assert_eq!(error.failure(), CopyFailure::NoNix, "{protocol}: {error}");
    }
}

#[test]
fn a_connection_that_breaks_while_copying_is_said_so() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let host = world.connections().connect(&target(&server)).unwrap();
    let top = built(&world, &nix, 300_000_000);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            while world.processes.running() != ["copy web"] {
                thread::sleep(Duration::from_millis(10));
            }
            thread::sleep(Duration::from_millis(400));
            server.cut_connections().unwrap();
        });
        copy(&world, &nix, (&host, CopyProtocol::Ssh), &top)
            .0
            .unwrap_err()
    });
    assert_eq!(error.failure(), CopyFailure::ConnectionLost, "{error}");
}

#[test]
fn a_user_who_becomes_root_has_root_import_what_is_copied() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let host = world
        .connections()
        .connect(&as_normal_user(&server))
        .unwrap();
    let top = built(&world, &nix, 10);
    let (result, steps) = copy(&world, &nix, (&host, CopyProtocol::SshNg), &top);
    result.unwrap();
    assert!(steps.last().is_some_and(|last| last.bytes > 0), "{steps:?}");
    let paths = server.nix_paths().unwrap();
    assert!(
        paths.iter().any(|path| path == top.as_std_path()),
        "{paths:?}"
    );
}

#[test]
fn a_user_whom_the_target_does_not_trust_puts_nothing_in_its_store() {
    let (world, server) = World::with_host();
    let nix = world.nix();
    let target = Target {
        privilege_escalation_command: Vec::new(),
        ..as_normal_user(&server)
    };
    let host = world.connections().connect(&target).unwrap();
    let top = built(&world, &nix, 10);
    if let Err(error) = copy(&world, &nix, (&host, CopyProtocol::Ssh), &top).0 {
        assert_eq!(error.failure(), CopyFailure::Permission, "{error}");
    }
    // Newer Nix gives a user without a daemon a store of their own, and fills that one.
    let paths = server.nix_paths().unwrap();
    assert!(
        !paths.iter().any(|path| path == top.as_std_path()),
        "{paths:?}"
    );
}
