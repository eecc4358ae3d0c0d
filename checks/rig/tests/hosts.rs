//! Hosts as they are when nothing goes wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use rig::{Elevation, Host, HostOptions, PASSWORD, Rig, Share};

fn ssh(rig: &Rig, host: &Host, command: &str) -> Command {
    ssh_as(rig, host, host.user, command)
}

fn ssh_as(rig: &Rig, host: &Host, user: &str, command: &str) -> Command {
    let mut ssh = rig.command("ssh");
    ssh.args([
        "-o",
        "BatchMode=yes",
        "-p",
        &host.port.to_string(),
        &format!("{user}@{}", host.address),
        command,
    ]);
    ssh
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Builds a derivation of one file on the deployer's side.
fn build(rig: &Rig, name: &str, contents: &str) -> PathBuf {
    let expression = format!(
        r#"derivation {{ name = "{name}"; system = builtins.currentSystem; builder = "/bin/sh";
             args = [ "-c" "echo '{contents}' > $out" ]; }}"#
    );
    let output = rig
        .command("nix-build")
        .args(["--no-out-link", "--expr", &expression])
        .output()
        .unwrap();
    PathBuf::from(text(&output))
}

fn copy(rig: &Rig, host: &Host, path: &Path) -> Output {
    rig.command("nix")
        .args(["copy", "--to", &host.url()])
        .arg(path)
        .env("NIX_SSHOPTS", format!("-p {}", host.port))
        .output()
        .unwrap()
}

#[test]
fn ssh_reaches_the_host_that_has_the_name() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let output = ssh(
        &rig,
        &web,
        "cat /proc/sys/kernel/hostname; id -un; echo $HOME",
    )
    .output()
    .unwrap();
    assert_eq!(text(&output), "web\nroot\n/root");
    assert_eq!(web.connections().unwrap(), 1);
}

#[test]
fn sessions_without_a_login_find_the_programs_of_nix() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    for program in ["nix", "nix-store", "nix-env"] {
        text(
            &ssh(&rig, &web, &format!("{program} --version"))
                .output()
                .unwrap(),
        );
    }
}

#[test]
fn the_exit_code_of_a_remote_command_comes_back() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    assert_eq!(
        ssh(&rig, &web, "exit 100").status().unwrap().code(),
        Some(100)
    );
    assert_eq!(
        web.run(["bash", "-c", "exit 4"]).unwrap().status.code(),
        Some(4)
    );
}

#[test]
fn the_normal_user_gets_in_and_becomes_root_through_sudo() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let user = web.normal_user();
    assert_eq!(
        text(&ssh_as(&rig, &web, user, "id -un").output().unwrap()),
        user
    );
    let output = ssh_as(
        &rig,
        &web,
        user,
        "sudo -H -n -- sh -c 'id -un; echo $HOME; id -Gn'",
    )
    .output()
    .unwrap();
    assert_eq!(text(&output), "root\n/root\nroot");
}

#[test]
fn a_closure_built_on_the_deployer_is_copied_over_ssh() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let path = build(&rig, "greeting", "hello");
    assert_eq!(web.nix_paths().unwrap(), Vec::<PathBuf>::new());
    text(&copy(&rig, &web, &path));
    assert_eq!(web.nix_paths().unwrap(), std::slice::from_ref(&path));
    assert_eq!(web.read(path.to_str().unwrap()).unwrap(), "hello\n");
    assert!(
        !path.exists(),
        "the machine's own store has {}",
        path.display()
    );
}

#[test]
fn a_closure_is_copied_by_nix_on_both_sides() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let path = build(&rig, "greeting", "hello");
    let mut copy = rig.command("nix");
    copy.args(["copy", "--to", &format!("ssh-ng://root@{}", web.address)])
        .arg(&path);
    text(
        &copy
            .env("NIX_SSHOPTS", format!("-p {}", web.port))
            .output()
            .unwrap(),
    );
    assert_eq!(web.nix_paths().unwrap(), [path]);
}

