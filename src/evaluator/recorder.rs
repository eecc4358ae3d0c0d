//! Records what of the flake's tree a Nix process looks at.
//!
//! Nix shares in a process what it has read. So a machine of which this is to be known has a process of its own,
//! under `strace`, which the kernel stops at calls about files alone. Where that is not possible, nothing is recorded.

use std::{collections::BTreeSet, ffi::OsString, fs, process::Command};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::{NamedTempFile, TempDir};

use crate::{
    nix::{Nix, Program},
    process::Processes,
};

use super::strace::{self, Record};

/// The strace that a package of NixOps brings with it.
const PACKAGED: Option<&str> = option_env!("NIXOPS_STRACE");

/// Runs processes under strace.
#[derive(Debug)]
pub struct Recorder {
    strace: Utf8PathBuf,
    directory: TempDir,
    /// The tree.
    tree: Utf8PathBuf,
    /// Store paths that a Nix looks at which evaluates nothing: its own.
    own: BTreeSet<String>,
}

/// The record of one process that is being written.
#[derive(Debug)]
pub struct Recording(NamedTempFile);

impl Recorder {
    /// Makes one for a tree, if this Nix can be recorded here: it tries.
    pub fn new(nix: &Nix, processes: &Processes, tree: &Utf8Path) -> Option<Self> {
        if nix.is_relative() || !nix.version().reads_what_it_copies() {
            return None;
        }
        let strace = strace()?;
        let directory = tempfile::Builder::new().prefix("nixops-").tempdir().ok()?;
        let mut recorder = Self {
            strace,
            directory,
            tree: tree.to_owned(),
            own: BTreeSet::new(),
        };
        let recording = recorder.begin()?;
        let mut command = nix.command(Program::Instantiate);
        command.args(["--eval", "--read-write-mode", "--expr", "builtins.storeDir"]);
        let mut command = recorder.record(&recording, &command);
        let output = processes.output(&mut command, "try to record an evaluation", None);
        let record = output
            .ok()?
            .status
            .success()
            .then(|| recorder.end(&recording))??;
        recorder.own = record.others;
        Some(recorder)
    }

    /// Begins a record.
    pub fn begin(&self) -> Option<Recording> {
        NamedTempFile::new_in(self.directory.path())
            .ok()
            .map(Recording)
    }

    /// The command that runs another one, and records what it looks at.
    pub fn record(&self, recording: &Recording, command: &Command) -> Command {
        let mut recorded = Command::new(&self.strace);
        recorded.args(strace::ARGUMENTS);
        recorded.arg("-o").arg(recording.0.path());
        recorded.arg("--").arg(command.get_program());
        recorded.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value.map(OsString::from) {
                Some(value) => recorded.env(name, value),
                None => recorded.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            recorded.current_dir(directory);
        }
        recorded
    }

    /// What a process has looked at that has ended, and whose outputs are closed: strace keeps one of them open until
    /// it has written all. Nothing if that is not understood.
    pub fn end(&self, recording: &Recording) -> Option<Record> {
        let text = fs::read_to_string(recording.0.path()).ok()?;
        // Whatever runs looks at something.
        (!text.is_empty()).then_some(())?;
        let mut record = strace::read(&text, &self.tree)?;
        record.others.retain(|path| !self.own.contains(path));
        Some(record)
    }
}

/// The strace of the user, or that of the package.
fn strace() -> Option<Utf8PathBuf> {
    let found = which::which("strace").or_else(|error| match PACKAGED {
        Some(packaged) => which::which(packaged),
        None => Err(error),
    });
    Utf8PathBuf::from_path_buf(found.ok()?).ok()
}
