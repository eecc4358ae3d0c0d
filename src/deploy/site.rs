//! The work done for real: with Nix here, and with hosts over their connections.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use camino::Utf8PathBuf;

use crate::host::{self, ActivationStatus, Connections, Host, Target};
use crate::network::{Addresses, Machine, MachineOptions};
use crate::nix::{BuildEvent, BuildQueue, Copy, CopyProgress, Nix};
use crate::plan::{Goal, PlannedMachine, Running, SavedPlan};
use crate::process::{Limit, Processes};
use crate::state::{Change, Entry, Key, MachineRecord, Operation, Stage, Store, file_name, now};
use crate::ui::{Event, Ui, sanitise};

use super::trouble::Trouble;
use super::work::{Activation, Provided, Reach, Work};
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
    noted: OnceLock<BTreeMap<String, MachineRecord>>,
    ui: &'a Ui,
    builds: BuildQueue,
    roots: Utf8PathBuf,
    rooting: Limit,
}

/// Links that are registered at once; each is a process of Nix that writes to one database.
const ROOTED_AT_ONCE: usize = 4;

impl<'a> Site<'a> {
    pub(super) fn new(request: &Request, tools: &Tools<'a>) -> Self {
        let Tools {
            nix,
            processes,
            connections,
            provided,
            store,
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
            builds,
            roots: request.roots.clone(),
            rooting: Limit::new(ROOTED_AT_ONCE),
        }
    }

    /// What was kept of machines when the run began.
    fn noted(&self, store: &dyn Store) -> Result<&BTreeMap<String, MachineRecord>, Trouble> {
        if let Some(noted) = self.noted.get() {
            return Ok(noted);
        }
        let noted = store.machines()?;
        Ok(self.noted.get_or_init(|| noted))
    }

    /// Keeps a built system from collection, as long as the machine is not deployed anew.
    fn root(&self, machine: &Machine) -> Result<(), Trouble> {
        let link = self.roots.join(file_name(&machine.name));
        let _place = self.rooting.take();
        let system = machine.system.as_str().into();
        match self
            .nix
            .root(self.processes, &link, system)
            .map_err(Trouble::from)
        {
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
}

impl Work for Site<'_> {
    type Host = Host;

    fn provided(&self, machine: &str, options: &MachineOptions) -> Result<Provided, Trouble> {
        if !options.has_backend() {
            return Ok(Provided::default());
        }
        let provided = self.provided.get(machine).cloned();
        provided.ok_or_else(|| {
            let message = format!("its backend `{}` has not made it", options.target_env);
            Trouble::new(message, None)
        })
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

    fn note(&self, _: &Mutation, machine: &Machine) -> Result<(), Trouble> {
        let Some(store) = self.store else {
            return Ok(());
        };
        let before = self.noted(store)?.get(&machine.name).cloned();
        let before = before.unwrap_or_default();
        let mut record = MachineRecord {
            backend: machine.options.target_env.clone(),
            system: Some(machine.system.clone()),
            options: serde_json::to_value(&machine.options).ok(),
            ..before.clone()
        };
        if record == before {
            return Ok(());
        }
        if record.system != before.system {
            record.activated = Some(now());
        }
        let key = Key::new(&machine.options.target_env, &machine.name);
        let entry = Entry::new(&key, Operation::Activate, Stage::Done);
        let change = Change::PutMachine(machine.name.clone(), Box::new(record));
        Ok(store.write(&entry, &[change])?)
    }

    fn connect(
        &self,
        machine: &str,
        options: &MachineOptions,
        reach: &Reach,
    ) -> Result<(Host, Running), Trouble> {
        let trouble = |error| own(machine, error);
        let host = self
            .connections
            .connect(&target(machine, options, reach).map_err(trouble)?)
            .map_err(trouble)?;
        let look = host.look();
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

    fn copy(
        &self,
        _: &Mutation,
        machine: &Machine,
        host: &Host,
        progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<(), Trouble> {
        let to = host.destination(machine.options.copy_protocol);
        let copy = Copy {
            label: format!("copy {}", machine.name),
            to: to.map_err(|error| own(&machine.name, error))?,
            paths: &[machine.system.as_str().into()],
            substitute_on_destination: machine.options.substitute_on_destination,
        };
        let _session = host.session();
        self.nix
            .copy(self.processes, &copy, progress)
            .map_err(|error| {
                let trouble = Trouble::from(error);
                trouble.without_prefix(&format!("{}: ", copy.label))
            })
    }

    /// Sets the profile, then switches, in the order of NixOps: what is activated is also what the
    /// boot loader is written for.
    fn activate(
        &self,
        _: &Mutation,
        machine: &Machine,
        host: &Host,
        goal: Goal,
        line: &mut dyn FnMut(&str),
    ) -> Result<Activation, Trouble> {
        let trouble = |error| own(&machine.name, error);
        let system = machine.system.as_str().into();
        if goal.sets_profile() {
            host.set_profile(system).map_err(trouble)?;
        }
        let mut units = Vec::new();
        let mut lines = |_, text: &str| {
            units.extend(failed_units(text));
            line(text);
        };
        let status = host.activate(system, goal, &mut lines);
        let status = status.map_err(|error| unknown_end(own(&machine.name, error)))?;
        match status {
            ActivationStatus::Done => Ok(Activation::Done),
            ActivationStatus::UnitsFailed => Ok(Activation::UnitsFailed(units)),
            ActivationStatus::RebootNeeded => Ok(Activation::RebootRequired),
            ActivationStatus::Failed(_) if self.interrupted() => Err(Trouble::Interrupted),
            failed @ ActivationStatus::Failed(_) => {
                let hint =
                    "what it said stands above; the system profile names the new system already";
                let hint = goal.sets_profile().then(|| hint.to_owned());
                Err(Trouble::new(failed.to_string(), hint))
            }
        }
    }

    fn interrupted(&self) -> bool {
        self.processes.interrupted()
    }
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
fn target(machine: &str, options: &MachineOptions, reach: &Reach) -> Result<Target, host::Error> {
    match reach {
        Reach::Backend(outputs) => Target::provided(machine, options, outputs),
        Reach::Options | Reach::Nowhere => Ok(Target::plain(machine, options)),
    }
}

/// The trouble of a host without the machine's name, which stands before every message anyway.
fn own(machine: &str, error: host::Error) -> Trouble {
    Trouble::from(error).without_prefix(&format!("{machine}: "))
}

/// Adds what follows from losing an activation out of sight.
fn unknown_end(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Failed(mut diagnostic) => {
            let hint =
                "the activation may still be running on the host, and how it ends is unknown";
            let hint = match diagnostic.hint.take() {
                Some(before) => format!("{hint}; {before}"),
                None => hint.to_owned(),
            };
            diagnostic.hint = Some(hint);
            Trouble::Failed(diagnostic)
        }
        Trouble::Interrupted => Trouble::Interrupted,
    }
}

/// Reads the units that `switch-to-configuration` names when it ends with 4.
fn failed_units(line: &str) -> Vec<String> {
    let units = line.strip_prefix("warning: the following units failed: ");
    let units = units.into_iter().flat_map(|units| units.split(", "));
    units
        .map(|unit| sanitise(unit.trim()).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_units_are_read_from_the_line_that_names_them() {
        let line = "warning: the following units failed: a.service, b.mount";
        assert_eq!(failed_units(line), ["a.service", "b.mount"]);
        assert!(failed_units("starting the following units: a.service").is_empty());
    }
}
