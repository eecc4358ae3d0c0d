//! The command `rig`, as a script uses it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A directory whose hosts are brought down at the end of the test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn rig(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rig"));
        command.arg(verb).arg("--dir").arg(self.path());
        command
    }

    fn up(&self, names: &[&str]) -> serde_json::Value {
        serde_json::from_str(&text(&self.rig("up").args(names).output().unwrap())).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.rig("down").status();
    }
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn errors(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

fn root(record: &serde_json::Value) -> PathBuf {
    PathBuf::from(record["root"].as_str().unwrap())
}

#[test]
fn hosts_are_up_between_up_and_down() {
    let place = Place::new();
    let record = place.up(&["web", "db"]);
    let written = std::fs::read_to_string(place.path().join("rig.json")).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&written).unwrap(),
        record
    );
    let db = &record["hosts"][1];
    let target = format!("root@{}", db["address"].as_str().unwrap());
    let port = db["port"].to_string();

    let over_ssh = place
        .rig("run")
        .args(["--", "ssh", "-p", &port, &target, "cat /etc/hostname"])
        .output()
        .unwrap();
    assert_eq!(text(&over_ssh), "db");
    let config = record["ssh_config"].as_str().unwrap();
    let outside = Command::new("ssh")
        .args(["-F", config, "-p", &port, &target, "cat /etc/hostname"])
        .output();
    assert_eq!(text(&outside.unwrap()), "db");
    assert_eq!(
        text(
            &place
                .rig("exec")
                .args(["web", "--", "cat", "/etc/hostname"])
                .output()
                .unwrap()
        ),
        "web"
    );
    assert_eq!(
        place
            .rig("exec")
            .args(["web", "--", "sh", "-c", "exit 4"])
            .status()
            .unwrap()
            .code(),
        Some(4)
    );
    assert_eq!(
        place
            .rig("run")
            .args(["--", "sh", "-c", "exit 100"])
            .status()
            .unwrap()
            .code(),
        Some(100)
    );

    assert_eq!(text(&place.rig("down").output().unwrap()), "");
    assert!(!root(&record).exists());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn up_does_not_hold_the_pipe_that_it_prints_to() {
    let place = Place::new();
    let script = format!(
        "json=$({} up --dir {} web); echo got",
        env!("CARGO_BIN_EXE_rig"),
        place.path().display()
    );
    let begun = Instant::now();
    assert_eq!(
        text(&Command::new("bash").args(["-c", &script]).output().unwrap()),
        "got"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(
        text(
            &place
                .rig("exec")
                .args(["web", "--", "echo", "up"])
                .output()
                .unwrap()
        ),
        "up"
    );
}

#[test]
fn hosts_end_with_their_owner() {
    let place = Place::new();
    let mut owner = Command::new("sleep").arg("60").spawn().unwrap();
    let up = place
        .rig("up")
        .args(["--owner", &owner.id().to_string(), "web"])
        .output()
        .unwrap();
    let root = root(&serde_json::from_str(&text(&up)).unwrap());
    assert!(root.exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_for(|| !root.exists() && !place.path().join("rig.json").exists());
}

#[test]
fn hosts_end_when_up_is_killed_before_it_is_done() {
    let place = Place::new();
    let names: Vec<_> = (0..20).map(|number| format!("m{number}")).collect();
    let mut up = place.rig("up").args(names).spawn().unwrap();
    wait_for(|| holds(place.path()));
    up.kill().unwrap();
    up.wait().unwrap();
    wait_for(|| !holds(place.path()));
    assert!(!place.path().join("rig.json").exists());
}

/// Whether a process in the background holds the hosts of a directory.
fn holds(directory: &Path) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let wanted = format!("\0hold\0--dir\0{}\0", directory.display());
    lines
        .into_iter()
        .any(|line| String::from_utf8_lossy(&line).contains(&wanted))
}

fn wait_for(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(
            Instant::now() < deadline,
            "waited for thirty seconds in vain"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_rig_without_hosts_has_a_deployers_side() {
    let place = Place::new();
    let record = place.up(&[]);
    assert_eq!(record["hosts"], serde_json::json!([]));
    let store = place
        .rig("run")
        .args(["--", "nix-store", "--version"])
        .output();
    assert!(text(&store.unwrap()).starts_with("nix-store"));
    let root = root(&record);
    assert_eq!(text(&place.rig("down").output().unwrap()), "");
    assert!(!root.exists());
}

#[test]
fn hosts_come_up_again_after_their_holder_was_killed() {
    let place = Place::new();
    let first = place.up(&["web"]);
    let kill = format!("kill -KILL {}", first["holder"]);
    assert!(
        Command::new("bash")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    wait_for(|| !root(&first).exists());
    let second = place.up(&["web"]);
    assert_ne!(first["root"], second["root"]);
}

#[test]
fn what_cannot_be_done_is_said_in_one_sentence() {
    let place = Place::new();
    assert_eq!(text(&place.rig("down").output().unwrap()), "");
    let nothing = errors(&place.rig("run").args(["--", "true"]).output().unwrap());
    assert_eq!(
        nothing,
        format!(
            "rig: no hosts are up in {} (start some with `rig up`)",
            place.path().display()
        )
    );
    let bad = errors(&place.rig("up").arg("a.b").output().unwrap());
    assert_eq!(
        bad,
        "rig: `a.b` cannot be the name of a host: use 1 to 63 letters, digits and hyphens"
    );

    let record = place.up(&["web"]);
    let again = errors(&place.rig("up").arg("web").output().unwrap());
    assert!(again.starts_with("rig: hosts are up in"), "{again}");
    let unknown = errors(
        &place
            .rig("exec")
            .args(["db", "--", "true"])
            .output()
            .unwrap(),
    );
    assert_eq!(unknown, "rig: there is no host `db`, only web");
    assert!(root(&record).exists());
}

#[test]
fn a_user_who_is_not_root_is_told_so() {
    let place = Place::new();
    let binary = place.path().join("rig");
    std::fs::copy(env!("CARGO_BIN_EXE_rig"), &binary).unwrap();
    let open = format!("chmod 777 {}", place.path().display());
    assert!(
        Command::new("bash")
            .args(["-c", &open])
            .status()
            .unwrap()
            .success()
    );
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&binary);
    command
        .args(["up", "--dir"])
        .arg(place.path())
        .arg("web")
        .current_dir("/");
    assert_eq!(
        errors(&command.output().unwrap()),
        "rig: the rig needs root to make namespaces and mounts, and this process runs as user 65534"
    );
}

#[test]
fn a_missing_program_is_named_with_its_package() {
    let place = Place::new();
    // Only this command's own mount namespace loses the directory that sshd is in.
    let script = format!(
        "mount -t tmpfs tmpfs /usr/sbin && PATH=/usr/bin:/bin exec {} up --dir {} web",
        env!("CARGO_BIN_EXE_rig"),
        place.path().display()
    );
    let output = Command::new("unshare")
        .args(["--mount", "bash", "-c", &script])
        .output()
        .unwrap();
    let message = errors(&output);
    assert!(
        message.contains("it is not in PATH (Debian package"),
        "{message}"
    );
}
