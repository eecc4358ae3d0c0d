use std::{
    io::{Read, Write},
    process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use super::{CopyError, exported::Exported, failure::classify_ended};
use crate::process::{self, Processes, Running, command_line};

/// How much is carried at once.
const CHUNK: usize = 64 * 1024;

/// How much of a standard error is kept.
const STDERR_KEPT: usize = 32 * 1024;

/// How long a standard error may stay open after its program has ended: a stranger may hold it for ever.
const CLOSES_WITHIN: Duration = Duration::from_secs(2);

/// A program here whose output is the input of one there.
///
/// The bytes go through us, so that they can be counted, and so that it is known which of the two failed.
pub(super) struct Pipe {
    label: String,
    exporting: Side,
    importing: Side,
    from: Option<ChildStdout>,
    into: Option<ChildStdin>,
}

/// One of the two programs.
struct Side {
    running: Running,
    said: Receiver<Vec<u8>>,
    program: String,
    command_line: String,
}

impl Pipe {
    /// Starts both programs.
    pub fn open(
        processes: &Processes,
        label: &str,
        (export, import): (&mut Command, &mut Command),
    ) -> Result<Self, CopyError> {
        import.stdin(Stdio::piped()).stdout(Stdio::null());
        export.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut importing = Side::start(import, |command| processes.spawn(command, label))?;
        // One of the two is enough to tell what is under way.
        let mut exporting =
            Side::start(export, |command| processes.spawn_background(command, label))?;
        Ok(Self {
            label: label.to_owned(),
            from: exporting.running.take_stdout(),
            into: importing.running.take_stdin(),
            exporting,
            importing,
        })
    }

    /// Carries `first`, and then all that the one writes, to the other, and waits for both.
    pub fn run(
        mut self,
        first: &[u8],
        progress: &mut dyn FnMut(&Exported),
    ) -> Result<(), CopyError> {
        let refused = match (self.from.take(), self.into.take()) {
            (Some(from), Some(mut into)) => {
                into.write_all(first).is_err() || !carry(from, into, progress)
            }
            _ => true,
        };
        if refused {
            self.exporting.running.kill();
        } else {
            self.exporting.end_here()?;
        }
        let status = self.importing.running.wait()?;
        if status.success() && !refused {
            return Ok(());
        }
        let mut said = self.importing.said();
        if said.trim().is_empty() {
            said = format!("{}: {status}", self.importing.program);
        }
        Err(CopyError::Failed {
            label: self.label,
            failure: classify_ended(status, &said),
            said,
            command_line: self.importing.command_line,
        })
    }
}

impl Side {
    fn start(
        command: &mut Command,
        spawn: impl FnOnce(&mut Command) -> process::Result<Running>,
    ) -> process::Result<Self> {
        let mut running = spawn(command.stderr(Stdio::piped()))?;
        let said = running.take_stderr();
        Ok(Self {
            running,
            said: listen(said),
            program: command.get_program().to_string_lossy().into_owned(),
            command_line: command_line(command),
        })
    }

    /// Waits for the end of a program of this machine.
    fn end_here(&mut self) -> process::Result<()> {
        let status: ExitStatus = self.running.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(process::Error::Failed {
            label: self.running.label().to_owned(),
            program: self.program.clone(),
            command_line: self.command_line.clone(),
            status,
            stderr: self.said(),
        })
    }

    /// The end of what the program wrote, once it has ended.
    fn said(&self) -> String {
        let end = Instant::now() + CLOSES_WITHIN;
        let mut said = Vec::new();
        while let Ok(chunk) = self
            .said
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            said.extend(chunk);
            said.drain(..said.len().saturating_sub(STDERR_KEPT));
        }
        String::from_utf8_lossy(&said).into_owned()
    }
}

/// Carries everything over; false if the other side does not take it.
fn carry(mut from: impl Read, mut into: impl Write, progress: &mut dyn FnMut(&Exported)) -> bool {
    let mut exported = Exported::default();
    let mut chunk = vec![0; CHUNK];
    // Whether this side came to its end or broke, its exit status tells.
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if into.write_all(&chunk[..length]).is_err() {
            return false;
        }
        exported.take(&chunk[..length]);
        progress(&exported);
    }
    true
}

/// Reads a standard error in a thread that nobody has to wait for.
fn listen(pipe: Option<ChildStderr>) -> Receiver<Vec<u8>> {
    let (sender, said) = mpsc::channel();
    if let Some(mut pipe) = pipe {
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                if sender.send(chunk[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_read_is_noticed() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert!(!carry(&[0; 10][..], writer, &mut |_| ()));
    }
}
