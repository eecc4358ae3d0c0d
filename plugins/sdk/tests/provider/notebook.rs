//! A provider that does its work, method by method.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::{Driver, program, resource};

/// A notebook with one book, and its provider.
pub fn notebook() -> (TempDir, Driver) {
    let desk = tempfile::tempdir().unwrap();
    fs::create_dir(desk.path().join("diary")).unwrap();
    let provider = Driver::start(Command::new(program("notebook")).env("NOTEBOOK", desk.path()));
    (desk, provider)
}

fn note(text: &str) -> Value {
    json!({ "book": "diary", "text": text })
}

fn create(provider: &mut Driver, inputs: &Value, token: &str) -> Value {
    let of = resource("note", "monday");
    provider.result(
        "create",
        json!({ "resource": of, "inputs": inputs, "token": token }),
    )
}

fn files(desk: &Path) -> Vec<String> {
    let entries = fs::read_dir(desk.join("diary")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn what_is_made_is_there() {
    let (desk, mut provider) = notebook();
    let made = create(&mut provider, &note("it rained"), "a");
    assert_eq!(made["id"], "diary/61.note");
    assert_eq!(made["outputs"]["words"], 2);
    let kept = fs::read_to_string(desk.path().join("diary/61.note")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["text"], "it rained");
}

#[test]
fn progress_is_told_of_its_request() {
    let (_desk, mut provider) = notebook();
    create(&mut provider, &note(""), "a");
    let told = provider.wait_for(|message| message["method"] == "progress");
    let expected = json!({ "request": 2, "message": "looking for the pen", "done": 0, "total": 2 });
    assert_eq!(told["params"], expected);
}

#[test]
fn one_token_makes_one_resource() {
    let (desk, mut provider) = notebook();
    let first = create(&mut provider, &note("it rained"), "a");
    let second = create(&mut provider, &note("it rained"), "a");
    assert_eq!(first, second);
    create(&mut provider, &note("it rained"), "b");
    assert_eq!(files(desk.path()).len(), 2);
}

#[test]
fn what_was_made_is_found_by_its_token() {
    let (_desk, mut provider) = notebook();
    let made = create(&mut provider, &note("it rained"), "a");
    let found = provider.result("find", json!({ "type": "note", "token": "a" }));
    assert_eq!(found, json!({ "resource": made }));
    let found = provider.result("find", json!({ "type": "note", "token": "b" }));
    assert_eq!(found, json!({}));
}

#[test]
fn attributes_that_the_options_do_not_name_pass_through() {
    let (desk, mut provider) = notebook();
    let inputs = json!({ "book": "diary", "text": "", "weather": { "rain": [true, null] } });
    create(&mut provider, &inputs, "a");
    let kept = fs::read_to_string(desk.path().join("diary/61.note")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["weather"], inputs["weather"]);
}

#[test]
fn many_are_read_at_once_and_those_that_are_gone_are_null() {
    let (desk, mut provider) = notebook();
    let ids = ["a", "b", "c"].map(|token| {
        let id = create(&mut provider, &note(token), token)["id"].take();
        json!({ "id": id, "inputs": {}, "outputs": {} })
    });
    fs::remove_file(desk.path().join("diary/62.note")).unwrap();
    let read = provider.result("read", json!({ "type": "note", "resources": ids }));
    let read = read["resources"].as_array().unwrap();
    assert_eq!(
        read.iter().map(Value::is_null).collect::<Vec<_>>(),
        [false, true, false]
    );
}

#[test]
fn an_update_changes_what_is_there() {
    let (_desk, mut provider) = notebook();
    let made = create(&mut provider, &note("it rained"), "a");
    let updated = provider.result(
        "update",
        json!({
            "resource": resource("note", "monday"),
            "prior": { "id": made["id"], "inputs": note("it rained"), "outputs": made["outputs"] },
            "inputs": note("it rained all day"),
        }),
    );
    assert_eq!(updated["outputs"]["words"], 4);
}

#[test]
fn an_update_of_what_is_gone_fails_and_says_so() {
    let (_desk, mut provider) = notebook();
    let prior = json!({ "id": "diary/00.note" });
    let params = json!({ "resource": resource("note", "m"), "prior": prior, "inputs": note("") });
    let error = provider.error("update", params);
    assert_eq!(error["message"], "there is no note `diary/00.note`");
    assert_eq!(error["data"]["kind"], "notFound");
}

#[test]
fn what_is_deleted_is_gone_and_may_be_deleted_again() {
    let (desk, mut provider) = notebook();
    let made = create(&mut provider, &note("it rained"), "a");
    let params = json!({ "resource": resource("note", "m"), "prior": { "id": made["id"] } });
    for _ in 0..2 {
        assert_eq!(provider.result("delete", params.clone()), json!({}));
        assert!(files(desk.path()).is_empty());
    }
}

#[test]
fn what_others_made_is_taken_over() {
    let (desk, mut provider) = notebook();
    let file = desk.path().join("diary/old.note");
    fs::write(
        &file,
        json!({ "book": "diary", "text": "long ago" }).to_string(),
    )
    .unwrap();
    let params = json!({ "resource": resource("note", "m"), "id": "diary/old.note" });
    let imported = provider.result("import", params);
    assert_eq!(
        imported["inputs"],
        json!({ "book": "diary", "text": "long ago", "tags": [] })
    );
    assert_eq!(imported["outputs"]["path"], file.to_str().unwrap());
}

#[test]
fn what_an_older_version_kept_is_upgraded() {
    let (_desk, mut provider) = notebook();
    let state = json!({ "id": "61.note", "inputs": { "book": "diary" }, "outputs": {} });
    let old = json!({ "type": "note", "version": 0, "state": state });
    assert_eq!(
        provider.result("upgrade", old)["state"]["id"],
        "diary/61.note"
    );
    let current = json!({ "type": "note", "version": 1, "state": state });
    assert_eq!(provider.result("upgrade", current)["state"], state);
}

#[test]
fn actions_take_arguments_and_log() {
    let (_desk, mut provider) = notebook();
    let made = create(&mut provider, &note("it rained"), "a");
    let result = provider.result(
        "action",
        json!({
            "resource": resource("note", "monday"),
            "prior": { "id": made["id"] },
            "action": "read-aloud",
            "arguments": { "loud": true },
        }),
    );
    assert_eq!(result, json!({ "result": "IT RAINED" }));
    let log = provider.wait_for(|message| message["method"] == "log");
    assert_eq!(log["params"]["message"], "reading monday aloud");
}

#[test]
fn a_failure_tells_its_cause() {
    let (_desk, mut provider) = notebook();
    let inputs = json!({ "book": "lost", "text": "" });
    let params = json!({ "resource": resource("note", "m"), "inputs": inputs, "token": "a" });
    let message = "while opening the book `lost`: No such file or directory (os error 2)";
    assert_eq!(provider.error("create", params)["message"], message);
}

#[test]
fn a_hundred_are_made_at_once() {
    let (desk, mut provider) = notebook();
    let asked: Vec<u64> = (0..100)
        .map(|number| {
            let of = resource("note", "m");
            let token = format!("token-{number}");
            let params = json!({ "resource": of, "inputs": note(&token), "token": token });
            provider.send("create", params)
        })
        .collect();
    for id in asked {
        assert!(provider.answer(id).get("result").is_some());
    }
    assert_eq!(files(desk.path()).len(), 100);
}
