use std::{sync::Arc, time::Duration};

use nixops_plugin::protocol::{
    self, Cancel, FailureKind, Hello, LARGEST_MESSAGE, NEWEST, Notification, OLDEST, Request,
    RequestId, RpcError, VERSION, Versions, Welcome,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    About, Error, Fault, Listener, Patience, Program, Result, Subject,
    asking::Asking,
    connection::Connection,
    message::fitting,
    requests::{Answer, Batch, Requests},
    start,
};
use crate::process::Processes;

/// A connection, and the requests that are open on it.
pub(super) struct Conversation {
    subject: Arc<Subject>,
    processes: Processes,
    patience: Patience,
    requests: Arc<Requests>,
    connection: Connection,
}

impl Conversation {
    /// Starts the program.
    pub(super) fn begin(
        processes: &Processes,
        subject: Arc<Subject>,
        program: &Program,
        listener: Listener,
        patience: Patience,
    ) -> Result<Self> {
        let running = start::start(processes, &subject, program)?;
        let requests = Arc::new(Requests::new(listener));
        Ok(Self {
            connection: Connection::new(running, requests.clone()),
            subject,
            processes: processes.clone(),
            patience,
            requests,
        })
    }

    pub(super) fn subject(&self) -> &Arc<Subject> {
        &self.subject
    }

    pub(super) fn process(&self) -> u32 {
        self.connection.id()
    }

