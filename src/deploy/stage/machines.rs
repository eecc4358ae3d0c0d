//! Machines that backends make, as the next stage finds them.

use std::collections::BTreeMap;

use nixops_plugin::protocol::{Attributes, MachineOutputs};
use serde_json::Value;

use crate::network::{Address, Addresses};
use crate::plan::{Action, PlannedResource};
use crate::preview::Seen;
use crate::state::Key;

use super::super::trouble::Trouble;
use super::super::work::{Provided, Reach};
use super::apply::Applied;
use super::survey::Survey;

/// Machines that backends make, by name.
#[derive(Debug, Default)]
pub struct Machines {
    /// How they are reached.
    pub provided: BTreeMap<String, Provided>,
    /// Those that are not there as they are to be, and why.
    pub skipped: BTreeMap<String, String>,
    /// What all machines are to know of them.
    pub addresses: Addresses,
}

impl Machines {
    /// Notes what others are to know of a machine that is reached so.
    pub(super) fn note(&mut self, name: &str, reach: &Reach) {
        let Reach::Backend(outputs) = reach else {
            return;
        };
        let ssh = outputs.ssh.as_ref();
        let address = Address {
            private_ipv4: outputs.private_ipv4.clone(),
            public_ipv4: outputs.public_ipv4.clone(),
            port: ssh.and_then(|ssh| ssh.port).filter(|port| *port != 22),
            host_keys: ssh.map_or_else(Vec::new, |ssh| ssh.host_keys.clone()),
        };
        if address != Address::default() {
            self.addresses.machines.insert(name.to_owned(), address);
        }
    }
}

impl Survey<'_> {
    /// How machines are reached, now that resources are what they are to be; or as they are, if nothing
    /// was done.
    pub fn machines(&self, applied: &Applied) -> Machines {
        let mut machines = Machines::default();
        for (name, key) in &self.wishes.made {
            match applied.outcomes.get(key) {
                Some(outcome) if !outcome.is_well() => {
                    machines
                        .skipped
                        .insert(name.clone(), format!("{key} {outcome}"));
                }
                _ => match self.provided(key) {
                    Ok(provided) => {
                        machines.note(name, &provided.reach);
                        machines.provided.insert(name.clone(), provided);
                    }
                    Err(trouble) => {
                        let message = trouble.into_diagnostic().message;
                        machines.skipped.insert(name.clone(), message);
                    }
                },
            }
        }
        machines
    }

    fn provided(&self, key: &Key) -> Result<Provided, Trouble> {
        let outputs = match self.seen.get(key) {
            Some(Seen::There(now)) => Some(now.outputs.clone()),
            Some(Seen::Unfinished(Some(created))) => Some(created.outputs.clone()),
            _ => self.knowledge.outputs(key),
        };
        let reach = match outputs {
            Some(outputs) => Reach::Backend(Box::new(reached(key, outputs)?)),
            None => Reach::Nowhere,
        };
        // What was applied is no plan any more.
        let planned = self
            .plan
            .resources
            .iter()
            .find(|planned| planned.key == *key);
        let would = planned.filter(|_| !self.is_applied).and_then(would);
        Ok(Provided { reach, would })
    }
}

/// What would be done with a machine, in words.
fn would(planned: &PlannedResource) -> Option<String> {
    let changes = || {
        let changes = planned.changes.iter();
        let changes: Vec<String> = changes.map(|change| change.path.join(".")).collect();
        changes.join(", ")
    };
    match planned.action {
        Action::Create => Some("create the machine".to_owned()),
        Action::Adopt => Some("take over the machine".to_owned()),
        Action::Update | Action::Later => Some(format!("change the machine ({})", changes())),
        Action::Replace | Action::ReplaceCreateFirst => {
            Some(format!("replace the machine ({})", changes()))
        }
        Action::Keep | Action::Delete | Action::Forget | Action::Obsolete => None,
    }
}

/// Reads how a machine is reached from what its provider says of it.
pub fn reached(key: &Key, outputs: Attributes) -> Result<MachineOutputs, Trouble> {
    let hint = || Some("this is a defect of the provider; nothing was lost".to_owned());
    let read = serde_json::from_value(Value::Object(outputs));
    let outputs: MachineOutputs = read.map_err(|error| {
        let message = format!("the outputs of {key} do not say how it is reached: {error}");
        Trouble::new(message, hint())
    })?;
    if outputs.ssh.is_none() && outputs.command.is_none() {
        let message = format!(
            "the outputs of {key} do not say how it is reached: neither `ssh` nor `command` is there"
        );
        return Err(Trouble::new(message, hint()));
    }
    Ok(outputs)
}
