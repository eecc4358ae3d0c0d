//! Definitions of a network, as Nix evaluates them.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluator::{self, Depth, Evaluated, Evaluator, Known, Reads};
use crate::state::Key;

use super::super::trouble::{Trouble, diagnostic};
use super::wanted::{Answer, Definitions, Subject, Wanted, Wish};

impl Definitions for Evaluator {
    fn evaluate(
        &self,
        subjects: &BTreeSet<Subject>,
        known: &Known,
    ) -> Result<Vec<Answer>, Trouble> {
        let resources = subjects.iter().filter_map(|subject| match subject {
            Subject::Resource(key) => Some(key.clone()),
            Subject::Machine(_) => None,
        });
        let resources: Vec<Key> = resources.collect();
        let machines = subjects.iter().filter_map(|subject| match subject {
            Subject::Machine(name) => Some(name.clone()),
            Subject::Resource(_) => None,
        });
        let machines: Vec<String> = machines.collect();
        let mut answers = of_resources(self, &resources, known)?;
        answers.extend(of_machines(self, &machines, known)?);
        Ok(answers)
    }
}

fn of_resources(
    evaluator: &Evaluator,
    keys: &[Key],
    known: &Known,
) -> Result<Vec<Answer>, Trouble> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let evaluated = evaluator.resources(keys, known)?.into_iter();
    let answers = evaluated.map(|evaluated| match evaluated {
        Ok(resource) => Answer {
            subject: Subject::Resource(resource.key()),
            wish: Wish::Wanted(Box::new(Wanted::resource(resource))),
        },
        Err(failed) => Answer {
            subject: Subject::Resource(failed.key),
            wish: failed
                .unknown
                .map_or(Wish::Failed(failed.diagnostic), Wish::Awaits),
        },
    });
    Ok(answers.collect())
}

/// What the network says of machines, from their options alone.
fn of_machines(
    evaluator: &Evaluator,
    names: &[String],
    known: &Known,
) -> Result<Vec<Answer>, Trouble> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    Ok(evaluator.machines(Depth::Options, names, known, |news| gather(news))?)
}

fn gather(news: impl IntoIterator<Item = Evaluated>) -> Vec<Answer> {
    let mut answers = BTreeMap::new();
    let mut reads: BTreeMap<String, Reads> = BTreeMap::new();
    for one in news {
        match one {
            Evaluated::Reads {
                machine,
                reads: read,
            } => drop(reads.insert(machine, read)),
            Evaluated::Target {
                machine,
                options,
                whereabouts,
                ..
            } => {
                let reads = reads.remove(&machine).unwrap_or_default();
                let wish = if options.has_backend() {
                    let reads = reads.outputs;
                    let wanted = Wanted::machine(&machine, options, whereabouts, reads);
                    Wish::Wanted(Box::new(wanted))
                } else {
                    Wish::Plain(options)
                };
                answers.insert(machine, wish);
            }
            Evaluated::Failed {
                machine,
                diagnostic,
                unknown,
            } => {
                let wish = unknown.map_or(Wish::Failed(diagnostic), Wish::Awaits);
                answers.insert(machine, wish);
            }
            _ => {}
        }
    }
    // They came in the order in which workers had them.
    let answers = answers.into_iter();
    answers
        .map(|(machine, wish)| Answer {
            subject: Subject::Machine(machine),
            wish,
        })
        .collect()
}

impl From<evaluator::Error> for Trouble {
    fn from(error: evaluator::Error) -> Self {
        match error {
            evaluator::Error::Network(diagnostic) => Self::Failed(*diagnostic),
            error => Self::Failed(diagnostic(
                format!("{:#}", anyhow::Error::from(error)),
                None,
            )),
        }
    }
}
