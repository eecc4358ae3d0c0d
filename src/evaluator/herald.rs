//! What is told of machines while they are evaluated.

use std::{
    collections::BTreeSet,
    sync::{Mutex, mpsc::Sender},
};

use crate::{network::Machine, schema::attribute_path};

use super::{
    Diagnostic, Error, Evaluated, Evaluator, Known, OutputRef,
    fleet::lock,
    leak, parse,
    pool::Found,
    reads::Logs,
    subject::Subject,
    text::{KeysText, MachineText},
};

/// Tells news to the deploy, each once, however often processes were started again.
pub struct Herald<'a> {
    evaluator: &'a Evaluator,
    known: &'a Known,
    news: &'a Sender<Evaluated>,
    begun: Mutex<BTreeSet<String>>,
    announced: Mutex<BTreeSet<String>>,
}

impl<'a> Herald<'a> {
    /// Has told nothing yet.
    pub fn new(evaluator: &'a Evaluator, known: &'a Known, news: &'a Sender<Evaluated>) -> Self {
        Self {
            evaluator,
            known,
            news,
            begun: Mutex::default(),
            announced: Mutex::default(),
        }
    }

    /// Tells what is found of a machine.
    pub fn tell(&self, found: Found, logs: Logs<'_>) -> Result<(), Error> {
        match found {
            Found::Begun(subject) => {
                let machine = subject.name().to_owned();
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
            Found::Text { subject, text } => self.finished(&subject, parse(&text)?, logs)?,
            Found::Remark { subject, text } => {
                let machine = Some(subject.name().to_owned());
                self.send(Evaluated::remark(machine, text));
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

    fn finished(&self, subject: &Subject, text: MachineText, logs: Logs<'_>) -> Result<(), Error> {
        let reads = logs.of(subject);
        let is_secret = |output: &&OutputRef| self.known.is_secret(output);
        let secrets: BTreeSet<_> = reads.outputs.iter().filter(is_secret).cloned().collect();
        self.send(Evaluated::Reads {
            machine: text.machine.clone(),
            reads,
        });
        self.announce(&text);
        let place = text.whereabouts.place(self.evaluator.source());
        if let Some(machine) = text.into_machine() {
            match self.leak(&machine, &secrets)? {
                Some(diagnostic) => {
                    let position = diagnostic.position.or(place);
                    let diagnostic = Diagnostic {
                        position,
                        ..diagnostic
                    };
                    self.fail(subject, diagnostic, None);
                }
                None => self.send(Evaluated::Machine(Box::new(machine))),
            }
        }
        Ok(())
    }

    /// What is wrong with a system into which a secret has come.
    fn leak(
        &self,
        machine: &Machine,
        secrets: &BTreeSet<OutputRef>,
    ) -> Result<Option<Diagnostic>, Error> {
        if secrets.is_empty() {
            return Ok(None);
        }
        leak::find(self.evaluator, machine.derivation.as_str().into(), secrets)
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

    fn announce(&self, text: &MachineText) {
        if lock(&self.announced).insert(text.machine.clone()) {
            self.send(Evaluated::Target {
                machine: text.machine.clone(),
                options: Box::new(text.options.clone()),
                whereabouts: text.whereabouts.clone(),
            });
            self.warn_of_literals(text);
        }
    }

    /// Nobody listens any more once the deploy has given up.
    pub fn send(&self, news: Evaluated) {
        drop(self.news.send(news));
    }
}
