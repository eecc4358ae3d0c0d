//! Nothing is left of a rig, however its owner ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rig::Rig;

/// Starts a program on the host and one on the deployer's side, both of which would outlive their parents.
fn leave_programs_running(rig: &Rig) -> PathBuf {
    let host = rig.add_host("web").unwrap();
    let script = "setsid sleep 1234 </dev/null >/dev/null 2>&1 &";
    assert!(host.run(["bash", "-c", script]).unwrap().status.success());
    assert!(
        rig.command("bash")
            .args(["-c", script])
            .status()
            .unwrap()
            .success()
    );
    rig.root().to_path_buf()
}

/// Lists processes and mounts that name the rig's directory, as their arguments or in their environment.
fn remains(root: &Path) -> Vec<String> {
    let root = root.to_str().unwrap();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mut remains: Vec<_> = mounts
        .lines()
        .filter(|line| line.contains(root))
        .map(str::to_owned)
        .collect();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        for file in ["cmdline", "environ", "mountinfo"] {
            let text = fs::read(entry.path().join(file)).unwrap_or_default();
            if String::from_utf8_lossy(&text).contains(root) {
                remains.push(format!("{}/{file}", entry.path().display()));
            }
        }
    }
    remains
}

fn assert_nothing_remains(root: &Path) {
    assert!(!root.exists(), "{} is still there", root.display());
    assert_eq!(remains(root), Vec::<String>::new());
}

fn wait_until_gone(root: &Path) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while (root.exists() || !remains(root).is_empty()) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_nothing_remains(root);
}

/// A process of its own that holds hosts, as `rig up` leaves it behind.
fn holder(directory: &Path, names: &[&str]) -> (Child, serde_json::Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rig"));
    command
        .arg("hold")
        .arg("--dir")
        .arg(directory)
        .args(names)
        .stdin(Stdio::piped());
    let holder = command.spawn().unwrap();
    let record = directory.join("rig.json");
    let deadline = Instant::now() + Duration::from_secs(10);
    while !record.exists() {
        assert!(Instant::now() < deadline, "no hosts after ten seconds");
        std::thread::sleep(Duration::from_millis(10));
    }
    (
        holder,
        serde_json::from_str(&fs::read_to_string(record).unwrap()).unwrap(),
    )
}

#[test]
fn dropping_the_rig_ends_everything() {
    let rig = Rig::new().unwrap();
    let root = leave_programs_running(&rig);
    assert!(
        remains(&root).len() > 5,
        "the search for remains finds nothing: {:?}",
        remains(&root)
    );
    drop(rig);
    assert_nothing_remains(&root);
}

#[test]
fn a_panic_ends_everything() {
    let rig = Rig::new().unwrap();
    let root = rig.root().to_path_buf();
    let panicking = catch_unwind(AssertUnwindSafe(move || {
        leave_programs_running(&rig);
        panic!("on purpose");
    }));
    assert!(panicking.is_err());
    assert_nothing_remains(&root);
}

#[test]
fn killing_the_owner_ends_everything() {
    let directory = tempfile::tempdir().unwrap();
    let (mut owner, record) = holder(directory.path(), &["web", "db"]);
    let root = PathBuf::from(record["root"].as_str().unwrap());
    let detached = "setsid sleep 1234 </dev/null >/dev/null 2>&1 &";
    let process = u32::try_from(record["hosts"][0]["process"].as_u64().unwrap()).unwrap();
    assert!(
        rig::command_in_host(process, ["bash", "-c", detached])
            .status()
            .unwrap()
            .success()
    );
    assert!(
        rig::deployer_command(&root, "bash")
            .args(["-c", detached])
            .status()
            .unwrap()
            .success()
    );
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until_gone(&root);
}

#[test]
fn hosts_started_from_a_thread_outlive_it() {
    let rig = Rig::new().unwrap();
    let host =
        std::thread::scope(|scope| scope.spawn(|| rig.add_host("web").unwrap()).join().unwrap());
    std::thread::sleep(Duration::from_millis(100));
    assert!(host.run(["true"]).unwrap().status.success());
}

#[test]
fn two_rigs_end_apart() {
    let first = Rig::new().unwrap();
    let second = Rig::new().unwrap();
    let host = second.add_host("web").unwrap();
    drop(first);
    assert!(host.run(["true"]).unwrap().status.success());
}
