//! How a conversation ends.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::driver::{Driver, hello};
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
fn at_the_end_of_the_input_what_changes_something_is_not_left_half_done() {
    let mut provider = Driver::start(&mut unruly());
    // It is longer than both graces, and does not hear that it is cancelled.
    let id = provider.send("action", action("sleep", 1500));
    let (status, rest) = provider.end();
    assert!(status.success());
    assert!(
        rest.iter().any(|message| message["id"] == json!(id)),
        "{rest:?}"
    );
}

#[test]
fn what_nobody_hears_of_is_not_begun() {
    let place = tempfile::tempdir().unwrap();
    let mut provider = unruly()
        .current_dir(place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = provider.stdin.take().unwrap();
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "hello", "params": hello(1, 1) });
    writeln!(input, "{hello}").unwrap();
    // As many as there are threads take their time, and two times as many wait behind them.
    for id in 1..=12 {
        let mut params = action("mark", if id <= 4 { 300 } else { 0 });
        params["arguments"]["file"] = json!(id.to_string());
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": "action", "params": params });
        writeln!(input, "{request}").unwrap();
    }
    thread::sleep(Duration::from_millis(100));
    drop((input, provider.stdout.take()));
    assert!(provider.wait().unwrap().success());
    let done = fs::read_dir(place.path()).unwrap().count();
    assert!((4..8).contains(&done), "{done}");
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
