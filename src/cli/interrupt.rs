//! Ctrl-C.

use std::{io, thread};

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
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let signals = signals.context("while preparing for Ctrl-C")?;
    spawn(signals, processes.clone(), ui.clone()).context("while preparing for Ctrl-C")
}

fn spawn(mut signals: Signals, processes: Processes, ui: Ui) -> io::Result<()> {
    let watch = move || {
        let mut arrivals = signals.forever();
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
