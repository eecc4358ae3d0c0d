//! Runs a program and measures it.

use std::{
    io::{Read, Write as _},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::processes::{Processor, computer, peak_memory};

/// How often memory is looked at.
pub const PACE: Duration = Duration::from_millis(20);

/// One run of a program that went well.
#[derive(Clone, Debug)]
pub struct Run {
    /// Seconds from its start to its end.
    pub seconds: f64,
    /// Its processor time.
    pub processor: Processor,
    /// Processor time of all that the computer did meanwhile: where hosts are on it, theirs too.
    pub computer: f64,
    /// The most memory that it and all processes below it used together.
    pub memory: u64,
    /// Its standard output.
    pub stdout: Vec<u8>,
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Result<Run> {
    run_with(command, "", PACE)
}

/// Runs a program with an input, looking at its memory from time to time.
pub fn run_with(command: &mut Command, input: &str, pace: Duration) -> Result<Run> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let busy = computer().context("while reading processor time")?;
    let begun = Instant::now();
    let mut child = command.spawn().context("while starting a program")?;
    let ended = &AtomicBool::new(false);
    let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let stderr = child.stderr.take();
    thread::scope(|scope| {
        let id = child.id();
        let memory = scope.spawn(move || peak_memory(id, pace, ended));
        let stdout = scope.spawn(|| read(stdout));
        let stderr = scope.spawn(|| read(stderr));
        if let Some(mut stdin) = stdin.take() {
            // A program that wants no input says so by its exit code, if at all.
            drop(stdin.write_all(input.as_bytes()));
        }
        let waited = await_end(&child);
        let seconds = begun.elapsed().as_secs_f64();
        let busy = computer().map_or(0.0, |now| now - busy);
        ended.store(true, Ordering::Relaxed);
        waited?;
        let processor = Processor::of(id).context("while reading processor time")?;
        let status = child.wait()?;
        let (Ok(memory), Ok(stdout), Ok(stderr)) = (memory.join(), stdout.join(), stderr.join())
        else {
            bail!("a thread that looked at a program failed");
        };
        if !status.success() {
            bail!(
                "{command:?} failed, {status}:\n{}",
                String::from_utf8_lossy(&stderr)
            );
        }
        Ok(Run {
            seconds,
            processor,
            computer: busy,
            memory,
            stdout,
        })
    })
}

/// Runs something several times and gives the run of median duration.
pub fn median(times: usize, mut one: impl FnMut() -> Result<Run>) -> Result<Run> {
    let mut runs = (0..times).map(|_| one()).collect::<Result<Vec<_>>>()?;
    runs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let middle = runs.len() / 2;
    Ok(runs.swap_remove(middle))
}

/// Waits until a program has ended, and leaves it to be read and reaped.
fn await_end(child: &Child) -> Result<()> {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let id = id.context("while waiting for a program")?;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(id), options).context("while waiting for a program")?;
    Ok(())
}

fn read(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What could not be read is missed by whoever looks for it.
        drop(pipe.read_to_end(&mut bytes));
    }
    bytes
}
