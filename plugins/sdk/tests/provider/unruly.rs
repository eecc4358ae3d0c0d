//! What authors do wrong harms one request at most.

use std::process::Command;

use serde_json::{Value, json};

use crate::driver::{Driver, program, resource};

/// The provider.
pub fn unruly() -> Command {
    Command::new(program("unruly"))
}

fn start() -> Driver {
    Driver::start(&mut unruly())
}

/// Parameters of one of its actions.
pub fn action(word: &str, number: u64) -> Value {
    json!({
        "resource": resource("unruly", "it"),
        "prior": { "id": "1" },
        "action": word,
        "arguments": { "number": number },
    })
}

#[test]
fn what_is_printed_goes_to_standard_error() {
    let mut provider = start();
    assert_eq!(
        provider.result("action", action("print", 0)),
        json!({ "result": null })
    );
    let stderr = provider.stderr();
    assert!(stderr.contains("printed before"), "{stderr}");
    assert!(stderr.contains("{\"printed\": true}"), "{stderr}");
    let (_, rest) = provider.end();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn child_processes_neither_read_requests_nor_write_answers() {
    let mut provider = start();
    let child = provider.send("action", action("child", 0));
    provider.result("schema", json!({}));
    assert!(provider.answer(child).get("result").is_some());
    assert!(provider.stderr().contains("from a child"));
}

#[test]
fn standard_input_is_empty() {
    assert_eq!(
        start().result("action", action("input", 0)),
        json!({ "result": 0 })
    );
}

#[test]
fn a_panic_fails_its_request_alone() {
    let mut provider = start();
    let error = provider.error("action", action("panic", 7));
    let expected = "the provider panicked: the pen broke at 7";
    assert_eq!(error, json!({ "code": -32603, "message": expected }));
    assert!(provider.stderr().contains("the pen broke at 7"));
    provider.result("schema", json!({}));
}

#[test]
fn an_answer_that_is_too_long_is_an_error() {
    let mut provider = start();
    let error = provider.error("action", action("huge", 17 << 20));
    assert_eq!(error["code"], -32603);
    assert_eq!(error["message"], "the answer has more than 16777216 bytes");
    let most = provider.result("action", action("huge", 15 << 20));
    assert_eq!(most["result"].as_str().unwrap().len(), 15 << 20);
}

#[test]
fn outputs_that_are_no_object_are_a_defect() {
    let params = json!({ "resource": resource("unruly", "it"), "inputs": {}, "token": "t" });
    let error = start().error("create", params);
    assert_eq!(
        error,
        json!({ "code": -32603, "message": "the outputs of `unruly` are no object" })
    );
}

#[test]
fn a_resource_without_an_id_is_a_defect() {
    let params = json!({ "resource": resource("unruly", "it"), "inputs": {}, "token": "" });
    let error = start().error("create", params);
    assert_eq!(error["message"], "a resource of type `unruly` has no id");
}

#[test]
fn to_read_more_or_less_than_was_asked_for_is_a_defect() {
    let error = start().error(
        "read",
        json!({ "type": "unruly", "resources": [{ "id": "1" }] }),
    );
    assert_eq!(error["code"], -32603);
    assert_eq!(
        error["message"],
        "`read` of `unruly` tells of 0 resources, and was asked for 1"
    );
}

#[test]
fn failures_say_what_they_mean() {
    let mut provider = start();
    let error = provider.error("find", json!({ "type": "unruly", "token": "t" }));
    let expected =
        json!({ "code": 1, "message": "the line is dead", "data": { "kind": "transient" } });
    assert_eq!(error, expected);
    let params = json!({ "resource": resource("unruly", "it"), "prior": { "id": "1" } });
    let data = provider.error("delete", params)["data"].take();
    assert_eq!(
        data,
        json!({ "kind": "unauthorized", "hint": "ask nicely" })
    );
}

#[test]
fn methods_that_a_type_does_not_have_are_unsupported() {
    let mut provider = start();
    let of = resource("unruly", "it");
    let prior = json!({ "id": "1" });
    let asked = [
        (
            "update",
            json!({ "resource": of, "prior": prior, "inputs": {} }),
            "be changed",
        ),
        (
            "import",
            json!({ "resource": of, "id": "1" }),
            "be imported",
        ),
    ];
    for (method, params, what) in asked {
        let error = provider.error(method, params);
        assert_eq!(error["data"]["kind"], "unsupported");
        assert_eq!(
            error["message"],
            format!("a resource of type `unruly` cannot {what}")
        );
    }
    let error = provider.error("action", action("dance", 0));
    assert_eq!(error["message"], "`unruly` has no action `dance`");
    let newer = json!({ "type": "unruly", "version": 3, "state": prior });
    let error = provider.error("upgrade", newer);
    assert_eq!(
        error["message"],
        "what is kept is of version 3, and this provider knows 0"
    );
}
