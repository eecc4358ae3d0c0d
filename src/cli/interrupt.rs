//! Ctrl-C.

use std::{fs, io, thread};

use anyhow::{Context as _, Result};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{
    process::Processes,
    ui::{Event, Ui},
};

/// Ends the children of the run when a signal asks for it, and at once when it asks twice.
pub fn watch(processes: &Processes, ui: &Ui) -> Result<()> {
    let hang_up = (!ignores_hang_up()).then_some(SIGHUP);
    let signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hang_up));
    let signals = signals.context("while preparing for Ctrl-C")?;
    spawn(signals, processes.clone(), ui.clone()).context("while preparing for Ctrl-C")
}

fn spawn(mut signals: Signals, processes: Processes, ui: Ui) -> io::Result<()> {
    let watch = move || {
        let heard = |signal: &i32| *signal != SIGINT || !processes.converses();
        let mut arrivals = signals.forever().filter(heard);
        if arrivals.next().is_some() {
            let running = processes.running();
            ui.send(Event::Interrupted { running });
            processes.interrupt();
        }
        for _ in arrivals {
            processes.kill_all();
        }
    };
    thread::Builder::new().name("signals".into()).spawn(watch)?;
    Ok(())
}

/// Whether the run was started to outlive its terminal, as by `nohup`, from what the kernel says
/// of its signals (see proc(5)).
fn ignores_hang_up() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (SIGHUP - 1)) != 0)
}
