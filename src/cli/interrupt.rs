//! Ctrl-C.

use std::{io, thread};

use anyhow::{Context as _, Result};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::process::Processes;

/// Ends the children of the run when a signal asks for it, and at once when it asks twice.
pub fn watch(processes: &Processes) -> Result<()> {
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let signals = signals.context("while preparing for Ctrl-C")?;
    spawn(signals, processes.clone()).context("while preparing for Ctrl-C")
}

fn spawn(mut signals: Signals, processes: Processes) -> io::Result<()> {
    let watch = move || {
        let mut arrivals = signals.forever();
        if arrivals.next().is_some() {
            processes.interrupt();
        }
        for _ in arrivals {
            processes.kill_all();
        }
    };
    thread::Builder::new().name("signals".into()).spawn(watch)?;
    Ok(())
}
