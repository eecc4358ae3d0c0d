//! Each fault does what it says, and its end ends it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    process::{Command, Output},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rig::{Host, HostOptions, Rig};

fn ssh(rig: &Rig, host: &Host, command: &str) -> Command {
    let mut ssh = rig.command("ssh");
    ssh.args([
        "-o",
        "BatchMode=yes",
        "-o",
        "ConnectTimeout=10",
        "-p",
        &host.port.to_string(),
    ]);
    ssh.args([&format!("{}@{}", host.user, host.address), command]);
    ssh
}

fn refusal(rig: &Rig, host: &Host) -> String {
    let output = ssh(rig, host, "true").output().unwrap();
    assert_eq!(output.status.code(), Some(255), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn assert_reachable(rig: &Rig, host: &Host) {
    let output = ssh(rig, host, "true").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_stopped_host_refuses_connections_until_it_is_started() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    web.stop().unwrap();
    let message = refusal(&rig, &web);
    assert!(message.contains("Connection refused"), "{message}");
    assert_eq!(web.connections().unwrap(), 0);
    web.start().unwrap();
    assert_reachable(&rig, &web);
}

#[test]
fn what_was_detached_goes_on_while_the_host_is_off_the_network() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let detached = "setsid sh -c 'sleep 0.5; echo done > /root/new; mv /root/new /root/done' </dev/null >/dev/null 2>&1 &";
    assert!(ssh(&rig, &web, detached).status().unwrap().success());
    web.stop().unwrap();
    wait_for(|| web.path("/root/done").exists());
    assert_eq!(web.read("/root/done").unwrap(), "done\n");
}

#[test]
fn a_hanging_host_accepts_and_never_answers() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    web.hang().unwrap();
    std::net::TcpStream::connect((web.address, web.port)).unwrap();
    let target = format!("{}@{}", web.user, web.address);
    let mut ssh = rig.command("ssh");
    ssh.args([
        "-o",
        "ConnectTimeout=1",
        "-p",
        &web.port.to_string(),
        &target,
        "true",
    ]);
    let message = errors(&ssh.output().unwrap());
    assert!(
        message.contains("timed out during banner exchange"),
        "{message}"
    );
    web.start().unwrap();
    assert_reachable(&rig, &web);
}

#[test]
fn open_sessions_end_when_connections_are_cut() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let mut session = ssh(&rig, &web, "touch /tmp/here; sleep 60")
        .spawn()
        .unwrap();
    wait_for(|| web.path("/tmp/here").exists());
    web.cut_connections().unwrap();
    assert_eq!(session.wait().unwrap().code(), Some(255));
    assert_reachable(&rig, &web);
}

#[test]
fn a_reboot_brings_up_the_system_of_the_profile() {
    let rig = Rig::new().unwrap();
    let hosts = rig.add_hosts(["web", "db"]).unwrap();
    let web = &hosts[0];
    let boot = web.boot_id().unwrap();
    assert_ne!(boot, hosts[1].boot_id().unwrap());
    let setup = "mkdir -p /nix/var/nix/profiles /nix/store/system
        printf '#!/bin/sh\nln -s /nix/store/system /run/current-system\n' > /nix/store/system/activate
        chmod +x /nix/store/system/activate
        ln -s /nix/store/system /nix/var/nix/profiles/system
        setsid sleep 60 </dev/null >/dev/null 2>&1 &";
    assert!(ssh(&rig, web, setup).status().unwrap().success());
    web.reboot().unwrap();
    assert_reachable(&rig, web);
    assert_ne!(web.boot_id().unwrap(), boot);
    for link in ["/run/current-system", "/run/booted-system"] {
        assert_eq!(
            web.read_link(link).unwrap(),
            Some("/nix/store/system".into()),
            "{link}"
        );
    }
    let programs = web
        .run(["bash", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])
        .unwrap();
    assert!(!String::from_utf8_lossy(&programs.stdout).contains("sleep 60"));
}

