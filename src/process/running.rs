use std::{
    os::unix::process::CommandExt as _,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, setpriority_process, waitid};

use super::{Error, Processes, Result, registry::Role};

/// The nice value of a child that has stepped back, see nice(1).
const NICEST: i32 = 19;

/// A child that is alive; dropping it ends it and its group.
#[derive(Debug)]
pub struct Running {
    processes: Processes,
    id: u64,
    group: Pid,
    child: Child,
    label: String,
    program: String,
    status: Option<ExitStatus>,
}

/// Ends a child from another thread.
#[derive(Clone, Debug)]
pub struct Killer {
    processes: Processes,
    id: u64,
}

impl Killer {
    /// Asks the child's group to terminate.
    pub fn terminate(&self) {
        self.processes.signal(self.id, Signal::TERM);
    }

    /// Kills the child's group.
    pub fn kill(&self) {
        self.processes.signal(self.id, Signal::KILL);
    }
}

impl Running {
    pub(super) fn start(
        processes: &Processes,
        command: &mut Command,
        label: String,
        role: Role,
    ) -> Result<Self> {
        if !role.has_terminal() {
            command.process_group(0);
        }
        let program = command.get_program().to_string_lossy().into_owned();
        let (id, group, child) = processes.start(command, &label, role)?;
        Ok(Self {
            processes: processes.clone(),
            id,
            group,
            child,
            label,
            program,
            status: None,
        })
    }

    /// What the child does, in the user's words.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The process id, which is also that of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Leaves the processors to all others that want them. It cannot be taken back.
    pub fn step_back(&self) {
        // One that has ended wants none.
        let _ = setpriority_process(Some(self.group), NICEST);
    }

    /// Takes the pipe to its standard input, if the command asked for one.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes the pipe from its standard output, if the command asked for one.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Takes the pipe from its standard error, if the command asked for one.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// A handle that can end this child from another thread.
    pub fn killer(&self) -> Killer {
        Killer {
            processes: self.processes.clone(),
            id: self.id,
        }
    }

    /// Waits for the end; [`Error::Interrupted`] if the run was interrupted meanwhile.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.end(false)?;
        if self.processes.interrupted() && !status.success() {
            return Err(Error::Interrupted {
                label: self.label.clone(),
            });
        }
        Ok(status)
    }

    /// Tells whether the child has ended, without waiting.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_some() {
            return Ok(self.status);
        }
        if self.has_ended() {
            self.end(false).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Asks the child to end, and kills it if it has not within `grace`.
    pub fn terminate(&mut self, grace: Duration) {
        self.killer().terminate();
        let end = Instant::now() + grace;
        while matches!(self.try_wait(), Ok(None)) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }

    /// Kills the child and its group, and reaps it.
    pub fn kill(&mut self) {
        if self.status.is_none() {
            self.processes.signal(self.id, Signal::KILL);
            let _ = self.end(true);
        }
    }

    /// Whether the child has ended; it is left to be reaped.
    pub(super) fn has_ended(&self) -> bool {
        self.status.is_some() || has_ended(self.group, WaitIdOptions::NOHANG)
    }

    /// Waits for the child to end, leaving it to be reaped: the group cannot be reused while its leader is a zombie.
    pub(crate) fn ended(&self) -> impl FnOnce() + Send + 'static {
        let group = self.group;
        move || {
            has_ended(group, WaitIdOptions::empty());
        }
    }

    /// Waits for the child and reaps it; `kill_group` also kills what it left behind in its group.
    pub(super) fn end(&mut self, kill_group: bool) -> Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        has_ended(self.group, WaitIdOptions::empty());
        let reaped = self.processes.reap(self.id, &mut self.child, kill_group);
        let status = reaped.map_err(|source| Error::Io {
            label: self.label.clone(),
            program: self.program.clone(),
            source,
        })?;
        self.status = Some(status);
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Looks whether a child has ended, without reaping it.
fn has_ended(child: Pid, options: WaitIdOptions) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | options;
    loop {
        match waitid(WaitId::Pid(child), options) {
            Ok(status) => return status.is_some(),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}
