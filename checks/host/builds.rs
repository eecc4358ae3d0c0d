use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use nixops::nix::{BuildError, BuildEvent, BuildOptions, BuildQueue};

use crate::world::World;

fn queue(world: &World) -> BuildQueue {
    let settings = vec![("max-jobs".to_owned(), "4".to_owned())];
    let nix = world.nix().with_settings(settings);
    BuildQueue::new(nix, world.processes.clone(), BuildOptions::default())
}

#[test]
fn a_failing_derivation_fails_only_those_who_need_it() {
    let world = World::new();
    let nix = world.nix();
    let expression = r#"rec {
        slow = sh "slow" "sleep 4; echo slow > $out";
        broken = sh "broken" "echo no rule to make it; exit 7";
        a = sh "a" "cat ${slow} > $out";
        b = sh "b" "cat ${slow} > $out";
        c = sh "c" "cat ${slow} ${broken} > $out";
        quick = sh "quick" "echo quick > $out";
    }"#;
    let wanted = world.instantiate(&nix, expression, &["a", "b", "c", "quick"]);
    let queue = queue(&world);
    let started = Instant::now();
    let tickets: Vec<_> = wanted
        .iter()
        .map(|(drv, out)| queue.submit(drv, out))
        .collect();
    let results: Vec<_> = thread::scope(|scope| {
        let waiters: Vec<_> = tickets
            .into_iter()
            .map(|ticket| scope.spawn(move || (ticket.wait(), started.elapsed())))
            .collect();
        waiters
            .into_iter()
            .map(|waiter| waiter.join().unwrap())
            .collect()
    });
    let [(a, _), (b, _), (c, failed_after), (quick, quick_after)] =
        results.try_into().ok().unwrap();
    assert_eq!(a.unwrap().out, wanted[0].1);
    assert_eq!(b.unwrap().out, wanted[1].1);
    assert!(!quick.unwrap().was_valid);
    assert!(
        quick_after < Duration::from_secs(4),
        "quick waited for slow: {quick_after:?}"
    );
    assert!(
        failed_after < Duration::from_secs(4),
        "the failure waited for slow: {failed_after:?}"
    );
    let Err(BuildError::Failed { failed, .. }) = &c else {
        panic!("{c:?}")
    };
    assert!(failed.drv.as_str().ends_with("-broken.drv"));
    assert_eq!(failed.reason, "builder failed with exit code 7");
    assert_eq!(failed.log, ["no rule to make it"]);
    assert!(
        c.unwrap_err()
            .to_string()
            .starts_with("building `broken` failed, which `c` needs: ")
    );
    let again = queue.build(&wanted[0].0, &wanted[0].1).unwrap();
    assert!(again.was_valid);
}

#[test]
fn a_slow_build_does_not_hold_what_comes_later() {
    let world = World::new();
    let nix = world.nix();
    let expression =
        r#"{ slow = sh "slow" "sleep 6; echo > $out"; late = sh "late" "echo > $out"; }"#;
    let wanted = world.instantiate(&nix, expression, &["slow", "late"]);
    let queue = queue(&world);
    let slow = queue.submit(&wanted[0].0, &wanted[0].1);
    thread::sleep(Duration::from_millis(300));
    let started = Instant::now();
    queue.build(&wanted[1].0, &wanted[1].1).unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    slow.wait().unwrap();
}

#[test]
fn what_comes_later_soon_sees_what_it_shares_built() {
    let world = World::new();
    let nix = world.nix();
    let expression = r#"rec {
        shared = sh "shared" "sleep 2; echo > $out";
        first = sh "first" "cat ${shared} > $out";
        late = sh "late" "cat ${shared} > $out";
    }"#;
    let wanted = world.instantiate(&nix, expression, &["first", "late"]);
    let queue = queue(&world);
    let first = queue.submit(&wanted[0].0, &wanted[0].1);
    thread::sleep(Duration::from_millis(300));
    let started = Instant::now();
    queue.build(&wanted[1].0, &wanted[1].1).unwrap();
    // Nix by itself would look again after five seconds, and is started after one.
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    first.wait().unwrap();
}

