//! What is wanted, what there is, and what is to be done: before anything is.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use nixops_plugin::protocol::{Attributes, Severity};

use crate::evaluator::{Diagnostic, Known, OutputRef};
use crate::plan::{Action, Cycle, Graph, Names, PlannedResource, ResourcesPlan, renames};
use crate::preview::{Problem, Seen};
use crate::state::{Change, Key, Records};
use serde_json::Value;

use super::super::trouble::Trouble;
use super::Stage;
use super::examine::All;
use super::knowledge::Knowledge;
use super::parallel;
use super::upgrade::Present;
use super::wanted::{Origin, Subject, Wanted, Wishes};

/// What each thing needs.
type Needs = BTreeMap<Key, BTreeSet<Key>>;

/// Everything that is known before anything is done.
pub struct Survey<'a> {
    /// What is to be done.
    pub plan: ResourcesPlan,
    /// Everything that is wrong, and everything that is only worth a word, with what it is about.
    pub(super) problems: Vec<(Key, Problem)>,
    pub(super) is_applied: bool,
    pub(super) wishes: Wishes,
    pub(super) records: Records,
    pub(super) seen: BTreeMap<Key, Seen>,
    pub(super) knowledge: Knowledge<'a>,
    /// Resources that NixOps 2 had under other names.
    pub(super) claimed: BTreeMap<Key, Key>,
    /// Resources whose records had another form.
    pub(super) upgraded: BTreeSet<Key>,
    /// New names, each with the one before.
    pub(super) renames: BTreeMap<Key, Key>,
    /// What each thing that is wanted needs.
    needs: Needs,
    planned: BTreeMap<Key, Planned>,
}

/// What was found of something that is wanted.
struct Weighed {
    problems: Vec<Problem>,
    needs: BTreeSet<Key>,
    /// What is done with it; nothing if it is refused, or nobody's to make.
    planned: Option<Planned>,
}

/// What is to be done with something that is wanted, as far as it was found out.
struct Planned {
    planned: PlannedResource,
    /// Outputs that stay as they are while it is done.
    stable: Vec<String>,
}

