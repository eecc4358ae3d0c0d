//! The worker protocol, by which a client speaks to `nix-daemon`; this is the client's side.
//!
//! It is the protocol 1.32, which Nix speaks since 2.4 and newer Nix still does: the client offers it, and a daemon keeps to
//! what was offered. Source: `src/libstore/worker-protocol.hh` and `daemon.cc` of Nix.
//!
//! Nothing is sent before there is a question, and the greeting goes with the first one, so that it costs no round trip.

mod frames;
mod message;
mod path_info;
mod wire;

use std::{
    io::{self, BufReader, BufWriter, Read, Write},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::log::{LogMessage, Message};
use message::read_log;
use wire::{read_number, read_texts, write_number, write_text, write_texts};

pub use frames::Frames;
pub use path_info::PathInfo;

/// The version that is offered, and the least that is taken.
const VERSION: u64 = 0x120;

const HELLO: u64 = 0x6e69_7863;
const ANSWER: u64 = 0x6478_696f;

/// Questions that are asked before the first answer is read: together they fit into any pipe.
const ASKED_AT_ONCE: usize = 128;

/// What can be asked, by its number.
#[derive(Clone, Copy)]
enum Operation {
    AddTempRoot = 11,
    AddIndirectRoot = 12,
    QueryPathInfo = 26,
    QueryValidPaths = 31,
    NarFromPath = 38,
    AddMultipleToStore = 44,
}

/// How far the greeting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    Due,
    Sent,
    Done,
}

/// Why a daemon did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It said why not.
    #[error("{0}")]
    Refused(String),
    /// It speaks an older protocol.
    #[error(
        "its Nix is too old: it speaks version {}.{} of the protocol, and 1.32 (Nix 2.4) is needed",
        .0 >> 8, .0 & 0xff
    )]
    TooOld(u64),
    /// The other side is no daemon, or says what none says.
    #[error("what it says is not the protocol of Nix: {0}")]
    NotNix(String),
    /// The connection broke, or what was sent could not be read here.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::NotNix(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

/// A connection to a daemon; one that gave an error is of no more use.
#[derive(Debug)]
pub struct Client<R, W: Write> {
    from: BufReader<R>,
    to: BufWriter<W>,
    greeting: Greeting,
    /// The last of what the daemon said aside.
    log: Vec<String>,
}

impl<R: Read + Send, W: Write> Client<R, W> {
    /// Prepares to speak with a daemon.
    pub fn new(from: R, to: W) -> Self {
        Self {
            from: BufReader::new(from),
            to: BufWriter::new(to),
            greeting: Greeting::Due,
            log: Vec::new(),
        }
    }

