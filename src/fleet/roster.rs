use std::collections::{BTreeMap, BTreeSet};

use crate::{
    deploy::Trouble,
    evaluator::{self, Depth, Diagnostic, Evaluated, Evaluator, Known},
    host::{self, Connections, Host, Target},
    network::MachineOptions,
    plan::Selection,
    state::{self, Key, MachineRecord, Records, Store},
};

use super::{
    Error, Question,
    reach::{checks, made_target, options, own, plain_target},
};

/// Machines as they are recorded, and those among them that backends made.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// What is kept of each, by name.
    pub records: BTreeMap<String, MachineRecord>,
    /// Those that backends made.
    pub made: BTreeMap<String, Key>,
    /// Why nothing is known of some.
    problems: BTreeMap<String, Diagnostic>,
}

/// A machine that is meant.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What is kept of it.
    pub record: MachineRecord,
    /// Its key, if a backend made it.
    pub made: Option<Key>,
    /// How it is reached, or why that is not known.
    pub target: Result<Target, Diagnostic>,
}

impl Member {
    /// Connects to it.
    pub(super) fn connect(&self, connections: &Connections) -> Result<Host, Diagnostic> {
        let target = self.target.as_ref().map_err(Clone::clone)?;
        let host = connections.connect(target);
        host.map_err(|error| self.own(&error))
    }

    /// An error of it without its name, which stands before every message anyway.
    pub(super) fn own(&self, error: &host::Error) -> Diagnostic {
        own(&self.name, error)
    }
}

impl Roster {
    /// All machines that are recorded, and those that `backends` have made and nothing was deployed to.
    pub fn of(
        mut records: BTreeMap<String, MachineRecord>,
        recorded: &Records,
        backends: &[String],
    ) -> Self {
        for key in recorded.current.keys() {
            // One that was deployed is where it was deployed to; what it was before is a resource.
            if backends.contains(&key.kind) && !records.contains_key(&key.name) {
                let record = MachineRecord {
                    backend: key.kind.clone(),
                    ..MachineRecord::default()
                };
                records.insert(key.name.clone(), record);
            }
        }
        let made = |(name, record): (&String, &MachineRecord)| {
            let is_made = record.backend != MachineOptions::NO_BACKEND;
            is_made.then(|| (name.clone(), Key::new(&record.backend, name)))
        };
        let made = records.iter().filter_map(made).collect();
        Self {
            records,
            made,
            problems: BTreeMap::new(),
        }
    }

    /// The machines of a state.
    pub fn of_state(store: &dyn Store, backends: &[String]) -> Result<Self, state::Error> {
        Ok(Self::of(store.machines()?, &store.records()?, backends))
    }

    /// Names of the machines, in order.
    pub fn names(&self) -> Vec<String> {
        self.records.keys().cloned().collect()
    }

    /// Tags of the machines, as they were when each was last deployed.
    pub fn tags(&self) -> BTreeMap<String, Vec<String>> {
        let tags = self.records.iter().map(|(name, record)| {
            let tags = options(record).map(|options| options.tags);
            (name.clone(), tags.unwrap_or_default())
        });
        tags.collect()
    }

    /// Whether a resource is what a backend made for a machine.
    pub fn has(&self, key: &Key) -> bool {
        self.made.get(&key.name) == Some(key)
    }

    /// Leaves the machines of these names alone in it.
    pub fn retain(&mut self, names: &BTreeSet<String>) {
        self.records.retain(|name, _| names.contains(name));
        self.made.retain(|name, _| names.contains(name));
    }

