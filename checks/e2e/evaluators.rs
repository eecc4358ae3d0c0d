//! The Nix processes that evaluate for a run which goes on.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process};

use crate::{lab::Lab, watched::wait_for};

/// A process that evaluates.
#[derive(Debug)]
pub struct Evaluator {
    id: i32,
    /// Its arguments, with blanks between them.
    pub command_line: String,
    /// Its environment.
    pub environment: String,
}

impl Lab {
    /// The processes that evaluate at this moment.
    pub fn evaluators(&self) -> Vec<Evaluator> {
        let home = format!("HOME={} ", self.rig.home().display());
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        processes
            .filter_map(|process| Evaluator::read(&process.path()))
            .filter(|process| process.environment.contains(&home))
            .filter(|process| process.command_line.contains("--eval"))
            .collect()
    }

    /// Waits for the process that evaluates a machine, alone or as the first of several.
    #[track_caller]
    pub fn evaluator_of(&self, machine: &str, alone: bool) -> Evaluator {
        let first = format!("--arg _ null -A machines.\"{machine}\" ");
        let end = if alone { "- " } else { "" };
        let wanted = first + end;
        let mut found = None;
        wait_for("an evaluation", || {
            let evaluators = self.evaluators();
            let seen = format!("{evaluators:?}");
            found = evaluators
                .into_iter()
                .find(|process| process.command_line.contains(&wanted));
            found.as_ref().map(drop).ok_or(seen)
        });
        found.expect("it was found")
    }
}

impl Evaluator {
    fn read(process: &Path) -> Option<Self> {
        let text = |file: &str| {
            let bytes = fs::read(process.join(file)).ok()?;
            Some(String::from_utf8_lossy(&bytes).replace('\0', " "))
        };
        Some(Self {
            id: process.file_name()?.to_str()?.parse().ok()?,
            command_line: text("cmdline").filter(|line| line.contains("nix-instantiate"))?,
            environment: text("environ")?,
        })
    }

    /// Ends it in the way of the kernel that is out of memory.
    pub fn kill(&self) {
        let process = Pid::from_raw(self.id).expect("an id");
        kill_process(process, Signal::KILL).expect("the process is there");
    }
}
