//! One conversation with NixOps.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::answer::{Answerer, error};
use super::lines::{self, Line};
use super::pool::Pool;
use super::{Error, Output};
use crate::Provider;
use crate::protocol::{
    Cancel, Incoming, LARGEST_MESSAGE, Log, LogLevel, Refused, RequestId, RpcError, code,
};
use crate::resource::{Call, Context, parameters};

/// How often it is looked at the end whether anything is still being changed.
const TICK: Duration = Duration::from_millis(50);

/// Requests that are not answered yet, each with what cancels it.
type Open = HashMap<RequestId, Arc<AtomicBool>>;

/// Answers requests until the input closes.
pub(crate) fn run(
    provider: Provider,
    mut input: impl BufRead,
    output: Box<dyn Write + Send>,
) -> Result<(), Error> {
    let mut session = Session::new(provider, Output::new(output));
    let ended = loop {
        if session.output.is_broken() {
            break Ok(());
        }
        match lines::next(&mut input) {
            Ok(Some(line)) => session.take(line),
            Ok(None) => break Ok(()),
            Err(error) => break Err(Error::Read(error)),
        }
    };
    session.end();
    ended
}

struct Session {
    answerer: Arc<Answerer>,
    output: Output,
    pool: Pool,
    open: Arc<Mutex<Open>>,
    /// How many requests at work change something.
    changing: Arc<AtomicUsize>,
    greeted: bool,
}

impl Session {
    fn new(provider: Provider, output: Output) -> Self {
        Self {
            pool: Pool::new(provider.threads),
            answerer: Arc::new(Answerer { provider }),
            output,
            open: Arc::default(),
            changing: Arc::default(),
            greeted: false,
        }
    }

    fn take(&mut self, line: Line) {
        let message = match line {
            Line::Whole(line) => Incoming::parse(&line),
            Line::TooLong => Err(Refused {
                id: None,
                error: error(
                    code::PARSE,
                    format!("the message has more than {LARGEST_MESSAGE} bytes"),
                ),
            }),
        };
        match message {
            Ok(Incoming::Request { id, method, params }) => self.request(id, &method, params),
            Ok(Incoming::Notification { method, params }) => self.notification(&method, params),
            Err(Refused { id, error }) => self.output.answer(id, Err(error)),
        }
    }

    fn request(&mut self, id: RequestId, method: &str, params: Value) {
        if lock(&self.open).contains_key(&id) {
            // Under this number NixOps would take it for the answer to the other one.
            let message =
                format!("request {id} is not answered yet, and another one has its number");
            let error = error(code::INVALID_REQUEST, message);
            return self.output.answer(None, Err(error));
        }
        match self.begin(method, params) {
            Ok(Begun::Answered(result)) => self.output.answer(Some(id), Ok(result)),
            Ok(Begun::Call(call)) => self.spawn(id, call),
            Err(error) => self.output.answer(Some(id), Err(error)),
        }
    }

    /// Answers what needs no thread of its own.
    fn begin(&mut self, method: &str, params: Value) -> Result<Begun, RpcError> {
        match (method, self.greeted) {
            ("hello", false) => {
                let welcome = self.answerer.hello(params)?;
                self.greeted = true;
                Ok(Begun::Answered(welcome))
            }
            ("hello", true) => Err(error(code::INVALID_REQUEST, "`hello` was said before")),
            (_, false) => Err(error(
                code::INVALID_REQUEST,
                format!("`{method}` came before `hello`"),
            )),
            ("schema", true) => self.answerer.schema(params).map(Begun::Answered),
            (_, true) => match Call::parse(method, params) {
                Some(call) => Ok(Begun::Call(Box::new(call?))),
                None => Err(error(
                    code::UNKNOWN_METHOD,
                    format!("there is no method `{method}`"),
                )),
            },
        }
    }

    fn spawn(&self, id: RequestId, call: Box<Call>) {
        let cancelled = Arc::new(AtomicBool::new(false));
        lock(&self.open).insert(id, Arc::clone(&cancelled));
        let (answerer, open) = (Arc::clone(&self.answerer), Arc::clone(&self.open));
        let (output, changing) = (self.output.clone(), Arc::clone(&self.changing));
        self.pool.spawn(move || {
            // Nobody would hear what became of it.
            if output.is_broken() {
                return;
            }
            let changes = usize::from(call.changes());
            changing.fetch_add(changes, Ordering::SeqCst);
            let schema = answerer.options(call.of_type());
            let context = Context::new(id, cancelled, output.clone(), schema);
            let answer = answerer.call(&context, *call);
            // Its number is free as soon as NixOps can have read the answer.
            lock(&open).remove(&id);
            output.answer(Some(id), answer);
            changing.fetch_sub(changes, Ordering::SeqCst);
        });
    }

    fn notification(&self, method: &str, params: Value) {
        let cancel = match method {
            "cancel" => parameters::<Cancel>(method, params),
            _ => Err(error(
                code::UNKNOWN_METHOD,
                format!("there is no notification `{method}`"),
            )),
        };
        match cancel {
            Ok(Cancel { id }) => {
                if let Some(cancelled) = lock(&self.open).get(&id) {
                    cancelled.store(true, Ordering::Relaxed);
                }
            }
            Err(error) => self.warn(error.message),
        }
    }

    /// A notification has no answer, so that what is wrong with it is logged.
    fn warn(&self, message: String) {
        let log = Log {
            request: None,
            level: LogLevel::Warning,
            message,
        };
        self.output.notify("log", &log);
    }

    /// Lets requests finish, then asks them to stop. What changes something is not left half done, and
    /// the rest is not waited for. Where nobody hears the answers, nothing new is begun.
    fn end(self) {
        let (grace, patience) = (
            self.answerer.provider.grace,
            self.answerer.provider.patience,
        );
        if !self.output.is_broken() && self.pool.wait(grace) {
            return;
        }
        self.pool.clear();
        for cancelled in lock(&self.open).values() {
            cancelled.store(true, Ordering::Relaxed);
        }
        let until = Instant::now() + patience;
        let mut idle = self.pool.wait(grace);
        while !idle && self.changing.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            idle = self.pool.wait(TICK);
        }
    }
}

enum Begun {
    Answered(Value),
    Call(Box<Call>),
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
