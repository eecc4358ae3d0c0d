//! Workers that share names.

use std::{
    mem,
    ops::ControlFlow,
    process::Command,
    thread::{self, ScopedJoinHandle},
};

use super::{
    AttributePath, Diagnostic, Error, Evaluator, OutputRef,
    capacity::Workers,
    facts::Read,
    progress::Progress,
    queue::{Batch, Grain, Queue},
    reads::{Look, OutputRead},
    recorder::{Recorder, Recording},
    strace::Record,
    subject::Subject,
    translate,
    worker::{self, Ended, Heard},
};

/// What a pool finds.
#[derive(Debug)]
pub enum Found {
    /// Evaluation of a subject has begun; again if its process had to be started again.
    Begun(Subject),
    /// JSON of the options of a machine.
    Target(String),
    /// JSON of the texts of a machine's keys.
    Keys(String),
    /// The JSON text that an attribute gave; all reads have been told before.
    Text {
        /// What it is about.
        subject: Subject,
        /// The text.
        text: String,
    },
    /// Nix has something to say about a subject.
    Remark {
        /// The subject.
        subject: Subject,
        /// What it says.
        text: String,
    },
    /// A machine reads another one.
    Read(Read),
    /// An output is read.
    Output(OutputRead),
    /// A machine or resource is looked at.
    Look(Look),
    /// What the process of a subject has looked at, all of which was told before.
    Recorded {
        /// The subject.
        subject: Subject,
        /// What was looked at.
        record: Record,
    },
    /// A subject could not be evaluated.
    Failed {
        /// The subject.
        subject: Subject,
        /// What is wrong.
        diagnostic: Diagnostic,
        /// The output that ended it, since it is not known yet.
        awaited: Option<OutputRef>,
    },
}

/// What happens to everything that is found, with the number of the process that found it;
/// [`ControlFlow::Break`] stops the pool.
pub type Sink<'a> = dyn Fn(usize, Found) -> ControlFlow<()> + Sync + 'a;

/// Workers that evaluate the same attribute of many subjects.
pub struct Pool<'a> {
    /// What is evaluated, and how.
    pub evaluator: &'a Evaluator,
    /// The attribute of each subject.
    pub attribute: fn(&Subject) -> AttributePath,
    /// The program text.
    pub program: &'a str,
    /// How many processes there may be.
    pub workers: Workers,
    /// How the subjects are shared out among them.
    pub grain: Grain,
    /// Records what the process of a single subject looks at.
    pub recorder: Option<&'a Recorder>,
    /// Where everything goes.
    pub sink: &'a Sink<'a>,
}

