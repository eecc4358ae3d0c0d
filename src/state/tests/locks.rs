//! The lock of a deployment.

use std::{
    fs,
    os::fd::AsFd as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::*;

fn take(path: &Utf8Path) -> Result<RunLock, Error> {
    let holder = Holder::this("deploy");
    RunLock::take(path, &holder, None, &mut |_| panic!("nobody waits"))
}

#[test]
fn who_comes_second_is_told_who_was_first() {
    let site = site();
    let holder = Holder {
        user: "alice".into(),
        host: "build".into(),
        pid: 4242,
        since: 1_785_665_472,
        verb: "deploy".into(),
    };
    let _lock = RunLock::take(&site.path, &holder, None, &mut |_| false).unwrap();
    let error = take(&site.path).unwrap_err();
    let text = format!("{error}\nhint: {}", error.hint().unwrap());
    insta::assert_snapshot!(text.replace(site.path.as_str(), "LOCK"), @r"
    another run works on this deployment: alice@build (process 4242) runs `nixops deploy` since 2026-08-02 10:11:12 UTC; LOCK is locked
    hint: wait for it to end (`--wait-lock` does); the lock goes with the run and its providers
    ");
    assert_eq!(super::holder(&site.path).unwrap(), Some(holder));
    // What lives is not unlocked.
    let error = unlock(&site.path).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
}

#[test]
fn a_lock_goes_with_its_holder_whatever_the_file_says() {
    let site = site();
    drop(take(&site.path).unwrap());
    let text = fs::read_to_string(&site.path).unwrap();
    assert!(text.contains("\"verb\":\"deploy\""), "{text}");
    assert_eq!(super::holder(&site.path).unwrap(), None);
    take(&site.path).unwrap();
    let last = unlock(&site.path).unwrap().unwrap();
    assert_eq!((last.pid, &*last.verb), (std::process::id(), "deploy"));
    assert_eq!(unlock(&site.path).unwrap(), None);
    assert_eq!(fs::read_to_string(&site.path).unwrap(), "");
    fs::write(&site.path, "no JSON").unwrap();
    take(&site.path).unwrap();
}

#[test]
fn nobody_holds_what_is_not_there() {
    let site = site();
    assert_eq!(super::holder(&site.path).unwrap(), None);
    assert_eq!(unlock(&site.path).unwrap(), None);
    assert!(!site.path.exists());
}

#[test]
fn a_child_that_inherits_the_file_holds_the_lock_until_it_ends() {
    let site = site();
    let lock = take(&site.path).unwrap();
    let inherited = lock.file().as_fd().try_clone_to_owned().unwrap();
    let mut child = {
        let mut command = Command::new("cat");
        let command = command.stdin(Stdio::piped()).stdout(inherited);
        command.spawn().unwrap()
    };
    drop(lock);
    let error = take(&site.path).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    drop(child.stdin.take());
    child.wait().unwrap();
    take(&site.path).unwrap();
}

#[test]
fn who_waits_gets_the_lock_when_it_is_free() {
    let site = site();
    let lock = take(&site.path).unwrap();
    let mut seen = Vec::new();
    let waited = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(600));
            drop(lock);
        });
        let holder = Holder::this("destroy");
        let wait = Some(Duration::from_mins(1));
        RunLock::take(&site.path, &holder, wait, &mut |holder| {
            seen.push(holder.verb.clone());
            true
        })
    });
    let lock = waited.unwrap();
    assert_eq!(lock.path(), site.path);
    assert_eq!(seen[0], "deploy");
    assert_eq!(super::holder(&site.path).unwrap().unwrap().verb, "destroy");
}

#[test]
fn who_waits_gives_up_in_time_or_when_asked_to() {
    let site = site();
    let _lock = take(&site.path).unwrap();
    let holder = Holder::this("deploy");
    let begun = Instant::now();
    let short = Some(Duration::from_millis(400));
    RunLock::take(&site.path, &holder, short, &mut |_| true).unwrap_err();
    assert!(begun.elapsed() >= Duration::from_millis(400));
    let long = Some(Duration::from_mins(10));
    RunLock::take(&site.path, &holder, long, &mut |_| false).unwrap_err();
    assert!(begun.elapsed() < Duration::from_mins(1));
}

#[test]
fn a_lock_whose_file_was_removed_is_taken_anew() {
    let site = site();
    let _first = take(&site.path).unwrap();
    fs::remove_file(&site.path).unwrap();
    let _second = take(&site.path).unwrap();
    take(&site.path).unwrap_err();
}
