//! The connection itself: an ssh control master that is a child of ours.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use camino::Utf8Path;

use super::{
    Error, Failure, Look, Result, Ssh,
    failure::classify,
    look::{BEGIN, END, SCRIPT},
};
use crate::process::{Error as ProcessError, Processes, Running};

/// How long a master may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// An open connection; dropping it closes it.
#[derive(Debug)]
pub(super) struct Master {
    running: Running,
    /// The remote end lives as long as this pipe is open.
    stdin: Option<ChildStdin>,
    said: Said,
}

/// What ssh wrote to its standard error, complete once the thread that reads has ended.
#[derive(Clone, Debug, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Master {
    /// Connects, and asks what runs there. Says why if there is no answer before `deadline`. One that `yields` leaves
    /// the processors to programs that have more to do.
    pub fn open(
        processes: &Processes,
        (machine, ssh): (&str, &Ssh),
        config: &Utf8Path,
        (deadline, yields): (Instant, bool),
    ) -> Result<(Self, Look)> {
        let mut command = Command::new("ssh");
        command.args([
            "-F",
            config.as_str(),
            "-o",
            "ControlMaster=yes",
            "--",
            &ssh.host,
        ]);
        command.arg(shell_words::join(["exec", "sh", "-c", SCRIPT]));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running =
            processes.spawn_background(&mut command, format!("connection to {machine}"))?;
        if yields {
            running.step_back();
        }
        let stdin = running.take_stdin();
        let said = Said::default();
        let (sender, lines) = mpsc::channel();
        if let Some(pipe) = running.take_stdout() {
            thread::spawn(move || read_answers(pipe, &sender));
        }
        let stderr = running.take_stderr().map(|pipe| {
            let said = said.clone();
            thread::spawn(move || said.collect(pipe))
        });
        let mut master = Self {
            running,
            stdin,
            said,
        };
        let Some(answers) = answers(&lines, deadline) else {
            let timed_out = Instant::now() >= deadline;
            master.close();
            // Whoever holds ssh's standard error open (a proxy command) must not hold us.
            let told = Instant::now() + CLOSE_WITHIN;
            while stderr.as_ref().is_some_and(|thread| !thread.is_finished())
                && Instant::now() < told
            {
                thread::sleep(Duration::from_millis(5));
            }
            return Err(master.failure(processes, (machine, ssh), timed_out));
        };
        match Look::parse(answers.iter().map(String::as_str)) {
            Some(look) => Ok((master, look)),
            None => Err(connection(
                (machine, ssh),
                Failure::NoShell,
                answers.join("\n"),
            )),
        }
    }

    /// Tells whether the connection is gone, giving it a moment to find out.
    pub fn is_gone(&mut self, within: Duration) -> bool {
        let end = Instant::now() + within;
        loop {
            match self.running.try_wait() {
                Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(20)),
                Ok(None) => return false,
                Ok(Some(_)) | Err(_) => return true,
            }
        }
    }

    /// What ssh said about the connection.
    pub fn said(&self) -> String {
        self.said.text()
    }

    /// Closes the connection; the remote end goes with it.
    pub fn close(&mut self) {
        self.stdin = None;
        self.running.terminate(CLOSE_WITHIN);
    }

    fn failure(&self, processes: &Processes, to: (&str, &Ssh), timed_out: bool) -> Error {
        if processes.interrupted() {
            return ProcessError::Interrupted {
                label: self.running.label().to_owned(),
            }
            .into();
        }
        let said = self.said();
        let failure = match classify(&said) {
            Failure::Other if timed_out => Failure::TimedOut,
            Failure::Other if said.trim().is_empty() => Failure::NoShell,
            other => other,
        };
        connection(to, failure, said)
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.close();
    }
}

impl Said {
    fn collect(&self, mut pipe: impl Read) {
        const KEPT: usize = 32 * 1024;
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut chunk) {
            let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            text.extend_from_slice(&chunk[..length]);
            let surplus = text.len().saturating_sub(KEPT);
            text.drain(..surplus);
        }
    }

    fn text(&self) -> String {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Makes the error of a connection.
pub(super) fn connection((machine, ssh): (&str, &Ssh), failure: Failure, said: String) -> Error {
    let failure = failure.with(&ssh.keys);
    let said = match failure {
        // ssh advises to trust the key; its fingerprint is all that is worth knowing.
        Failure::ForeignHostKey => fingerprints(&said),
        _ => said,
    };
    Error::Connection {
        machine: machine.to_owned(),
        host: ssh.host.clone(),
        port: ssh.port,
        failure,
        said,
    }
}

/// The lines of a warning of ssh that tell which key the host has.
fn fingerprints(said: &str) -> String {
    let lines = said.lines().filter(|line| line.starts_with("SHA256:"));
    let keys = lines.map(|line| line.trim_end().trim_end_matches('.'));
    keys.flat_map(|key| ["its key is ", key, "\n"]).collect()
}

/// Hands on the lines of the answer, and drains what may come after it.
fn read_answers(pipe: impl Read, sender: &mpsc::Sender<String>) {
    for line in BufReader::new(pipe)
        .split(b'\n')
        .map_while(std::result::Result::ok)
    {
        // Nobody listens once the answer is complete.
        let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
    }
}

/// Waits for the complete answer; none if ssh ended or the deadline passed before.
fn answers(lines: &mpsc::Receiver<String>, deadline: Instant) -> Option<Vec<String>> {
    let mut answers = None;
    loop {
        let line = lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .ok()?;
        match (line.trim_end(), &mut answers) {
            (BEGIN, _) => answers = Some(Vec::new()),
            (END, Some(_)) => return answers,
            (_, Some(answers)) => answers.push(line),
            (_, None) => {}
        }
    }
}
