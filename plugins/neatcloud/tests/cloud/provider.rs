//! A provider, as NixOps has it.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use nixops_plugin::{
    ResourceState,
    protocol::{Created, Found, ReadResult, Request, Response, RpcError, VERSION, Welcome},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{resource, token};

pub struct Provider {
    pub process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    requests: u64,
    /// How long it took to start and to say who it is.
    pub greeted: Duration,
    /// Whether there was a line that is no message.
    pub garbage: bool,
}

impl Provider {
    pub fn start(mut command: Command) -> Self {
        let begun = Instant::now();
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut provider = Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
            requests: 0,
            greeted: Duration::ZERO,
            garbage: false,
        };
        let hello = json!({
            "protocol": { "oldest": 1, "newest": 1 },
            "client": { "name": "test", "version": "0" },
        });
        let welcome: Welcome = provider.call("hello", hello).unwrap();
        assert_eq!(welcome.provider.name, "nixops-neatcloud");
        provider.greeted = begun.elapsed();
        provider
    }

    /// Asks, and waits for the answer; panics if there is none.
    pub fn call<R: DeserializeOwned>(
        &mut self,
        method: &str,
        params: Value,
    ) -> Result<R, RpcError> {
        self.try_call(method, params)
            .expect("the provider has ended")
    }

    /// Asks, and waits for the answer; `None` if the provider ends without one.
    pub fn try_call<R: DeserializeOwned>(
        &mut self,
        method: &str,
        params: Value,
    ) -> Option<Result<R, RpcError>> {
        self.ask(method, params)?;
        loop {
            let line = self.line()?;
            let message = serde_json::from_str::<Value>(&line);
            self.garbage |= message.is_err();
            let message = message.unwrap_or_default();
            if message["id"] == self.requests {
                let response: Response = serde_json::from_value(message).unwrap();
                return Some(match response.error {
                    Some(error) => Err(error),
                    None => Ok(serde_json::from_value(response.result.unwrap()).unwrap()),
                });
            }
        }
    }

    /// Asks, and does not wait.
    pub fn ask(&mut self, method: &str, params: Value) -> Option<()> {
        self.requests += 1;
        let request = json!(Request {
            jsonrpc: VERSION.to_owned(),
            id: self.requests,
            method: method.to_owned(),
            params,
        });
        self.input.write_all(format!("{request}\n").as_bytes()).ok()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.output.read_line(&mut line).unwrap() > 0).then_some(line)
    }

    pub fn create(&mut self, kind: &str, name: &str, inputs: &Value) -> Result<Created, RpcError> {
        self.create_as(kind, name, inputs, &token())
    }

    pub fn create_as(
        &mut self,
        kind: &str,
        name: &str,
        inputs: &Value,
        token: &str,
    ) -> Result<Created, RpcError> {
        let params = json!({ "resource": resource(kind, name), "inputs": inputs, "token": token });
        self.call("create", params)
    }

    pub fn find(&mut self, kind: &str, token: &str) -> Option<Created> {
        let found: Found = self
            .call("find", json!({ "type": kind, "token": token }))
            .unwrap();
        found.resource
    }

    pub fn read(&mut self, kind: &str, states: &[ResourceState]) -> ReadResult {
        self.call("read", json!({ "type": kind, "resources": states }))
            .unwrap()
    }

    pub fn update<R: DeserializeOwned>(
        &mut self,
        (kind, name): (&str, &str),
        prior: &ResourceState,
        inputs: &Value,
    ) -> Result<R, RpcError> {
        let resource = resource(kind, name);
        self.call(
            "update",
            json!({ "resource": resource, "prior": prior, "inputs": inputs }),
        )
    }

    pub fn delete(
        &mut self,
        kind: &str,
        name: &str,
        prior: &ResourceState,
    ) -> Result<Value, RpcError> {
        self.call(
            "delete",
            json!({ "resource": resource(kind, name), "prior": prior }),
        )
    }

    pub fn action(&mut self, prior: &ResourceState, action: &str) -> Value {
        let resource = resource("neatcloud", "web");
        let params = json!({ "resource": resource, "prior": prior, "action": action });
        let mut answer: Value = self.call("action", params).unwrap();
        answer["result"].take()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // One that a test has killed cannot be killed again.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
