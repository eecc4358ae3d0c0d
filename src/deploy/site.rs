//! The work done for real: with Nix here, and with hosts over their connections.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::evaluator::Diagnostic;
use crate::host::{
    self, ActivationStatus, AtWork, Connections, End, Failure, Host, Order, Priority, Reason,
    Remote, Target, Trial,
};
use crate::network::{Addresses, KeyTexts, Machine, MachineOptions};
use crate::nix::{
    self, BuildError, BuildEvent, BuildOptions, BuildQueue, BuildThere, Copy, CopyEvent, Nix,
};
use crate::plan::{Goal, Outcome, PlannedMachine, Running, SavedPlan};
use crate::process::Processes;
use crate::state::{
    Change, Entry, Holder, Key, MachineRecord, Operation, Stage, Store, Unfinished, file_name, now,
};
use crate::ui::{Event, Ui, sanitise};

use super::keys::Courier;
use super::trouble::{Trouble, diagnostic};
use super::work::{Activation, Begun, Ended, Freight, Provided, Reach, Work};
use super::{Mutation, Request, Tools};

/// Nix here, and the hosts there.
pub(super) struct Site<'a> {
    nix: &'a Nix,
    processes: &'a Processes,
    connections: &'a Connections,
    provided: &'a BTreeMap<String, Provided>,
    store: Option<&'a dyn Store>,
    saved: Option<&'a SavedPlan>,
    addresses: Option<&'a Addresses>,
    noted: OnceLock<Result<BTreeMap<String, MachineRecord>, Trouble>>,
    ui: &'a Ui,
    build: BuildOptions,
    builds: BuildQueue,
    courier: Courier<'a>,
    roots: Utf8PathBuf,
    keeps_last: bool,
    reboot_timeout: Duration,
}

/// The directory for links to the systems that others have followed: no name of a machine begins with a dot here.
const LAST: &str = ".last";

/// The link by which a host that built its system keeps it until its profile does.
const BUILT_THERE: &str = "/nix/var/nix/gcroots/nixops-built";

impl<'a> Site<'a> {
    pub(super) fn new(request: &Request, tools: &Tools<'a>) -> Self {
        let Tools {
            nix,
            processes,
            connections,
            provided,
            store,
            secret,
            saved,
            addresses,
            ui,
        } = *tools;
        let told = ui.clone();
        let listener = move |event| tell(&told, event);
        let options = request.build.clone();
        let builds = BuildQueue::with_listener(nix.clone(), processes.clone(), options, listener);
        Self {
            nix,
            processes,
            connections,
            provided,
            store,
            saved,
            addresses,
            noted: OnceLock::new(),
            ui,
            build: request.build.clone(),
            builds,
            courier: Courier::new(processes, secret, false),
            roots: request.roots.clone(),
            keeps_last: request.keeps_last,
            reboot_timeout: request.reboot_timeout,
        }
    }

    /// What was kept of machines when the run began.
    fn noted(&self, store: &dyn Store) -> Result<&BTreeMap<String, MachineRecord>, Trouble> {
        let read = || store.machines().map_err(Trouble::from);
        self.noted.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// Keeps a built system from collection, and the one that was built before it.
    fn root(&self, machine: &Machine) -> Result<(), Trouble> {
        let link = self.roots.join(file_name(&machine.name));
        let system = machine.system.as_str().into();
        let rooted = self.root_last(&machine.name, system);
        let rooted = rooted.and_then(|()| self.nix.root(self.processes, &link, system));
        match rooted.map_err(Trouble::from) {
            // The system is built all the same, and can be used.
            Err(Trouble::Failed(diagnostic)) => {
                let message = format!("the system may be collected: {}", diagnostic.message);
                self.ui
                    .warning(Some(&machine.name), message, diagnostic.hint);
                Ok(())
            }
            rooted => rooted,
        }
    }

    /// Keeps the system that another one follows, if it is there.
    fn root_last(&self, name: &str, next: &Utf8Path) -> Result<(), nix::Error> {
        let link = self.roots.join(file_name(name));
        let last = link.read_link_utf8().ok();
        match last.filter(|last| self.keeps_last && last != next && last.exists()) {
            Some(last) => {
                let link = self.roots.join(LAST).join(file_name(name));
                self.nix.root(self.processes, &link, &last)
            }
            None => Ok(()),
        }
    }
}

impl Work for Site<'_> {
    type Host = Host;
    type Trial = Trial;