impl<'a> Stage<'a> {
    /// Finds out what is wanted and what there is, and plans what is to be done. Changes nothing.
    pub fn survey(&self) -> Result<Survey<'a>, Trouble> {
        let mut survey = Survey::of(self)?;
        survey.seen = self.look(&survey.records)?;
        self.learn(&survey)?;
        let mut open = self.subjects();
        while !open.is_empty() {
            let known = survey.knowledge.known();
            let answers = self.definitions.evaluate(&open, &known)?;
            survey.wishes.take(answers);
            open = self.unsettle(&mut survey, &open)?;
        }
        self.conclude(&mut survey);
        survey.check_order()?;
        Ok(survey)
    }

    /// Asks what there is of everything that is recorded.
    fn look(&self, records: &Records) -> Result<BTreeMap<Key, Seen>, Trouble> {
        if self.scope.trusts_state {
            let unfinished = records.current.iter();
            let unfinished =
                unfinished.filter(|(_, record)| record.phase != crate::state::Phase::Ready);
            return Ok(self
                .preview
                .look_all(unfinished, |record| self.store.reveal(record))?);
        }
        Ok(self
            .preview
            .look_all(&records.current, |record| self.store.reveal(record))?)
    }

    /// Notes what is known of outputs.
    fn learn(&self, survey: &Survey<'_>) -> Result<(), Trouble> {
        for key in self.possible_keys() {
            survey.knowledge.expect(key);
        }
        for (key, record) in &survey.records.current {
            match survey.seen.get(key) {
                Some(Seen::Gone | Seen::Unfinished(None)) => {}
                Some(Seen::Unfinished(Some(created))) => {
                    survey.knowledge.tell(key, &created.outputs);
                }
                Some(Seen::There(now)) => drop(survey.knowledge.tell(key, &now.outputs)),
                Some(Seen::Unasked | Seen::Unanswered(_)) | None => {
                    let kept = self.store.reveal(record)?;
                    survey.knowledge.tell(key, &kept.outputs);
                }
            }
        }
        Ok(())
    }

    /// Plans what was evaluated, and gives what has to be evaluated anew because outputs that it read
    /// will change.
    fn unsettle(
        &self,
        survey: &mut Survey<'a>,
        evaluated: &BTreeSet<Subject>,
    ) -> Result<BTreeSet<Subject>, Trouble> {
        let mut changed = self.rename(survey)?;
        changed.extend(self.withdraw(survey, evaluated));
        let all = survey.all();
        let wanted = survey.wishes.wanted.values();
        let fresh: Vec<&Wanted> = wanted
            .filter(|wanted| evaluated.contains(&wanted.subject()))
            .collect();
        let results = parallel::map(&fresh, |wanted| self.plan_wanted(survey, wanted, &all));
        let mut news = Vec::new();
        for (wanted, result) in fresh.iter().zip(results) {
            news.push((wanted.key.clone(), result?));
        }
        for (key, weighed) in news {
            let Weighed {
                problems,
                needs,
                planned,
            } = weighed;
            survey.problems.retain(|(of, _)| *of != key);
            let problems = problems.into_iter().map(|problem| (key.clone(), problem));
            survey.problems.extend(problems);
            survey.needs.insert(key.clone(), needs);
            if let Some(planned) = planned {
                changed.extend(forget(&survey.knowledge, &planned));
                survey.planned.insert(key, planned);
            }
        }
        Ok(survey.readers(&changed))
    }

    /// Takes back what was planned of things of which it is not known any more what is wanted, and gives
    /// those of their outputs that were known.
    fn withdraw(
        &self,
        survey: &mut Survey<'_>,
        evaluated: &BTreeSet<Subject>,
    ) -> BTreeSet<OutputRef> {
        let wanted = &survey.wishes.wanted;
        survey.planned.retain(|key, _| wanted.contains_key(key));
        survey.problems.retain(|(key, _)| wanted.contains_key(key));
        let awaits = survey.wishes.awaits.keys();
        let later = awaits.filter(|subject| evaluated.contains(subject));
        let later: Vec<Key> = later.map(|subject| self.key(survey, subject)).collect();
        let outputs = later.iter().flat_map(|key| {
            let forgotten = survey.knowledge.forget(key, &[]).into_iter();
            forgotten.map(|attribute| OutputRef {
                key: key.clone(),
                attribute,
            })
        });
        outputs.collect()
    }

    /// Examines and plans one thing that is wanted; what is refused has no plan.
    fn plan_wanted(
        &self,
        survey: &Survey<'_>,
        wanted: &Wanted,
        all: &All,
    ) -> Result<Weighed, Trouble> {
        let inputs = survey.knowledge.fill(&wanted.shown);
        let examined = self.examine(wanted, &inputs, all)?;
        // What has no provider is nothing but values.
        if examined.is_refused() || !self.preview.providers.has(&wanted.key.kind) {
            return Ok(Weighed {
                problems: examined.problems,
                needs: examined.needs,
                planned: None,
            });
        }
        let (mut planned, stable) = self.plan_one(
            wanted,
            &inputs,
            examined.needs.clone(),
            survey.records.current.get(&wanted.key),
            survey.seen.get(&wanted.key),
        )?;
        if let Some(old) = survey.renames.get(&wanted.key) {
            planned.renamed_from = Some(old.clone());
            planned.reasons.push(format!("it was {old} before"));
        }
        let planned = Planned { planned, stable };
        Ok(Weighed {
            problems: examined.problems,
            needs: examined.needs,
            planned: Some(planned),
        })
    }

    /// Finds resources that had another name, and gives outputs that are known because of it.
    fn rename(&self, survey: &mut Survey<'_>) -> Result<BTreeSet<OutputRef>, Trouble> {
        let wanted = survey.wishes.wanted.values();
        let wanted = wanted.map(|wanted| (&wanted.key, &wanted.lifecycle));
        let kept = survey.records.current.keys().cloned().collect();
        let renames = renames(wanted, &self.named(survey), &kept);
        let renames = renames
            .map_err(|error| Trouble::new(error.to_string(), Some(error.hint().to_owned())))?;
        let mut changed = BTreeSet::new();
        for (to, from) in renames {
            let change = Change::Rename(from.clone(), to.clone());
            survey.records.apply(&change);
            if survey.upgraded.remove(&from) {
                survey.upgraded.insert(to.clone());
            }
            if let Some(seen) = survey.seen.remove(&from) {
                survey.seen.insert(to.clone(), seen);
            }
            survey.renames.insert(to.clone(), from);
            let outputs = self.outputs_of(survey, &to)?;
            let told = survey.knowledge.tell(&to, &outputs).into_iter();
            changed.extend(told.map(|attribute| OutputRef {
                key: to.clone(),
                attribute,
            }));
        }
        Ok(changed)
    }

    fn outputs_of(&self, survey: &Survey<'_>, key: &Key) -> Result<Attributes, Trouble> {
        Ok(match survey.seen.get(key) {
            Some(Seen::There(now)) => now.outputs.clone(),
            _ => match survey.records.current.get(key) {
                Some(record) => self.store.reveal(record)?.outputs,
                None => Attributes::new(),
            },
        })
    }

    /// Puts the plan together once nothing changes any more.
    fn conclude(&self, survey: &mut Survey<'_>) {
        let planned = mem::take(&mut survey.planned);
        let planned = planned.into_values().map(|planned| planned.planned);
        survey.plan.resources = planned.collect();
        self.plan_rest(survey);
    }
}

