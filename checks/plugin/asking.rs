//! Providers that misbehave when they are asked something.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use insta::{assert_debug_snapshot, assert_snapshot};
use nixops::plugin::{
    Provider,
    provider::{Error, Patience},
};
use nixops_plugin::protocol::{Create, FailureKind};
use serde_json::{Value, json};

use super::world::{LONG, PATIENT, SHORT, World, create};

/// What is said when a provider breaks the rules, and what every later request is told.
fn asked(how: &str) -> String {
    let world = World::new();
    let provider = world.misbehaving(how, PATIENT).unwrap();
    let error = provider.create(&create(), LONG).unwrap_err();
    world.expect_silence();
    let later = provider.schema(LONG).unwrap_err();
    let first = world.text(&error);
    let changed = first.replacen("during `create`", "before `schema`", 1);
    assert_eq!(world.text(&later), changed);
    assert!(provider.close(LONG).is_err());
    first
}

#[test]
fn an_answer_to_what_nobody_asked() {
    assert_snapshot!(asked("answers-a-wrong-id"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /answers-a-wrong-id answered request 99, which is not open
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn a_second_answer() {
    let world = World::new();
    let provider = world.misbehaving("answers-twice", PATIENT).unwrap();
    let first: Value = provider.request("dance", &json!({}), LONG).unwrap();
    assert_eq!(first, json!({}));
    world.expect_silence();
    assert_snapshot!(world.text(&provider.schema(LONG).unwrap_err()), @r#"
    plugin `fake` (input `clouds`): before `schema`: the provider /answers-twice answered request 2, which is not open
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn half_a_line() {
    assert_snapshot!(asked("breaks-off"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /breaks-off broke off after 20 bytes of a message and ended with exit status 0
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn a_hundred_megabytes() {
    assert_snapshot!(asked("writes-100-megabytes"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /writes-100-megabytes wrote a line longer than a message may be (16 MiB)
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn lines_that_are_no_messages() {
    assert_snapshot!(asked("writes-no-text"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /writes-no-text wrote a line that is not UTF-8 (byte 12)
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
    assert_snapshot!(asked("prints"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /prints wrote a line that is not JSON: `Connecting to the cloud ...`: expected value at line 1 column 1
    hint: what a provider prints for people belongs to standard error: tell the plugin's authors
    "#);
    assert_snapshot!(asked("writes-other-json"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /writes-other-json wrote a line that is no message: the protocol has no batches
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn an_answer_that_says_both_or_neither() {
    assert_snapshot!(asked("says-both"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /says-both wrote a line that is no message: it has both `result` and `error`
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
    assert_snapshot!(asked("says-neither"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /says-neither wrote a line that is no message: it has neither `result` nor `error`
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn messages_that_the_protocol_does_not_have() {
    assert_snapshot!(asked("sings"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /sings sent the notification `sing`, which the protocol does not have
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
    assert_snapshot!(asked("logs-wrongly"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /logs-wrongly sent a notification `log` that does not fit: `level`: unknown variant `loud`, expected one of `debug`, `info`, `warning`
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
    assert_snapshot!(asked("asks"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /asks sent the request `secret`, but only NixOps asks
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn a_provider_that_does_not_understand() {
    assert_snapshot!(asked("does-not-understand"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /does-not-understand could not read a request: the message is no JSON
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn a_pipe_that_is_closed() {
    assert_snapshot!(asked("closes-its-output"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /closes-its-output closed its standard output, but went on running
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
    assert_snapshot!(asked("closes-its-input"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /closes-its-input closed its standard input, but went on running
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn a_result_that_does_not_fit_fails_its_request_alone_and_shows_no_value() {
    let world = World::new();
    let how = "answers-something-else";
    let provider = world.misbehaving(how, PATIENT).unwrap();
    let error = provider.create(&create(), LONG).unwrap_err();
    assert_snapshot!(world.text(&error), @r#"
    plugin `fake` (input `clouds`): the provider /answers-something-else answered `create` with a result that does not fit: `secret`: unknown field `secret`, expected one of `id`, `outputs`, `private`
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
    let error = provider.create(&create(), LONG).unwrap_err();
    assert_snapshot!(world.text(&error), @r#"
    plugin `fake` (input `clouds`): the provider /answers-something-else answered `create` with a result that does not fit: `id`: invalid type: sequence, expected a string
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn all_open_requests_hear_of_a_crash() {
    let world = World::new();
    let provider = world.misbehaving("crashes", PATIENT).unwrap();
    let ask = || provider.create(&create(), LONG).unwrap_err().to_string();
    let texts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert_snapshot!(texts[0].replace(world.path("").as_str(), "/"), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /crashes ended with exit status 139
      segmentation fault, nearly
    "#);
    world.expect_silence();
}

#[test]
fn a_child_that_holds_the_pipes_hides_no_crash() {
    assert_snapshot!(asked("leaves-a-child"), @r"plugin `fake` (input `clouds`): during `create`: the provider /leaves-a-child ended with exit status 1");
}

#[test]
fn a_request_that_is_not_read_holds_nobody_up() {
    let world = World::new();
    let provider = world.misbehaving("does-not-read", SHORT).unwrap();
    let mut big = create();
    big.token = "x".repeat(8 << 20);
    let begin = Instant::now();
    let error = ask_shortly(&provider, &big);
    assert_snapshot!(world.text(&error), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /does-not-read did not answer `create` within 100 ms and was stopped
    hint: what it waits for may stand in its log; if it only needs longer, give it more time
    "#);
    assert!(begin.elapsed() < LONG / 2);
    world.expect_silence();
}

#[test]
fn a_request_that_is_too_long_is_not_sent() {
    let world = World::new();
    let provider = world.misbehaving("does-not-read", SHORT).unwrap();
    let mut big = create();
    big.token = "x".repeat(16 << 20);
    assert_snapshot!(world.text(&ask_shortly(&provider, &big)), @r"plugin `fake` (input `clouds`): `create` cannot be asked: it is longer than a message may be (16 MiB)");
}

#[test]
fn who_ignores_everything_is_killed() {
    let world = World::new();
    let provider = world.misbehaving(
        "ignores-everything",
        Patience {
            hello: LONG,
            ..SHORT
        },
    );
    let error = ask_shortly(&provider.unwrap(), &create());
    assert_snapshot!(world.text(&error), @r#"
    plugin `fake` (input `clouds`): during `create`: the provider /ignores-everything did not answer `create` within 100 ms and was stopped
    hint: what it waits for may stand in its log; if it only needs longer, give it more time
    "#);
    world.expect_silence();
}

#[test]
fn who_gives_up_when_asked_to_lives_on() {
    let world = World::new();
    let provider = world.misbehaving("gives-up", PATIENT).unwrap();
    let error = ask_shortly(&provider, &create());
    assert_snapshot!(world.text(&error), @r"plugin `fake` (input `clouds`): `create`: the provider /gives-up did not finish within 100 ms");
    assert!(!world.processes.wait_all(Duration::ZERO));
}

#[test]
fn what_is_made_at_the_last_moment_is_not_lost() {
    let world = World::new();
    let provider = world.misbehaving("is-late", PATIENT).unwrap();
    let created = provider.create(&create(), Duration::from_millis(50));
    assert_eq!(created.unwrap().id, "one");
}

#[test]
fn an_interrupt_reaches_who_waits() {
    let world = World::new();
    let provider = world.misbehaving("does-not-read", PATIENT).unwrap();
    let both = Barrier::new(2);
    let error = thread::scope(|scope| {
        let asking = scope.spawn(|| {
            both.wait();
            provider.create(&create(), LONG).unwrap_err()
        });
        both.wait();
        world.processes.interrupt();
        asking.join().unwrap()
    });
    assert!(error.is_interrupted(), "{error}");
    world.expect_silence();
}

#[test]
fn who_asks_after_an_interrupt_is_told_of_it_whether_the_provider_has_ended_or_not() {
    let world = World::new();
    let provider = world.misbehaving("does-not-read", PATIENT).unwrap();
    world.processes.interrupt();
    // By the second time at the latest it has ended.
    for _ in 0..2 {
        let error = provider.create(&create(), LONG).unwrap_err();
        assert!(error.is_interrupted(), "{error}");
    }
}

#[test]
fn what_a_provider_says_beside_its_answers_is_passed_on() {
    let world = World::new();
    let provider = world.misbehaving("is-noisy", PATIENT).unwrap();
    let created = provider.create(&create(), LONG).unwrap();
    assert_eq!(created.outputs["size"], 3);
    provider.close(LONG).unwrap();
    let mut events = world.events.lock().unwrap();
    let stderr = events.extract_if(.., |event| format!("{event:?}").starts_with("Stderr"));
    assert_eq!(stderr.count(), 3_000_000_usize.div_ceil(8 << 10));
    assert_debug_snapshot!(*events, @r#"
    [
        Log {
            about: Some(
                About {
                    method: "create",
                    resource: Some(
                        ResourceRef {
                            kind: "server",
                            name: "web",
                            deployment: "d",
                        },
                    ),
                },
            ),
            level: Warning,
            message: "slow today",
        },
        Progress {
            about: Some(
                About {
                    method: "create",
                    resource: Some(
                        ResourceRef {
                            kind: "server",
                            name: "web",
                            deployment: "d",
                        },
                    ),
                },
            ),
            message: "making",
            done: Some(
                1,
            ),
            total: Some(
                2,
            ),
        },
        Log {
            about: None,
            level: Info,
            message: "by the way",
        },
    ]
    "#);
}

#[test]
fn a_refusal_ends_nothing() {
    let world = World::new();
    let provider = world.misbehaving("refuses", PATIENT).unwrap();
    let error = provider.create(&create(), LONG).unwrap_err();
    assert_snapshot!(world.text(&error), @r#"
    plugin `fake` (input `clouds`): `create`: the inputs are wrong
      disks.0.size: too small
      too cheap
    hint: see the docs
    "#);
    assert_eq!(error.kind(), Some(FailureKind::Invalid));
    let error = provider.request::<_, Value>("dance", &json!({}), LONG);
    assert_snapshot!(world.text(&error.unwrap_err()), @r"plugin `fake` (input `clouds`): `dance`: there is no method `dance`");
    provider.close(LONG).unwrap();
}

fn ask_shortly(provider: &Provider, what: &Create) -> Error {
    let short = Duration::from_millis(100);
    provider.create(what, short).unwrap_err()
}
