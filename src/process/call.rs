use std::{
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use super::{
    Error, Output, Processes, Result, Running, command_line, pipes::Pipes, registry::Role,
};

/// How much of a standard error is kept.
const STDERR_KEPT: usize = 64 * 1024;

/// How long pipes may stay open after the child has ended: something that it left behind may hold them for ever.
const PIPES_CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// How soon the end of a child is noticed whose pipes somebody else holds open.
const ATTENTION: Duration = Duration::from_millis(200);

/// How soon it is where they are closed.
const MOMENT: Duration = Duration::from_millis(1);

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
        let pipes = Pipes::of(&mut running, self.stdin);
        let mut output = Output {
            status: ExitStatus::default(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            label: self.label.clone(),
            program: command.get_program().to_string_lossy().into_owned(),
            command_line: command_line(command),
        };
        let timeout = self.timeout;
        let in_time = self.listen(&mut running, pipes, &mut output);
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
    fn listen(mut self, running: &mut Running, mut pipes: Pipes<'_>, output: &mut Output) -> bool {
        let killer = running.killer();
        let mut deadline = self.timeout.map(|limit| Instant::now() + limit);
        let (mut ended, mut in_time) = (false, true);
        while !ended || pipes.are_open() {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            match left {
                Some(Duration::ZERO) if ended => break,
                Some(Duration::ZERO) if in_time => {
                    in_time = false;
                    killer.terminate();
                    deadline = Some(Instant::now() + TIMEOUT_GRACE);
                }
                Some(Duration::ZERO) => {
                    killer.kill();
                    deadline = None;
                }
                _ => {}
            }
            // One that has closed its outputs is about to end.
            let pause = if pipes.are_open() { ATTENTION } else { MOMENT };
            let pause = left.map_or(pause, |left| left.min(pause));
            pipes.serve(pause, &mut |stream, line| self.take(stream, line, output));
            if !ended && running.has_ended() {
                ended = true;
                deadline = Some(Instant::now() + PIPES_CLOSE_WITHIN);
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

fn timed_out(output: Output, after: Duration) -> Error {
    Error::TimedOut {
        stderr: output.stderr_text().into_owned(),
        label: output.label,
        program: output.program,
        command_line: output.command_line,
        after,
    }
}

#[cfg(test)]
mod tests;