#[test]
fn a_host_without_nix_does_not_find_its_programs() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    web.without_nix().unwrap();
    for program in ["nix-store", "nix", "/usr/bin/nix-env", "/bin/nix"] {
        let output = ssh(&rig, &web, &format!("{program} --version"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(127), "{program}: {output:?}");
    }
    assert_reachable(&rig, &web);
    web.with_nix().unwrap();
    assert!(
        ssh(&rig, &web, "nix-store --version")
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn a_copy_to_a_full_disk_fails() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    assert_eq!(web.nix_paths().unwrap().len(), 0);
    web.disk_limit(1_000_000).unwrap();
    let expression = r#"derivation { name = "big"; system = builtins.currentSystem; builder = "/bin/sh";
        args = [ "-c" "PATH=/bin:/usr/bin; head -c 3000000 /dev/zero > $out" ]; }"#;
    let built = rig
        .command("nix-build")
        .args(["--no-out-link", "--expr", expression])
        .output()
        .unwrap();
    let path = String::from_utf8_lossy(&built.stdout).trim().to_owned();
    let copy = || {
        let mut copy = rig.command("nix");
        copy.args(["copy", "--to", &web.url(), &path])
            .env("NIX_SSHOPTS", format!("-p {}", web.port));
        copy.output().unwrap()
    };
    let full = copy();
    assert!(!full.status.success());
    assert!(
        errors(&full).contains("No space left on device"),
        "{full:?}"
    );
    web.disk_limit(u64::MAX).unwrap();
    let output = copy();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(web.nix_paths().unwrap().len(), 1);
}

#[test]
fn a_host_may_reject_the_clients_key() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    web.reject_client_key().unwrap();
    // Again and again: sshd does not lose patience either.
    for _ in 0..6 {
        let message = refusal(&rig, &web);
        assert!(
            message.contains("Permission denied (publickey)"),
            "{message}"
        );
    }
    web.accept_client_key().unwrap();
    assert_reachable(&rig, &web);
}

#[test]
fn no_other_key_is_let_in() {
    let rig = Rig::new().unwrap();
    let other = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    fs::copy(rig.known_hosts(), other.known_hosts()).unwrap();
    let message = refusal(&other, &web);
    assert!(
        message.contains("Permission denied (publickey)"),
        "{message}"
    );
}

#[test]
fn unknown_and_changed_host_keys_are_refused() {
    let rig = Rig::new().unwrap();
    let hosts = rig.add_hosts(["web", "db"]).unwrap();
    rig.forget_host_key(&hosts[0]).unwrap();
    let message = refusal(&rig, &hosts[0]);
    assert!(
        message.contains("Host key verification failed"),
        "{message}"
    );
    rig.wrong_host_key(&hosts[0]).unwrap();
    let message = refusal(&rig, &hosts[0]);
    assert!(
        message.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"),
        "{message}"
    );
    assert_reachable(&rig, &hosts[1]);
    rig.learn_host_key(&hosts[0]).unwrap();
    assert_reachable(&rig, &hosts[0]);
}

#[test]
fn new_connections_can_be_delayed() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    web.delay(Duration::from_millis(700)).unwrap();
    let begun = Instant::now();
    assert_reachable(&rig, &web);
    assert!(
        begun.elapsed() >= Duration::from_millis(700),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(web.connections().unwrap(), 1);
    web.delay(Duration::ZERO).unwrap();
    // A busy machine may be slow once, or twice.
    wait_for(|| {
        let begun = Instant::now();
        assert_reachable(&rig, &web);
        begun.elapsed() < Duration::from_millis(700)
    });
}

#[test]
fn a_link_can_be_long_and_narrow() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let send = |bytes: u32| {
        let begun = Instant::now();
        let command = format!("head -c {bytes} /dev/urandom");
        let output = ssh(&rig, &web, &command).output().unwrap();
        assert_eq!(output.stdout.len(), bytes as usize, "{}", errors(&output));
        begun.elapsed()
    };
    web.slow_link(Duration::from_millis(200), 1_000_000)
        .unwrap();
    // At least: opening, two versions, keys, user, channel, end.
    let little = send(1);
    assert!(little > Duration::from_secs(1), "{little:?}");
    // A hundred thousand bytes are 800,000 bits.
    let much = send(100_000);
    assert!(
        much > Duration::from_millis(1_700) && much < Duration::from_secs(20),
        "{much:?}"
    );
    web.fast_link().unwrap();
    wait_for(|| send(100_000) < Duration::from_millis(900));
}

#[test]
fn a_clock_can_be_set_for_what_sshd_starts() {
    let rig = Rig::new().unwrap();
    let options = HostOptions {
        own_clock: true,
        ..HostOptions::default()
    };
    let web = rig.add_host_with("web", &options).unwrap();
    let ahead = || {
        let output = ssh(&rig, &web, "date +%s").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let there: i64 = text.trim().parse().unwrap();
        let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        there - i64::try_from(here.as_secs()).unwrap()
    };
    assert!(ahead().abs() < 5);
    for hours in [10, -10, 0] {
        web.set_clock(hours * 3_600).unwrap();
        assert!((ahead() - hours * 3_600).abs() < 5, "{hours}");
    }
}

fn wait_for(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "waited for ten seconds in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}
