//! Looks at processes while they run, by proc(5).

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// Ticks of the processor time that `/proc` counts in a second; 100 wherever Linux has Nix.
const TICKS: f64 = 100.0;

/// Processor time of a process, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processor {
    /// Its own.
    pub own: f64,
    /// That of the programs it ran, and of those they ran.
    pub programs: f64,
}

impl Processor {
    /// Reads it; a process that has ended can be read until its parent takes note.
    pub fn of(process: u32) -> Option<Self> {
        let stat = Stat::of(process)?;
        let seconds = |first: usize| Some((stat.number(first)? + stat.number(first + 1)?) / TICKS);
        Some(Self {
            own: seconds(14)?,
            programs: seconds(16)?,
        })
    }

    /// Both.
    pub fn total(self) -> f64 {
        self.own + self.programs
    }
}

/// Processor time of all programs of the computer since it was booted, in seconds.
pub fn computer() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let mut words = text.lines().next()?.split_whitespace().skip(1);
    let mut next = || words.next()?.parse::<f64>().ok();
    let [
        user,
        nice,
        system,
        _idle,
        _waiting,
        interrupts,
        soft_interrupts,
    ] = [(); 7].map(|()| next());
    let busy = [user, nice, system, interrupts, soft_interrupts];
    Some(busy.into_iter().sum::<Option<f64>>()? / TICKS)
}

/// The most memory that a process and all below it used together, in bytes.
///
/// Looks every `pace` until `ended` is set, and adds up resident memory; pages that processes share,
/// such as those of libraries, are counted in each.
pub fn peak_memory(root: u32, pace: Duration, ended: &AtomicBool) -> u64 {
    let mut peak = 0;
    while !ended.load(Ordering::Relaxed) {
        peak = peak.max(memory(root));
        thread::sleep(pace);
    }
    peak
}

fn memory(root: u32) -> u64 {
    let mut waiting = vec![root];
    let mut bytes = 0;
    while let Some(process) = waiting.pop() {
        bytes += resident(process).unwrap_or(0);
        waiting.extend(children(process));
    }
    bytes
}

fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    let mut children = Vec::new();
    for thread in threads.flatten() {
        let list = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        children.extend(
            list.split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    children
}

fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The text of `/proc/PROCESS/stat`.
struct Stat(String);

impl Stat {
    fn of(process: u32) -> Option<Self> {
        fs::read_to_string(format!("/proc/{process}/stat"))
            .ok()
            .map(Self)
    }

    /// A field by its number in proc(5), of those behind the name, which may hold anything.
    fn number(&self, field: usize) -> Option<f64> {
        let (_, rest) = self.0.rsplit_once(") ")?;
        rest.split(' ').nth(field - 3)?.parse().ok()
    }
}
