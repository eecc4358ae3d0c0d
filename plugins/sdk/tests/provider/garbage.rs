//! What is no message.

use std::process::Command;

use nixops_plugin::protocol::LARGEST_MESSAGE;
use serde_json::{Value, json};

use crate::driver::{Driver, program};

fn start() -> Driver {
    Driver::start(&mut Command::new(program("unruly")))
}

/// Sends bytes, and gives the error that comes back. The provider must live on.
fn refused(bytes: &[u8]) -> Value {
    let mut provider = start();
    provider.send_bytes(bytes);
    let mut answer = provider.wait_for(|message| message.get("error").is_some());
    provider.result("schema", json!({}));
    let (status, rest) = provider.end();
    assert!(status.success() && rest.is_empty(), "{rest:?}");
    json!([
        answer["id"].take(),
        answer["error"]["code"].take(),
        answer["error"]["message"].take()
    ])
}

#[test]
fn lines_that_are_no_json_are_refused_without_a_number() {
    for line in [
        "what?\n",
        "\n",
        "{\n",
        "[1, 2\n",
        "{\"jsonrpc\": \"2.0\", \"id\": 3\n",
    ] {
        let error = refused(line.as_bytes());
        assert_eq!(
            (&error[0], &error[1]),
            (&Value::Null, &json!(-32700)),
            "{line}: {error}"
        );
    }
    assert_eq!(
        refused(b"{\"id\": \"\xff\xfe\"}\n")[1],
        json!(-32700),
        "no UTF-8"
    );
    let deep = format!("{}\n", "[".repeat(100_000));
    assert_eq!(refused(deep.as_bytes())[1], json!(-32700), "too deep");
}

#[test]
fn json_that_is_no_request_is_refused_with_the_reason() {
    let refusals = [
        ("7", json!([null, -32600, "the message is no object"])),
        ("[]", json!([null, -32600, "the protocol has no batches"])),
        (
            r#"{"id":4}"#,
            json!([4, -32600, "`jsonrpc` does not say \"2.0\""]),
        ),
        (
            r#"{"jsonrpc":"2.0","id":-1}"#,
            json!([null, -32600, "`id` is no whole number from 0 on"]),
        ),
        (
            r#"{"jsonrpc":"2.0","id":"4"}"#,
            json!([null, -32600, "`id` is no whole number from 0 on"]),
        ),
        (
            r#"{"jsonrpc":"2.0","id":4,"result":{}}"#,
            json!([4, -32600, "`method` is no string"]),
        ),
        (
            r#"{"jsonrpc":"2.0","id":4,"method":"read"}"#,
            json!([4, -32600, "`params` is no object"]),
        ),
        (
            r#"{"jsonrpc":"2.0","id":4,"method":"read","params":[]}"#,
            json!([4, -32600, "`params` is no object"]),
        ),
        (
            r#"{"jsonrpc":"2.0","id":4,"method":"read","params":{},"mood":1}"#,
            json!([4, -32600, "a message has no field `mood`"]),
        ),
    ];
    for (line, expected) in refusals {
        assert_eq!(refused(format!("{line}\n").as_bytes()), expected, "{line}");
    }
}

#[test]
fn a_line_that_is_too_long_is_thrown_away() {
    let mut line = vec![b'x'; 2 * LARGEST_MESSAGE];
    line.push(b'\n');
    let expected = json!([null, -32700, "the message has more than 16777216 bytes"]);
    assert_eq!(refused(&line), expected);
}

#[test]
fn the_longest_line_is_not_too_long() {
    let start = br#"{"jsonrpc":"2.0","id":9,"method":"dance","params":{}"#;
    let mut line = vec![b' '; LARGEST_MESSAGE];
    line[..start.len()].copy_from_slice(start);
    line[LARGEST_MESSAGE - 2..].copy_from_slice(b"}\n");
    assert_eq!(
        refused(&line),
        json!([9, -32601, "there is no method `dance`"])
    );
}

#[test]
fn half_a_line_at_the_end_is_refused() {
    let mut provider = start();
    provider.send_bytes(br#"{"jsonrpc":"2.0","id":4,"met"#);
    let (status, rest) = provider.end();
    assert!(status.success());
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["error"]["code"], -32700);
}

#[test]
fn a_message_in_pieces_is_one_message() {
    let mut provider = start();
    for byte in br#"{"jsonrpc":"2.0","id":44,"method":"schema","params":{}}"# {
        provider.send_bytes(&[*byte]);
    }
    provider.send_bytes(b"\n");
    assert!(provider.answer(44)["result"].is_object());
}

#[test]
fn an_empty_input_is_no_error() {
    let (status, rest) = Driver::start_silently(&mut Command::new(program("unruly"))).end();
    assert!(status.success() && rest.is_empty());
}
