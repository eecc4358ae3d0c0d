//! Requests that are open, and what comes for them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    time::{Duration, Instant},
};

use nixops_plugin::protocol::{RequestId, RpcError};
use serde_json::Value;

use super::{About, Fault, Incoming, Listener, ProviderEvent, connection::Hearer};

/// How often who waits looks whether the run was interrupted.
const TICK: Duration = Duration::from_millis(50);

/// What a provider says to a request.
pub(super) type Answer = Result<Value, RpcError>;

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
    answer: Sender<(RequestId, Result<Answer, Fault>)>,
}

/// Requests of one who waits for all of them; they are open as long as this lives.
pub(super) struct Batch<'a> {
    requests: &'a Requests,
    /// The place of each request that is open, among the questions of who waits.
    open: BTreeMap<RequestId, usize>,
    sender: Sender<(RequestId, Result<Answer, Fault>)>,
    answers: Receiver<(RequestId, Result<Answer, Fault>)>,
}

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Waited {
    /// The answer to the question of that place.
    Answer(usize, Answer),
    /// The conversation is over, so that question has none.
    Over(usize, Fault),
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

    /// Requests of one who will wait for all of them.
    pub(super) fn batch(&self) -> Batch<'_> {
        let (sender, answers) = mpsc::channel();
        Batch {
            requests: self,
            open: BTreeMap::new(),
            sender,
            answers,
        }
    }

    /// Ends the conversation for all requests, open ones and later ones; gives the reason, which is
    /// that of the first time.
    pub(super) fn over(&self, fault: Fault) -> Fault {
        let mut state = self.state();
        let fault = state.over.get_or_insert(fault).clone();
        for (id, waiting) in state.open.drain() {
            let _ = waiting.answer.send((id, Err(fault.clone())));
        }
        fault
    }

    fn answer(&self, id: RequestId, answer: Answer) -> Result<(), Fault> {
        let waiting = self.state().open.remove(&id);
        let waiting = waiting.ok_or(Fault::UnknownRequest { id })?;
        // Who asked may have just given up.
        let _ = waiting.answer.send((id, Ok(answer)));
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

impl Batch<'_> {
    /// Opens a request for the question of a place, unless the conversation is over.
    pub(super) fn open(&mut self, place: usize, about: About) -> Result<RequestId, Fault> {
        let mut state = self.requests.state();
        if let Some(fault) = &state.over {
            return Err(fault.clone());
        }
        state.next += 1;
        let id = state.next;
        let answer = self.sender.clone();
        state.open.insert(id, Waiting { about, answer });
        self.open.insert(id, place);
        Ok(id)
    }

    /// Closes the request for the question of a place, which was not sent.
    pub(super) fn forget(&mut self, place: usize) {
        let mut state = self.requests.state();
        self.open.retain(|id, other| {
            let stays = *other != place;
            if !stays {
                state.open.remove(id);
            }
            stays
        });
    }

    /// Numbers of the requests that are open.
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = RequestId> {
        self.open.keys().copied()
    }

    /// Waits for the next answer; no longer than `limit`, and no longer than `hurry` is false.
    pub(super) fn wait(&mut self, limit: Duration, hurry: impl Fn() -> bool) -> Waited {
        let begin = Instant::now();
        loop {
            let left = limit.saturating_sub(begin.elapsed());
            match self.answers.recv_timeout(left.min(TICK)) {
                Ok((id, answer)) => {
                    // One that was forgotten meanwhile is nobody's.
                    let Some(place) = self.open.remove(&id) else {
                        continue;
                    };
                    return match answer {
                        Ok(answer) => Waited::Answer(place, answer),
                        Err(fault) => Waited::Over(place, fault),
                    };
                }
                // Its sender is in this value, so it is a matter of time.
                Err(_) if left.is_zero() || hurry() => return Waited::TooLong,
                Err(_) => {}
            }
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut state = self.requests.state();
        for id in self.open.keys() {
            state.open.remove(id);
        }
    }
}
