//! Requests that are open, and what comes for them.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use nixops_plugin::protocol::{RequestId, RpcError};
use serde_json::Value;

use super::{About, Fault, Incoming, Listener, ProviderEvent, connection::Hearer};

/// How often who waits looks whether the run was interrupted.
const TICK: Duration = Duration::from_millis(50);

type Answer = Result<Value, RpcError>;

/// The requests of a conversation.
pub(super) struct Requests {
    listener: Listener,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: RequestId,
    open: HashMap<RequestId, Waiting>,
    over: Option<Fault>,
}

struct Waiting {
    about: About,
    answer: Sender<Result<Answer, Fault>>,
}

/// A request that is open as long as this lives.
pub(super) struct Open<'a> {
    requests: &'a Requests,
    id: RequestId,
    answer: Receiver<Result<Answer, Fault>>,
}

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Waited {
    /// The answer.
    Answer(Answer),
    /// The conversation is over.
    Over(Fault),
    /// Neither, in the time that there was.
    TooLong,
}

impl Requests {
    pub(super) fn new(listener: Listener) -> Self {
        Self {
            listener,
            state: Mutex::default(),
        }
    }

    /// Opens a request, unless the conversation is over.
    pub(super) fn open(&self, about: About) -> Result<Open<'_>, Fault> {
        let mut state = self.state();
        if let Some(fault) = &state.over {
            return Err(fault.clone());
        }
        state.next += 1;
        let id = state.next;
        let (sender, answer) = mpsc::channel();
        let waiting = Waiting {
            about,
            answer: sender,
        };
        state.open.insert(id, waiting);
        Ok(Open {
            requests: self,
            id,
            answer,
        })
    }

    /// Ends the conversation for all requests, open ones and later ones; gives the reason, which is
    /// that of the first time.
    pub(super) fn over(&self, fault: Fault) -> Fault {
        let mut state = self.state();
        let fault = state.over.get_or_insert(fault).clone();
        for (_, waiting) in state.open.drain() {
            let _ = waiting.answer.send(Err(fault.clone()));
        }
        fault
    }

    fn answer(&self, id: RequestId, answer: Answer) -> Result<(), Fault> {
        let waiting = self.state().open.remove(&id);
        let waiting = waiting.ok_or(Fault::UnknownRequest { id })?;
        // Who asked may have just given up.
        let _ = waiting.answer.send(Ok(answer));
        Ok(())
    }

    fn about(&self, id: Option<RequestId>) -> Option<About> {
        Some(self.state().open.get(&id?)?.about.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hearer for Requests {
    fn message(&self, message: Incoming) -> Result<(), Fault> {
        let event = match message {
            Incoming::Answer(Some(id), answer) => return self.answer(id, answer),
            Incoming::Answer(None, answer) => return Err(misunderstood(answer)),
            Incoming::Log(log) => ProviderEvent::Log {
                about: self.about(log.request),
                level: log.level,
                message: log.message,
            },
            Incoming::Progress(progress) => ProviderEvent::Progress {
                about: self.about(Some(progress.request)),
                message: progress.message,
                done: progress.done,
                total: progress.total,
            },
        };
        (self.listener)(event);
        Ok(())
    }

    fn fault(&self, fault: Fault) {
        self.over(fault);
    }

    fn stderr(&self, line: String) {
        (self.listener)(ProviderEvent::Stderr { line });
    }
}

fn misunderstood(answer: Answer) -> Fault {
    let message = match answer {
        Ok(_) => "it answered a request without number".to_owned(),
        Err(error) => error.message,
    };
    Fault::Misunderstood { message }
}

impl Open<'_> {
    /// Number of the request.
    pub(super) fn id(&self) -> RequestId {
        self.id
    }

    /// Waits for the answer; no longer than `limit`, and no longer than `hurry` is false.
    pub(super) fn wait(&self, limit: Duration, hurry: impl Fn() -> bool) -> Waited {
        let begin = Instant::now();
        loop {
            let left = limit.saturating_sub(begin.elapsed());
            match self.answer.recv_timeout(left.min(TICK)) {
                Ok(Ok(answer)) => return Waited::Answer(answer),
                Ok(Err(fault)) => return Waited::Over(fault),
                Err(RecvTimeoutError::Disconnected) => return Waited::Over(Fault::Closed),
                Err(RecvTimeoutError::Timeout) if left.is_zero() || hurry() => {
                    return Waited::TooLong;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.requests.state().open.remove(&self.id);
    }
}
