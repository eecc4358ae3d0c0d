use std::{
    io::{self, BufRead as _, BufReader, Read, Write as _},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use super::{Error, Output, Processes, Result, Running, command_line, registry::Role};

/// How much of a standard error is kept.
const STDERR_KEPT: usize = 64 * 1024;

/// How long pipes may stay open after the child has ended: something that it left behind may hold them for ever.
const PIPES_CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// How long a child that ran out of time may take to end by itself.
const TIMEOUT_GRACE: Duration = Duration::from_secs(2);

/// Which of its two outputs a child wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One run of a program to its end.
///
/// The callback for lines is called in the thread that called [`Call::run`], in the order in which lines arrive.
#[must_use]
pub struct Call<'a> {
    label: String,
    stdin: Option<&'a [u8]>,
    timeout: Option<Duration>,
    lines: Option<Lines<'a>>,
    keep_stdout: bool,
}

/// Takes each line as it comes.
pub type Lines<'a> = &'a mut dyn FnMut(Stream, &str);

enum Event {
    Line(Stream, Vec<u8>),
    Closed,
    Ended,
}

impl<'a> Call<'a> {
    /// Prepares a call; `label` says what it does in the user's words, e.g. `copy web`.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            stdin: None,
            timeout: None,
            lines: None,
            keep_stdout: true,
        }
    }

    /// Gives the child this standard input; without it the child reads nothing.
    pub fn stdin(mut self, stdin: &'a [u8]) -> Self {
        self.stdin = Some(stdin);
        self
    }

    /// Ends the child when it has not ended by itself within `limit`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Hands out each line as it comes, without its line feed.
    pub fn lines(mut self, lines: &'a mut dyn FnMut(Stream, &str)) -> Self {
        self.lines = Some(lines);
        self
    }

    /// Does not collect standard output, for long streams that the callback for lines consumes.
    pub fn discard_stdout(mut self) -> Self {
        self.keep_stdout = false;
        self
    }

    /// Runs the program and gives what it wrote, whatever its exit status.
    pub fn run(self, processes: &Processes, command: &mut Command) -> Result<Output> {
        command.stdin(if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running::start(processes, command, self.label.clone(), Role::Work)?;
        let events = start_threads(&mut running, self.stdin);
        let mut output = Output {
            status: ExitStatus::default(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            label: self.label.clone(),
            program: command.get_program().to_string_lossy().into_owned(),
            command_line: command_line(command),
        };
        let timeout = self.timeout;
        let in_time = self.listen(&running, &events, &mut output);
        output.status = running.end(!in_time)?;
        match timeout {
            _ if processes.interrupted() && !output.status.success() => Err(Error::Interrupted {
                label: output.label,
            }),
            Some(after) if !in_time => Err(timed_out(output, after)),
            _ => Ok(output),
        }
    }

    /// Collects output until the child has ended and its pipes are closed; false if its time ran out.
    fn listen(mut self, running: &Running, events: &Receiver<Event>, output: &mut Output) -> bool {
        let killer = running.killer();
        let mut deadline = self.timeout.map(|limit| Instant::now() + limit);
        let (mut open, mut ended, mut in_time) = (2, false, true);
        while open > 0 || !ended {
            match next(events, deadline) {
                Ok(Event::Line(stream, line)) => self.take(stream, &line, output),
                Ok(Event::Closed) => open -= 1,
                Ok(Event::Ended) => {
                    ended = true;
                    deadline = Some(Instant::now() + PIPES_CLOSE_WITHIN);
                }
                Err(RecvTimeoutError::Timeout) if ended => break,
                Err(RecvTimeoutError::Timeout) if in_time => {
                    in_time = false;
                    killer.terminate();
                    deadline = Some(Instant::now() + TIMEOUT_GRACE);
                }
                Err(RecvTimeoutError::Timeout) => {
                    killer.kill();
                    deadline = None;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        in_time
    }

    fn take(&mut self, stream: Stream, line: &[u8], output: &mut Output) {
        if let Some(lines) = &mut self.lines {
            let text = String::from_utf8_lossy(line);
            lines(stream, text.trim_end_matches(['\n', '\r']));
        }
        match stream {
            Stream::Stdout if self.keep_stdout => output.stdout.extend_from_slice(line),
            Stream::Stdout => {}
            Stream::Stderr => {
                output.stderr.extend_from_slice(line);
                if output.stderr.len() > 2 * STDERR_KEPT {
                    output.stderr.drain(..output.stderr.len() - STDERR_KEPT);
                }
            }
        }
    }
}

fn next(events: &Receiver<Event>, deadline: Option<Instant>) -> Result<Event, RecvTimeoutError> {
    match deadline {
        Some(deadline) => events.recv_timeout(deadline.saturating_duration_since(Instant::now())),
        None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

fn timed_out(output: Output, after: Duration) -> Error {
    Error::TimedOut {
        stderr: output.stderr_text().into_owned(),
        label: output.label,
        program: output.program,
        command_line: output.command_line,
        after,
    }
}

/// Starts a thread for each pipe and one that waits for the end.
///
/// The threads are not joined: one whose pipe is held open by a stranger must not hold us up.
fn start_threads(running: &mut Running, stdin: Option<&[u8]>) -> Receiver<Event> {
    let (sender, events) = mpsc::channel();
    if let (Some(mut pipe), Some(bytes)) = (running.take_stdin(), stdin.map(<[u8]>::to_vec)) {
        // A child that does not read all of its input is its own affair: its exit status tells.
        thread::spawn(move || drop(pipe.write_all(&bytes)));
    }
    if let Some(pipe) = running.take_stdout() {
        read_lines(pipe, Stream::Stdout, sender.clone());
    }
    if let Some(pipe) = running.take_stderr() {
        read_lines(pipe, Stream::Stderr, sender.clone());
    }
    let ended = running.ended();
    thread::spawn(move || {
        ended();
        let _ = sender.send(Event::Ended);
    });
    events
}

fn read_lines(pipe: impl Read + Send + 'static, stream: Stream, sender: Sender<Event>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        while let Ok(Some(line)) = read_line(&mut reader) {
            if sender.send(Event::Line(stream, line)).is_err() {
                return;
            }
        }
        let _ = sender.send(Event::Closed);
    });
}

fn read_line(reader: &mut BufReader<impl Read>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let length = reader.read_until(b'\n', &mut line)?;
    Ok((length > 0).then_some(line))
}

#[cfg(test)]
mod tests;