    fn provided(&self, machine: &str, options: &MachineOptions) -> Result<Provided, Trouble> {
        match self.provided.get(machine) {
            Some(provided) => Ok(provided.clone()),
            None if !options.has_backend() => Ok(Provided::default()),
            None => Err(Trouble::not_made(&options.target_env, None)),
        }
    }

    fn allow(&self, machine: &Machine) -> Result<(), Trouble> {
        let Some(saved) = self.saved else {
            return Ok(());
        };
        let now = PlannedMachine {
            derivation: Some(machine.derivation.clone()),
            system: Some(machine.system.clone()),
            ..PlannedMachine::default()
        };
        let allowed = saved.allows_machine(&machine.name, &now);
        allowed.map_err(|outside| {
            let hint = outside.hint().to_owned();
            Trouble::new(outside.to_string(), Some(hint))
        })
    }

    fn share(&self, _: &Mutation, machine: &str, host: &Host) -> Result<(), Trouble> {
        match self.addresses {
            Some(addresses) => host.share(addresses).map_err(|error| own(machine, error)),
            None => Ok(()),
        }
    }

    fn is_settled(&self, machine: &str, options: &MachineOptions, system: &str) -> bool {
        let noted = self.store.and_then(|store| self.noted(store).ok());
        noted
            .and_then(|noted| noted.get(machine))
            .is_some_and(|it| {
                it.settled
                    && it.unfinished.is_none()
                    && it.system.as_deref() == Some(system)
                    && it.options == serde_json::to_value(options).ok()
            })
    }

    fn is_noted(&self, machine: &Machine) -> Result<bool, Trouble> {
        if let Some(store) = self.store {
            self.noted(store)?;
        }
        // What a backend made, it has to be asked about.
        let is_made = self.provided.contains_key(&machine.name) || machine.options.has_backend();
        Ok(!is_made && self.is_settled(&machine.name, &machine.options, &machine.system))
    }

    fn note(&self, _: &Mutation, machine: &Machine, settled: bool) -> Result<(), Trouble> {
        let Some(store) = self.store else {
            return Ok(());
        };
        let before = self.noted(store)?.get(&machine.name).cloned();
        let before = before.unwrap_or_default();
        let mut record = MachineRecord {
            backend: machine.options.target_env.clone(),
            system: Some(machine.system.clone()),
            settled,
            unfinished: None,
            options: serde_json::to_value(&machine.options).ok(),
            ..before.clone()
        };
        if record == before {
            return Ok(());
        }
        if record.system != before.system {
            record.activated = Some(now());
        }
        keep(store, &machine.name, record, Stage::Done, None)
    }

    fn unsettle(&self, _: &Mutation, machine: &Machine) -> Result<(), Trouble> {
        let Some(store) = self.store else {
            return Ok(());
        };
        let before = self.noted(store)?.get(&machine.name);
        let Some(before) = before.filter(|before| before.settled) else {
            return Ok(());
        };
        let record = MachineRecord {
            settled: false,
            ..before.clone()
        };
        keep(store, &machine.name, record, Stage::Done, None)
    }

    fn remember(
        &self,
        _: &Mutation,
        machine: &str,
        options: Option<&MachineOptions>,
        outcome: &Outcome,
    ) -> Result<(), Trouble> {
        let Some(store) = self.store else {
            return Ok(());
        };
        let before = self.noted(store)?.get(machine).cloned();
        let mut record = before.unwrap_or_else(|| MachineRecord {
            backend: MachineOptions::NO_BACKEND.to_owned(),
            ..MachineRecord::default()
        });
        if let Some(options) = options.filter(|_| record.system.is_none()) {
            record.backend.clone_from(&options.target_env);
            record.options = serde_json::to_value(options).ok();
        }
        record.unfinished = Some(Unfinished {
            result: outcome.to_string(),
            time: now(),
        });
        let remark = Some(outcome.to_string());
        keep(store, machine, record, Stage::Failed, remark)
    }

    fn at_work(&self) -> AtWork {
        self.connections.at_work()
    }

