//! Keeps the lock of a run taken as long as a provider lives, even if the run is killed.
//!
//! The lock belongs to an open file, and who inherits that keeps the lock. If providers did, so would
//! whatever they leave behind, such as a server that lives for months. So it is a process of NixOps that
//! inherits the file, and it waits for the providers: a run tells it of each, and when the run ends the
//! keeper ends with the last of them.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Command, ExitCode, Stdio},
    sync::{Mutex, PoisonError},
};

use camino::Utf8Path;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};

use crate::process::{self, Processes, Running};

/// The verb by which NixOps is the keeper.
pub const VERB: &str = "keep-lock";

/// What the keeper says when it waits for a provider too.
const HEARD: u8 = b'+';

/// A keeper, as the run has it; it is ended when this is dropped.
#[derive(Debug)]
pub(super) struct LockKeeper {
    // Closed before the process is ended.
    talk: Mutex<UnixStream>,
    _running: Running,
}

impl LockKeeper {
    /// Starts the keeper of a lock.
    pub(super) fn start(
        processes: &Processes,
        nixops: &Utf8Path,
        lock: &File,
    ) -> Result<Self, process::Error> {
        let label = "keeper of the lock";
        let spawn = |source| process::Error::Spawn {
            label: label.to_owned(),
            program: nixops.to_string(),
            source,
        };
        let (talk, other) = UnixStream::pair().map_err(spawn)?;
        let mut command = Command::new(nixops);
        command
            .arg(VERB)
            .stdin(lock.try_clone().map_err(spawn)?)
            .stdout(OwnedFd::from(other))
            .stderr(Stdio::null());
        let running = processes.spawn_background(&mut command, label)?;
        Ok(Self {
            talk: Mutex::new(talk),
            _running: running,
        })
    }

    /// Has the keeper wait for a process too, and returns when it does.
    pub(super) fn watch(&self, process: u32) -> io::Result<()> {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(talk, "{process}")?;
        let mut answer = [0];
        talk.read_exact(&mut answer)?;
        if answer == [HEARD] {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(i32::from(answer[0])))
        }
    }
}

/// Keeps the lock that is standard input. Standard output is the way to the run.
pub fn main() -> ExitCode {
    match keep() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn keep() -> io::Result<()> {
    let mut talk = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut alive = Vec::new();
    for process in BufReader::new(talk.try_clone()?)
        .lines()
        .map_while(Result::ok)
    {
        let process = process.parse().ok().and_then(Pid::from_raw);
        let answer = match process.ok_or(Errno::INVAL).and_then(open) {
            Ok(process) => {
                alive.extend(process);
                HEARD
            }
            Err(error) => u8::try_from(error.raw_os_error()).unwrap_or(u8::MAX),
        };
        talk.write_all(&[answer])?;
    }
    alive.iter().try_for_each(wait)
}

/// Opens a process; none if it has ended.
fn open(process: Pid) -> Result<Option<OwnedFd>, Errno> {
    match pidfd_open(process, PidfdFlags::empty()) {
        Ok(process) => Ok(Some(process)),
        Err(Errno::SRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits for the end of a process that is no child.
fn wait(process: &OwnedFd) -> io::Result<()> {
    loop {
        let mut ends = [PollFd::new(process, PollFlags::IN)];
        match poll(&mut ends, None) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