#[test]
fn setting_a_profile_on_a_host_leaves_other_hosts_and_the_machine_alone() {
    let rig = Rig::new().unwrap();
    let hosts = rig.add_hosts(["web", "db"]).unwrap();
    let machine = fs::read_link("/nix/var/nix/profiles/system").ok();
    let path = build(&rig, "toplevel", "system");
    text(&copy(&rig, &hosts[0], &path));
    let set = format!(
        "nix-env -p /nix/var/nix/profiles/system --set {}",
        path.display()
    );
    text(&ssh(&rig, &hosts[0], &set).output().unwrap());

    let generations = hosts[0].generations().unwrap();
    assert_eq!(generations.len(), 1);
    assert_eq!(
        (
            generations[0].number,
            &generations[0].toplevel,
            generations[0].current
        ),
        (1, &path, true)
    );
    assert_eq!(hosts[1].generations().unwrap(), []);
    assert_eq!(hosts[1].nix_paths().unwrap(), Vec::<PathBuf>::new());
    assert_eq!(fs::read_link("/nix/var/nix/profiles/system").ok(), machine);
}

#[test]
fn hosts_do_not_see_each_others_files_and_processes() {
    let rig = Rig::new().unwrap();
    let hosts = rig.add_hosts(["web", "db"]).unwrap();
    let script =
        "for d in /etc /nix /run /var /root /home /tmp /boot; do echo mine > $d/mark; done";
    assert!(
        hosts[0]
            .run(["bash", "-c", script])
            .unwrap()
            .status
            .success()
    );
    for directory in ["etc", "nix", "run", "var", "root", "home", "tmp", "boot"] {
        let mark = format!("/{directory}/mark");
        assert_eq!(hosts[0].read(&mark).unwrap(), "mine\n");
        assert!(!hosts[1].path(&mark).exists(), "{mark}");
        assert!(!Path::new(&mark).exists(), "{mark}");
    }
    let processes = text(
        &hosts[1]
            .run(["bash", "-c", "cat /proc/[0-9]*/comm"])
            .unwrap(),
    );
    assert_eq!(
        processes.lines().filter(|line| *line == "sshd").count(),
        1,
        "{processes}"
    );
    assert!(
        !hosts[0]
            .run(["touch", "/usr/mark"])
            .unwrap()
            .status
            .success()
    );
}

#[test]
fn activations_are_read_from_the_hosts_log() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    assert_eq!(web.activations().unwrap(), []);
    let line = "echo switch /nix/store/abc $(date +%s.%N) >> /var/log/nixops-rig/activations";
    text(&ssh(&rig, &web, line).output().unwrap());
    let activations = web.activations().unwrap();
    assert_eq!(activations.len(), 1);
    assert_eq!(activations[0].goal, "switch");
    assert!(activations[0].at > 1_600_000_000.0);
}

#[test]
fn links_of_the_host_can_be_read() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    assert_eq!(web.read_link("/run/current-system").unwrap(), None);
    web.run(["ln", "-s", "/nix/store/abc", "/run/current-system"])
        .unwrap();
    assert_eq!(
        web.read_link("/run/current-system").unwrap(),
        Some("/nix/store/abc".into())
    );
}

#[test]
fn orphans_on_a_host_do_not_stay_as_zombies() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    text(
        &ssh(
            &rig,
            &web,
            "setsid timeout 2 sleep 9 </dev/null >/dev/null 2>&1 &",
        )
        .output()
        .unwrap(),
    );
    // Some end while they are looked at.
    let script = "cat /proc/[0-9]*/stat 2>/dev/null; true";
    let states = || text(&web.run(["bash", "-c", script]).unwrap());
    assert!(states().contains("(timeout)"));
    // A zombie would keep its name.
    wait_for(|| !states().contains("(timeout)"));
}

