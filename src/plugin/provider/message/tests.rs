use std::io::Cursor;

use insta::assert_snapshot;
use nixops_plugin::protocol::LogLevel;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn fault(line: &str) -> String {
    Incoming::parse(line.as_bytes()).unwrap_err().to_string()
}

#[test]
fn an_answer_has_a_result_that_may_be_null() {
    let parsed = Incoming::parse(br#"{"jsonrpc":"2.0","id":7,"result":null}"#);
    assert_eq!(parsed, Ok(Incoming::Answer(Some(7), Ok(Value::Null))));
}

#[test]
fn a_log_has_a_level_even_if_it_does_not_say_so() {
    let parsed =
        Incoming::parse(br#"{"jsonrpc":"2.0","method":"log","params":{"message":"well"}}"#);
    let Ok(Incoming::Log(log)) = parsed else {
        panic!("{parsed:?}")
    };
    assert_eq!(log.level, LogLevel::Info);
}

#[test]
fn what_is_no_message_is_said() {
    let lines = [
        "[]",
        "7",
        r#"{"id":1,"result":1}"#,
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","id":-1,"result":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":1,"extra":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"create","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"sing","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"log","params":{"message":1}}"#,
    ];
    assert_snapshot!(lines.map(fault).join("\n"), @r#"
    wrote a line that is no message: the protocol has no batches
    wrote a line that is no message: it is no object
    wrote a line that is no message: `jsonrpc` does not say "2.0"
    wrote a line that is no message: it has neither `id` nor `method`
    wrote a line that is no message: it has neither `result` nor `error`
    wrote a line that is no message: `error` is null
    wrote a line that is no message: it has both `result` and `error`
    wrote a line that is no message: `id`: invalid value: integer `-1`, expected u64
    wrote a line that is no message: `extra`: unknown field `extra`, expected one of `jsonrpc`, `id`, `result`, `error`
    sent the request `create`, but only NixOps asks
    sent the notification `sing`, which the protocol does not have
    sent a notification `log` that does not fit: `message`: invalid type: integer `1`, expected a string
    "#);
}

#[test]
fn a_line_that_may_hold_a_secret_is_not_shown() {
    assert_snapshot!(fault("hello from println!"), @r"wrote a line that is not JSON: `hello from println!`: expected value at line 1 column 1");
    assert_snapshot!(fault(r#"{"password":"hunter2"#), @r"wrote a line that is not JSON: EOF while parsing a string at line 1 column 20");
    let misfit = fitting::<u32>(json!("hunter2\", expected a lie")).unwrap_err();
    assert_snapshot!(misfit, @r"invalid type: string, expected u32");
}

#[test]
fn no_more_is_read_than_a_message_may_have() {
    let mut input = io::BufReader::new(io::repeat(b'x'));
    assert_eq!(next_line(&mut input).unwrap(), Some(Err(Fault::TooLong)));
    let mut longest = vec![b'x'; LARGEST_MESSAGE - 1];
    longest.push(b'\n');
    let line = next_line(&mut Cursor::new(longest)).unwrap();
    assert_eq!(line.unwrap().unwrap().len(), LARGEST_MESSAGE - 1);
}

/// JSON that looks like a message here and there.
fn nearly_messages() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9. ]{0,6}|2\\.0|log|progress".prop_map(Value::from),
    ];
    let key = "jsonrpc|id|method|params|result|error|code|message|data|level|[a-z]{1,3}";
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn with_version(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.insert("jsonrpc".to_owned(), json!("2.0"));
    }
    value
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_a_fault(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Incoming::parse(&line);
    }

    #[test]
    fn any_json_is_a_message_or_a_fault(value in nearly_messages()) {
        let _ = Incoming::parse(with_version(value).to_string().as_bytes());
    }

    #[test]
    fn lines_are_found_again(lines in prop::collection::vec("[^\n]{0,40}", 0..8)) {
        let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        let mut input = Cursor::new(text);
        for line in lines {
            let read = next_line(&mut input).unwrap();
            prop_assert_eq!(read, Some(Ok(line.into_bytes())));
        }
        prop_assert_eq!(next_line(&mut input).unwrap(), None);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(id in any::<u64>(), result in nearly_messages()) {
        let line = json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
        let expected = Incoming::Answer(Some(id), Ok(result));
        prop_assert_eq!(Incoming::parse(line.as_bytes()), Ok(expected));
    }
}
