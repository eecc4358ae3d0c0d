//! How a conversation ends.

use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::driver::Driver;
use crate::unruly::{action, unruly};

#[test]
fn at_the_end_of_the_input_what_was_asked_is_still_answered() {
    let mut provider = Driver::start(&mut unruly());
    let ids: Vec<u64> = (0..12)
        .map(|_| provider.send("action", action("sleep", 20)))
        .collect();
    let (status, rest) = provider.end();
    assert!(status.success());
    assert_eq!(rest.len(), ids.len(), "{rest:?}");
}

#[test]
fn at_the_end_of_the_input_what_takes_too_long_is_cancelled() {
    let mut provider = Driver::start(&mut unruly());
    let id = provider.send("action", action("wait", 0));
    let (status, rest) = provider.end();
    assert!(status.success());
    let answer = rest
        .iter()
        .find(|message| message["id"] == json!(id))
        .unwrap();
    assert_eq!(answer["error"]["data"]["kind"], "cancelled");
}

#[test]
fn a_provider_ends_even_if_a_request_never_does() {
    let mut provider = Driver::start(&mut unruly());
    provider.send("action", action("sleep", 600_000));
    let begun = Instant::now();
    let (status, _) = provider.end();
    assert!(status.success());
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "both graces are given"
    );
}

#[test]
fn a_provider_stops_when_nobody_hears_it() {
    let mut child = unruly()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    drop(child.stdout.take());
    let until = Instant::now() + Duration::from_secs(20);
    // Every line is answered, and the first answer tells that nobody reads.
    while input.write_all(b"hello?\n").is_ok() {
        assert!(Instant::now() < until, "the provider goes on");
        thread::sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success());
}