#[test]
fn what_happens_is_told() {
    let world = World::new();
    let nix = world.nix();
    let wanted = world.instantiate(
        &nix,
        r#"{ talk = sh "talk" "echo hello; echo > $out"; }"#,
        &["talk"],
    );
    let events = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&events);
    let tell = move |event| listener.lock().unwrap().push(event);
    let queue =
        BuildQueue::with_listener(nix, world.processes.clone(), BuildOptions::default(), tell);
    queue.build(&wanted[0].0, &wanted[0].1).unwrap();
    let drv = wanted[0].0.clone();
    let expected = [
        BuildEvent::Started { drv: drv.clone() },
        BuildEvent::Line {
            drv: drv.clone(),
            line: "hello".into(),
        },
        BuildEvent::Stopped { drv },
    ];
    // Nix says that it has stopped to build after the output is known to be there, or not at all.
    assert_eq!(*events.lock().unwrap(), expected);
}

#[test]
fn a_defect_of_ours_leaves_nobody_waiting() {
    let world = World::new();
    let nix = world.nix();
    let wanted = world.instantiate(&nix, r#"{ plain = sh "plain" "echo > $out"; }"#, &["plain"]);
    let fail = |_| panic!("a defect");
    let options = BuildOptions::default();
    let queue = BuildQueue::with_listener(nix, world.processes.clone(), options, fail);
    let error = queue.build(&wanted[0].0, &wanted[0].1).unwrap_err();
    assert!(matches!(error, BuildError::Nix { .. }), "{error}");
}

#[test]
fn a_derivation_that_is_not_there_fails_alone() {
    let world = World::new();
    let nix = world.nix();
    let wanted = world.instantiate(&nix, r#"{ good = sh "good" "echo > $out"; }"#, &["good"]);
    let queue = queue(&world);
    let missing = "/nix/store/00000000000000000000000000000000-gone";
    let bad = queue.submit(format!("{missing}.drv"), missing);
    let good = queue.submit(&wanted[0].0, &wanted[0].1);
    good.wait().unwrap();
    let error = bad.wait().unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
}

#[test]
fn an_interrupt_ends_the_build() {
    let world = World::new();
    let nix = world.nix();
    let wanted = world.instantiate(
        &nix,
        r#"{ slow = sh "slow" "sleep 60; echo > $out"; }"#,
        &["slow"],
    );
    let ticket = queue(&world).submit(&wanted[0].0, &wanted[0].1);
    while !world
        .processes
        .running()
        .iter()
        .any(|label| label.starts_with("build "))
    {
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(500));
    world.processes.interrupt();
    assert!(ticket.wait().unwrap_err().is_interrupted());
    assert!(world.processes.wait_all(Duration::from_secs(6)));
    thread::sleep(Duration::from_millis(300));
    let left = world.rig.running_programs().unwrap();
    assert!(
        !left.iter().any(|line| line.contains("sleep 60")),
        "{left:?}"
    );
}

#[test]
fn a_root_outlives_the_garbage_collector() {
    use nixops::nix::Program;
    let world = World::new();
    let nix = world.nix();
    let wanted = world.instantiate(
        &nix,
        r#"{ kept = sh "kept" "echo > $out"; gone = sh "gone" "echo > $out"; }"#,
        &["kept", "gone"],
    );
    let queue = queue(&world);
    for (drv, out) in &wanted {
        queue.build(drv, out).unwrap();
    }
    let link = world.path("roots/web");
    for _ in 0..2 {
        nix.root(&world.processes, &link, &wanted[0].1).unwrap();
    }
    let mut collect = nix.command(Program::Store);
    world
        .processes
        .output(collect.arg("--gc"), "collect", None)
        .unwrap()
        .checked()
        .unwrap();
    let invalid = nix
        .invalid_paths(
            &world.processes,
            wanted.iter().map(|(_, out)| out.as_path()),
        )
        .unwrap();
    assert_eq!(
        invalid.into_iter().collect::<Vec<_>>(),
        [wanted[1].1.clone()]
    );
}
