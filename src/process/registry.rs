use std::{
    collections::BTreeMap,
    fmt,
    process::{Child, Command, ExitStatus},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Call, Error, Output, Result, Running};

/// The variable that may hold the key to our secrets: for us alone, so no child inherits it.
pub const KEY_VARIABLE: &str = "NIXOPS_AGE_KEY";

/// How long children may take to end by themselves after an interrupt.
const GRACE: Duration = Duration::from_secs(5);

/// The children of one run; clones share them.
#[derive(Clone)]
pub struct Processes {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Signalled whenever a child has gone.
    gone: Condvar,
    grace: Duration,
    last: OnceLock<Processes>,
}

#[derive(Default)]
struct State {
    interrupted: bool,
    next: u64,
    alive: BTreeMap<u64, Entry>,
}

struct Entry {
    process: Pid,
    label: String,
    role: Role,
}

/// What a child is to the run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// Work, in a process group of its own.
    Work,
    /// No work of its own, as a connection that is kept open.
    Background,
    /// The program that has the terminal: it stays in our group, or the terminal would stop it.
    Foreground,
    /// The same, and a Ctrl-C means something in it, such as to break off a line.
    Conversation,
}

impl Role {
    /// Whether the child stays in our group.
    pub(super) fn has_terminal(self) -> bool {
        matches!(self, Self::Foreground | Self::Conversation)
    }
}

impl Default for Processes {
    fn default() -> Self {
        Self::new()
    }
}

impl Processes {
    /// Makes an empty set of children.
    pub fn new() -> Self {
        Self::with_grace(GRACE)
    }