/// Forgets the outputs that change with an action, and gives those that were known.
fn forget(knowledge: &Knowledge<'_>, planned: &Planned) -> BTreeSet<OutputRef> {
    let key = &planned.planned.key;
    let forgotten = match planned.planned.action {
        Action::Replace | Action::ReplaceCreateFirst | Action::Create => knowledge.forget(key, &[]),
        Action::Update | Action::Later => knowledge.forget(key, &planned.stable),
        _ => BTreeSet::new(),
    };
    let forgotten = forgotten.into_iter();
    forgotten
        .map(|attribute| OutputRef {
            key: key.clone(),
            attribute,
        })
        .collect()
}

impl<'a> Survey<'a> {
    /// A survey of which nothing but the records is known.
    pub(super) fn of(stage: &Stage<'a>) -> Result<Self, Trouble> {
        let Present {
            records,
            upgraded,
            claimed,
        } = stage.records()?;
        Ok(Self {
            plan: ResourcesPlan::default(),
            problems: Vec::new(),
            is_applied: false,
            wishes: Wishes::default(),
            seen: BTreeMap::new(),
            knowledge: Knowledge::new(stage.preview.schemas),
            renames: BTreeMap::new(),
            needs: Needs::new(),
            planned: BTreeMap::new(),
            records,
            upgraded,
            claimed,
        })
    }
}

