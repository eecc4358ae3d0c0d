use std::{
    collections::BTreeSet,
    panic::{self, AssertUnwindSafe},
    process::Command,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use camino::Utf8Path;

use super::{
    super::{Nix, Program},
    BuildError, BuildOptions,
    error::name,
    failures::Failures,
    queue::interrupt,
    teller::Teller,
    ticket::Job,
    verify::Verifier,
    watch::Watch,
};
use crate::process::{Call, Processes};

/// How often, in seconds, a process looks whether another one has built what both need: nothing tells it.
///
/// Nix looks every five seconds by itself, and takes no less than one.
const POLL: (&str, &str) = ("build-poll-interval", "1");

/// What a Nix process that builds is started with.
pub(super) struct Realisation<'a> {
    pub nix: &'a Nix,
    pub processes: &'a Processes,
    pub options: &'a BuildOptions,
    pub teller: &'a Teller,
}

/// Jobs that Nix neither finished nor blamed on a derivation.
pub(super) struct Left {
    pub jobs: Vec<Arc<Job>>,
    reason: String,
}

impl Left {
    /// The error for one of them.
    pub fn error(&self, job: &Job) -> BuildError {
        BuildError::Nix {
            wanted: job.drv.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// Builds a batch with one Nix process and answers each job as soon as its fate is known.
///
/// A panic answers too: whoever waits for a job would wait for ever.
pub(super) fn realise(context: &Realisation, batch: &[Arc<Job>]) -> Left {
    let attempt = AssertUnwindSafe(|| attempt(context, batch));
    panic::catch_unwind(attempt).unwrap_or_else(|_| Left {
        jobs: unanswered(batch),
        reason: "nixops itself failed; this is a defect".to_owned(),
    })
}

fn attempt(context: &Realisation, batch: &[Arc<Job>]) -> Left {
    let failures = Mutex::new(Failures::default());
    let (sender, hints) = mpsc::channel();
    let mut command = command(context, batch);
    let result = thread::scope(|scope| {
        scope.spawn(move || Verifier::new(context, batch).follow(&hints));
        let mut watch = Watch::new(&failures, sender, context.teller);
        let mut lines = |stream, line: &str| watch.line(stream, line);
        let call = Call::new(label(batch)).lines(&mut lines).discard_stdout();
        call.run(context.processes, &mut command)
    });
    Verifier::new(context, batch).check(batch);
    let open = unanswered(batch);
    let said = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .messages();
    match result {
        _ if context.processes.interrupted() => {
            for job in &open {
                interrupt(job);
            }
            Left {
                jobs: Vec::new(),
                reason: String::new(),
            }
        }
        Ok(output) if said.is_empty() => Left {
            jobs: open,
            reason: output.into_error().to_string(),
        },
        Ok(_) => Left {
            jobs: open,
            reason: said,
        },
        Err(error) => Left {
            jobs: open,
            reason: error.to_string(),
        },
    }
}

fn unanswered(batch: &[Arc<Job>]) -> Vec<Arc<Job>> {
    let open = batch.iter().filter(|job| !job.is_answered());
    open.cloned().collect()
}

fn label(batch: &[Arc<Job>]) -> String {
    match batch {
        [job] => format!("build {}", name(&job.drv)),
        _ => format!("build {} derivations", batch.len()),
    }
}

fn command(context: &Realisation, batch: &[Arc<Job>]) -> Command {
    let mut command = context.nix.command(Program::Store);
    command.args([
        "--realise",
        "--keep-going",
        "--log-format",
        "internal-json",
        "--verbose",
    ]);
    let users = context.nix.settings();
    if !users.iter().any(|(name, _)| name == POLL.0) {
        command.args(["--option", POLL.0, POLL.1]);
    }
    if context.options.repair {
        command.arg("--repair");
    }
    let drvs: BTreeSet<&Utf8Path> = batch.iter().map(|job| job.drv.as_path()).collect();
    command.args(drvs);
    command
}
