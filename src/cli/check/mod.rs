//! `nixops check`

mod machines;

use std::{collections::BTreeSet, fs::File, num::NonZeroUsize, thread, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    check::{Evidence, MachineReport, Report},
    deploy::{self, Checked, Mutation, Stage},
    fleet::{self, AskLimits, Roster, checks, plain_target},
    host::Connections,
    state::{DeploymentStore, Key, MachineRecord, Store as _},
    ui::check_text,
};

pub use machines::select;
use machines::{Answers, found_target};

use super::{
    Context,
    deploy::ReachArguments,
    number,
    plugins::PluginArguments,
    run::Run,
    selection::SelectionArguments,
    session::{Ground, Intent, Session},
    source::SourceArguments,
    state::{StateArguments, WaitArguments},
};

/// Ask providers and hosts how what was deployed fares
///
/// Works from the state alone, and changes nothing but the state, which learns what outputs are now.
/// `nixops deploy` repairs what is missing or has drifted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops check                              everything
  nixops check --on 'web-*' @eu             some machines, and nothing else
  nixops check --on 'neatcloudVolumes.*'    some resources
  nixops check --json | jq '.machines[] | select(.up == false)'

Exit codes:
  0 all is well; else the sum of
  1 something does not exist, 2 a machine is down, 4 a machine cannot be reached,
  8 a file system is full, 16 units or health checks failed, 32 something is not as it was deployed,
  64 something could not be found out.
  1 if the check itself failed, 2 wrong usage, 130 interrupted")]
pub struct Check {
    /// How many percent of a file system, or of its inodes, may not be used
    #[arg(long, value_name = "PERCENT", default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    full: u8,

    /// Seconds that a host may take to say how it fares
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = number::seconds)]
    timeout: u64,

    /// Hosts that are asked at the same time
    #[arg(long, value_name = "N", default_value = "32", value_parser = number::positive)]
    parallelism: NonZeroUsize,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    reach: ReachArguments,

    #[command(flatten)]
    plugins: PluginArguments,
}

impl Check {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let mut ground = self.ground(context)?;
        ground.holding(context, &self.wait, "check", |ground, store, lock| {
            self.with(context, ground, store, lock)
        })
    }

    /// The deployment, by its state where that is enough to find it, and else by its network.
    fn ground(&self, context: &Context) -> Result<Ground> {
        let first = match Ground::of_state(context, &self.source, &self.state) {
            Ok(ground) => return Ok(ground),
            Err(error) => error,
        };
        let session = match Session::begin(context, &self.source, &self.state, Intent::default()) {
            Ok(session) => session,
            Err(_) if self.state.named().is_some() => return Err(first),
            Err(error) => return Err(error),
        };
        let ground = session.ground;
        if ground.is_new()? {
            bail!("there is nothing to check: this network was not deployed yet");
        }
        Ok(ground)
    }

    fn with(
        &self,
        context: &Context,
        ground: &Ground,
        store: &DeploymentStore,
        lock: Option<&File>,
    ) -> Result<u8> {
        let run = Run::of_state(context, ground, store, &self.plugins, lock)?;
        let asking = run.asking();
        let stage = asking.stage_of_state(deploy::Limits::default());
        let recorded = store.records()?;
        let backends = stage.preview.providers.backends();
        let mut machines = Roster::of(store.machines()?, &recorded, &backends);
        let meant = select(&mut machines, &self.selection, &recorded)?;
        let connections = self.reach.connections_of(context, self.parallelism)?;
        let (mut checked, answers) = self.ask(&stage, &connections, &machines, &meant)?;
        if context.processes.interrupted() {
            bail!("interrupted");
        }
        let report = self.report(ground, machines, answers, &mut checked);
        context.ui.data(if context.global.json {
            serde_json::to_string(&report).context("while writing the report")?
        } else {
            check_text(&report, context.global.is_verbose())
        });
        stage.refresh(&Mutation::of_state(), &mut checked)?;
        Ok(report.exit_code)
    }

    /// Asks providers and hosts at the same time: those hosts that nobody made need no provider.
    fn ask(
        &self,
        stage: &Stage<'_>,
        connections: &Connections,
        machines: &Roster,
        meant: &BTreeSet<Key>,
    ) -> Result<(Checked, Answers)> {
        let limits = AskLimits {
            at_once: self.parallelism.get(),
            answer_within: Duration::from_secs(self.timeout),
        };
        thread::scope(|scope| {
            let mut answers = Answers::default();
            let plain = machines.records.iter();
            let plain = plain.filter(|(name, _)| !machines.made.contains_key(*name));
            let plain =
                answers.targets(plain.map(|(name, record)| (name, plain_target(name, record))));
            let plain = machines.questions(plain);
            let plain = scope.spawn(move || fleet::ask(connections, &plain, limits));
            let checked = stage.check(|key| meant.contains(key))?;
            let made = machines.made.iter().filter_map(|(name, key)| {
                let record = machines.records.get(name)?;
                Some((name, found_target(name, record, key, &checked)?))
            });
            let made = machines.questions(answers.targets(made));
            answers.answers = fleet::ask(connections, &made, limits);
            match plain.join() {
                Ok(more) => answers.answers.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
            Ok((checked, answers))
        })
    }

    fn report(
        &self,
        ground: &Ground,
        machines: Roster,
        mut answers: Answers,
        checked: &mut Checked,
    ) -> Report {
        let Roster { records, made, .. } = machines;
        let report = |(name, record): (String, MachineRecord)| {
            let key = made.get(&name);
            let evidence = Evidence {
                name: &name,
                record: &record,
                checks: checks(&record).into_keys().collect(),
                power: key.and_then(|key| checked.power(key)),
                resource: key.and_then(|key| checked.resources.remove(key)),
                answer: answers.answers.remove(&name),
                problem: answers.problems.remove(&name),
                full: self.full,
            };
            let report = MachineReport::of(evidence);
            (name, report)
        };
        let machines = records.into_iter().map(report).collect();
        let resources = std::mem::take(&mut checked.resources).into_values();
        let replaced = std::mem::take(&mut checked.replaced);
        let deployment = &ground.deployment;
        Report::new(
            &deployment.uuid,
            deployment.called(),
            machines,
            resources.chain(replaced).collect(),
        )
    }
}
