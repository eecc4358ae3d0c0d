//! A person at a terminal.

use std::{
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::lab::{Lab, Run};

/// How long a person waits for a question.
const PATIENCE: Duration = Duration::from_mins(1);

/// A run of the binary on a terminal of its own, and what stands on it.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
    read: usize,
}

impl Terminal {
    /// Starts the binary with arguments as a shell reads them.
    pub fn start(lab: &Lab, arguments: &str) -> Self {
        let mut command: Command = lab.rig.command("script");
        let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_nixops"));
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        command.current_dir(&lab.directory).env("TERM", "xterm");
        command.env("NIXOPS_SSH_CONFIG", lab.rig.ssh_config());
        Self::of(command)
    }

    /// Starts what runs a program on a terminal of its own, such as `script`.
    pub fn of(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("script runs");
        let keyboard = child.stdin.take().expect("a keyboard");
        let mut output = child.stdout.take().expect("a screen");
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        let reader = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut chunk) {
                let text = String::from_utf8_lossy(&chunk[..length]);
                shown.lock().unwrap().push_str(&text);
            }
        });
        Self {
            child,
            keyboard,
            screen,
            reader,
            read: 0,
        }
    }

    /// Waits for a question that was not read before, and types a line.
    #[track_caller]
    pub fn answer(&mut self, question: &str, line: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.screen.lock().unwrap().clone();
            if let Some(at) = text[self.read..].find(question) {
                self.read += at + question.len();
                break;
            }
            let over = self.reader.is_finished() || Instant::now() > deadline;
            assert!(!over, "no question {question:?}: {text}");
            thread::sleep(Duration::from_millis(20));
        }
        self.keyboard
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
        self
    }

    /// Waits for the end, not for ever: it may wait for an answer. Both streams are one on a terminal; both fields have it.
    #[track_caller]
    pub fn end(mut self) -> Run {
        let deadline = Instant::now() + 2 * PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("script ends") {
                break status;
            }
            if Instant::now() > deadline {
                self.child.kill().expect("script runs");
                panic!("it does not end: {}", self.screen.lock().unwrap());
            }
            thread::sleep(Duration::from_millis(20));
        };
        self.reader.join().expect("the screen is read");
        let text = self.screen.lock().unwrap().clone();
        Run {
            code: status.code(),
            stdout: text.clone(),
            stderr: text,
        }
    }
}
