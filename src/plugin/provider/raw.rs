use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use super::{
    Fault, Incoming, Result, Subject,
    connection::{Connection, Hearer},
    start,
};
use crate::process::Processes;

/// A conversation without rules, for who wants to break them.
pub(crate) struct Raw {
    connection: Connection,
    heard: Receiver<Result<Incoming, Fault>>,
}

struct Ear(Mutex<Sender<Result<Incoming, Fault>>>);

impl Raw {
    /// Starts a provider and says nothing.
    pub(crate) fn start(processes: &Processes, subject: &Arc<Subject>) -> Result<Self> {
        let program = subject.program.as_path().into();
        let (sender, heard) = mpsc::channel();
        let running = start::start(processes, subject, &program)?;
        let ear = Arc::new(Ear(Mutex::new(sender)));
        Ok(Self {
            connection: Connection::new(running, ear),
            heard,
        })
    }

    /// Writes a line, to which the line feed is added.
    pub(crate) fn send(&self, line: impl Into<Vec<u8>>) {
        let mut line = line.into();
        line.push(b'\n');
        self.connection.send(line);
    }

    /// The next message, without logs and progress; none if there is none in that time.
    pub(crate) fn hear(&self, limit: Duration) -> Option<Result<Incoming, Fault>> {
        loop {
            match self.heard.recv_timeout(limit).ok()? {
                Ok(Incoming::Log(_) | Incoming::Progress(_)) => {}
                heard => return Some(heard),
            }
        }
    }
}

impl Ear {
    fn tell(&self, heard: Result<Incoming, Fault>) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Who asked may have heard enough.
        let _ = sender.send(heard);
    }
}

impl Hearer for Ear {
    fn message(&self, message: Incoming) -> Result<(), Fault> {
        self.tell(Ok(message));
        Ok(())
    }

    fn fault(&self, fault: Fault) {
        self.tell(Err(fault));
    }

    fn stderr(&self, _: String) {}
}