    fn connect(
        &self,
        machine: &str,
        options: &MachineOptions,
        (reach, priority): (&Reach, Priority),
    ) -> Result<(Host, Running), Trouble> {
        let trouble = |error| own(machine, error);
        let target = target(machine, options, reach).map_err(trouble)?;
        let host = self.connections.connect_for(&target, priority);
        let host = host.map_err(trouble)?;
        let look = host.look();
        if *reach == Reach::Local && !look.nixos {
            let message = "this computer does not run NixOS: there is no /etc/NIXOS";
            let hint =
                "run this on the machine itself; one with another system has to be installed first";
            return Err(Trouble::new(message, Some(hint.to_owned())));
        }
        if !look.nix {
            let hint = "the host must run NixOS, or have nix-store on the search path of its user";
            let message = format!("there is no Nix on {}", host.target().transport);
            return Err(Trouble::new(message, Some(hint.to_owned())));
        }
        let path = |path: &Option<Utf8PathBuf>| path.as_ref().map(ToString::to_string);
        let running = Running {
            system: path(&look.system),
            profile: path(&look.profile),
            unfinished: look.unfinished,
        };
        Ok((host, running))
    }

    fn is_built(&self, machine: &Machine) -> Result<bool, Trouble> {
        let system = [machine.system.as_str().into()];
        let invalid = self.nix.invalid_paths(self.processes, system)?;
        Ok(invalid.is_empty())
    }

    fn build(&self, _: &Mutation, machine: &Machine) -> Result<(), Trouble> {
        self.builds
            .build(machine.derivation.as_str(), machine.system.as_str())?;
        self.root(machine)
    }

    fn build_there(&self, _: &Mutation, machine: &Machine, host: &Host) -> Result<(), Trouble> {
        let ui = self.ui.clone();
        let listener = move |event| tell(&ui, event);
        let there = BuildThere::new(machine.derivation.as_str().into(), listener);
        let root = host.may_be_root().then_some(BUILT_THERE);
        let words = there.words(self.nix, &self.build, root);
        let mut hearing = there.listen();
        let mut lines = |stream, line: &str| hearing.line(stream, line);
        let remote = Remote::argv("building on", words).elevated();
        let output = host.run(remote.lines(&mut lines));
        let output = output.map_err(|error| own(&machine.name, error))?;
        there.end(&hearing, &output).map_err(|error| match &error {
            _ if self.interrupted() => Trouble::Interrupted,
            BuildError::Failed { failed, .. } => {
                let hint = format!("the whole log is on the machine: nix log {}", failed.drv);
                Trouble::new(error.to_string(), Some(hint))
            }
            _ => error.into(),
        })
    }

    fn shares_store(&self, machine: &Machine, host: &Host) -> Result<bool, Trouble> {
        let words = ["nix-store", "--check-validity", machine.system.as_str()];
        let remote = Remote::argv("looking for the system on", words).elevated();
        let output = host
            .run(remote)
            .map_err(|error| own(&machine.name, error))?;
        Ok(output.status.success())
    }

    fn copy(
        &self,
        _: &Mutation,
        machine: &Machine,
        (host, freight): (&Host, Freight),
        tell: &mut dyn FnMut(CopyEvent),
    ) -> Result<(), Trouble> {
        let options = &machine.options;
        let path = match freight {
            Freight::System => &machine.system,
            Freight::Derivation => &machine.derivation,
        };
        let to = host.destination(machine.options.copy_protocol);
        let copy = Copy {
            label: format!("copy {}", machine.name),
            to: to.map_err(|error| own(&machine.name, error))?,
            paths: &[path.as_str().into()],
            // No binary cache has derivations.
            substitute_on_destination: options.substitute_on_destination
                && freight == Freight::System,
        };
        let copied = host.receive((self.nix, self.processes), &copy, tell);
        copied.map_err(|error| {
            let trouble = Trouble::from(error);
            let trouble = trouble.without_prefix(&format!("{}: ", copy.label));
            trouble.or_hint(host.elevation_hint())
        })
    }

    fn activate(
        &self,
        _: &Mutation,
        machine: &Machine,
        host: &Host,
        goal: Goal,
        line: &mut dyn FnMut(&str),
    ) -> Result<Begun<Self>, Trouble> {
        let trouble = |error| own(&machine.name, error);
        let system = machine.system.as_str().into();
        if goal == Goal::DryActivate {
            let status = host.foretell(system, line).map_err(trouble)?;
            let (ended, units, host) = (host::Ended::Done(status), Vec::new(), host.clone());
            return Ok(Begun::Ended(told(End { ended, units, host })?));
        }
        let order = Order {
            system: system.to_owned(),
            generation: None,
            goal,
            rollback: machine.options.rollback.clone(),
            holder: Holder::this("deploy").to_string(),
        };
        match host::Begun::begin(self.connections, host, order, line).map_err(trouble)? {
            host::Begun::Ended(end) => Ok(Begun::Ended(told(end)?)),
            host::Begun::Trial(trial) => Ok(Begun::Trial(*trial)),
        }
    }

