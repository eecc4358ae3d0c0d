//! The conversation with a provider: one process, and requests from any number of threads.
//!
//! [`Provider::start`] starts the program and greets it. Requests have numbers, so many may be open at
//! a time. The conversation is over as soon as the provider ends, breaks the rules of
//! [`nixops_plugin::protocol`], or stays silent: it is then killed, every open request fails with that
//! reason, and so does every later one. What a provider says of itself (it refuses, it logs) ends
//! nothing.
//!
//! Who has many questions asks them together ([`Provider::request_many`]), without a thread for each.
//!
//! A deadline asks twice: first `cancel`, whose answer is waited for, so that a resource which is made
//! at the last moment is not lost; then the process is terminated.

mod asking;
mod connection;
mod conversation;
mod error;
mod event;
mod fault;
mod message;
mod methods;
mod raw;
mod requests;
mod start;
mod tail;

pub use error::{Error, Result, Subject};
pub use event::{About, Listener, ProviderEvent};
pub use fault::Fault;
pub(crate) use message::fitting;
pub use message::{Incoming, next_line};
pub(crate) use raw::Raw;
pub use start::StartFailure;

use std::{fmt, sync::Arc, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use nixops_plugin::protocol::Welcome;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Origin;
use crate::process::Processes;
use conversation::Conversation;

/// How long a provider may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience {
    /// For `hello`.
    pub hello: Duration,
    /// For the answer to a request that was cancelled.
    pub cancel: Duration,
    /// To end when it is terminated.
    pub end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(10),
            cancel: Duration::from_secs(5),
            end: Duration::from_secs(2),
        }
    }
}

/// What is started as a provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// The program.
    pub path: Utf8PathBuf,
    /// Its arguments; the provider of a plugin has none.
    pub arguments: Vec<String>,
}

impl From<&Utf8Path> for Program {
    fn from(path: &Utf8Path) -> Self {
        Self {
            path: absolute(path),
            arguments: Vec::new(),
        }
    }
}

impl From<&Utf8PathBuf> for Program {
    fn from(path: &Utf8PathBuf) -> Self {
        path.as_path().into()
    }
}

/// A provider that runs; dropping it kills it.
pub struct Provider {
    conversation: Conversation,
    welcome: Welcome,
}

impl Provider {
    /// Starts a provider and greets it.
    pub fn start(
        processes: &Processes,
        origin: Origin,
        program: impl Into<Program>,
        listener: Listener,
    ) -> Result<Self> {
        Self::start_with(processes, origin, program, listener, Patience::default())
    }

    /// Like [`Provider::start`], with other limits.
    pub fn start_with(
        processes: &Processes,
        origin: Origin,
        program: impl Into<Program>,
        listener: Listener,
        patience: Patience,
    ) -> Result<Self> {
        let program = program.into();
        let subject = Arc::new(Subject {
            origin,
            program: program.path.clone(),
        });
        let conversation = Conversation::begin(processes, subject, &program, listener, patience)?;
        let welcome = conversation.greet()?;
        Ok(Self {
            conversation,
            welcome,
        })
    }

    /// What the provider said of itself.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Whose provider it is.
    pub fn subject(&self) -> &Subject {
        self.conversation.subject()
    }

    /// Number of its process.
    pub fn process(&self) -> u32 {
        self.conversation.process()
    }

    /// Asks, and waits for the answer, at most for `limit`.
    pub fn request<P: Serialize, R: DeserializeOwned>(
        &self,
        method: &str,
        params: &P,
        limit: Duration,
    ) -> Result<R> {
        self.fitting(method, self.conversation.ask(method, params, limit)?)
    }

    /// Asks many questions, and gives the answers in their order. Many are on the way at a time, in one
    /// thread; `limit` is for the time until the next answer.
    pub fn request_many<'p, P: Serialize + 'p, R: DeserializeOwned>(
        &self,
        method: &str,
        params: impl IntoIterator<Item = &'p P>,
        limit: Duration,
    ) -> Vec<Result<R>> {
        let results = self.conversation.ask_all(method, params, limit).into_iter();
        results
            .map(|result| self.fitting(method, result?))
            .collect()
    }

    fn fitting<R: DeserializeOwned>(&self, method: &str, result: Value) -> Result<R> {
        message::fitting(result).map_err(|reason| Error::Result {
            subject: self.conversation.subject().clone(),
            method: method.to_owned(),
            reason,
        })
    }

    /// Closes the provider's input and waits for its end; terminates it if it has not ended within
    /// `grace`.
    pub fn close(&self, grace: Duration) -> Result<()> {
        self.conversation.close(grace)
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Provider")
            .field("subject", self.subject())
            .field("welcome", &self.welcome)
            .finish_non_exhaustive()
    }
}

/// A path that the search path has no say in.
pub(crate) fn absolute(program: &Utf8Path) -> Utf8PathBuf {
    camino::absolute_utf8(program).unwrap_or_else(|_| program.to_owned())
}