    /// What the daemon has said since this was last asked, such as warnings.
    pub fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// Which of the paths are valid.
    pub fn valid_paths<'a>(
        &mut self,
        paths: impl ExactSizeIterator<Item = &'a str>,
    ) -> Result<Vec<String>, Error> {
        self.query_valid_paths(paths, false, &mut |_| {})
    }

    /// Which of the paths are valid once the daemon has fetched those that its substituters have; `told` learns how it does.
    pub fn substitute<'a>(
        &mut self,
        paths: impl ExactSizeIterator<Item = &'a str>,
        told: &mut dyn FnMut(&LogMessage),
    ) -> Result<Vec<String>, Error> {
        self.query_valid_paths(paths, true, told)
    }

    fn query_valid_paths<'a>(
        &mut self,
        paths: impl ExactSizeIterator<Item = &'a str>,
        substitute: bool,
        told: &mut dyn FnMut(&LogMessage),
    ) -> Result<Vec<String>, Error> {
        self.ask(Operation::QueryValidPaths)?;
        write_texts(&mut self.to, paths)?;
        write_number(&mut self.to, u64::from(substitute))?;
        self.greet()?;
        read_log(&mut self.from, &mut |message| {
            told(&message);
            keep(&mut self.log, message);
        })?;
        Ok(read_texts(&mut self.from)?)
    }

    /// What the store knows of the paths, in the same order; nothing of those that are not valid.
    pub fn path_infos(&mut self, paths: &[&str]) -> Result<Vec<Option<PathInfo>>, Error> {
        let mut infos = Vec::with_capacity(paths.len());
        for paths in paths.chunks(ASKED_AT_ONCE) {
            for path in paths {
                self.ask(Operation::QueryPathInfo)?;
                write_text(&mut self.to, path)?;
            }
            for _ in paths {
                self.hear()?;
                let valid = read_number(&mut self.from)? != 0;
                let info = valid.then(|| PathInfo::read(&mut self.from));
                infos.push(info.transpose()?);
            }
        }
        Ok(infos)
    }

    /// Keeps a path from the garbage collector for as long as the connection lasts.
    pub fn add_temp_root(&mut self, path: &str) -> Result<(), Error> {
        self.ask(Operation::AddTempRoot)?;
        write_text(&mut self.to, path)?;
        self.done()
    }

    /// Registers a link as one that keeps the store path that it points at.
    pub fn add_indirect_root(&mut self, link: &str) -> Result<(), Error> {
        self.ask(Operation::AddIndirectRoot)?;
        write_text(&mut self.to, link)?;
        self.done()
    }

    /// The archive of a valid path, which must be read to its end, `size` bytes, before anything else is asked.
    pub fn nar(&mut self, path: &str, size: u64) -> Result<impl Read, Error> {
        self.ask(Operation::NarFromPath)?;
        write_text(&mut self.to, path)?;
        self.hear()?;
        Ok((&mut self.from).take(size))
    }

    /// Adds paths, in one stream that `send` writes: `count` times a path by [`Frames::path`] and its archive, each after those
    /// that it refers to.
    ///
    /// Nobody has to have signed them, if the daemon trusts this client. When it refuses one, those before it stay; daemons
    /// take the rest of the stream before they say so. When `send` itself fails, `end` must end the connection, on which the daemon would wait for the rest.
    pub fn add_paths(
        &mut self,
        count: u64,
        send: impl FnOnce(&mut Frames<'_, BufWriter<W>>) -> io::Result<()>,
        end: impl FnOnce(),
    ) -> Result<(), Error> {
        self.ask(Operation::AddMultipleToStore)?;
        // No repair, and no look at signatures.
        for flag in [0, 1] {
            write_number(&mut self.to, flag)?;
        }
        self.greet()?;
        let stopped = AtomicBool::new(false);
        let (from, log, stopped) = (&mut self.from, &mut self.log, &stopped);
        let mut frames = Frames::new(&mut self.to, stopped);
        // A daemon that is not heard stops to listen, so both go on at once.
        thread::scope(|scope| {
            let hearing = scope.spawn(|| {
                let heard = read_log(from, &mut |message| keep(log, message));
                stopped.store(true, Ordering::Relaxed);
                heard
            });
            let all = write_number(&mut frames, count);
            let all = all
                .and_then(|()| send(&mut frames))
                .and_then(|()| frames.end());
            let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
            if all.as_ref().is_err_and(|error| !broken(error)) && !hearing.is_finished() {
                end();
            }
            let heard = hearing.join();
            match (heard, all) {
                (Ok(Err(Error::Refused(why))), _) => Err(Error::Refused(why)),
                (_, Err(error)) => Err(error.into()),
                (Ok(heard), Ok(())) => heard,
                (Err(panic), Ok(())) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn ask(&mut self, operation: Operation) -> io::Result<()> {
        if self.greeting == Greeting::Due {
            // The zeros are wishes that nobody has any more: for a processor, and for reserved space.
            for number in [HELLO, VERSION, 0, 0] {
                write_number(&mut self.to, number)?;
            }
            self.greeting = Greeting::Sent;
        }
        write_number(&mut self.to, operation as u64)
    }

    /// Reads up to the answer to the oldest question.
    fn hear(&mut self) -> Result<(), Error> {
        self.greet()?;
        read_log(&mut self.from, &mut |message| keep(&mut self.log, message))
    }

    /// Sends what was asked, and reads the daemon's greeting if that is still to come.
    fn greet(&mut self) -> Result<(), Error> {
        self.to.flush()?;
        if self.greeting == Greeting::Done {
            return Ok(());
        }
        let mut answer = [0; 8];
        self.from.read_exact(&mut answer)?;
        if answer != ANSWER.to_le_bytes() {
            let text = String::from_utf8_lossy(&answer);
            return Err(Error::NotNix(format!("it begins with {text:?}")));
        }
        let version = read_number(&mut self.from)?;
        if version < VERSION {
            return Err(Error::TooOld(version));
        }
        self.greeting = Greeting::Done;
        self.hear()
    }

    /// Reads an answer that says nothing more.
    fn done(&mut self) -> Result<(), Error> {
        self.hear()?;
        read_number(&mut self.from)?;
        Ok(())
    }
}

/// Keeps the last lines of what was said aside.
fn keep(log: &mut Vec<String>, message: LogMessage) {
    const KEPT: usize = 20;
    let LogMessage::Msg(Message { msg, .. }) = message else {
        return;
    };
    if log.len() == KEPT {
        log.remove(0);
    }
    log.push(msg);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(answer: &[u8]) -> Error {
        let mut client = Client::new(answer, Vec::new());
        client.valid_paths([].into_iter()).unwrap_err()
    }

    #[test]
    fn who_is_no_daemon_or_too_old_is_told_apart() {
        assert!(matches!(refusal(b"Welcome!"), Error::NotNix(_)));
        assert!(matches!(refusal(b""), Error::Io(_)));
        let old = [ANSWER.to_le_bytes(), 0x115_u64.to_le_bytes()].concat();
        assert_eq!(
            refusal(&old).to_string(),
            "its Nix is too old: it speaks version 1.21 of the protocol, and 1.32 (Nix 2.4) is needed"
        );
    }
}