    fn confirm(
        &self,
        _: &Mutation,
        machine: &Machine,
        trial: Trial,
        line: &mut dyn FnMut(&str),
    ) -> Result<Ended<Host>, Trouble> {
        let end = trial.confirm(line);
        told(end.map_err(|error| own(&machine.name, error))?)
    }

    fn connection<'t>(&self, trial: &'t Trial) -> &'t Host {
        trial.host()
    }

    fn meanwhile(
        &self,
        trial: &Trial,
        work: &mut dyn FnMut() -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        trial.meanwhile(work)
    }

    fn refuse(
        &self,
        _: &Mutation,
        machine: &Machine,
        trial: Trial,
        line: &mut dyn FnMut(&str),
    ) -> Result<Ended<Host>, Trouble> {
        let end = trial.refuse(line);
        told(end.map_err(|error| own(&machine.name, error))?)
    }

    fn reboot(&self, _: &Mutation, machine: &Machine, host: &Host) -> Result<Host, Trouble> {
        let host = self.connections.reboot(host, self.reboot_timeout);
        let host = host.map_err(|error| own(&machine.name, error))?;
        match &host.look().booted {
            Some(booted) if *booted == machine.system => Ok(host),
            booted => {
                let booted = booted
                    .as_ref()
                    .map_or("nothing that is known", |path| path.as_str());
                let message = format!("the host booted {booted}, and not {}", machine.system);
                let hint = "look at its boot loader, and at what its console says";
                Err(Trouble::new(message, Some(hint.to_owned())))
            }
        }
    }

    fn learn_keys(&self, machine: String, texts: KeyTexts) {
        self.courier.learn(machine, texts);
    }

    fn has_keys(&self, machine: &Machine, host: &Host) -> bool {
        !machine.options.keys.is_empty() || host.look().keys
    }

    fn put_keys(&self, mutation: &Mutation, machine: &Machine, host: &Host) -> Result<(), Trouble> {
        self.courier.put(mutation, host, &machine.options.keys)
    }

    fn settle_keys(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Host,
    ) -> Result<(), Trouble> {
        let trouble = |error| own(&machine.name, error);
        match self.courier.settle(mutation, host) {
            Err(error) if error.failure().is_some_and(Failure::is_transient) => {
                let host = self.connections.connect(host.target()).map_err(trouble)?;
                self.send_keys(mutation, machine, &host).map(drop)
            }
            settled => settled.map_err(trouble),
        }
    }

    fn withdraw_keys(&self, mutation: &Mutation, host: &Host) -> Result<(), Trouble> {
        self.courier.withdraw(mutation, host)
    }

    fn send_keys(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &Host,
    ) -> Result<Outcome, Trouble> {
        self.courier.send(mutation, host, &machine.options.keys)
    }

    fn healthy(&self, _: &Mutation, machine: &Machine, host: &Host) -> Result<(), Trouble> {
        let unhealthy = host.examine(&machine.options.health_checks);
        let unhealthy = unhealthy.map_err(|error| own(&machine.name, error))?;
        if unhealthy.is_empty() {
            return Ok(());
        }
        let each = unhealthy
            .iter()
            .map(|one| sanitise(&one.to_string()).into_owned());
        let each: Vec<String> = each.collect();
        Err(Trouble::new(each.join("; "), None))
    }

    fn interrupted(&self) -> bool {
        self.processes.interrupted()
    }
}

/// Keeps what is known of a machine now, and that an activation came so far.
fn keep(
    store: &dyn Store,
    machine: &str,
    record: MachineRecord,
    stage: Stage,
    remark: Option<String>,
) -> Result<(), Trouble> {
    let key = Key::new(&record.backend, machine);
    let entry = Entry {
        remark,
        ..Entry::new(&key, Operation::Activate, stage)
    };
    let change = Change::PutMachine(machine.to_owned(), Box::new(record));
    Ok(store.write(&entry, &[change])?)
}

