//! NixOps' side of the pipes. Whatever a provider says is checked against the published schema.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::NamedTempFile;

/// How long an answer may take. It is far more than any needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What every message must fit.
static MESSAGES: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&nixops_plugin::protocol::schema()).unwrap());

/// A provider that runs.
pub struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    stderr: NamedTempFile,
    next: u64,
    /// Messages that came while another one was waited for.
    kept: Vec<Value>,
}

/// The program of an example. Cargo builds them with the tests, beside them.
pub fn program(example: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples")
        .join(example);
    assert!(
        program.exists(),
        "run `cargo build -p nixops-plugin --examples` first: there is no {}",
        program.display()
    );
    program
}

impl Driver {
    /// Starts a provider, and greets it.
    pub fn start(command: &mut Command) -> Self {
        let mut driver = Self::start_silently(command);
        let welcome = driver.ask("hello", hello(1, 1));
        assert_eq!(welcome["result"]["protocol"], 1, "{welcome}");
        driver
    }

    /// Starts a provider.
    pub fn start_silently(command: &mut Command) -> Self {
        let stderr = NamedTempFile::new().unwrap();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.reopen().unwrap());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line);
                let message = message.unwrap_or_else(|_| json!({ "garbage": line }));
                let _ = send.send(message);
            }
        });
        Self {
            child,
            input,
            lines,
            stderr,
            next: 1,
            kept: Vec::new(),
        }
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// Asks for what must go well.
    pub fn result(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Asks for what must fail.
    pub fn error(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params);
        assert!(answer.get("result").is_none(), "{method}: {answer}");
        answer["error"].take()
    }

    /// Asks, and gives the number of the request.
    #[expect(clippy::needless_pass_by_value, reason = "it is mostly written out")]
    pub fn send(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        self.send_line(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Sends one line.
    pub fn send_line(&mut self, message: &Value) {
        self.send_bytes(format!("{message}\n").as_bytes());
    }

    /// Sends anything.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Waits for the answer to a request.
    pub fn answer(&mut self, id: u64) -> Value {
        self.wait_for(|message| message.get("id") == Some(&json!(id)))
    }

    /// Waits for the next message of a kind.
    pub fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(message) = self.lines.recv_timeout(left) else {
                panic!(
                    "nothing came; kept {:?}; stderr: {}",
                    self.kept,
                    self.stderr()
                );
            };
            if let Err(error) = MESSAGES.validate(&message) {
                panic!("{message} is no message: {error}");
            }
            if wanted(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    /// Closes the input.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Closes the input, waits for the end, and gives the messages that nobody waited for.
    pub fn end(mut self) -> (ExitStatus, Vec<Value>) {
        self.close();
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "the provider does not end");
            thread::sleep(Duration::from_millis(2));
        };
        let kept = std::mem::take(&mut self.kept);
        (status, kept.into_iter().chain(self.lines.iter()).collect())
    }

    /// What it told people so far.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.stderr.path()).unwrap()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Parameters of `hello`.
pub fn hello(oldest: u32, newest: u32) -> Value {
    json!({
        "protocol": { "oldest": oldest, "newest": newest },
        "client": { "name": "NixOps", "version": "3.0" },
    })
}

/// A resource of a deployment.
pub fn resource(of_type: &str, name: &str) -> Value {
    json!({
        "type": of_type,
        "name": name,
        "deployment": "7e0c5fc4-6ad6-4c5b-8f5e-0a2d8b0c1c11",
    })
}
