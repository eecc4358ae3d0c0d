//! `nixops check`

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    num::NonZeroUsize,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    check::{self, Answer, Evidence, MachineReport, Report},
    deploy::{self, Checked, Mutation, Stage},
    evaluator::Diagnostic,
    host::{self, Connections, Target},
    network::MachineOptions,
    state::{DeploymentStore, Key, MachineRecord, Store as _},
    ui::check_text,
};

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
  8 a file system is full, 16 units failed, 32 something is not as it was deployed,
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

/// Machines that are meant, as they are recorded, and those among them that backends made.
struct Machines {
    records: BTreeMap<String, MachineRecord>,
    made: BTreeMap<String, Key>,
}

/// What hosts answered, and why others could not be asked.
#[derive(Default)]
struct Answers {
    answers: BTreeMap<String, Result<Answer, host::Error>>,
    problems: BTreeMap<String, Diagnostic>,
}

impl Check {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let mut ground = self.ground(context)?;
        let (held, store) = ground.hold(context, &self.wait, "check")?;
        let code = self.with(context, &ground, &store, held.lock());
        held.finish()?;
        code
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
        if ground.backend.look()?.get(&ground.deployment.uuid)?.is_none() {
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
        let run = Run::prepare(context, ground, store, None, &self.plugins, lock)?;
        let asking = run.asking();
        let stage = asking.stage_of_state(deploy::Limits::default());
        let (machines, meant) = self.meant(store, &stage)?;
        let options = host::Options {
            limit: self.parallelism.get(),
            ..self.reach.options()
        };
        let connections = Connections::new(context.processes.clone(), options)?;
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

    /// The machines and resources that are selected. What a backend made belongs to its machine.
    fn meant(
        &self,
        store: &DeploymentStore,
        stage: &Stage<'_>,
    ) -> Result<(Machines, BTreeSet<Key>)> {
        let recorded = store.records()?;
        let mut records = store.machines()?;
        let backends = stage.preview.providers.backends();
        let deposed = recorded.deposed.iter().map(|(key, _)| key);
        let mut keys: BTreeSet<Key> = recorded.current.keys().chain(deposed).cloned().collect();
        for key in keys.iter().filter(|key| backends.contains(&key.kind)) {
            let record = records.entry(key.name.clone()).or_default();
            // What is there counts, if a machine has another backend now.
            if record.backend != key.kind && recorded.current.contains_key(key) {
                record.backend.clone_from(&key.kind);
            }
        }
        let made = |(name, record): (&String, &MachineRecord)| {
            let is_made = record.backend != MachineOptions::NO_BACKEND;
            is_made.then(|| (name.clone(), Key::new(&record.backend, name)))
        };
        let mut made: BTreeMap<String, Key> = records.iter().filter_map(made).collect();
        let is_machine = |key: &Key| made.get(&key.name) == Some(key);
        let others = keys.iter().filter(|key| !is_machine(key));
        let names: Vec<String> = records
            .keys()
            .cloned()
            .chain(others.map(ToString::to_string))
            .collect();
        let tags = records.iter().map(|(name, record)| {
            let tags = options(record).map(|options| options.tags);
            (name.clone(), tags.unwrap_or_default())
        });
        let selected = self.selection.of_state(&names, &tags.collect())?;
        let selected: BTreeSet<String> = selected.into_iter().collect();
        keys.retain(|key| {
            let name = match is_machine(key) {
                true => key.name.clone(),
                false => key.to_string(),
            };
            selected.contains(&name)
        });
        records.retain(|name, _| selected.contains(name));
        made.retain(|name, _| selected.contains(name));
        Ok((Machines { records, made }, keys))
    }

    /// Asks providers and hosts at the same time: those hosts that nobody made need no provider.
    fn ask(
        &self,
        stage: &Stage<'_>,
        connections: &Connections,
        machines: &Machines,
        meant: &BTreeSet<Key>,
    ) -> Result<(Checked, Answers)> {
        let limits = check::Limits {
            at_once: self.parallelism.get(),
            answer_within: Duration::from_secs(self.timeout),
        };
        thread::scope(|scope| {
            let mut answers = Answers::default();
            let plain = machines.records.iter();
            let plain = plain.filter(|(name, _)| !machines.made.contains_key(*name));
            let plain =
                answers.targets(plain.map(|(name, record)| (name, plain_target(name, record))));
            let plain = scope.spawn(move || check::ask(connections, &plain, limits));
            let checked = stage.check(|key| meant.contains(key))?;
            let made = machines.made.iter().filter_map(|(name, key)| {
                let record = machines.records.get(name)?;
                Some((name, made_target(name, record, key, &checked)?))
            });
            let made = answers.targets(made);
            answers.answers = check::ask(connections, &made, limits);
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
        machines: Machines,
        mut answers: Answers,
        checked: &mut Checked,
    ) -> Report {
        let Machines { records, made } = machines;
        let report = |(name, record): (String, MachineRecord)| {
            let key = made.get(&name);
            let evidence = Evidence {
                name: &name,
                record: &record,
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

impl Answers {
    /// Keeps hosts that can be asked, and notes why others cannot.
    fn targets<'n>(
        &mut self,
        targets: impl Iterator<Item = (&'n String, Result<Target, Diagnostic>)>,
    ) -> BTreeMap<String, Target> {
        let mut kept = BTreeMap::new();
        for (name, target) in targets {
            match target {
                Ok(target) => drop(kept.insert(name.clone(), target)),
                Err(problem) => drop(self.problems.insert(name.clone(), problem)),
            }
        }
        kept
    }
}

/// How a host is reached that nobody made.
fn plain_target(name: &str, record: &MachineRecord) -> Result<Target, Diagnostic> {
    let options = options(record).filter(|options| !options.target_host.is_empty());
    options
        .map(|options| Target::plain(name, &options))
        .ok_or_else(|| {
            let hint = "deploy it once: that records it";
            diagnostic("how it is reached is not recorded", Some(hint.to_owned()))
        })
}

/// How a machine is reached that a backend made; nothing if it is not there, or not switched on.
fn made_target(
    name: &str,
    record: &MachineRecord,
    key: &Key,
    checked: &Checked,
) -> Option<Result<Target, Diagnostic>> {
    if checked.power(key) == Some(false) {
        return None;
    }
    if !checked.resources.contains_key(key) {
        let message = format!(
            "nothing is recorded of what its backend `{}` made",
            key.kind
        );
        return Some(Err(diagnostic(message, Some("deploy it again".to_owned()))));
    }
    let outputs = match checked.reach(key)? {
        Ok(outputs) => outputs,
        Err(trouble) => return Some(Err(trouble.into_diagnostic())),
    };
    // One that was made and never deployed has no options yet.
    let options = options(record).or_else(usual)?;
    let target = Target::provided(name, &options, &outputs);
    Some(target.map_err(|error| diagnostic(error.to_string(), error.hint())))
}

/// What `deployment.*` said of a machine when it was last deployed.
fn options(record: &MachineRecord) -> Option<MachineOptions> {
    serde_json::from_value(record.options.clone()?).ok()
}

/// What `deployment.*` says where nobody set anything.
fn usual() -> Option<MachineOptions> {
    let usual = serde_json::json!({
        "targetEnv": "", "targetHost": "", "targetPort": 22, "targetUser": "root", "sshOptions": [],
        "privilegeEscalationCommand": ["sudo", "-H"], "alwaysActivate": false, "owners": [],
        "keys": {}, "hasFastConnection": false, "provisionSSHKey": true, "nixosRelease": "",
        "publicIPv4": null, "tags": [], "buildOnTarget": false,
        "substituteOnDestination": false, "copyProtocol": "ssh",
    });
    serde_json::from_value(usual).ok()
}

fn diagnostic(message: impl Into<String>, hint: Option<String>) -> Diagnostic {
    Diagnostic {
        message: message.into(),
        position: None,
        hint,
        trace: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_options_can_be_read() {
        assert!(usual().is_some());
    }

    #[test]
    fn a_host_whose_way_is_not_recorded_is_not_asked() {
        let record = MachineRecord::default();
        let problem = plain_target("web", &record).unwrap_err();
        assert_eq!(problem.message, "how it is reached is not recorded");
    }
}
