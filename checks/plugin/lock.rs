//! The lock of a run whose process is killed while a provider is at work.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File, TryLockError},
    process::{Child, Command},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use nixops::{
    nix::Nix,
    plugin::{PluginSet, Providers},
    process::Processes,
};
use nixops_plugin::protocol::{Attributes, Create, ResourceRef};
use serde_json::json;

use super::world::{LONG, World};

/// Names the directory of a test to the process that stands for a run.
const PLACE: &str = "NIXOPS_TEST_OF_THE_LOCK";

/// A run that takes the lock and has a script run. It is started by the tests below.
#[test]
fn a_run_for_the_tests_of_the_lock() {
    let Ok(place) = env::var(PLACE) else { return };
    let place = Utf8PathBuf::from(place);
    let lock = File::create(place.join("lock")).unwrap();
    lock.try_lock().unwrap();
    let processes = Processes::new();
    let providers = Providers::new(
        PluginSet::default(),
        Nix::locate(Some(&place), &processes).unwrap(),
        processes,
        place.join("roots"),
        BTreeMap::new(),
        Arc::new(|_, _| {}),
    );
    let nixops = env!("CARGO_BIN_EXE_nixops").into();
    let providers = providers
        .unwrap()
        .holding(Arc::new(lock))
        .with_nixops(nixops);
    assert!(providers.has("sshKeyPairs") && !providers.has("strangers"));
    let script = fs::read_to_string(place.join("script")).unwrap();
    let create = Create {
        resource: ResourceRef {
            kind: "commandOutput".to_owned(),
            name: "one".to_owned(),
            deployment: "d".to_owned(),
        },
        inputs: Attributes::from_iter([
            ("name".to_owned(), json!("one")),
            ("script".to_owned(), json!(script)),
        ]),
        token: "t".to_owned(),
    };
    let provider = providers.of("commandOutput").unwrap();
    provider.create(&create, LONG).unwrap();
}

/// Starts a run whose script is this one, in the directory of the test.
fn run(world: &World, script: &str) -> Child {
    world.nix();
    fs::write(world.path("script"), script).unwrap();
    let place = world.path("");
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "lock::a_run_for_the_tests_of_the_lock"])
        .env(PLACE, place.as_str())
        .current_dir(place)
        .spawn()
        .unwrap()
}

fn is_locked(world: &World) -> bool {
    let lock = File::open(world.path("lock")).unwrap();
    matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A script that says that it has begun, and works until it may end.
const WORK: &str =
    "echo $$ > begun.new; mv begun.new begun; while ! test -e go; do sleep 0.01; done; echo > done";

#[test]
fn a_provider_at_work_keeps_the_lock_of_a_run_that_is_killed_and_ends_with_its_work() {
    let world = World::new();
    let mut run = run(&world, WORK);
    until("the script begins", || world.path("begun").exists());
    assert!(is_locked(&world));
    run.kill().unwrap();
    run.wait().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(
        is_locked(&world),
        "the lock was given up before the work was done"
    );
    assert!(!world.path("done").exists());
    fs::write(world.path("go"), "").unwrap();
    until("the lock is given up", || !is_locked(&world));
    assert!(world.path("done").exists(), "the work was cut");
    assert_eq!(processes_of(&world.path("")), Vec::<String>::new());
}

#[test]
fn what_a_provider_leaves_behind_does_not_keep_the_lock() {
    let world = World::new();
    let daemon = "sleep 1000 > /dev/null 2>&1 & echo $! > daemon";
    let mut run = run(&world, daemon);
    assert!(run.wait().unwrap().success());
    assert!(!is_locked(&world));
    let daemon = fs::read_to_string(world.path("daemon")).unwrap();
    let mut kill = Command::new("kill");
    assert!(
        kill.arg(daemon.trim()).status().unwrap().success(),
        "it did not live on"
    );
}

/// Processes of NixOps that work in a directory.
fn processes_of(place: &Utf8Path) -> Vec<String> {
    let place = place.canonicalize().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let here = processes.filter(|process| {
        let directory = fs::read_link(process.path().join("cwd"));
        directory.is_ok_and(|directory| directory == place)
    });
    here.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok())
        .filter(|line| line.contains("core-provider") || line.contains("keep-lock"))
        .collect()
}
