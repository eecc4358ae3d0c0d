//! A run of the binary that a test follows while it goes on.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::lab::{Lab, Run};

/// What nothing in a test may take longer than, so that a run that waits for nothing fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A run that goes on, and what it has said so far.
pub struct Watched {
    child: Child,
    lines: Receiver<Line>,
    stdout: Vec<String>,
    stderr: Vec<String>,
}

enum Line {
    Out(String),
    Err(String),
}

impl Lab {
    /// Starts the binary and follows what it says.
    pub fn watch<const N: usize>(&self, arguments: [&str; N]) -> Watched {
        Watched::of(&mut self.command(arguments))
    }

    /// Waits until no program of the deployer's side runs any more, and names those that stay.
    #[track_caller]
    pub fn is_left_alone(&self) {
        wait_for("end of all programs", || {
            let running = self.rig.running_programs().unwrap();
            running
                .is_empty()
                .then_some(())
                .ok_or(format!("{running:#?}"))
        });
    }
}

/// Waits until something holds.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()).ok_or_else(String::new));
}

/// Waits until something holds, and shows what there is instead if it never does.
#[track_caller]
pub fn wait_for(what: &str, mut holds: impl FnMut() -> Result<(), String>) {
    let end = Instant::now() + PATIENCE;
    while let Err(instead) = holds() {
        assert!(Instant::now() < end, "no {what}: {instead}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn follow(pipe: impl Read + Send + 'static, sender: mpsc::Sender<Line>, kind: fn(String) -> Line) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(kind(line)).is_err() {
                break;
            }
        }
    });
}

impl Watched {
    /// Starts a command and follows what it says.
    pub fn of(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let (sender, lines) = mpsc::channel();
        follow(child.stdout.take().unwrap(), sender.clone(), Line::Out);
        follow(child.stderr.take().unwrap(), sender, Line::Err);
        Self {
            child,
            lines,
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }

    /// Waits until a step begins on a machine, in a run with `--json`.
    #[track_caller]
    pub fn until_step(&mut self, machine: &str, step: &str) {
        self.until_event(|event| is_step(event, "step-started", machine, step));
    }

    /// Waits until a machine is through, in a run with `--json`, and gives its result.
    #[track_caller]
    pub fn until_done(&mut self, machine: &str) -> String {
        let done = |event: &Value| event["event"] == "machine-done" && event["machine"] == machine;
        let event = self.until_event(done);
        event["result"].as_str().unwrap().to_owned()
    }

    /// Waits for an event, unless it has happened before.
    #[track_caller]
    pub fn until_event(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let event = |line: &String| -> Option<Value> {
            let event = serde_json::from_str(line).ok()?;
            wanted(&event).then_some(event)
        };
        self.until(|run| run.stdout.iter().find_map(event))
    }

    /// Waits until a line for people has these words.
    #[track_caller]
    pub fn until_said(&mut self, words: &str) {
        self.until(|run| {
            let said = run.stderr.iter().any(|line| line.contains(words));
            said.then_some(())
        });
    }

    #[track_caller]
    fn until<T>(&mut self, found: impl Fn(&Self) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.keep(line),
                Err(error) => panic!("{error}: {:#?}\n{:#?}", self.stdout, self.stderr),
            }
        }
    }

    /// Whether a machine is through, as far as it was said.
    pub fn is_done(&self, machine: &str) -> bool {
        let done = format!("\"event\":\"machine-done\",\"machine\":\"{machine}\"");
        self.stdout.iter().any(|line| line.contains(&done))
    }

    /// Sends a signal to the program, and to nobody else.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits for the end of the run.
    #[track_caller]
    pub fn end(mut self) -> Run {
        let end = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.keep(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it does not end: {:#?}\n{:#?}", self.stdout, self.stderr)
                }
            }
        }
        let status = self.child.wait().expect("it ends");
        Run {
            code: status.code(),
            stdout: self.stdout.join("\n"),
            stderr: self.stderr.join("\n"),
        }
    }

    fn keep(&mut self, line: Line) {
        match line {
            Line::Out(line) => self.stdout.push(line),
            Line::Err(line) => self.stderr.push(line),
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // A test that fails must not wait for what it started; after an end this does nothing.
        let _ = self.child.kill();
    }
}

/// Whether an event is of this kind, about this machine and step.
pub fn is_step(event: &Value, kind: &str, machine: &str, step: &str) -> bool {
    event["event"] == kind && event["machine"] == machine && event["step"] == step
}