    /// Finds out who is there, and agrees on a version.
    pub(super) fn greet(&self) -> Result<Welcome> {
        let hello = Hello {
            protocol: Versions {
                oldest: OLDEST,
                newest: NEWEST,
            },
            client: protocol::Program {
                name: "nixops".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
        };
        let welcome = self.ask("hello", &hello, self.patience.hello)?;
        read_welcome(welcome).map_err(|fault| {
            let fault = self.requests.over(fault);
            self.broken("hello", true, fault)
        })
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(
        &self,
        method: &str,
        params: &impl Serialize,
        limit: Duration,
    ) -> Result<Value> {
        let mut answers = self.ask_all(method, [params], limit);
        // There is an answer for each question.
        answers.pop().unwrap_or(Ok(Value::Null))
    }

    /// Asks all these, and waits for the answers, which it gives in the order of the questions.
    ///
    /// Only so many are on the way at a time, so that neither side has to hold all. `limit` is for the
    /// time until the next answer.
    pub(super) fn ask_all<'p, P: Serialize + 'p>(
        &self,
        method: &str,
        questions: impl IntoIterator<Item = &'p P>,
        limit: Duration,
    ) -> Vec<Result<Value>> {
        Asking::new(self, method, limit).ask(questions)
    }

    /// Writes a request.
    pub(super) fn send(
        &self,
        batch: &mut Batch<'_>,
        method: &str,
        place: usize,
        params: &impl Serialize,
    ) -> Result<()> {
        let params = serde_json::to_value(params)
            .map_err(|error| self.unwritable(method, error.to_string()))?;
        let opened = batch.open(place, About::of(method, &params));
        let request = line(&Request {
            jsonrpc: VERSION.to_owned(),
            id: opened.map_err(|fault| self.broken(method, false, fault))?,
            method: method.to_owned(),
            params,
        });
        if request.len() > LARGEST_MESSAGE {
            batch.forget(place);
            let most = LARGEST_MESSAGE >> 20;
            let reason = format!("it is longer than a message may be ({most} MiB)");
            return Err(self.unwritable(method, reason));
        }
        self.connection.send(request);
        Ok(())
    }

    /// What an answer means for who asked.
    pub(super) fn understand(
        &self,
        method: &str,
        answer: Answer,
        late: Option<Duration>,
    ) -> Result<Value> {
        match (answer, late) {
            (Ok(value), _) => Ok(value),
            (Err(error), Some(limit)) if is_cancelled(&error) => Err(self.too_late(method, limit)),
            (Err(_), _) if self.processes.interrupted() => Err(self.interrupted(method)),
            (Err(error), _) => Err(Error::Refused {
                subject: self.subject.clone(),
                method: method.to_owned(),
                error: Box::new(error),
            }),
        }
    }

    /// What it means for who asked that there is no time left.
    pub(super) fn too_late(&self, method: &str, limit: Duration) -> Error {
        if self.processes.interrupted() {
            return self.interrupted(method);
        }
        Error::TimedOut {
            subject: self.subject.clone(),
            method: method.to_owned(),
            limit,
        }
    }

    /// What it means for who asked that the conversation is over.
    pub(super) fn over(&self, method: &str, fault: Fault) -> Error {
        self.broken(method, true, fault)
    }

    /// Asks to give requests up.
    pub(super) fn cancel(&self, requests: impl Iterator<Item = RequestId>) {
        for id in requests {
            self.connection.send(cancellation(id));
        }
    }

    /// Ends a provider that does not even answer that it gives up.
    pub(super) fn give_up(&self, method: &str, limit: Duration) {
        self.requests.over(Fault::Silent {
            method: method.to_owned(),
            limit,
            stderr: self.connection.stderr(false),
        });
        self.connection.stop(self.patience.end);
    }

    pub(super) fn requests(&self) -> &Requests {
        &self.requests
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.processes.interrupted()
    }

    /// Closes the input and waits for the end.
    pub(super) fn close(&self, grace: Duration) -> Result<()> {
        let status = self.connection.close(grace);
        let stderr = self.connection.stderr(status.is_some());
        let fault = self.requests.over(match status {
            Some(status) if status.success() => Fault::Closed,
            Some(status) => Fault::Ended { status, stderr },
            None => Fault::Stayed { limit: grace },
        });
        if status.is_none() {
            self.connection.stop(self.patience.end);
        }
        match fault {
            Fault::Closed => Ok(()),
            fault => Err(Error::Closing {
                subject: self.subject.clone(),
                fault,
            }),
        }
    }

    /// Why nothing more can be asked: an interrupt ends providers, and then that is the reason.
    fn broken(&self, method: &str, asked: bool, fault: Fault) -> Error {
        if self.processes.interrupted() {
            return self.interrupted(method);
        }
        Error::Broken {
            subject: self.subject.clone(),
            method: method.to_owned(),
            asked,
            fault,
        }
    }

    fn interrupted(&self, method: &str) -> Error {
        Error::Interrupted {
            subject: self.subject.clone(),
            method: method.to_owned(),
        }
    }

    fn unwritable(&self, method: &str, reason: String) -> Error {
        Error::Request {
            subject: self.subject.clone(),
            method: method.to_owned(),
            reason,
        }
    }
}

fn read_welcome(welcome: Value) -> Result<Welcome, Fault> {
    let welcome: Welcome = fitting(welcome).map_err(|reason| Fault::Welcome { reason })?;
    if !(OLDEST..=NEWEST).contains(&welcome.protocol) {
        return Err(Fault::Protocol {
            chosen: welcome.protocol,
        });
    }
    if welcome.provider.name.trim().is_empty() {
        let reason = "`provider.name` is empty".to_owned();
        return Err(Fault::Welcome { reason });
    }
    Ok(welcome)
}

fn is_cancelled(error: &RpcError) -> bool {
    let kind = error.data.as_ref().map(|failure| failure.kind);
    kind == Some(FailureKind::Cancelled)
}

fn cancellation(id: RequestId) -> Vec<u8> {
    line(&Notification {
        jsonrpc: VERSION.to_owned(),
        method: "cancel".to_owned(),
        params: json!(Cancel { id }),
    })
}

/// Writes a message as a line.
fn line(message: &impl Serialize) -> Vec<u8> {
    // A message is made of strings, numbers and JSON values, which can always be written.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}
