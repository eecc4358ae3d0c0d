//! Any bytes are answered or refused, and messages survive the way through JSON.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use nixops_plugin::protocol::{
    Attributes, Created, Failure, Incoming, Request, Response, RpcError, VERSION,
};
use nixops_plugin::{Diagnostic, FailureKind, Provider};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

/// JSON of every kind, not too deep.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,6}", inner), 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    vec((".{0,6}", json_value()), 0..4).prop_map(|all| all.into_iter().collect())
}

const METHODS: &[&str] = &[
    "hello", "schema", "validate", "find", "action", "cancel", "dance",
];

/// Objects that nearly are requests.
fn almost_a_request() -> impl Strategy<Value = Value> {
    let jsonrpc = prop_oneof![4 => Just(json!("2.0")), 1 => json_value()];
    let id = prop_oneof![4 => any::<u64>().prop_map(Value::from), 1 => json_value()];

    let method =
        prop_oneof![6 => prop::sample::select(METHODS).prop_map(Value::from), 1 => json_value()];
    let params = prop_oneof![attributes().prop_map(Value::Object), json_value()];
    (jsonrpc, id, method, params, 0_usize..12).prop_map(|(jsonrpc, id, method, params, without)| {
        let mut message =
            json!({ "jsonrpc": jsonrpc, "id": id, "method": method, "params": params });
        match ["jsonrpc", "id", "method", "params"].get(without) {
            Some(&field) => message.as_object_mut().unwrap().remove(field),
            None => None,
        };
        if without == 4 {
            message["more"] = json!(1);
        }
        message
    })
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a provider without types says to some input.
fn said(input: &[u8]) -> Vec<Value> {
    let written = Written::default();
    Provider::new("empty", "0")
        .serve_on(input, written.clone())
        .unwrap();
    let written = written.0.lock().unwrap();
    let lines = written.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn is_notification(line: &[u8]) -> bool {
    matches!(Incoming::parse(line), Ok(Incoming::Notification { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..200)) {
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        prop_assert_eq!(said(&bytes).len(), lines.count());
    }

    #[test]
    fn what_is_almost_a_request_is_answered(message in almost_a_request()) {
        let line = message.to_string();
        let said = said(line.as_bytes());
        if is_notification(line.as_bytes()) {
            prop_assert!(said.iter().all(|message| message["method"] == "log"));
        } else {
            prop_assert_eq!(said.len(), 1);
            let answer: Response = serde_json::from_value(said[0].clone()).unwrap();
            prop_assert!(answer.result.is_some() != answer.error.is_some());
            prop_assert!(answer.id.is_none() || answer.id == message["id"].as_u64());
        }
    }

    #[test]
    fn requests_survive(id in any::<u64>(), method in ".{0,20}", params in attributes()) {
        let params = Value::Object(params);
        let request = Request { jsonrpc: VERSION.to_owned(), id, method: method.clone(), params: params.clone() };
        let line = serde_json::to_vec(&request).unwrap();
        prop_assert!(!line.contains(&b'\n'));
        prop_assert_eq!(Incoming::parse(&line), Ok(Incoming::Request { id, method, params }));
    }

    #[test]
    fn answers_survive(id in any::<Option<u64>>(), name in ".{1,20}", outputs in attributes(), hint in any::<Option<String>>()) {
        let made = Created { id: name.clone(), outputs, private: Some(json!({ "a": 1 })) };
        let result = Some(serde_json::to_value(&made).unwrap());
        let answer = Response { jsonrpc: VERSION.to_owned(), id, result, error: None };
        let back: Response = serde_json::from_slice(&serde_json::to_vec(&answer).unwrap()).unwrap();
        prop_assert_eq!(&back, &answer);
        prop_assert_eq!(serde_json::from_value::<Created>(back.result.unwrap()).unwrap(), made);
        let diagnostics = vec![Diagnostic::warning([name.as_str()], name.as_str())];
        let data = Some(Failure { kind: FailureKind::Transient, hint, diagnostics });
        let error = Some(RpcError { code: 1, message: name, data });
        let failure = Response { jsonrpc: VERSION.to_owned(), id, result: None, error };
        let back: Response = serde_json::from_slice(&serde_json::to_vec(&failure).unwrap()).unwrap();
        prop_assert_eq!(back, failure);
    }
}
