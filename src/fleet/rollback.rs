//! Machines go back to a generation that they had.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    deploy::{self, Mutation, Trouble},
    evaluator::Diagnostic,
    host::{Connections, Generation, Host, Order},
    plan::{Goal, Outcome, Step},
    state::{self, Change, Entry, Holder, Key, MachineRecord, Operation, Stage, Store, now},
    ui::{Event, Ui},
};

use super::{Member, generations::find, reach::options};

/// What became of a machine that was to go back.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WentBack {
    /// The machine.
    pub machine: String,
    /// The generation that its profile named before.
    pub from: Option<u32>,
    /// The generation that it was to run.
    pub to: Option<u32>,
    /// The system of that.
    pub system: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What machines are brought back with.
#[derive(Clone, Copy)]
pub struct GoingBack<'a> {
    /// The capability to do so.
    pub mutation: &'a Mutation,
    /// Where it is told what hosts say.
    pub ui: &'a Ui,
    /// The generation; without it the one before that which the profile names.
    pub to: Option<u32>,
}

impl GoingBack<'_> {
    /// Brings a machine back, by the same way on which a deploy takes it to a new system.
    pub fn bring(&self, connections: &Connections, member: &Member) -> WentBack {
        let mut went = WentBack {
            machine: member.name.clone(),
            from: None,
            to: self.to,
            system: None,
            outcome: Outcome::Unchanged,
        };
        let mut step = Step::Connect;
        let brought = self.go(connections, member, &mut went, &mut step);
        went.outcome = brought.unwrap_or_else(|trouble| {
            let trouble = trouble.without_prefix(&format!("{}: ", member.name));
            trouble.outcome(step)
        });
        went
    }

    /// Goes as far as it gets, and keeps where that is.
    fn go(
        &self,
        connections: &Connections,
        member: &Member,
        went: &mut WentBack,
        step: &mut Step,
    ) -> Result<Outcome, Trouble> {
        let target = member.target.as_ref();
        let host =
            connections.connect(target.map_err(|problem| Trouble::Failed(problem.clone()))?)?;
        let all = host.generations()?;
        let current = all.iter().find(|one| one.current);
        went.from = current.map(|one| one.number);
        let goal = self.goal(&all, went.from).map_err(Trouble::Failed)?;
        went.to = Some(goal.number);
        went.system = Some(goal.system.to_string());
        if goal.current && goal.running {
            return Ok(Outcome::Unchanged);
        }
        *step = Step::Activate;
        self.take_up(connections, member, &host, goal)
    }

    fn goal<'g>(
        &self,
        all: &'g [Generation],
        current: Option<u32>,
    ) -> Result<&'g Generation, Diagnostic> {
        if let Some(number) = self.to {
            return find(all, number);
        }
        let before = all.iter().rev().find(|one| Some(one.number) < current);
        before.ok_or_else(|| {
            let message = match current {
                Some(number) => format!("there is no generation before {number}"),
                None => "it has no generation".to_owned(),
            };
            Diagnostic::new(message, Some("`nixops deploy` makes one".to_owned()))
        })
    }

    fn take_up(
        &self,
        connections: &Connections,
        member: &Member,
        host: &Host,
        goal: &Generation,
    ) -> Result<Outcome, Trouble> {
        let rollback = options(&member.record).map(|options| options.rollback);
        let order = Order {
            system: goal.system.clone(),
            generation: Some(goal.number),
            goal: Goal::Switch,
            rollback: rollback.unwrap_or_default(),
            holder: Holder::this("rollback").to_string(),
        };
        let mut line = |line: &str| {
            self.ui.send(Event::Log {
                machine: Some(member.name.clone()),
                step: Step::Activate,
                line: line.to_owned(),
            });
        };
        deploy::take_up(self.mutation, connections, host, order, &mut line)
    }
}

impl WentBack {
    /// Whether the machine runs the generation now, or does from the next boot on.
    pub fn is_taken_up(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Activated | Outcome::UnitsFailed { .. } | Outcome::RebootRequired
        )
    }

    /// Notes that the machine was made to run that system.
    pub fn note(&self, store: &dyn Store, record: &MachineRecord) -> Result<(), state::Error> {
        if !self.is_taken_up() {
            return Ok(());
        }
        let key = Key::new(&record.backend, &self.machine);
        let record = MachineRecord {
            system: self.system.clone(),
            activated: Some(now()),
            settled: true,
            ..record.clone()
        };
        let remark = self.to.map(|number| format!("back to generation {number}"));
        let entry = Entry {
            remark,
            ..Entry::new(&key, Operation::Activate, Stage::Done)
        };
        let change = Change::PutMachine(self.machine.clone(), Box::new(record));
        store.write(&entry, &[change])
    }

    /// The exit code that it means.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            Outcome::UnitsFailed { .. } => 4,
            Outcome::RebootRequired => 100,
            Outcome::Interrupted { .. } => 130,
            Outcome::Unchanged | Outcome::Activated => 0,
            _ => 1,
        }
    }
}
