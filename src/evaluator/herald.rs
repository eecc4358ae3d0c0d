//! What is told of machines while they are evaluated.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::{Mutex, mpsc::Sender},
};

use crate::{network::Machine, schema::attribute_path};

use super::{
    Depth, Diagnostic, Error, Evaluated, Evaluator, Known, OutputRef,
    fleet::lock,
    leak, parse,
    place::Kept,
    pool::Found,
    reads::Logs,
    recall::Remembering,
    recorder::Recorder,
    subject::Subject,
    text::{KeysText, MachineText},
};

/// Tells news to the deploy, each once, however often processes were started again.
pub struct Herald<'a> {
    evaluator: &'a Evaluator,
    pub(super) depth: Depth,
    known: &'a Known,
    news: &'a Sender<Evaluated>,
    pub(super) remembering: Option<Remembering<'a>>,
    pub(super) begun: Mutex<BTreeSet<String>>,
    announced: Mutex<BTreeSet<String>>,
    /// What Nix has said of machines since their evaluation began.
    remarks: Mutex<BTreeMap<String, Vec<String>>>,
    /// What is kept of machines whose records are not there yet.
    unrecorded: Mutex<BTreeMap<String, Kept>>,
    /// Machines that are remembered, and of which only the texts of keys are evaluated.
    pub(super) remembered: Mutex<BTreeMap<String, Machine>>,
}

impl<'a> Herald<'a> {
    /// Has told nothing yet.
    pub fn new(
        evaluator: &'a Evaluator,
        depth: Depth,
        known: &'a Known,
        news: &'a Sender<Evaluated>,
    ) -> Self {
        Self {
            evaluator,
            depth,
            known,
            news,
            remembering: evaluator.remembering(known),
            begun: Mutex::default(),
            announced: Mutex::default(),
            remarks: Mutex::default(),
            unrecorded: Mutex::default(),
            remembered: Mutex::default(),
        }
    }

    /// Tells what is found of a machine.
    pub fn tell(&self, found: Found, logs: Logs<'_>) -> Result<(), Error> {
        match found {
            Found::Begun(subject) => {
                let machine = subject.name().to_owned();
                lock(&self.remarks).remove(&machine);
                if lock(&self.begun).insert(machine.clone()) {
                    self.send(Evaluated::Begun { machine });
                }
            }
            Found::Target(text) => {
                let text: MachineText = parse(&text)?;
                self.announce(&text);
            }
            Found::Keys(text) => {
                let KeysText { machine, texts } = parse(&text)?;
                self.send(Evaluated::Keys { machine, texts });
            }
            Found::Text { subject, text } => {
                let remembered = lock(&self.remembered).remove(subject.name());
                match remembered {
                    Some(machine) => self.send(Evaluated::Machine(Box::new(machine))),
                    None => self.finished(&subject, text, logs)?,
                }
            }
            // Of what is remembered, that was told with it.
            Found::Remark { subject, .. }
                if lock(&self.remembered).contains_key(subject.name()) => {}
            Found::Remark { subject, text } => {
                let machine = subject.name().to_owned();
                let mut remarks = lock(&self.remarks);
                remarks
                    .entry(machine.clone())
                    .or_default()
                    .push(text.clone());
                self.send(Evaluated::remark(Some(machine), text));
            }
            Found::Recorded { subject, record } => {
                let kept = lock(&self.unrecorded).remove(subject.name());
                if let (Some(remembering), Some(kept)) = (&self.remembering, kept) {
                    remembering.keep_recorded(kept, record);
                }
            }
            Found::Failed {
                subject,
                diagnostic,
                awaited,
            } => {
                let unknown = awaited.or_else(|| logs.first_unknown(&subject, self.known));
                let reads = logs.of(&subject);
                if !reads.is_empty() {
                    let machine = subject.name().to_owned();
                    self.send(Evaluated::Reads { machine, reads });
                }
                self.fail(&subject, diagnostic, unknown);
            }
            Found::Read(_) | Found::Output(_) | Found::Look(_) => {}
        }
        Ok(())
    }

