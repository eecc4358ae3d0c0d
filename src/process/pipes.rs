//! The pipes of a child, which one thread serves: whichever is ready.

use std::{
    fs::File,
    io::{ErrorKind, Read as _, Write as _},
    os::fd::OwnedFd,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_setfl},
};

use super::{Running, Stream};

/// How much is read at once.
const CHUNK: usize = 16 * 1024;

/// The pipes that are still open.
pub(super) struct Pipes<'a> {
    input: Option<(File, &'a [u8])>,
    outputs: Vec<Pipe>,
}

/// An output of the child.
struct Pipe {
    stream: Stream,
    file: File,
    /// The beginning of a line.
    rest: Vec<u8>,
}

impl<'a> Pipes<'a> {
    /// Takes the pipes of a child, which is to read `input`.
    pub(super) fn of(running: &mut Running, input: Option<&'a [u8]>) -> Self {
        let stdin = running.take_stdin().map(OwnedFd::from);
        // What does not fit into the pipe waits there until the child has read.
        let stdin = stdin.filter(|stdin| fcntl_setfl(stdin, OFlags::NONBLOCK).is_ok());
        let outputs = [
            (Stream::Stdout, running.take_stdout().map(OwnedFd::from)),
            (Stream::Stderr, running.take_stderr().map(OwnedFd::from)),
        ];
        let outputs = outputs.into_iter().filter_map(|(stream, pipe)| {
            let (file, rest) = (File::from(pipe?), Vec::new());
            Some(Pipe { stream, file, rest })
        });
        Self {
            input: stdin.map(File::from).zip(input),
            outputs: outputs.collect(),
        }
    }

    /// Whether more may come.
    pub(super) fn are_open(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Waits until a pipe is ready, at most so long; hands out the lines that have come, with their line feeds.
    pub(super) fn serve(&mut self, within: Duration, take: &mut dyn FnMut(Stream, &[u8])) {
        let mut wanted: Vec<_> = self
            .outputs
            .iter()
            .map(|pipe| PollFd::new(&pipe.file, PollFlags::IN))
            .collect();
        let input = self.input.iter();
        wanted.extend(input.map(|(file, _)| PollFd::new(file, PollFlags::OUT)));
        let within = Timespec::try_from(within).ok();
        if poll(&mut wanted, within.as_ref()).is_err() {
            // A signal came: whoever calls looks again.
            return;
        }
        let ready: Vec<_> = wanted
            .iter()
            .map(|pipe| !pipe.revents().is_empty())
            .collect();
        let (outputs, input) = ready.split_at(self.outputs.len());
        let mut outputs = outputs.iter();
        self.outputs
            .retain_mut(|pipe| !outputs.next().is_some_and(|ready| *ready) || pipe.read(take));
        if input.contains(&true) {
            self.write();
        }
    }

    /// Writes what fits. A child that does not read all of its input is its own affair: its exit status tells.
    fn write(&mut self) {
        let Some((file, left)) = &mut self.input else {
            return;
        };
        match file.write(left) {
            Ok(length) if length < left.len() => *left = &left[length..],
            Err(error) if is_for_now(&error) => {}
            Ok(_) | Err(_) => self.input = None,
        }
    }
}

impl Pipe {
    /// Reads what is there; false at its end.
    fn read(&mut self, take: &mut dyn FnMut(Stream, &[u8])) -> bool {
        let mut chunk = [0; CHUNK];
        let length = match self.file.read(&mut chunk) {
            Err(error) if is_for_now(&error) => return true,
            read => read.unwrap_or(0),
        };
        let mut left = &chunk[..length];
        while let Some(end) = left.iter().position(|byte| *byte == b'\n') {
            let (line, more) = left.split_at(end + 1);
            self.rest.extend_from_slice(line);
            take(self.stream, &self.rest);
            self.rest.clear();
            left = more;
        }
        self.rest.extend_from_slice(left);
        if length == 0 && !self.rest.is_empty() {
            take(self.stream, &self.rest);
        }
        length > 0
    }
}

/// Whether it may go on the next time.
fn is_for_now(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
