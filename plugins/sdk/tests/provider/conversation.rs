//! How a conversation begins, goes on and ends.

use std::process::Command;

use serde_json::{Value, json};

use crate::driver::{Driver, hello, program};
use crate::unruly::{action, unruly};

#[test]
fn a_provider_says_who_it_is_and_what_it_has() {
    let mut provider = Driver::start_silently(&mut Command::new(program("notebook")));
    let welcome = provider.result("hello", hello(1, 7));
    insta::assert_json_snapshot!(welcome, @r#"
    {
      "protocol": 1,
      "provider": {
        "name": "notebook",
        "version": "0.1.0"
      },
      "types": {
        "book": {
          "actions": [],
          "kind": "resource",
          "version": 0
        },
        "note": {
          "actions": [
            "read-aloud"
          ],
          "kind": "resource",
          "version": 1
        }
      }
    }
    "#);
}

#[test]
fn later_versions_of_hello_may_say_more() {
    let mut provider = Driver::start_silently(&mut unruly());
    let mut hello = hello(1, 1);
    hello["mood"] = json!("good");
    assert_eq!(provider.result("hello", hello)["protocol"], 1);
}

#[test]
fn sides_that_have_no_version_in_common_say_which_they_have() {
    let mut provider = Driver::start_silently(&mut unruly());
    let error = provider.error("hello", hello(5, 7));
    insta::assert_json_snapshot!(error, @r#"
    {
      "code": 1,
      "data": {
        "hint": "update the plugin",
        "kind": "unsupported"
      },
      "message": "NixOps 3.0 speaks versions 5 to 7 of the protocol, and unruly 0 speaks version 1"
    }
    "#);
    assert_eq!(
        provider.error("hello", hello(0, 0))["data"]["hint"],
        "update NixOps, or use an older plugin"
    );
    assert_eq!(
        provider.result("hello", hello(0, 1))["protocol"],
        1,
        "it can be tried again"
    );
}

#[test]
fn hello_comes_first_and_once() {
    let mut provider = Driver::start_silently(&mut unruly());
    let early = provider.error("schema", json!({}));
    assert_eq!(early["code"], -32600);
    assert_eq!(early["message"], "`schema` came before `hello`");
    provider.result("hello", hello(1, 1));
    assert_eq!(
        provider.error("hello", hello(1, 1))["message"],
        "`hello` was said before"
    );
}

#[test]
fn an_unknown_method_is_refused() {
    let mut provider = Driver::start(&mut unruly());
    let error = provider.error("dance", json!({}));
    assert_eq!(
        error,
        json!({ "code": -32601, "message": "there is no method `dance`" })
    );
}

#[test]
fn an_unknown_notification_is_logged() {
    let mut provider = Driver::start(&mut unruly());
    provider.send_line(&json!({ "jsonrpc": "2.0", "method": "dance", "params": {} }));
    let log = provider.wait_for(|message| message["method"] == "log");
    assert_eq!(
        log["params"],
        json!({ "level": "warning", "message": "there is no notification `dance`" })
    );
    provider.result("schema", json!({}));
}

#[test]
fn an_unknown_type_is_refused_with_those_that_there_are() {
    let mut provider = Driver::start(&mut unruly());
    let error = provider.error("find", json!({ "type": "note", "token": "t" }));
    assert_eq!(error["message"], "unruly has no type `note`");
    assert_eq!(
        error["data"],
        json!({ "kind": "unsupported", "hint": "it has: unruly" })
    );
}

#[test]
fn parameters_that_do_not_fit_are_refused_with_the_reason() {
    let mut provider = Driver::start(&mut unruly());
    let error = provider.error("find", json!({ "type": "unruly" }));
    assert_eq!(error["code"], -32602);
    assert_eq!(
        error["message"],
        "the parameters of `find` do not fit: missing field `token`"
    );
    let error = provider.error("find", json!({ "type": "unruly", "token": "t", "mood": 1 }));
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("unknown field `mood`"),
        "{error}"
    );
}

#[test]
fn requests_run_at_the_same_time() {
    let mut provider = Driver::start(&mut unruly());
    let four: Vec<u64> = (0..4)
        .map(|_| provider.send("action", action("meet", 4)))
        .collect();
    for id in four.into_iter().rev() {
        assert_eq!(provider.answer(id)["result"], json!({ "result": 4 }));
    }
}

#[test]
fn no_more_requests_run_at_the_same_time_than_there_are_threads() {
    let mut provider = Driver::start(&mut unruly());
    let five: Vec<u64> = (0..5)
        .map(|_| provider.send("action", action("wait", 0)))
        .collect();
    for id in &five[..4] {
        provider.wait_for(|message| message["params"]["request"] == json!(id));
    }
    provider
        .send_line(&json!({ "jsonrpc": "2.0", "method": "cancel", "params": { "id": five[0] } }));
    provider.answer(five[0]);
    provider.wait_for(|message| message["params"]["request"] == json!(five[4]));
}

#[test]
fn a_cancelled_request_is_answered_and_others_go_on() {
    let mut provider = Driver::start(&mut unruly());
    let id = provider.send("action", action("wait", 0));
    provider.wait_for(|message| message["method"] == "progress");
    provider.send_line(&json!({ "jsonrpc": "2.0", "method": "cancel", "params": { "id": id } }));
    let answer = provider.answer(id);
    assert_eq!(answer["error"]["data"]["kind"], "cancelled");
    provider.result("schema", json!({}));
}

#[test]
fn a_request_that_is_cancelled_while_it_waits_is_never_begun() {
    let mut provider = Driver::start(&mut unruly());
    let busy: Vec<u64> = (0..4)
        .map(|_| provider.send("action", action("wait", 0)))
        .collect();
    let queued = provider.send("action", action("print", 0));
    for id in [&[queued][..], &busy].concat() {
        provider
            .send_line(&json!({ "jsonrpc": "2.0", "method": "cancel", "params": { "id": id } }));
    }
    assert_eq!(
        provider.answer(queued)["error"]["data"]["kind"],
        "cancelled"
    );
    assert!(!provider.stderr().contains("{\"printed\""));
}

#[test]
fn to_cancel_what_is_not_there_does_nothing() {
    let mut provider = Driver::start(&mut unruly());
    provider.send_line(&json!({ "jsonrpc": "2.0", "method": "cancel", "params": { "id": 99 } }));
    provider.result("schema", json!({}));
    let (_, rest) = provider.end();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn two_requests_with_one_number_do_not_get_mixed_up() {
    let mut provider = Driver::start(&mut unruly());
    let id = provider.send("action", action("wait", 0));
    provider.wait_for(|message| message["method"] == "progress");
    provider.send_line(&json!({ "jsonrpc": "2.0", "id": id, "method": "schema", "params": {} }));
    let refused = provider.wait_for(|message| message.get("error").is_some());
    assert_eq!(refused["id"], Value::Null);
    assert_eq!(refused["error"]["code"], -32600);
    provider.send_line(&json!({ "jsonrpc": "2.0", "method": "cancel", "params": { "id": id } }));
    assert_eq!(provider.answer(id)["error"]["data"]["kind"], "cancelled");
    provider.send_line(&json!({ "jsonrpc": "2.0", "id": id, "method": "schema", "params": {} }));
    assert!(
        provider.answer(id)["result"].is_object(),
        "an answered number is free again"
    );
}
