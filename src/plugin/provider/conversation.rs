use std::{sync::Arc, time::Duration};

use nixops_plugin::protocol::{
    self, Cancel, FailureKind, Hello, LARGEST_MESSAGE, NEWEST, Notification, OLDEST, Request,
    RequestId, RpcError, VERSION, Versions, Welcome,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    About, Error, Fault, Listener, Patience, Program, Result, Subject,
    connection::Connection,
    message::fitting,
    requests::{Open, Requests, Waited},
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
        let params = serde_json::to_value(params)
            .map_err(|error| self.unwritable(method, error.to_string()))?;
        let open = self
            .requests
            .open(About::of(method, &params))
            .map_err(|fault| self.broken(method, false, fault))?;
        let request = line(&Request {
            jsonrpc: VERSION.to_owned(),
            id: open.id(),
            method: method.to_owned(),
            params,
        });
        if request.len() > LARGEST_MESSAGE {
            let most = LARGEST_MESSAGE >> 20;
            let reason = format!("it is longer than a message may be ({most} MiB)");
            return Err(self.unwritable(method, reason));
        }
        self.connection.send(request);
        self.answer(method, &open, limit)
    }

    fn answer(&self, method: &str, open: &Open<'_>, limit: Duration) -> Result<Value> {
        let waited = open.wait(limit, || self.processes.interrupted());
        let in_time = !matches!(waited, Waited::TooLong);
        let waited = if in_time {
            waited
        } else {
            self.cancel(method, open, limit)
        };
        match waited {
            Waited::Answer(Ok(value)) => Ok(value),
            _ if self.processes.interrupted() => Err(Error::Interrupted {
                subject: self.subject.clone(),
                method: method.to_owned(),
            }),
            Waited::Answer(Err(error)) if !in_time && is_cancelled(&error) => {
                Err(Error::TimedOut {
                    subject: self.subject.clone(),
                    method: method.to_owned(),
                    limit,
                })
            }
            Waited::Answer(Err(error)) => Err(Error::Refused {
                subject: self.subject.clone(),
                method: method.to_owned(),
                error: Box::new(error),
            }),
            Waited::Over(fault) => Err(self.broken(method, true, fault)),
            Waited::TooLong => Err(self.broken(method, true, Fault::Closed)),
        }
    }

    /// Asks to give a request up, and ends a provider that does not even answer that.
    fn cancel(&self, method: &str, open: &Open<'_>, limit: Duration) -> Waited {
        let greeting = method == "hello";
        if !greeting {
            self.connection.send(cancellation(open.id()));
            let waited = open.wait(self.patience.cancel, || false);
            if !matches!(waited, Waited::TooLong) {
                return waited;
            }
        }
        let fault = self.requests.over(Fault::Silent {
            method: method.to_owned(),
            limit,
            stderr: self.connection.stderr(false),
        });
        self.connection.stop(self.patience.end);
        Waited::Over(fault)
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

    fn broken(&self, method: &str, asked: bool, fault: Fault) -> Error {
        Error::Broken {
            subject: self.subject.clone(),
            method: method.to_owned(),
            asked,
            fault,
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
