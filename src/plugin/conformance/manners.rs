//! What a provider does with requests that are strange, and with many.

use std::thread;

use nixops_plugin::protocol::{Hello, NEWEST, OLDEST, Program, RpcError, Versions, code};
use serde_json::{Value, json};

use super::{
    Tester,
    report::{Trouble, Verdict, ensure},
};
use crate::plugin::{
    Provider,
    provider::{Error, Incoming, Raw},
};

/// How many requests are made at a time.
const MANY: usize = 16;

/// Methods that change nothing whatever comes.
const READING: [&str; 4] = ["validate", "diff", "find", "read"];

impl Tester<'_> {
    pub(super) fn manners(&mut self) {
        self.check(
            "it refuses a method that there is not",
            |tester, provider| {
                tester.refuses(provider, "no-such-method", &json!({}), code::UNKNOWN_METHOD)
            },
        );
        self.check(
            "it refuses parameters that do not fit",
            |tester, provider| {
                let strange = json!({ "no-such-parameter": true });
                READING.iter().try_for_each(|method| {
                    tester.refuses(provider, method, &strange, code::INVALID_PARAMS)
                })
            },
        );
        self.check(
            "it refuses a type that it does not have",
            Self::unknown_type,
        );
        self.check("it answers many requests at a time", Self::many);
        let garbage = self.raw("hello there", code::PARSE, true);
        self.report
            .add("it answers a line that is no JSON, and goes on", garbage);
        let no_request = r#"{"jsonrpc":"2.0","id":7}"#;
        let no_request = self.raw(no_request, code::INVALID_REQUEST, true);
        self.report
            .add("it answers what is no request, and goes on", no_request);
        let early = r#"{"jsonrpc":"2.0","id":7,"method":"schema","params":{}}"#;
        let early = self.raw(early, code::INVALID_REQUEST, false);
        self.report.add(
            "it answers a request before the greeting, and goes on",
            early,
        );
    }

    fn refuses(&self, provider: &Provider, method: &str, params: &Value, code: i64) -> Verdict {
        match provider.request::<_, Value>(method, params, self.options.limit) {
            Err(Error::Refused { error, .. }) => has_code(&error, code),
            Err(error) => Err(error.into()),
            Ok(_) => Err(Trouble::Failed(format!("it answered `{method}`"))),
        }
    }

    fn unknown_type(&self, provider: &Provider) -> Verdict {
        let params = json!({ "type": "no-such-type", "token": "none" });
        match provider.request::<_, Value>("find", &params, self.options.limit) {
            Err(Error::Refused { .. }) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err(Trouble::Failed("it answered `find`".to_owned())),
        }
    }

    fn many(&self, provider: &Provider) -> Verdict {
        let expected = provider.schema(self.options.limit)?;
        let ask = || provider.schema(self.options.limit);
        let answers: Vec<_> = thread::scope(|scope| {
            let asking: Vec<_> = (0..MANY).map(|_| scope.spawn(ask)).collect();
            asking
                .into_iter()
                .filter_map(|one| one.join().ok())
                .collect()
        });
        for answer in answers {
            ensure(answer? == expected, || {
                "its answers to the same question differ".to_owned()
            })?;
        }
        Ok(())
    }

    /// Writes a line before or after the greeting, and expects an error; then all has to go on.
    fn raw(&self, line: &str, code: i64, greeted: bool) -> Verdict {
        let raw = Raw::start(&self.target.processes, &self.subject())?;
        if greeted {
            self.greet(&raw)?;
        }
        raw.send(line);
        match self.hear(&raw)? {
            Incoming::Answer(_, Err(error)) => has_code(&error, code)?,
            _ => return Err(Trouble::Failed("it answered, but with no error".to_owned())),
        }
        if greeted {
            let schema = r#"{"jsonrpc":"2.0","id":2,"method":"schema","params":{}}"#;
            raw.send(schema);
            self.answered(&raw, 2)
        } else {
            self.greet(&raw)
        }
    }

    fn greet(&self, raw: &Raw) -> Verdict {
        let hello = Hello {
            protocol: Versions {
                oldest: OLDEST,
                newest: NEWEST,
            },
            client: Program {
                name: "nixops".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
        };
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "hello", "params": hello });
        raw.send(hello.to_string());
        self.answered(raw, 1)
    }

    fn answered(&self, raw: &Raw, id: u64) -> Verdict {
        match self.hear(raw)? {
            Incoming::Answer(Some(answered), Ok(_)) if answered == id => Ok(()),
            Incoming::Answer(_, Err(error)) => Err(Trouble::Failed(format!(
                "it does not go on: {}",
                error.message
            ))),
            _ => Err(Trouble::Failed("it answered something else".to_owned())),
        }
    }

    fn hear(&self, raw: &Raw) -> Verdict<Incoming> {
        match raw.hear(self.options.limit) {
            Some(Ok(message)) => Ok(message),
            Some(Err(fault)) => Err(Trouble::Failed(format!("it {fault}"))),
            None => Err(Trouble::Failed("it did not answer".to_owned())),
        }
    }
}

fn has_code(error: &RpcError, code: i64) -> Verdict {
    ensure(error.code == code, || {
        format!(
            "the error has code {} and not {code}: {}",
            error.code, error.message
        )
    })
}
