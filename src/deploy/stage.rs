//! The first stage of a deploy: its resources.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use nixops_plugin::protocol::{Attributes, MachineOutputs};
use serde_json::Value;

use crate::evaluator::{Diagnostic, EvaluatedResource};
use crate::network::MachineOptions;
use crate::plan::ResourceOutcome;
use crate::preview::{Checked, Preview};
use crate::state::{Key, Store};
use crate::ui::{Event, Ui};

use super::resource::{Settled, Settling};
use super::trouble::{Trouble, diagnostic};
use super::work::{Provided, Reach};
use super::{Limits, Mutation};

/// The resources of a deployment, and the machines that backends make.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// Asks providers.
    pub preview: &'a Preview<'a>,
    /// Where what is true is kept.
    pub store: &'a dyn Store,
    /// Where everything is told.
    pub ui: &'a Ui,
}

impl Stage<'_> {
    /// Brings resources to what they are to be, in an order in which each finds what it needs.
    ///
    /// Gives how many could not be: then nothing that comes after them was tried.
    pub fn resources(
        &self,
        mutation: Option<&Mutation>,
        resources: &[EvaluatedResource],
        checked: &Checked,
        limits: Limits,
    ) -> Result<usize, Diagnostic> {
        let groups = checked.order();
        let groups = groups.map_err(|cycle| diagnostic(cycle.to_string(), None))?;
        for group in groups {
            let is_meant = |resource: &&EvaluatedResource| {
                let key = Key::new(&resource.kind, &resource.name);
                group.contains(&key) && self.preview.providers.has(&resource.kind)
            };
            let members: Vec<_> = resources.iter().filter(is_meant).collect();
            let failed = self.group(mutation, &members, limits);
            if failed > 0 {
                return Ok(failed);
            }
        }
        Ok(0)
    }

    /// Settles resources side by side, and counts those that failed.
    fn group(
        &self,
        mutation: Option<&Mutation>,
        members: &[&EvaluatedResource],
        limits: Limits,
    ) -> usize {
        let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            while let Some(resource) = members.get(next.fetch_add(1, Ordering::Relaxed)) {
                let is_well = self.resource(mutation, resource);
                failed.fetch_add(usize::from(!is_well), Ordering::Relaxed);
            }
        };
        thread::scope(|scope| {
            for _ in 0..limits.create.get().min(members.len()) {
                scope.spawn(work);
            }
        });
        failed.into_inner()
    }

    /// Settles a resource and tells what became of it; false if it failed.
    fn resource(&self, mutation: Option<&Mutation>, resource: &EvaluatedResource) -> bool {
        let key = Key::new(&resource.kind, &resource.name);
        self.ui.send(Event::ResourceStarted {
            resource: key.to_string(),
        });
        let begun = Instant::now();
        let inputs = resource.inputs();
        let outcome = match self.settling().settle(mutation, &key, &inputs) {
            Ok(settled) => settled.outcome,
            Err(trouble) => ResourceOutcome::Failed {
                diagnostic: trouble.without_prefix(&format!("{key} ")).into_diagnostic(),
            },
        };
        let is_well = !matches!(outcome, ResourceOutcome::Failed { .. });
        self.ui.send(Event::ResourceDone {
            resource: key.to_string(),
            outcome,
            seconds: begun.elapsed().as_secs_f64(),
        });
        is_well
    }

    /// Brings a machine to what it is to be at its backend, and tells how it is reached.
    pub(super) fn machine(
        &self,
        mutation: Option<&Mutation>,
        name: &str,
        options: &MachineOptions,
    ) -> Result<Provided, Trouble> {
        if !self.preview.providers.has(&options.target_env) {
            let (message, hint) = self.preview.no_backend(&options.target_env);
            return Err(Trouble::new(message, Some(hint)));
        }
        let key = Key::new(&options.target_env, name);
        let inputs = options.backend_inputs();
        let begun = Instant::now();
        let Settled { outcome, outputs } = self.settling().settle(mutation, &key, &inputs)?;
        if mutation.is_some() && outcome != ResourceOutcome::Unchanged {
            self.ui.send(Event::ResourceDone {
                resource: key.to_string(),
                outcome: outcome.clone(),
                seconds: begun.elapsed().as_secs_f64(),
            });
        }
        let would = match &outcome {
            ResourceOutcome::WouldCreate => Some("create the machine".to_owned()),
            ResourceOutcome::WouldUpdate { changes } => {
                Some(format!("change the machine ({})", changes.join(", ")))
            }
            _ => None,
        };
        let reach = match outputs {
            Some(outputs) => Reach::Backend(Box::new(reached(&key, outputs)?)),
            None => Reach::Nowhere,
        };
        Ok(Provided { reach, would })
    }

    fn settling(&self) -> Settling<'_> {
        Settling {
            preview: self.preview,
            store: self.store,
        }
    }
}

/// Reads how a machine is reached from what its provider says of it.
fn reached(key: &Key, outputs: Attributes) -> Result<MachineOutputs, Trouble> {
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
