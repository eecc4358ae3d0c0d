//! A provider's process and its three pipes.

use std::{
    io::{self, BufReader, Write as _},
    process::{ChildStdin, ChildStdout, ExitStatus},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use super::{Fault, Incoming, message::next_line, tail::Tail};
use crate::process::{Killer, Running};

/// How long a process whose pipe broke may take to end: then that is the reason.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// How long the last answers of a process that has ended may take to arrive.
const LATE: Duration = Duration::from_secs(1);

/// Hears what comes from a provider, in threads of the connection.
pub trait Hearer: Send + Sync + 'static {
    /// A message came; a fault ends the conversation.
    fn message(&self, message: Incoming) -> Result<(), Fault>;
    /// The conversation is over. Called at least once, and the first fault is the reason.
    fn fault(&self, fault: Fault);
    /// A line of standard error came.
    fn stderr(&self, line: String);
}

/// A process that reads and writes lines; dropping it kills the process.
///
/// Each pipe has a thread, so that no side waits for the other: not a request that the provider does
/// not read, and not an answer that nobody waits for. The threads are not joined, because a stranger
/// that inherited a pipe may hold it for ever.
pub struct Connection {
    id: u32,
    process: Arc<Process>,
    lines: Mutex<Option<Sender<Vec<u8>>>>,
}

struct Process {
    hearer: Arc<dyn Hearer>,
    running: Mutex<Running>,
    killer: Killer,
    closing: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
    tail: Tail,
}

#[derive(Default)]
struct State {
    ended: Option<ExitStatus>,
    read_to_end: bool,
}

impl Connection {
    /// Takes the pipes of a process.
    pub fn new(mut running: Running, hearer: Arc<dyn Hearer>) -> Self {
        let (sender, receiver) = mpsc::channel();
        let (stdin, stdout) = (running.take_stdin(), running.take_stdout());
        let stderr = running.take_stderr();
        let (id, ended) = (running.id(), running.ended());
        let process = Arc::new(Process {
            hearer,
            killer: running.killer(),
            running: Mutex::new(running),
            closing: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
            tail: Tail::default(),
        });
        process.in_thread(move |process| process.write(stdin, &receiver));
        process.in_thread(move |process| process.read(stdout));
        process.in_thread(move |process| {
            if let Some(stderr) = stderr {
                process
                    .tail
                    .read(stderr, |line| process.hearer.stderr(line));
            }
        });
        process.in_thread(move |process| {
            ended();
            process.reap();
        });
        Self {
            id,
            process,
            lines: Mutex::new(Some(sender)),
        }
    }

    /// Number of the process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Writes a line, with its line feed, as soon as the provider reads it. It is lost if the
    /// conversation is over, which the hearer was told.
    pub fn send(&self, line: Vec<u8>) {
        if let Some(lines) = &*lock(&self.lines) {
            let _ = lines.send(line);
        }
    }

    /// Closes the provider's input, and waits for its end.
    pub fn close(&self, grace: Duration) -> Option<ExitStatus> {
        self.process.closing.store(true, Ordering::SeqCst);
        *lock(&self.lines) = None;
        let status = self.process.wait(grace)?;
        drop(self.process.wait_while(LATE, |state| !state.read_to_end));
        Some(status)
    }

    /// Asks the provider to end, and kills it if it has not within `grace`.
    pub fn stop(&self, grace: Duration) {
        self.process.killer.terminate();
        if self.process.wait(grace).is_none() {
            self.process.killer.kill();
            self.process.wait(ENDS_WITHIN);
        }
    }

    /// The last lines of the provider's standard error; those of one that has ended once they are all
    /// there.
    pub fn stderr(&self, ended: bool) -> Vec<String> {
        self.process.tail.lines(ended)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.process.killer.kill();
        self.process.wait(ENDS_WITHIN);
    }
}

impl Process {
    fn in_thread(self: &Arc<Self>, work: impl FnOnce(&Self) + Send + 'static) {
        let process = Arc::clone(self);
        thread::spawn(move || work(&process));
    }

    fn write(&self, stdin: Option<ChildStdin>, lines: &Receiver<Vec<u8>>) {
        let Some(mut stdin) = stdin else { return };
        for line in lines {
            if stdin.write_all(&line).is_err() {
                return self.broken(Fault::ClosedInput);
            }
        }
    }

    fn read(&self, stdout: Option<ChildStdout>) {
        if let Some(stdout) = stdout {
            let fault = self.hear(BufReader::with_capacity(64 * 1024, stdout));
            self.broken(fault);
        }
        lock(&self.state).read_to_end = true;
        self.changed.notify_all();
    }

    /// Hears messages until one is wrong, or none comes any more.
    fn hear(&self, mut stdout: BufReader<ChildStdout>) -> Fault {
        loop {
            let heard = match next_line(&mut stdout) {
                Ok(Some(line)) => line.and_then(|line| Incoming::parse(&line)),
                Ok(None) => return Fault::ClosedOutput,
                Err(error) => return pipe(&error),
            };
            if let Err(fault) = heard.and_then(|message| self.hearer.message(message)) {
                return fault;
            }
        }
    }

    /// Ends the conversation, and the process if it has not ended.
    fn broken(&self, fault: Fault) {
        let fault = match fault {
            // Who closes waits for the end, and hears how it came.
            Fault::ClosedOutput if self.is_closing() => return,
            Fault::ClosedOutput | Fault::ClosedInput | Fault::HalfLine { .. } => {
                match self.wait(ENDS_WITHIN) {
                    Some(status) => self.explain(fault, status),
                    None => fault,
                }
            }
            other => other,
        };
        self.hearer.fault(fault);
        if !self.is_closing() {
            self.killer.kill();
        }
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    fn explain(&self, fault: Fault, status: ExitStatus) -> Fault {
        if self.is_closing() && status.success() && fault == Fault::ClosedOutput {
            return Fault::Closed;
        }
        fault.ended(status, self.tail.lines(true))
    }

    /// Notes that the process has ended, once its last messages are read.
    fn reap(&self) {
        let mut running = lock(&self.running);
        if !self.is_closing() {
            // What it leaves behind is nobody's, and holds the pipes.
            running.kill();
        }
        let status = running.try_wait().ok().flatten().unwrap_or_default();
        drop(running);
        lock(&self.state).ended = Some(status);
        self.changed.notify_all();
        drop(self.wait_while(LATE, |state| !state.read_to_end));
        self.hearer.fault(self.explain(Fault::ClosedOutput, status));
    }

    /// Waits for the end of the process.
    fn wait(&self, limit: Duration) -> Option<ExitStatus> {
        self.wait_while(limit, |state| state.ended.is_none()).ended
    }

    fn wait_while(
        &self,
        limit: Duration,
        condition: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let state = lock(&self.state);
        let waited = self
            .changed
            .wait_timeout_while(state, limit, |state| condition(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn pipe(error: &io::Error) -> Fault {
    Fault::Pipe {
        reason: error.to_string(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