#[test]
fn programs_on_the_deployer_have_a_hermetic_environment() {
    let rig = Rig::new().unwrap();
    let output = rig
        .command("sh")
        .args([
            "-c",
            "echo ~root; echo $HOME; nix eval --raw --expr builtins.storeDir",
        ])
        .output();
    let home = rig.home().to_string_lossy().into_owned();
    assert_eq!(
        text(&output.unwrap()),
        format!("{home}\n{home}\n/nix/store")
    );
    let names = text(&rig.command("env").output().unwrap());
    assert!(!names.contains("CARGO_MANIFEST_DIR"), "{names}");
    let unknown = rig
        .command("nix")
        .args(["eval", "nixpkgs#hello"])
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&unknown.stderr);
    assert!(
        message.contains("cannot find flake 'flake:nixpkgs' in the flake registries"),
        "{message}"
    );
}

#[test]
fn the_process_of_a_command_becomes_the_program() {
    let rig = Rig::new().unwrap();
    let directory = rig.home();
    let output = rig
        .command("sh")
        .args(["-c", "echo $$; pwd"])
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(text(&output).ends_with(directory.to_str().unwrap()));

    let mut child = rig.command("sleep").arg("60").spawn().unwrap();
    wait_for(|| rig.running_programs().unwrap() == ["sleep 60"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(rig.running_programs().unwrap(), Vec::<String>::new());
    assert_eq!(
        rig.command("sh")
            .args(["-c", "exit 7"])
            .status()
            .unwrap()
            .code(),
        Some(7)
    );
}

#[test]
fn twenty_hosts_start_side_by_side() {
    let rig = Rig::new().unwrap();
    let begun = Instant::now();
    let hosts = rig
        .add_hosts((0..20).map(|number| format!("m{number}")))
        .unwrap();
    let elapsed = begun.elapsed();
    assert_eq!(hosts.len(), 20);
    let sessions: Vec<_> = hosts
        .iter()
        .map(|host| ssh(&rig, host, "true").spawn().unwrap())
        .collect();
    for mut session in sessions {
        assert!(session.wait().unwrap().success());
    }
    eprintln!("20 hosts in {elapsed:?}");
    assert!(elapsed < Duration::from_secs(30), "{elapsed:?}");
}

#[test]
fn a_host_sees_a_directory_of_the_machine_and_writes_to_it() {
    let rig = Rig::new().unwrap();
    let shared = tempfile::tempdir().unwrap();
    let options = HostOptions {
        shares: vec![Share {
            machine: shared.path().to_owned(),
            host: "/vol".into(),
        }],
        ..HostOptions::default()
    };
    let web = rig.add_host_with("web", &options).unwrap();
    text(&ssh(&rig, &web, "echo kept > /vol/note").output().unwrap());
    let note = fs::read_to_string(shared.path().join("note")).unwrap();
    assert_eq!(note, "kept\n");
    drop(rig);
    assert!(shared.path().join("note").exists());
}

#[test]
fn a_host_lets_in_the_keys_that_it_was_made_with_and_no_other() {
    let rig = Rig::new().unwrap();
    let options = HostOptions {
        authorized_keys: Some(Vec::new()),
        ..HostOptions::default()
    };
    let web = rig.add_host_with("web", &options).unwrap();
    let enter = || ssh(&rig, &web, "true").output().unwrap().status.success();
    assert!(!enter());
    let key = fs::read_to_string(rig.identity().with_added_extension("pub")).unwrap();
    web.authorize_root(&[key.trim().to_owned()]).unwrap();
    assert!(enter());
}

#[test]
fn a_host_that_was_switched_off_keeps_its_files() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let first_boot = web.boot_id().unwrap();
    text(&ssh(&rig, &web, "echo kept > /root/note").output().unwrap());
    let same = Host::of(rig.root(), "web", (web.address, web.port), web.process());
    same.switch_off().unwrap();
    assert!(!ssh(&rig, &web, "true").status().unwrap().success());
    assert!(!same.has_ended());
    same.switch_on().unwrap();
    let note = text(&ssh(&rig, &web, "cat /root/note").output().unwrap());
    assert_eq!(note, "kept");
    assert_ne!(web.boot_id().unwrap(), first_boot);
}

#[test]
fn the_words_before_a_command_make_it_run_on_the_host() {
    let rig = Rig::new().unwrap();
    let web = rig.add_host("web").unwrap();
    let words = rig::words_into_host(web.process(), "/etc/nix");
    let output = Command::new(&words[0])
        .args(&words[1..])
        .args(["sh", "-c", "cat /proc/sys/kernel/hostname; pwd; echo $HOME"])
        .output()
        .unwrap();
    assert_eq!(text(&output), "web\n/etc/nix\n/root");
}

#[test]
fn a_name_is_given_once_and_is_a_host_name() {
    let rig = Rig::new().unwrap();
    let _web = rig.add_host("web").unwrap();
    assert_eq!(
        rig.add_host("web").unwrap_err().to_string(),
        "there is a host `web` in this rig already"
    );
    assert!(
        rig.add_host("../web")
            .unwrap_err()
            .to_string()
            .starts_with("`../web` cannot be the name of a host")
    );
}

#[test]
fn a_control_socket_fits_below_the_runtime_directory() {
    let rig = Rig::new().unwrap();
    let runtime = text(
        &rig.command("sh")
            .args(["-c", "echo $XDG_RUNTIME_DIR"])
            .output()
            .unwrap(),
    );
    // 107 bytes are all that a socket's path may have; ssh adds 17 while it makes one.
    assert!(runtime.len() < 40, "{runtime}");
    assert!(rig.root().to_str().unwrap().len() < 20);
}

fn wait_for(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "waited for ten seconds in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_real_sudo_or_doas_asks_for_the_password() {
    let rig = Rig::new().unwrap();
    let host = |name: &str, elevation| {
        let options = HostOptions {
            elevation,
            ..HostOptions::default()
        };
        rig.add_host_with(name, &options).unwrap()
    };
    let strict = host("strict", Elevation::Sudo("alice ALL=(ALL:ALL) ALL"));
    let doas = host("doas", Elevation::Doas("permit nopass alice"));
    let careful = host("careful", Elevation::Doas("permit alice"));
    let alice = |host: &Host, command: &str, password: &str| {
        // On no command line: another test looks for the password there.
        let input = rig.home().join("password");
        fs::write(&input, format!("{password}\n")).unwrap();
        let mut ssh = rig.command("ssh");
        ssh.stdin(fs::File::open(input).unwrap());
        ssh.args([
            "-p",
            &host.port.to_string(),
            &format!("alice@{}", host.address),
            command,
        ]);
        let output = ssh.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        format!("{} {}", text(&output.stdout), text(&output.stderr))
    };
    let reads = "sudo -k -S -p '' id -u";
    assert_eq!(alice(&strict, reads, PASSWORD), "0 ");
    let wrong = alice(&strict, reads, "wrong");
    assert!(wrong.contains("incorrect password"), "{wrong}");
    let unasked = alice(&strict, "sudo -n true", "");
    assert!(unasked.contains("a password is required"), "{unasked}");
    assert_eq!(alice(&doas, "doas -n id -u", ""), "0 ");
    let refused = alice(&careful, "doas -n true", "");
    assert!(refused.contains("Authentication required"), "{refused}");
}

#[test]
fn a_host_can_have_a_real_systemd() {
    let rig = Rig::new().unwrap();
    let options = HostOptions {
        systemd: true,
        ..HostOptions::default()
    };
    let web = rig.add_host_with("web", &options).unwrap();
    let script = "systemd-run --quiet --collect --wait --pipe sh -c 'cat /proc/1/comm; id -u' \
                  && systemd-run --quiet --collect --unit=later sleep 100 && systemctl is-active later.service \
                  && nix-store --version >/dev/null && systemctl list-units --failed --no-legend";
    let mut ssh = rig.command("ssh");
    ssh.args([
        "-p",
        &web.port.to_string(),
        &format!("root@{}", web.address),
        script,
    ]);
    let output = ssh.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "systemd\n0\nactive\n", "{output:?} {}", web.console());
}