impl Pool<'_> {
    /// Evaluates the attribute of each subject; gives those that are left if it was stopped, and what the largest
    /// process needed for its first one, in MiB.
    pub fn run(&self, subjects: Vec<Subject>) -> Result<(Vec<Subject>, Option<u64>), Error> {
        let queue = Queue::new(subjects, self.workers, self.grain);
        thread::scope(|scope| {
            let handles: Vec<_> = (0..self.workers.most.get())
                .map(|_| scope.spawn(|| self.work(&queue)))
                .collect();
            handles.into_iter().try_for_each(join)
        })?;
        Ok(queue.into_rest())
    }

    /// Evaluates batches until there are none left.
    fn work(&self, queue: &Queue) -> Result<(), Error> {
        while let Some(batch) = queue.take() {
            let process = batch.process;
            let mut command = self.command(&batch);
            let mut progress = Progress::new(self, process, batch.names);
            let result = self.batch(&mut progress, &mut command, queue);
            if result.is_err() {
                queue.stop();
            }
            queue.finish(process, mem::take(&mut progress.left));
            result?;
        }
        Ok(())
    }

    fn command(&self, batch: &Batch) -> Command {
        let variable = batch.heap.variable();
        let collects = variable.is_some() && self.grain == Grain::Fine;
        let mut paths = Vec::new();
        for name in &batch.names {
            if collects && !paths.is_empty() {
                paths.push(AttributePath::collection());
            }
            paths.push((self.attribute)(name));
        }
        let mut command = self.evaluator.command(&paths);
        command.envs(variable);
        command
    }

    /// Runs one process for a batch and settles what became of each subject in it.
    fn batch(
        &self,
        progress: &mut Progress<'_>,
        command: &mut Command,
        queue: &Queue,
    ) -> Result<(), Error> {
        let label = format!("evaluate {}", progress.label());
        let process = progress.process;
        let recording = self.begin_record(progress, queue);
        if let Some((recorder, recording)) = &recording {
            *command = recorder.record(recording, command);
        }
        let ended = worker::run(
            &self.evaluator.processes,
            command,
            &label,
            self.program,
            |id| queue.started(process, id),
            |heard| hear(progress, heard, queue),
        )?;
        queue.ended(process, &mut progress.left);
        if let Some(reason) = progress.unexpected.take() {
            return Err(Error::unexpected(&reason));
        }
        if queue.is_stopped() || progress.is_replaced {
            return Ok(());
        }
        let recorded = progress.left.is_empty() && !progress.reads_identity;
        if let (Some((recorder, recording)), Some(subject)) = (recording, progress.current.clone())
            && recorded
            && ended.status.success()
            && let Some(record) = recorder.end(&recording)
        {
            let record = Record {
                sees_shape: progress.sees_shape,
                ..record
            };
            // There is nothing left to be stopped.
            let _ = progress.find(Found::Recorded { subject, record });
        }
        self.settle(progress, queue, &ended)
    }

    /// Begins a record of a single subject, but not of one whose process has died: that may be why.
    fn begin_record(
        &self,
        progress: &Progress<'_>,
        queue: &Queue,
    ) -> Option<(&Recorder, Recording)> {
        let recorder = self.recorder?;
        match progress.left.as_slice() {
            [subject] if !queue.is_suspected(subject) => Some((recorder, recorder.begin()?)),
            _ => None,
        }
    }

    /// Says what became of a batch whose process ended by itself.
    fn settle(
        &self,
        progress: &mut Progress<'_>,
        queue: &Queue,
        ended: &Ended,
    ) -> Result<(), Error> {
        if ended.status.success() {
            return if progress.left.is_empty() {
                Ok(())
            } else {
                Err(Error::unexpected("fewer texts than were asked for"))
            };
        }
        let error = progress.error.take();
        let awaited = error.as_deref().and_then(translate::awaited);
        let diagnostic = error.as_ref().map_or_else(
            || translate::death(&ended.stray, &ended.status.to_string()),
            |error| {
                let evaluator = self.evaluator;
                evaluator.diagnose(&evaluator.program, error, progress.place.as_ref())
            },
        );
        if error.is_some_and(|error| !translate::is_contention(&error)) {
            progress.blame(diagnostic, awaited.as_ref());
        } else {
            mourn(progress, queue, diagnostic);
        }
        Ok(())
    }
}

/// Takes what a process says, and has it go on or end.
fn hear(progress: &mut Progress<'_>, heard: Heard, queue: &Queue) -> ControlFlow<()> {
    let (begins, is_through) = (
        matches!(heard, Heard::Begin(_)),
        matches!(heard, Heard::Done(_)),
    );
    if progress.hear(heard).is_break() {
        queue.stop();
    }
    if begins && let Some(name) = &progress.current {
        queue.begun(progress.process, name);
    }
    progress.is_replaced =
        is_through && !queue.may_go_on(progress.process) && !progress.left.is_empty();
    if progress.is_replaced || queue.is_stopped() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

fn join(handle: ScopedJoinHandle<'_, Result<(), Error>>) -> Result<(), Error> {
    handle
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A process died, but perhaps not by what it evaluated: its memory may have been taken by another
/// one. The subject at which it died gets a process of its own before it is blamed.
fn mourn(progress: &mut Progress<'_>, queue: &Queue, death: Diagnostic) {
    match progress.suspect() {
        Some(name) if queue.suspect(&name) => progress.left.retain(|left| *left != name),
        suspect => {
            if suspect != progress.current {
                progress.place = None;
            }
            progress.current = suspect;
            progress.blame(death, None);
        }
    }
}
