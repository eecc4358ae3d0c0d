use std::{
    env, fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use camino::Utf8Path;
use nixops::{
    host::{Connections, Error, Failure, Options, Priority, Remote, Ssh, Target, Transport},
    process::Processes,
};
use rustix::process::{Pid, getpriority_process};

use crate::{
    reach::{as_normal_user, over_ssh, ssh, ssh_config, target},
    world::World,
};

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
                );
            });
        }
    });
    assert_eq!(server.connections().unwrap(), 1);
}

#[test]
fn a_look_leaves_the_processors_to_machines_with_work() {
    let (world, server) = World::with_host();
    let connections = world.connections();
    let niceness = |priority| {
        let host = connections.connect_for(&target(&server), priority).unwrap();
        assert_eq!(text(&host, "echo here"), "here");
        let threads = fs::read_dir("/proc/self/task").unwrap();
        let mut children = threads.flat_map(|thread| {
            let children = fs::read_to_string(thread.unwrap().path().join("children"));
            let children = children.unwrap_or_default();
            let children = children.split_whitespace().map(str::to_owned);
            children.collect::<Vec<_>>()
        });
        let is_ssh = |child: &String| {
            fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|name| name == "ssh\n")
        };
        let child = children.find(is_ssh).unwrap();
        let child = Pid::from_raw(child.parse().unwrap());
        getpriority_process(child).unwrap()
    };
    let usual = niceness(Priority::Work);
    assert_eq!(niceness(Priority::Look), usual);
    let at_work = connections.at_work();
    assert_eq!(niceness(Priority::Look), 19);
    assert_eq!(niceness(Priority::Work), usual);
    drop(at_work);
    assert_eq!(niceness(Priority::Look), usual);
}

/// Newer Nix waits for the word of a local command, unless a check finds a master, as it must here.
#[test]
fn newer_nix_finds_the_master() {
    let (world, server) = World::with_host();
    let host = world.connections().connect(&target(&server)).unwrap();
    let arguments = [
        "-F",
        ssh_config(&host).as_str(),
        "-O",
        "check",
        &ssh(&server).host,
    ];
    let mut command = Command::new("ssh");
    let output = world
        .processes
        .output(command.args(arguments), "check", None)
        .unwrap();
    assert!(output.status.success(), "{}", output.stderr_text());
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
    let target = as_normal_user(&server);
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
    let normal = connections.connect(&as_normal_user(&server)).unwrap();
    assert_eq!(text(&root, "id -u"), "0");
    assert_eq!(text(&normal, "id -un"), server.normal_user());
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
    let shop = Ssh {
        host: "shop".into(),
        ..Ssh::default()
    };
    // The rig knows the key by the host's address, under which ssh looks it up when HostName says so.
    assert_eq!(
        connections
            .connect(&over_ssh(&server, shop))
            .unwrap()
            .look()
            .uid,
        0
    );
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
    let config = ssh_config(&host).to_owned();
    let directory = config.parent().map(Utf8Path::to_owned).unwrap();
    assert_eq!(
        fs::metadata(&directory).unwrap().permissions(),
        std::os::unix::fs::PermissionsExt::from_mode(0o40700)
    );
    drop((host, connections));
    assert!(!directory.exists());
    assert!(world.processes.wait_all(Duration::ZERO));
    await_remote_ends(&server, 0);
}

#[test]
fn a_connection_does_not_outlive_a_run_that_is_killed() {
    const VARIABLE: &str = "CHECKS_HOLD_CONNECTION";
    if let Ok(config) = env::var(VARIABLE) {
        return hold_connection(&config);
    }
    let (world, server) = World::with_host();
    let config = world.path("config");
    let users = fs::read_to_string(world.rig.ssh_config()).unwrap();
    let settings = format!(
        "Host held\nHostName {}\nPort {}\nUser root\n\n{users}",
        server.address, server.port
    );
    fs::write(&config, settings).unwrap();
    let mut run = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "connections::a_connection_does_not_outlive_a_run_that_is_killed",
        ])
        .env(VARIABLE, &config)
        .env("XDG_RUNTIME_DIR", world.directory.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    await_remote_ends(&server, 1);
    run.kill().unwrap();
    run.wait().unwrap();
    await_remote_ends(&server, 0);
}

/// Connects, and waits to be killed.
fn hold_connection(config: &str) {
    let options = Options {
        user_config: Some(config.into()),
        ..Options::default()
    };
    let connections = Connections::new(Processes::new(), options).unwrap();
    let target = Target {
        machine: "held".to_owned(),
        transport: Transport::Ssh(Ssh {
            host: "held".to_owned(),
            ..Ssh::default()
        }),
        privilege_escalation_command: Vec::new(),
    };
    let _host = connections.connect(&target).unwrap();
    thread::sleep(Duration::from_secs(30));
}

/// Waits until as many connections as expected are held on the server.
fn await_remote_ends(server: &rig::Host, expected: usize) {
    let mut found = usize::MAX;
    for _ in 0..100 {
        // Since 9.8 sessions have a program of their own, `sshd-session`.
        let sessions = "grep -lE '^sshd(-session)?: root@notty' /proc/[0-9]*/cmdline 2>/dev/null";
        let listed = server.run(["sh", "-c", sessions]).unwrap();
        found = String::from_utf8_lossy(&listed.stdout).lines().count();
        if found == expected {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{found} connections are held on the server, not {expected}");
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
