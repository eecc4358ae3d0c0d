//! Runs that end in the middle.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use insta::assert_snapshot;

use super::*;

/// Where the team of the parent is.
const TEAM: &str = "NIXOPS_TEST_TEAM";

/// Not a test: the run that is killed, in a process of its own.
#[test]
#[ignore = "others run it"]
fn a_run_that_ends_in_the_middle() {
    let Ok(team) = env::var(TEAM) else { return };
    let held = hold(&Team::at(Utf8Path::new(&team)).of("ada")).unwrap();
    change(held.database(), "prod", "by a run that was killed");
    println!("\nready");
    thread::sleep(Duration::from_mins(1));
}

/// Starts a run of ada's that has changed something, and does not end.
fn start(team: &Team) -> Child {
    let name = "state::shared::tests::killed::a_run_that_ends_in_the_middle";
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", name, "--nocapture"])
        .env(TEAM, &team.path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "ready"));
    child
}

/// A team whose ada was killed in the middle of a run.
fn killed() -> Team {
    let team = Team::new();
    first(&team);
    let mut child = start(&team);
    child.kill().unwrap();
    child.wait().unwrap();
    team
}

#[test]
fn others_are_told_of_a_run_that_was_killed() {
    let team = killed();
    let bob = team.of("bob");
    assert_snapshot!(team.explain(&hold(&bob).unwrap_err()), @"
    another run works on the state in ~/srv: USER@HOST (process PID) runs `nixops deploy` since DATE TIME UTC, but there is no such process on this computer
    hint: that run was killed: `nixops unlock` takes its lock away; what it did is in the copy of who ran it, and goes to the shared state with the next run there
    ");
    assert_eq!(names(&bob), ["prod 0"]);
}

#[test]
fn the_next_run_on_the_same_computer_goes_on() {
    let team = killed();
    let ada = team.of("ada");
    assert_eq!(names(&ada), ["prod 1"]);
    let held = hold(&ada).unwrap();
    assert_eq!(names(&team.of("bob")), ["prod 1"]);
    let holder = team.of("bob").holder().unwrap().unwrap();
    assert_eq!(holder.pid, std::process::id());
    held.finish().unwrap();
    hold(&team.of("bob")).unwrap();
}

#[test]
fn what_was_left_is_pushed_after_the_lock_was_taken_away() {
    let team = killed();
    let bob = team.of("bob");
    let holder = bob.unlock().unwrap().unwrap();
    assert_eq!(holder.verb, "deploy");
    assert_eq!(bob.unlock().unwrap(), None);
    // Bob looks around, and changes nothing.
    hold(&bob).unwrap().finish().unwrap();
    assert_eq!(names(&bob), ["prod 0"]);

    hold(&team.of("ada")).unwrap().finish().unwrap();
    assert_eq!(names(&bob), ["prod 1"]);
}

#[test]
fn what_was_left_is_not_pushed_over_the_work_of_others() {
    let team = killed();
    let bob = team.of("bob");
    bob.unlock().unwrap();
    let held = hold(&bob).unwrap();
    change(held.database(), "prod", "by bob");
    change(held.database(), "prod", "by bob again");
    add(held.database(), "test");
    held.finish().unwrap();

    let ada = team.of("ada");
    assert_snapshot!(team.explain(&hold(&ada).unwrap_err()), @"
    the state in ~/srv and the copy in ~/ada/shared/COPY/state.db were both changed:
      prod: serial 1 here, serial 2 there, serial 0 before
      test: absent here, serial 0 there, absent before
    hint: neither was changed; to go on with the shared one, move the copy away. What only the copy has, such as resources that were made, `nixops export --state` shows
    ");
    // Neither was changed, and nobody is kept out.
    assert_eq!(names(&bob), ["prod 2", "test 0"]);
    let copy = Database::look(&ada.copy.database()).unwrap();
    assert_eq!(copy.find("prod").unwrap().unwrap().serial, 1);
    hold(&bob).unwrap().finish().unwrap();

    // As the error says.
    fs::rename(ada.copy.database(), team.path("ada/mine.db")).unwrap();
    hold(&ada).unwrap().finish().unwrap();
    assert_eq!(names(&ada), ["prod 2", "test 0"]);
}

#[test]
fn the_lock_of_a_run_that_lives_is_not_taken_away_on_its_own_computer() {
    let team = Team::new();
    first(&team);
    let mut child = start(&team);
    let error = team.of("ada").unlock().unwrap_err();
    assert!(
        error.to_string().starts_with("another run works on"),
        "{error}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(team.of("ada").unlock().unwrap().is_some());
}

#[test]
fn a_run_whose_lock_was_taken_away_pushes_nothing() {
    let team = Team::new();
    let ada = first(&team);
    let held = hold(&ada).unwrap();
    change(held.database(), "prod", "by ada");
    let bob = team.of("bob");
    bob.unlock().unwrap();
    let held_by_bob = hold(&bob).unwrap();
    assert_snapshot!(team.explain(&held.finish().unwrap_err()), @"
    the lock of the state in ~/srv was taken away while this run worked: USER@HOST (process PID) runs `nixops deploy` since DATE TIME UTC
    hint: what this run did is in the copy here, and goes to the shared state with the next run unless others have changed it by then
    ");
    assert!(bob.holder().unwrap().is_some());
    held_by_bob.finish().unwrap();
    assert_eq!(names(&bob), ["prod 0"]);

    hold(&ada).unwrap().finish().unwrap();
    assert_eq!(names(&bob), ["prod 1"]);
}

#[test]
fn a_push_that_arrived_unseen_is_no_conflict() {
    let team = Team::new();
    let ada = first(&team);
    let before = ada.copy.base().unwrap().unwrap();
    let held = hold(&ada).unwrap();
    change(held.database(), "prod", "by ada");
    held.finish().unwrap();
    // As if the run had been killed before it wrote that its push had arrived.
    let pushed = ada.copy.base().unwrap().unwrap();
    let unseen = copy::Base {
        pushing: Some(Box::new(pushed.clone())),
        ..before
    };
    ada.copy.set_base(&unseen).unwrap();
    hold(&ada).unwrap().finish().unwrap();
    assert_eq!(ada.copy.base().unwrap(), Some(pushed));
}

#[test]
fn a_run_that_fails_keeps_others_out_only_if_it_changed_something() {
    let team = Team::new();
    let ada = first(&team);
    drop(hold(&ada).unwrap());
    assert_eq!(ada.holder().unwrap(), None);
    let held = hold(&ada).unwrap();
    change(held.database(), "prod", "by ada");
    drop(held);
    assert!(ada.holder().unwrap().is_some());
    hold(&team.of("bob")).unwrap_err();
    hold(&ada).unwrap().finish().unwrap();
    assert_eq!(names(&team.of("bob")), ["prod 1"]);
}