    fn fail(&self, subject: &Subject, diagnostic: Diagnostic, unknown: Option<OutputRef>) {
        self.send(Evaluated::Failed {
            machine: subject.name().to_owned(),
            diagnostic,
            unknown,
        });
    }

    fn finished(&self, subject: &Subject, json: String, logs: Logs<'_>) -> Result<(), Error> {
        let text: MachineText = parse(&json)?;
        let reads = logs.of(subject);
        let is_secret = |output: &&OutputRef| self.known.is_secret(output);
        let secrets: BTreeSet<_> = reads.outputs.iter().filter(is_secret).cloned().collect();
        self.send(Evaluated::Reads {
            machine: text.machine.clone(),
            reads,
        });
        self.announce(&text);
        if let Some(diagnostic) = self.leak(&text, &secrets)? {
            let place = text.whereabouts.place(self.evaluator.source());
            let position = diagnostic.position.clone().or(place);
            let diagnostic = Diagnostic {
                position,
                ..diagnostic
            };
            self.fail(subject, diagnostic, None);
            return Ok(());
        }
        if let Some(remembering) = &self.remembering {
            let remarks = lock(&self.remarks).get_mut(&text.machine).map(mem::take);
            let remarks = remarks.unwrap_or_default();
            let kept = remembering.keep_machine(self.depth, (&text, json), remarks, logs);
            lock(&self.unrecorded).extend(kept.map(|kept| (text.machine.clone(), kept)));
        }
        if let Some(machine) = text.into_machine() {
            self.send(Evaluated::Machine(Box::new(machine)));
        }
        Ok(())
    }

    /// What is wrong with a system into which a secret has come.
    fn leak(
        &self,
        machine: &MachineText,
        secrets: &BTreeSet<OutputRef>,
    ) -> Result<Option<Diagnostic>, Error> {
        match &machine.system {
            Some(system) if !secrets.is_empty() => {
                leak::find(self.evaluator, system.drv.as_str().into(), secrets)
            }
            _ => Ok(None),
        }
    }

    /// Warns of keys whose content is in the source of a flake, once in a run.
    fn warn_of_literals(&self, text: &MachineText) {
        let is_flake = self.evaluator.source().flake().is_some();
        let keys = text.options.keys.iter();
        let literal: Vec<_> = keys
            .filter_map(|(name, key)| {
                let attribute = key.in_source(is_flake)?;
                let path = attribute_path(["deployment", "keys", name, attribute]);
                Some(format!("`{path}`"))
            })
            .collect();
        if !literal.is_empty() && lock(&self.evaluator.warned).insert(text.machine.clone()) {
            let text_of = format!(
                "{} stands in the source of the flake, which everybody can read in the Nix store; a \
                 `keyFile` that is named by a text, a `keyCommand` or the output of a resource does not",
                literal.join(", ")
            );
            self.send(Evaluated::Warning {
                machine: Some(text.machine.clone()),
                text: text_of,
            });
        }
    }

    pub(super) fn announce(&self, text: &MachineText) {
        if lock(&self.announced).insert(text.machine.clone()) {
            self.send(Evaluated::Target {
                machine: text.machine.clone(),
                options: Box::new(text.options.clone()),
                whereabouts: text.whereabouts.clone(),
                system: text.system.as_ref().map(|system| system.out.clone()),
            });
            self.warn_of_literals(text);
        }
    }

    /// What records the processes of machines, if that is worth it.
    pub fn recorder(&self, depth: Depth) -> Option<&'a Recorder> {
        self.remembering.as_ref().filter(|_| depth != Depth::Keys)?;
        self.evaluator.recorder()
    }

    /// Nobody listens any more once the deploy has given up.
    pub fn send(&self, news: Evaluated) {
        drop(self.news.send(news));
    }
}