/// Tells what happens in builds, whose lines belong to no single machine.
fn tell(ui: &Ui, event: BuildEvent) {
    ui.send(match event {
        BuildEvent::Started { drv } => Event::BuildStarted {
            derivation: drv.into(),
        },
        BuildEvent::Stopped { drv } => Event::BuildFinished {
            derivation: drv.into(),
        },
        BuildEvent::Fetching { path, from } => Event::Fetching {
            machine: None,
            path: path.into(),
            from,
        },
        BuildEvent::Line { drv, line } => Event::BuildLog {
            derivation: drv.into(),
            line,
        },
    });
}

/// How a machine is reached, by its options or by what its backend says of it.
pub(super) fn target(
    machine: &str,
    options: &MachineOptions,
    reach: &Reach,
) -> Result<Target, host::Error> {
    match reach {
        Reach::Backend(outputs) => Target::provided(machine, options, outputs),
        Reach::Options | Reach::Nowhere => Ok(Target::plain(machine, options)),
        Reach::Local => Ok(Target::local(machine, options)),
    }
}

/// The trouble of a host without the machine's name, which stands before every message anyway.
pub(super) fn own(machine: &str, error: host::Error) -> Trouble {
    Trouble::from(error).without_prefix(&format!("{machine}: "))
}

/// Says in words how an activation ended.
pub(super) fn told(end: End) -> Result<Ended<Host>, Trouble> {
    let End { ended, units, host } = end;
    let units = units.iter().map(|unit| sanitise(unit).into_owned());
    let activation = match ended {
        host::Ended::Done(ActivationStatus::Done) => Activation::Done,
        host::Ended::Done(ActivationStatus::UnitsFailed) => {
            Activation::UnitsFailed(units.collect())
        }
        host::Ended::Done(ActivationStatus::RebootNeeded) => Activation::RebootRequired,
        host::Ended::Done(failed @ ActivationStatus::Failed(_)) => {
            return Err(Trouble::new(failed.to_string(), Some(ABOVE.to_owned())));
        }
        host::Ended::Failed(Reason::Interrupted) => Activation::Interrupted { went_back: false },
        host::Ended::WentBack {
            reason: Reason::Interrupted,
            status:
                ActivationStatus::Done | ActivationStatus::UnitsFailed | ActivationStatus::RebootNeeded,
        } => Activation::Interrupted { went_back: true },
        host::Ended::WentBack { reason, status } => {
            Activation::RolledBack(went_back(&reason, status))
        }
        host::Ended::Rebooted => {
            let message =
                "the host was booted before the new system was confirmed, and runs what it booted";
            let hint = "deploy again once it is clear why";
            Activation::RolledBack(diagnostic(message, Some(hint.to_owned())))
        }
        host::Ended::Failed(reason) => {
            let hint = "the host did not go back: nothing ran there before, or it is not to \
                        (deployment.rollback.enable)";
            return Err(Trouble::new(
                reason.to_string(),
                Some(format!("{ABOVE}; {hint}")),
            ));
        }
        host::Ended::Busy(who) => {
            let message = format!("another activation is going on there: {}", sanitise(&who));
            let hint = "deploy again when it is over";
            return Err(Trouble::new(message, Some(hint.to_owned())));
        }
        host::Ended::CutOff => {
            let message = "the activation was killed on the host, which is somewhere in between";
            let hint = "deploy again: it is activated anew then";
            return Err(Trouble::new(message, Some(hint.to_owned())));
        }
    };
    Ok(Ended { activation, host })
}

/// Where to read why something failed.
const ABOVE: &str = "what it said stands above";

/// Why a host went back, and how that went.
fn went_back(reason: &Reason, status: ActivationStatus) -> Diagnostic {
    let message = format!("{reason}; the host went back to what ran before");
    let hint = match (reason, status) {
        (_, ActivationStatus::Failed(status)) => format!(
            "going back ended with exit status {status}: look at the host before you deploy again"
        ),
        (Reason::Lease(_), _) => {
            "the new system cuts the host off, or the line was down: look at its network, \
             firewall and sshd"
                .to_owned()
        }
        (Reason::Refused, _) => "deploy again when it is mended".to_owned(),
        _ => ABOVE.to_owned(),
    };
    diagnostic(message, Some(hint))
}