    /// Like [`Processes::new`], with the time that children get to end by themselves after an interrupt.
    pub fn with_grace(grace: Duration) -> Self {
        let shared = Shared {
            state: Mutex::default(),
            gone: Condvar::new(),
            grace,
            last: OnceLock::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Starts a child in a process group of its own; pipes are as the command says.
    ///
    /// `label` says what the child does in the user's words, e.g. `copy web`.
    pub fn spawn(&self, command: &mut Command, label: impl Into<String>) -> Result<Running> {
        Running::start(self, command, label.into(), Role::Work)
    }

    /// Starts a child that is not work of its own (a connection that is kept open): [`Processes::running`] leaves it out.
    pub fn spawn_background(
        &self,
        command: &mut Command,
        label: impl Into<String>,
    ) -> Result<Running> {
        Running::start(self, command, label.into(), Role::Background)
    }

    /// Runs a child to its end that reads and writes what we do, and has the terminal if there is one.
    ///
    /// A Ctrl-C there reaches it as well as us.
    pub fn foreground(
        &self,
        command: &mut Command,
        label: impl Into<String>,
    ) -> Result<ExitStatus> {
        Running::start(self, command, label.into(), Role::Foreground)?.wait()
    }

    /// Runs a child as [`Processes::foreground`] does, with which a person converses: a Ctrl-C is its own affair.
    pub fn conversation(
        &self,
        command: &mut Command,
        label: impl Into<String>,
    ) -> Result<ExitStatus> {
        Running::start(self, command, label.into(), Role::Conversation)?.wait()
    }

    /// Whether a person converses with a child now.
    pub fn converses(&self) -> bool {
        let state = self.state();
        let mut alive = state.alive.values();
        alive.any(|entry| entry.role == Role::Conversation)
    }

    /// Runs a child to its end with `stdin` as input and gives what it wrote, whatever its exit status.
    ///
    /// Use [`Output::checked`] to make a bad status an error, and [`Call`] for time limits or lines as they come.
    pub fn output(
        &self,
        command: &mut Command,
        label: impl Into<String>,
        stdin: Option<&[u8]>,
    ) -> Result<Output> {
        let mut call = Call::new(label);
        if let Some(stdin) = stdin {
            call = call.stdin(stdin);
        }
        call.run(self, command)
    }

    /// The children that an interrupt leaves alone: what has to be done yet before the run ends.
    #[must_use]
    pub fn after_interrupt(&self) -> Self {
        let grace = self.shared.grace;
        let last = self.shared.last.get_or_init(|| Self::with_grace(grace));
        last.clone()
    }

    /// Ends all children: asks their groups to terminate, kills what is left after the grace, refuses new ones.
    ///
    /// Returns at once; those who wait for a child get [`Error::Interrupted`]. Those of [`Processes::after_interrupt`]
    /// go on.
    pub fn interrupt(&self) {
        let mut state = self.state();
        if std::mem::replace(&mut state.interrupted, true) {
            return;
        }
        signal_all(&state, Signal::TERM);
        drop(state);
        let processes = self.clone();
        thread::spawn(move || {
            if !processes.wait_all(processes.shared.grace) {
                processes.kill();
            }
        });
    }

    /// Kills all children at once, also those that an interrupt leaves alone, for a user who interrupts twice.
    pub fn kill_all(&self) {
        self.kill();
        self.after_interrupt().kill();
    }

    fn kill(&self) {
        let mut state = self.state();
        state.interrupted = true;
        signal_all(&state, Signal::KILL);
    }

    /// Waits until no child is alive, at most for `limit`; tells whether that came true.
    pub fn wait_all(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut state = self.state();
        while !state.alive.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.shared.gone.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Tells whether [`Processes::interrupt`] was called.
    pub fn interrupted(&self) -> bool {
        self.state().interrupted
    }

    /// The labels of the children that are alive, in the order of their start.
    pub fn running(&self) -> Vec<String> {
        let state = self.state();
        state
            .alive
            .values()
            .filter(|entry| entry.role != Role::Background)
            .map(|entry| entry.label.clone())
            .collect()
    }

    /// Starts a child and notes it, in one step that an interrupt cannot come between.
    pub(super) fn start(
        &self,
        command: &mut Command,
        label: &str,
        role: Role,
    ) -> Result<(u64, Pid, Child)> {
        let mut state = self.state();
        if state.interrupted {
            return Err(Error::Interrupted {
                label: label.to_owned(),
            });
        }
        let child = command
            .env_remove(KEY_VARIABLE)
            .spawn()
            .map_err(|source| Error::Spawn {
                label: label.to_owned(),
                program: command.get_program().to_string_lossy().into_owned(),
                source,
            })?;
        let process = Pid::from_child(&child);
        let id = state.next;
        state.next += 1;
        state.alive.insert(
            id,
            Entry {
                process,
                label: label.to_owned(),
                role,
            },
        );
        Ok((id, process, child))
    }

    /// Signals a child's group, if the child has not been reaped.
    pub(super) fn signal(&self, id: u64, signal: Signal) {
        if let Some(entry) = self.state().alive.get(&id) {
            send(entry, signal);
        }
    }

    /// Forgets a child and reaps it, killing what is left of its group if the run was interrupted.
    pub(super) fn reap(
        &self,
        id: u64,
        child: &mut Child,
        kill_group: bool,
    ) -> std::io::Result<ExitStatus> {
        let mut state = self.state();
        if let Some(entry) = state.alive.remove(&id)
            && (kill_group || state.interrupted)
        {
            send(&entry, Signal::KILL);
        }
        let status = child.wait();
        drop(state);
        self.shared.gone.notify_all();
        status
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Processes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Processes")
            .field("running", &self.running())
            .finish()
    }
}

fn signal_all(state: &State, signal: Signal) {
    for entry in state.alive.values() {
        send(entry, signal);
    }
}

/// Sends a signal to a child and its group; a group whose last member has just ended is no error.
fn send(entry: &Entry, signal: Signal) {
    let _ = match entry.role {
        Role::Work | Role::Background => kill_process_group(entry.process, signal),
        Role::Foreground | Role::Conversation => kill_process(entry.process, signal),
    };
}