    /// What hosts are asked that are reached so.
    pub fn questions(&self, targets: BTreeMap<String, Target>) -> BTreeMap<String, Question> {
        let questions = targets.into_iter().map(|(name, target)| {
            let checks = self.records.get(&name).map(checks).unwrap_or_default();
            (name, Question { target, checks })
        });
        questions.collect()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether there is a machine of this name.
    pub fn knows(&self, name: &str) -> bool {
        self.records.contains_key(name)
    }

    /// Sees that there is one machine and no more, for `pattern`.
    pub fn only(&self, pattern: &str) -> Result<(), Error> {
        match self.records.len() {
            0 => Err(Error::Nobody),
            1 => Ok(()),
            _ => Err(Error::Several {
                pattern: pattern.to_owned(),
                names: self.names(),
            }),
        }
    }

    /// Leaves what is selected. Without the tags of a single one, that could be wrong.
    pub fn select(&mut self, selection: &Selection) -> Result<(), anyhow::Error> {
        if selection.needs_tags()
            && let Some((name, problem)) = self.problems.first_key_value()
        {
            let message = format!("cannot tell the tags of {name}: {}", problem.message);
            let problem = Diagnostic {
                message,
                ..problem.clone()
            };
            return Err(evaluator::Error::Network(Box::new(problem)).into());
        }
        let selected = selection.resolve(&self.names(), &self.tags())?;
        self.retain(&selected.into_iter().collect());
        Ok(())
    }

    /// Adds machines of the network that are not recorded, by the evaluation of their options alone.
    ///
    /// Of one that fails it is only known why.
    pub fn evaluate(
        &mut self,
        evaluator: &Evaluator,
        names: &[String],
    ) -> Result<(), evaluator::Error> {
        evaluator.machines(Depth::Options, names, &Known::default(), |news| {
            for one in news {
                self.hear(one);
            }
        })
    }

    /// Takes what a machine says of itself now in place of what it said when it was last deployed.
    pub fn renew(&mut self, name: &str, options: &MachineOptions) {
        let record = self.records.entry(name.to_owned()).or_default();
        record.backend.clone_from(&options.target_env);
        record.options = serde_json::to_value(options).ok();
        self.made.remove(name);
        if options.has_backend() {
            let key = Key::new(&options.target_env, name);
            self.made.insert(name.to_owned(), key);
        }
    }

    fn hear(&mut self, news: Evaluated) {
        match news {
            Evaluated::Target {
                machine, options, ..
            } => self.renew(&machine, &options),
            Evaluated::Failed {
                machine,
                diagnostic,
                ..
            } => {
                self.records.entry(machine.clone()).or_default();
                self.problems.insert(machine, diagnostic);
            }
            _ => {}
        }
    }

    /// The machines with how each is reached, for which what its backend told last is opened.
    pub fn members(self, store: &dyn Store) -> Result<Vec<Member>, state::Error> {
        let recorded = store.records()?;
        let member = |(name, record): (String, MachineRecord)| {
            let made = self.made.get(&name).cloned();
            let target = match (self.problems.get(&name), &made) {
                (Some(problem), _) => Err(problem.clone()),
                (None, None) => plain_target(&name, &record),
                (None, Some(key)) => match recorded.current.get(key) {
                    Some(kept) => made_target(&name, &record, key, store.reveal(kept)?.outputs),
                    None => Err(not_made(key)),
                },
            };
            Ok(Member {
                name,
                record,
                made,
                target,
            })
        };
        self.records.into_iter().map(member).collect()
    }
}

fn not_made(key: &Key) -> Diagnostic {
    Trouble::not_made(&key.kind, Some("deploy it: that makes it")).into_diagnostic()
}

#[cfg(test)]
mod tests {
    use nixops_plugin::protocol::ResourceState;

    use super::*;
    use crate::state::{Lifecycle, Phase, Record, Secrets};

    fn record() -> Record {
        Record {
            plugin: "neatcloud".to_owned(),
            version: 0,
            token: "t".to_owned(),
            phase: Phase::Ready,
            state: ResourceState::default(),
            secrets: Secrets::Nothing,
            needs: BTreeSet::new(),
            lifecycle: Lifecycle::default(),
        }
    }

    #[test]
    fn what_was_made_and_never_deployed_is_a_machine_and_what_a_machine_was_before_is_a_resource() {
        let keys = ["new", "moved"].map(|name| Key::new("neatcloud", name));
        let recorded = Records {
            current: keys.clone().map(|key| (key, record())).into(),
            deposed: Vec::new(),
        };
        let plain = MachineRecord {
            backend: "none".to_owned(),
            ..MachineRecord::default()
        };
        let records = BTreeMap::from([("moved".to_owned(), plain)]);
        let roster = Roster::of(records, &recorded, &["neatcloud".to_owned()]);
        assert!(roster.has(&keys[0]) && !roster.has(&keys[1]));
        assert_eq!(roster.records["moved"].backend, "none");
    }
}
