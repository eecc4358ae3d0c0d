use std::{
    collections::{BTreeSet, HashMap, HashSet},
    process::Command,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use camino::{Utf8Path, Utf8PathBuf};
use nix_compat::log::{
    ActivityType, Field, Line, LogMessage, ResultType, VerbosityLevel, parse_line, strip_ansi,
};

use super::{
    super::{Nix, Program},
    BuildError, BuildEvent, BuildOptions, FailedDerivation,
    failures::Failures,
    queue::interrupt,
    ticket::Job,
};
use crate::process::{Call, Processes, Stream};

/// What a Nix process that builds is started with.
pub(super) struct Realisation<'a> {
    pub nix: &'a Nix,
    pub processes: &'a Processes,
    pub options: &'a BuildOptions,
    pub listener: &'a (dyn Fn(BuildEvent) + Send + Sync),
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

/// What the process said, to be verified against the store.
enum Hint {
    /// Nix is done with this derivation, or with fetching this path.
    Stopped(Utf8PathBuf),
    /// This derivation failed.
    Failed(FailedDerivation),
}

/// Builds a batch with one Nix process and answers each job as soon as its fate is known.
pub(super) fn realise(context: &Realisation, batch: &[Arc<Job>]) -> Left {
    let failures = Mutex::new(Failures::default());
    let (sender, hints) = mpsc::channel();
    let mut command = command(context, batch);
    let result = thread::scope(|scope| {
        scope.spawn(move || Verifier::new(context, batch).follow(&hints));
        let mut watch = Watch {
            activities: HashMap::new(),
            failures: &failures,
            sender,
            listener: context.listener,
        };
        let mut lines = |stream, line: &str| watch.line(stream, line);
        let call = Call::new(label(batch)).lines(&mut lines).discard_stdout();
        call.run(context.processes, &mut command)
    });
    Verifier::new(context, batch).check(batch);
    let open: Vec<Arc<Job>> = batch
        .iter()
        .filter(|job| !job.is_answered())
        .cloned()
        .collect();
    let said = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .messages();
    match result {
        _ if context.processes.interrupted() => {
            open.iter().for_each(|job| interrupt(job));
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

fn label(batch: &[Arc<Job>]) -> String {
    match batch {
        [job] => format!("build {}", job.drv.file_name().unwrap_or_default()),
        _ => format!("build {} derivations", batch.len()),
    }
}

fn command(context: &Realisation, batch: &[Arc<Job>]) -> Command {
    let options = context.options;
    let mut command = context.nix.command(Program::Store);
    command.args([
        "--realise",
        "--keep-going",
        "--log-format",
        "internal-json",
        "--verbose",
    ]);
    if let Some(jobs) = &options.max_jobs {
        command.args(["--max-jobs", jobs]);
    }
    if let Some(cores) = options.cores {
        command.args(["--cores", &cores.to_string()]);
    }
    for (name, value) in &options.settings {
        command.args(["--option", name, value]);
    }
    if options.repair {
        command.arg("--repair");
    }
    let drvs: BTreeSet<&Utf8Path> = batch.iter().map(|job| job.drv.as_path()).collect();
    command.args(&options.arguments).args(drvs);
    command
}

/// Reads what the process says.
struct Watch<'a> {
    /// What the running activities work on: a derivation that is built, or a path that is fetched.
    activities: HashMap<u64, Utf8PathBuf>,
    failures: &'a Mutex<Failures>,
    sender: mpsc::Sender<Hint>,
    listener: &'a (dyn Fn(BuildEvent) + Send + Sync),
}

impl Watch<'_> {
    fn line(&mut self, stream: Stream, line: &str) {
        if stream == Stream::Stdout {
            return;
        }
        match parse_line(line) {
            Line::Message(message) => self.message(message),
            Line::Text(text) if text.starts_with("error:") => self.error(text),
            Line::Text(_) => {}
        }
    }

    fn message(&mut self, message: LogMessage) {
        match message {
            LogMessage::Start {
                id,
                typ: ActivityType::Build,
                fields,
                ..
            } => {
                if let Some(drv) = text(&fields, 0) {
                    self.activities.insert(id, drv.into());
                    (self.listener)(BuildEvent::Started { drv: drv.into() });
                }
            }
            LogMessage::Start {
                id,
                typ: ActivityType::Substitute,
                fields,
                ..
            } => {
                if let Some(path) = text(&fields, 0) {
                    self.activities.insert(id, path.into());
                    let from = text(&fields, 1).unwrap_or_default().to_owned();
                    (self.listener)(BuildEvent::Fetching {
                        path: path.into(),
                        from,
                    });
                }
            }
            LogMessage::Result {
                id,
                typ: ResultType::BuildLogLine,
                fields,
            } => {
                if let (Some(drv), Some(line)) = (self.activities.get(&id), text(&fields, 0)) {
                    self.lock().note_line(drv, &strip_ansi(line));
                    (self.listener)(BuildEvent::Line {
                        drv: drv.clone(),
                        line: line.to_owned(),
                    });
                }
            }
            LogMessage::Stop { id } => {
                if let Some(path) = self.activities.remove(&id) {
                    if path.extension() == Some("drv") {
                        (self.listener)(BuildEvent::Stopped { drv: path.clone() });
                    }
                    let _ = self.sender.send(Hint::Stopped(path));
                }
            }
            LogMessage::Msg(message) if message.level == VerbosityLevel::Error => {
                self.error(&strip_ansi(&message.msg));
            }
            _ => {}
        }
    }

    fn error(&self, message: &str) {
        if let Some(failed) = self.lock().note_error(message) {
            let _ = self.sender.send(Hint::Failed(failed));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(fields: &[Field], index: usize) -> Option<&str> {
    fields.get(index).and_then(Field::as_str)
}

/// Holds hints against the store, in a thread of its own so that Nix is never held up.
struct Verifier<'a> {
    context: &'a Realisation<'a>,
    batch: &'a [Arc<Job>],
    /// What each derivation of the batch needs, once it was asked.
    needs: HashMap<Utf8PathBuf, HashSet<Utf8PathBuf>>,
}

impl<'a> Verifier<'a> {
    fn new(context: &'a Realisation<'a>, batch: &'a [Arc<Job>]) -> Self {
        Self {
            context,
            batch,
            needs: HashMap::new(),
        }
    }

    /// Works until the process has ended; all hints that wait are taken together.
    fn follow(mut self, hints: &mpsc::Receiver<Hint>) {
        while let Ok(first) = hints.recv() {
            let mut stopped = HashSet::new();
            for hint in std::iter::once(first).chain(hints.try_iter()) {
                match hint {
                    Hint::Stopped(path) => drop(stopped.insert(path)),
                    Hint::Failed(failed) => self.blame(&failed),
                }
            }
            let open = self.batch.iter().filter(|job| !job.is_answered());
            let concerned =
                open.filter(|job| stopped.contains(&job.drv) || stopped.contains(&job.out));
            self.check(&concerned.cloned().collect::<Vec<_>>());
        }
    }

    /// Answers those jobs whose output is valid now.
    fn check(&self, jobs: &[Arc<Job>]) {
        let open: Vec<&Arc<Job>> = jobs.iter().filter(|job| !job.is_answered()).collect();
        if open.is_empty() {
            return;
        }
        let outs: HashSet<&Utf8Path> = open.iter().map(|job| job.out.as_path()).collect();
        if let Ok(invalid) = self.context.nix.invalid_paths(self.context.processes, outs) {
            open.iter()
                .filter(|job| !invalid.contains(&job.out))
                .for_each(|job| job.succeed(false));
        }
    }

    /// Fails those jobs that need a derivation that failed.
    fn blame(&mut self, failed: &FailedDerivation) {
        let batch = self.batch;
        for job in batch.iter().filter(|job| !job.is_answered()) {
            if job.drv == failed.drv || self.needs(&job.drv).contains(&failed.drv) {
                job.fail(BuildError::Failed {
                    wanted: job.drv.clone(),
                    failed: failed.clone(),
                });
            }
        }
    }

    fn needs(&mut self, drv: &Utf8PathBuf) -> &HashSet<Utf8PathBuf> {
        let context = self.context;
        self.needs.entry(drv.clone()).or_insert_with(|| {
            context
                .nix
                .requisites(context.processes, drv)
                .unwrap_or_default()
        })
    }
}
