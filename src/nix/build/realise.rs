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
///
/// The stop of an activity is none: Nix sends it for a derivation that was asked for only when the whole process ends.
enum Hint {
    /// Nix began to build this derivation, or to fetch this path.
    Started(Utf8PathBuf),
    /// One more of those that were begun is done.
    Advanced,
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
            builds: HashMap::new(),
            done: HashMap::new(),
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
    /// The derivations that the running activities build.
    builds: HashMap<u64, Utf8PathBuf>,
    /// How many builds and copies are done, by the activities that count them.
    done: HashMap<u64, u64>,
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
                id, typ, fields, ..
            } => self.start(id, typ, &fields),
            LogMessage::Result { id, typ, fields } => self.result(id, typ, &fields),
            LogMessage::Stop { id } => {
                if let Some(drv) = self.builds.remove(&id) {
                    (self.listener)(BuildEvent::Stopped { drv });
                }
            }
            LogMessage::Msg(message) if message.level == VerbosityLevel::Error => {
                self.error(&strip_ansi(&message.msg));
            }
            _ => {}
        }
    }

    fn start(&mut self, id: u64, typ: ActivityType, fields: &[Field]) {
        match (typ, text(fields, 0)) {
            (ActivityType::Builds | ActivityType::CopyPaths, _) => drop(self.done.insert(id, 0)),
            (ActivityType::Build, Some(drv)) => {
                self.builds.insert(id, drv.into());
                (self.listener)(BuildEvent::Started { drv: drv.into() });
                self.hint(Hint::Started(drv.into()));
            }
            (ActivityType::Substitute, Some(path)) => {
                let from = text(fields, 1).unwrap_or_default().to_owned();
                (self.listener)(BuildEvent::Fetching {
                    path: path.into(),
                    from,
                });
                self.hint(Hint::Started(path.into()));
            }
            _ => {}
        }
    }

    fn result(&mut self, id: u64, typ: ResultType, fields: &[Field]) {
        match (typ, fields.first()) {
            (ResultType::BuildLogLine, Some(Field::String(line))) => {
                if let Some(drv) = self.builds.get(&id) {
                    let line = strip_ansi(line).into_owned();
                    self.lock().note_line(drv, &line);
                    (self.listener)(BuildEvent::Line {
                        drv: drv.clone(),
                        line,
                    });
                }
            }
            (ResultType::Progress, Some(Field::Int(now))) => {
                if self
                    .done
                    .get_mut(&id)
                    .is_some_and(|done| std::mem::replace(done, *now) < *now)
                {
                    self.hint(Hint::Advanced);
                }
            }
            _ => {}
        }
    }

    fn error(&self, message: &str) {
        if let Some(failed) = self.lock().note_error(message) {
            self.hint(Hint::Failed(failed));
        }
    }

    fn hint(&self, hint: Hint) {
        // The verifier listens until this side is dropped.
        let _ = self.sender.send(hint);
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
        let mut started = HashSet::new();
        while let Ok(first) = hints.recv() {
            let mut advanced = false;
            for hint in std::iter::once(first).chain(hints.try_iter()) {
                match hint {
                    Hint::Started(path) => drop(started.insert(path)),
                    Hint::Advanced => advanced = true,
                    Hint::Failed(failed) => self.blame(&failed),
                }
            }
            if advanced {
                let begun =
                    |job: &&Arc<Job>| started.contains(&job.drv) || started.contains(&job.out);
                self.check(&self.batch.iter().filter(begun).cloned().collect::<Vec<_>>());
            }
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