impl Survey<'_> {
    /// Everything that can be needed.
    pub(super) fn all(&self) -> All {
        let mut names = Names::default();
        for (key, wanted) in &self.wishes.wanted {
            match &wanted.origin {
                Origin::Resource(resource) => {
                    let word = resource.value.get("_type").and_then(Value::as_str);
                    names.add_resource(key, word);
                }
                Origin::Machine { .. } => names.add_machine(key),
            }
        }
        let keys = self.keys();
        All { keys, names }
    }

    /// Everything that the network has, as far as it is known by key.
    pub(super) fn keys(&self) -> BTreeSet<Key> {
        let wanted = self.wishes.wanted.keys().cloned();
        let awaits = self.wishes.awaits.keys();
        let resources = awaits.filter_map(|subject| match subject {
            Subject::Resource(key) => Some(key.clone()),
            Subject::Machine(_) => None,
        });
        wanted
            .chain(resources)
            .chain(self.records.current.keys().cloned())
            .collect()
    }

    /// Who has read one of these outputs.
    fn readers(&self, changed: &BTreeSet<OutputRef>) -> BTreeSet<Subject> {
        if changed.is_empty() {
            return BTreeSet::new();
        }
        let wanted = self.wishes.wanted.values();
        let wanted = wanted.filter(|wanted| !wanted.reads.is_disjoint(changed));
        let awaits = self.wishes.awaits.iter();
        let awaits = awaits.filter(|(_, output)| changed.contains(output));
        wanted
            .map(Wanted::subject)
            .chain(awaits.map(|(subject, _)| subject.clone()))
            .collect()
    }

    /// Refuses resources that need each other, with the way round.
    fn check_order(&self) -> Result<(), Trouble> {
        let settled = self.plan.resources.iter();
        let mut settled = settled.filter(|planned| planned.action.settles());
        let needs = settled.clone();
        let needs = needs.map(|planned| (planned.key.clone(), planned.needs.clone()));
        let order = Graph::of(&needs.collect()).order().map(drop);
        let own = settled.find(|planned| planned.awaits.contains(&planned.key));
        let order = own.map_or(order, |planned| {
            let key = || planned.key.clone();
            Err(Cycle {
                path: vec![key(), key()],
            })
        });
        order.map_err(|cycle| {
            let hint =
                "take one of these references out, or let only the systems of machines read it";
            Trouble::new(cycle.to_string(), Some(hint.to_owned()))
        })
    }

    /// Everything that is wrong, and everything that is only worth a word.
    /// What is about machines comes last.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        let is_machine = |key: &Key| self.wishes.made.get(&key.name) == Some(key);
        let mut problems: Vec<&(Key, Problem)> = self.problems.iter().collect();
        problems.sort_by_key(|(key, _)| is_machine(key));
        problems.into_iter().map(|(_, problem)| problem)
    }

    /// How many problems there are because of which nothing may be done.
    pub fn refusals(&self) -> usize {
        let problems = self.problems();
        problems
            .filter(|problem| problem.severity == Severity::Error)
            .count()
    }

    /// Machines that backends make, by name.
    pub fn made(&self) -> &BTreeMap<String, Key> {
        &self.wishes.made
    }

    /// What each thing that is wanted needs.
    pub fn needs(&self) -> &BTreeMap<Key, BTreeSet<Key>> {
        &self.needs
    }

    /// The value of an output, if it is known: also of one that nobody may see.
    pub fn secret(&self, output: &OutputRef) -> Option<Value> {
        self.knowledge.value(output)
    }

    /// What evaluation may know of outputs.
    pub fn known(&self) -> Known {
        self.knowledge.known()
    }

    /// Leaves in the plan only what some machines need, and what they read.
    pub fn narrow(&mut self, machines: &[String], read: &BTreeSet<Key>) {
        let name = |machine| self.wishes.made.get(machine);
        let own = machines.iter().filter_map(name);
        // Where a machine's options wait for an output, it is not known what its backend is to make.
        let waiting = machines.iter().filter_map(|machine| {
            let subject = Subject::Machine(machine.clone());
            Some(&self.wishes.awaits.get(&subject)?.key)
        });
        let mut open: Vec<Key> = own.chain(waiting).chain(read).cloned().collect();
        let mut needs = self.needs.clone();
        for planned in &self.plan.resources {
            let own = needs.entry(planned.key.clone()).or_default();
            own.extend(planned.needs.iter().cloned());
        }
        let mut kept = BTreeSet::new();
        while let Some(key) = open.pop() {
            if kept.insert(key.clone()) {
                open.extend(needs.get(&key).into_iter().flatten().cloned());
            }
        }
        let resources = &mut self.plan.resources;
        resources.retain(|planned| kept.contains(&planned.key));
        self.plan
            .deposed
            .retain(|planned| kept.contains(&planned.key));
        self.problems.retain(|(key, _)| kept.contains(key));
    }

    /// Subjects that cannot be evaluated, and why.
    pub fn failed(&self) -> &BTreeMap<Subject, Diagnostic> {
        &self.wishes.failed
    }
}
